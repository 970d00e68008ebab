//! The built-in protocols.

mod echo;

pub use echo::Echo;
