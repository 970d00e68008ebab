//! The load generator's connection over the virtual wire: exact moments, exact counts, every cause.

mod closed;
mod cost;
mod datagrams;
mod http;
mod open;
mod rig;
mod wrong;
