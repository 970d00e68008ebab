//! Sockets, names, engines and observers.

pub mod engine;
pub mod socket;

mod run;
mod sys;
