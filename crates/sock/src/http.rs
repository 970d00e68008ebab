//! The web: a directory as what a web server serves; and the client, which opens URLs.

mod client;
mod content_range;
mod download;
mod fetch;
mod fields;
mod files;
mod site;

pub use self::client::{Client, Multipart, Proxies, Request, Response, open, retrieve};
pub use self::download::{Attend, Done, Download, Retry, Unattended, file_name, without_secret};
pub use self::fetch::{Ask, Body, Fetch, Reply, Resume, Sink, Timing, Unproved};
pub use self::fields::Fields;
pub use self::files::files;
pub use self::site::{Cache, FileSite, Rights};
