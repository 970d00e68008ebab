//! The web: a directory as the files that a web server serves; and the client, which opens URLs.

mod fetch;
mod fields;

pub use self::fetch::{Ask, Body, Fetch, Reply, Resume, Sink, Timing};
pub use self::fields::Fields;
