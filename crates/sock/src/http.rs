//! The web: a directory as what a web server serves; and the client, which opens URLs.

mod fetch;
mod fields;
mod site;

pub use self::fetch::{Ask, Body, Fetch, Reply, Resume, Sink, Timing};
pub use self::fields::Fields;
pub use self::site::{Cache, FileSite};
