//! An open file as what is answered: in memory where it is small, compressed where that pays.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};
use rustix::io::Errno;
use sock_proto::Source;
use sock_proto::protocols::http::site::{Body, Codings, File};

use super::beneath::Root;
use super::cache::Cache;
use super::media::Media;
use super::stamp::{Shape, Stamp, etag};
use crate::FileSource;

/// Below it an answer fits into one packet of 1,460 bytes, its head with it, compressed or not.
const SMALLEST_GZIP: u64 = 1_150;

/// As much of a file as tells whether it is text.
const SAMPLE: usize = 4 << 10;

/// A file that changes each time while it is read is given as it was read the last time.
const TRIES: usize = 3;

/// A file, as it is answered.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) file: File,
    pub(super) stamp: Stamp,
    /// It is in memory, and will be known not to be the same any more when it is not.
    pub(super) is_settled: bool,
}

/// The same content in another coding, in a file beside it.
#[derive(Debug)]
pub(super) struct Neighbour {
    coding: &'static str,
    end: &'static [u8],
    pub(super) stamp: Stamp,
}

impl Neighbour {
    /// Where it is, beside `path`.
    pub(super) fn path(&self, path: &[u8]) -> Vec<u8> {
        [path, self.end].concat()
    }
}

/// The best neighbour of the file at `path` that the client `takes`, as it seems before it is opened.
pub(super) fn neighbour_of(
    root: &Root,
    path: &[u8],
    takes: Codings,
    stamp: &Stamp,
) -> Option<Neighbour> {
    if stamp.shape != Shape::File {
        return None;
    }
    let ends: [(bool, &'static str, &'static [u8]); 2] =
        [(takes.br, "br", b".br"), (takes.gzip, "gzip", b".gz")];
    ends.into_iter().filter(|(taken, ..)| *taken).find_map(|(_, coding, end)| {
        let it = root.stat(&[path, end].concat()).ok()?;
        let is_good = it.shape == Shape::File && !it.is_older_than(stamp);
        is_good.then_some(Neighbour { coding, end, stamp: it })
    })
}

/// Takes a neighbour for what it stands beside; none if it is no file after all.
pub(super) fn neighbour(
    file: OwnedFd,
    media: Media,
    it: &Neighbour,
    bounds: &Cache,
) -> Option<Loaded> {
    let (content, stamp) = read(file, bounds.file).ok()?;
    let coding = Some(it.coding);
    let (body, len, etag) = match content {
        Content::Whole(bytes) => {
            (Body::Bytes(bytes.as_slice().into()), bytes.len() as u64, etag(&bytes, coding))
        }
        Content::Behind(source) => (Body::Source(Arc::new(source)), stamp.len, stamp.etag(coding)),
    };
    let is_settled = matches!(body, Body::Bytes(_)) && stamp.is_settled() && stamp == it.stamp;
    let (modified, media) = (stamp.modified(), media.name_unread());
    (stamp.shape == Shape::File).then_some(Loaded {
        file: File { body, len, modified, etag, media, coding, varies: true },
        stamp,
        is_settled,
    })
}

/// Takes the file itself, compressed if the client `takes` that and it pays.
pub(super) fn file(
    file: OwnedFd,
    media: Media,
    takes: Codings,
    varies: bool,
    bounds: &Cache,
) -> Result<Loaded, Errno> {
    let may_compress = takes.gzip && media.compresses();
    let most = if may_compress { bounds.file.max(bounds.gzip) } else { bounds.file };
    let (content, stamp) = read(file, most)?;
    let (modified, is_settled) = (stamp.modified(), stamp.is_settled());
    let (bytes, source) = match content {
        Content::Whole(bytes) => (bytes, None),
        Content::Behind(source) => (sample(&source), Some(source)),
    };
    let name = media.name(&bytes);
    let made = |body, len, etag, coding| {
        let file = File { body, len, modified, etag, media: name.clone(), coding, varies };
        let is_settled = is_settled && matches!(file.body, Body::Bytes(_));
        Loaded { file, stamp, is_settled }
    };
    if let Some(source) = source {
        return Ok(made(Body::Source(Arc::new(source)), stamp.len, stamp.etag(None), None));
    }
    // What is not kept is compressed each time, which must not take long.
    let may_compress = may_compress && (is_settled || bytes.len() as u64 <= bounds.file);
    if may_compress && let Some(packed) = gzip(&bytes) {
        let (len, etag) = (packed.len() as u64, etag(&packed, Some("gzip")));
        return Ok(made(Body::Bytes(packed.into()), len, etag, Some("gzip")));
    }
    let (len, etag) = (bytes.len() as u64, etag(&bytes, None));
    Ok(made(Body::Bytes(bytes.into()), len, etag, None))
}

/// The bytes of a file, or where they are.
enum Content {
    Whole(Vec<u8>),
    Behind(FileSource),
}

/// Reads a file of up to `most` bytes, all of it as it was at one moment.
fn read(file: OwnedFd, most: u64) -> Result<(Content, Stamp), Errno> {
    let source = FileSource::from(file);
    let mut tries = 0;
    let mut stamp = Stamp::of(&rustix::fs::fstat(source.descriptor())?);
    while stamp.shape == Shape::File && stamp.len <= most {
        let mut bytes = vec![0; usize::try_from(stamp.len).unwrap_or_default()];
        let len = fill(&source, &mut bytes);
        bytes.truncate(len);
        let after = Stamp::of(&rustix::fs::fstat(source.descriptor())?);
        tries += 1;
        if (after == stamp && len as u64 == stamp.len) || tries == TRIES {
            return Ok((Content::Whole(bytes), after));
        }
        stamp = after;
    }
    Ok((Content::Behind(source), stamp))
}

/// Reads until there is no more, or no room.
fn fill(source: &FileSource, bytes: &mut [u8]) -> usize {
    let mut len = 0;
    while len < bytes.len() {
        match source.read_at(len as u64, &mut bytes[len..]) {
            0 => break,
            read => len += read,
        }
    }
    len
}

fn sample(source: &FileSource) -> Vec<u8> {
    let mut bytes = vec![0; SAMPLE];
    let len = fill(source, &mut bytes);
    bytes.truncate(len);
    bytes
}

/// Whether a file so large is worth the work of compressing it.
pub(super) fn pays(len: u64) -> bool {
    len >= SMALLEST_GZIP
}

/// Compresses what gets smaller by it.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    if !pays(bytes.len() as u64) {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::default());
    encoder.write_all(bytes).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < bytes.len()).then_some(packed)
}
