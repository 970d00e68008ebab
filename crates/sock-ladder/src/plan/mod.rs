//! What a ladder shows, before anybody draws: lanes, steps between them, the rows in their order, what is folded.

mod answers;
pub(crate) mod fold;
mod gather;
mod ghosts;
pub(crate) mod lanes;
mod lone;
pub(crate) mod parts;
pub(crate) mod rows;
pub(crate) mod steps;
