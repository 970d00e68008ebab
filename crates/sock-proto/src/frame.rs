//! Frames: cut a stream back into the messages that its sender meant.

mod lines;

pub use lines::{Line, Lines};
