//! Files: `file:` URLs, which need no server.

use std::fs::File;
use std::io;
use std::time::SystemTime;

use super::body::Delivery;
use super::place::Place;
use super::response::Response;
use crate::http::Fields;
use crate::{Error, ErrorKind, Result};

/// Opens a file of this machine, as if a server had answered.
pub(super) fn open(place: &Place) -> Result<Response> {
    let about = |error: io::Error| Error::from(error).about(format!("cannot open {place}"));
    let Ok(path) = place.url().to_file_path() else {
        let text = format!("cannot open {place}: a file is of this machine: file:///its/path");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    };
    let file = File::open(&path).map_err(about)?;
    let facts = file.metadata().map_err(about)?;
    if facts.is_dir() {
        let text = format!("cannot open {place}: it is a folder");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    // The files of /proc say that they are empty, and are not.
    let len = (facts.is_file() && facts.len() > 0).then_some(facts.len());
    let mut fields = Fields::new();
    if let Some(media) = mime_guess::from_path(&path).first_raw() {
        fields.push("Content-Type", media);
    }
    if let Some(len) = len {
        fields.push("Content-Length", len.to_string());
    }
    let modified = facts.modified().ok().filter(|at| *at >= SystemTime::UNIX_EPOCH);
    if let Some(modified) = modified {
        fields.push("Last-Modified", httpdate::fmt_http_date(modified));
    }
    let response = Response::new(200, "OK".to_owned(), place.to_string(), fields);
    Ok(response.with_body(Delivery::of_file(file, len), false))
}
