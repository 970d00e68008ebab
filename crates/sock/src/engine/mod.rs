//! Engines: the ways to wait.

pub mod crew;
