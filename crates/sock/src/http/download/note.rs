//! Note: what lies beside a part, so that another run can go on with it.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::version::{Version, is_validator};

/// No note of ours comes near: what is longer is none.
const LONGEST: u64 = 64 * 1024;

/// What a note says of the bytes in a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) version: Version,
    /// So many of them are known to be right.
    pub(super) len: u64,
    /// When they changed last, in nanoseconds since the Unix epoch, if they were left in peace; none:
    /// there may be more.
    pub(super) left_at: Option<i64>,
}

/// Reads what is known of a part; none if there is no note, it is rubbish, or of another URL.
pub(super) fn read(path: &Path, url: &str) -> Option<Note> {
    let note = parsed(path)?;
    if note["url"].as_str()? != without_secret(url) {
        return None;
    }
    let validator = note["validator"].as_str()?;
    if !is_validator(validator) {
        return None;
    }
    let version = Version {
        validator: Some(validator.to_owned()),
        total: note["total"].as_u64(),
        answered: note["answered"].as_str()?.to_owned(),
    };
    Some(Note { version, len: note["len"].as_u64()?, left_at: note["left_at"].as_i64() })
}

fn parsed(path: &Path) -> Option<Value> {
    let mut text = String::new();
    // A pipe that lies there would keep us waiting.
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether a note of ours lies there, of whatever URL.
pub(super) fn is_ours(path: &Path) -> bool {
    parsed(path).is_some_and(|note| note["url"].is_string() && note["answered"].is_string())
}

/// Notes what is known of the part; without a validator it says that the part is ours, and nobody goes on with it.
pub(super) fn write(path: &Path, url: &str, note: &Note) -> io::Result<()> {
    let Note { version, len, left_at } = note;
    let note = json!({
        "url": without_secret(url),
        "answered": version.answered,
        "validator": version.validator,
        "total": version.total,
        "len": len,
        "left_at": left_at,
    });
    // A new file each time: what lies there may be a link to somewhere else.
    remove(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(format!("{note}\n").as_bytes())
}

/// The URL without name and password, which are nobody's business: as it is shown and kept.
///
/// # Examples
///
/// ```
/// assert_eq!(sock::http::without_secret("http://me:secret@host/a@b"), "http://host/a@b");
/// ```
#[must_use]
pub fn without_secret(url: &str) -> Cow<'_, str> {
    let Some(begin) = url.find("://").map(|at| at + 3) else { return url.into() };
    let end = url[begin..].find(['/', '?', '#']).map_or(url.len(), |at| begin + at);
    match url[begin..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..begin], &url[begin + at + 1..]).into(),
        None => url.into(),
    }
}

/// Takes the note away.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> Version {
        let validator = Some("\"a\\\"".to_owned());
        Version { validator, total: Some(7), answered: "http://b/c".to_owned() }
    }

    fn note() -> Note {
        Note { version: version(), len: 5, left_at: Some(1_000_000_007) }
    }

    #[test]
    fn what_is_noted_is_read_again_for_the_same_url_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.part.json");
        for note in [note(), Note { left_at: None, ..note() }] {
            write(&path, "http://a/", &note).unwrap();
            assert_eq!(read(&path, "http://a/"), Some(note));
        }
        assert_eq!(read(&path, "http://a/?"), None);
        let version = Version { validator: None, ..version() };
        write(&path, "http://a/", &Note { version, ..note() }).unwrap();
        assert_eq!(read(&path, "http://a/"), None);
        assert!(is_ours(&path));
    }

    #[test]
    fn a_validator_that_is_none_makes_no_note() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.part.json");
        for bad in ["\"a\r\nX: y\"", "\"a\nb\"", "\"a", "W/\"a\"", "yesterday", ""] {
            let version = Version { validator: Some(bad.to_owned()), ..version() };
            write(&path, "u", &Note { version, ..note() }).unwrap();
            assert_eq!(read(&path, "u"), None, "{bad:?}");
        }
    }

    #[test]
    fn no_password_is_noted() {
        for (url, noted) in [
            ("http://a:b@c/d@e", "http://c/d@e"),
            ("http://a@b@c", "http://c"),
            ("http://c/?q=a@b", "http://c/?q=a@b"),
            ("file:a@b", "file:a@b"),
        ] {
            assert_eq!(without_secret(url), noted);
        }
    }

    #[test]
    fn rubbish_is_no_note() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.part.json");
        write(&path, "u", &note()).unwrap();
        let good = fs::read(&path).unwrap();
        for n in 0..good.len() - 1 {
            fs::write(&path, &good[..n]).unwrap();
            assert_eq!(read(&path, "u"), None, "cut at {n}");
        }
        for rubbish in [&b"[]"[..], b"{}", b"null", b"\xff\xfe", b"{\"url\":\"u\",\"validator\":7}"]
        {
            fs::write(&path, rubbish).unwrap();
            assert_eq!(read(&path, "u"), None);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(read(&path, "u"), None);
    }
}
