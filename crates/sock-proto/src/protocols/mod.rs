//! The built-in protocols.

mod echo;
mod stdio;

pub use echo::Echo;
pub use stdio::{Framing, Stdio, Wiring};
