//! Files: a directory as a service, in one line.

use std::path::Path;
use std::sync::Arc;

use sock_proto::protocols::Http;
use sock_proto::protocols::http::{ALPN, Offer, Place};

use super::FileSite;
use crate::{Result, Service};

/// A web server for what is in `directory`, read-only and without hidden names.
///
/// # Errors
///
/// As [`FileSite::open`].
///
/// # Examples
///
/// ```no_run
/// use sock::{Server, http};
///
/// let server = Server::new(http::files("site")?);
/// server.listen("tcp://127.0.0.1:8000".parse()?).run()?;
/// # Ok::<(), sock::Error>(())
/// ```
pub fn files(directory: impl AsRef<Path>) -> Result<Service> {
    let place = Place::Site(Arc::new(FileSite::open(directory)?));
    let offer = Arc::new(Offer { place, ..Offer::default() });
    Ok(Service::each("http", move || Http::new(Arc::clone(&offer))).with_alpn(ALPN))
}
