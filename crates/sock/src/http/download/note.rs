//! Note: what lies beside a part, so that another run can go on with it.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::version::Version;

/// No note of ours comes near: what is longer is none.
const LONGEST: u64 = 64 * 1024;

/// Reads the version that the part is of; none if there is no note, it is rubbish, or of another URL.
pub(super) fn read(path: &Path, url: &str) -> Option<Version> {
    let mut text = String::new();
    // A pipe that lies there would keep us waiting.
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    let note: Value = serde_json::from_str(&text).ok()?;
    if note["url"].as_str()? != without_secret(url) {
        return None;
    }
    Some(Version {
        validator: Some(note["validator"].as_str()?.to_owned()),
        total: note["total"].as_u64(),
        answered: note["answered"].as_str()?.to_owned(),
    })
}

/// Notes that the part is of this version; without a validator nobody could go on with it.
pub(super) fn write(path: &Path, url: &str, version: &Version) -> io::Result<()> {
    let Some(validator) = &version.validator else { return remove(path) };
    let note = json!({
        "url": without_secret(url),
        "answered": version.answered,
        "validator": validator,
        "total": version.total,
    });
    // A new file each time: what lies there may be a link to somewhere else.
    remove(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(format!("{note}\n").as_bytes())
}

/// The URL without name and password, which are nobody's business.
pub(super) fn without_secret(url: &str) -> Cow<'_, str> {
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

    #[test]
    fn what_is_noted_is_read_again_for_the_same_url_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.part.json");
        write(&path, "http://a/", &version()).unwrap();
        assert_eq!(read(&path, "http://a/"), Some(version()));
        assert_eq!(read(&path, "http://a/?"), None);
        write(&path, "http://a/", &Version { validator: None, ..version() }).unwrap();
        assert!(!path.exists());
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
        write(&path, "u", &version()).unwrap();
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
