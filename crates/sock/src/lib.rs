//! Sockets, names, engines and observers.

pub mod socket;

mod run;
mod sys;
