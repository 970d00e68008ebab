//! The arguments of `serve http`: a directory, and how it is offered.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use sock::http::FileSite;
use sock::{Endpoint, ErrorKind};
use sock_proto::protocols::Row;
use sock_proto::protocols::http::{Offer, Place};

use super::files::first_line;
use super::values::size;
use crate::status::Usage;
use crate::web::{Folder, Web};

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(next_help_heading = "The web server: sock serve http [DIR] [ENDPOINT]...")]
pub(super) struct WebArgs {
    /// Where nothing is, give the page at the root: for programs that run in the browser
    #[arg(long)]
    spa: bool,
    /// Let pages of other servers read the answers
    #[arg(long)]
    cors: bool,
    /// For so many seconds a client may use an answer again without asking
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    cache: Option<u32>,
    /// A field for every answer, such as 'X-Frame-Options: DENY'; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = field)]
    header: Vec<(String, String)>,
    /// Answer only who says this; in a file (its first line) it does not show among the processes
    #[arg(long, value_name = "USER:PASS|@FILE")]
    auth: Option<String>,
    /// Let clients store files, each of up to 100MiB or this size; one of the same name is replaced. A
    /// directory without an index.html shows a form for it
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true,
          default_missing_value = "100MiB", value_parser = size)]
    upload: Option<usize>,
    /// Show names that begin with a dot, too
    #[arg(long)]
    hidden: bool,
    /// Answer every request with what arrived, byte for byte
    #[arg(long)]
    echo: bool,
}

/// Whether the service takes an argument that is no endpoint.
pub(super) fn has_folder(row: &Row) -> bool {
    row.name == "http"
}

impl WebArgs {
    /// What is offered to clients; none by another service.
    pub(super) fn plan(self, row: &Row, folder: Option<&str>) -> Result<Option<Web>> {
        if !has_folder(row) {
            // It is in none of the settings, which say this of the others.
            if self.hidden {
                let text =
                    format!("the service {} does not take --hidden; it belongs to http", row.name);
                return Err(Usage(text).into());
            }
            let is_asked = self.is_asked();
            return Ok(is_asked.then(|| Web::new(self.offer(Place::Explained), None)));
        }
        let needs = [("--spa", self.spa), ("--upload", self.upload.is_some())];
        let mut needs = needs.into_iter().chain([("--hidden", self.hidden)]);
        let folder = match (folder, needs.find(|(_, is_set)| *is_set)) {
            (Some(folder), _) if self.echo => {
                let text = format!("with --echo no file is served; leave {folder} out, or --echo");
                return Err(Usage(text).into());
            }
            (Some(folder), _) => Some(self.folder(folder)?),
            (None, Some((option, _))) => {
                let text =
                    format!("{option} is about files; say of which directory: sock serve http DIR");
                return Err(Usage(text).into());
            }
            (None, None) => None,
        };
        let place = match &folder {
            Some(folder) => Place::Site(Arc::clone(&folder.site) as _),
            None if self.echo => Place::Echo,
            None => Place::Explained,
        };
        let auth = self.auth.as_deref().map(auth).transpose()?;
        Ok(Some(Web::new(Offer { auth, ..self.offer(place) }, folder)))
    }

    /// A size that stands where a directory would, behind a --upload without its sign: what to say of it.
    pub(super) fn misplaced(&self, arguments: &[String]) -> Option<String> {
        self.upload?;
        // A number alone is a port.
        let is_size = |text: &&String| {
            let begins = text.starts_with(|c: char| c.is_ascii_digit());
            begins
                && text.ends_with(['B', 'b', 'K', 'k', 'M', 'm', 'G', 'g'])
                && !Path::new(text).exists()
        };
        let text = arguments.iter().filter(is_size).find(|text| {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
            ["", "K", "M", "G", "KI", "MI", "GI"]
                .contains(&unit.to_ascii_uppercase().trim_end_matches('B'))
        })?;
        let whole =
            format!("{text} is no directory; where it is the limit of --upload, write --upload=");
        Some(match size(text) {
            Ok(_) => whole + text,
            Err(cure) => format!("{whole}SIZE, and for that {}", cure.trim_start_matches("write ")),
        })
    }

    fn is_asked(&self) -> bool {
        let Self { spa, cors, cache, header, auth, upload, hidden: _, echo } = self;
        let is_set = *spa || *cors || *echo || !header.is_empty();
        is_set || cache.is_some() || auth.is_some() || upload.is_some()
    }

    fn offer(self, place: Place) -> Offer {
        let place = if self.echo { Place::Echo } else { place };
        Offer {
            place,
            spa: self.spa,
            cors: self.cors,
            cache: self.cache,
            fields: self.header,
            auth: self.auth,
            upload: self.upload.map(|size| size as u64),
            ..Offer::default()
        }
    }

    fn folder(&self, path: &str) -> Result<Folder> {
        let site = FileSite::open(path).map_err(|error| not_served(path, error))?;
        if !site.rights().enter {
            // It would start, and answer nothing but 403.
            bail!(
                "cannot serve {path}: permission denied: whoever runs this may not open what is in it; \
                 run it as somebody who may, or give others the right (chmod)"
            );
        }
        let site = if self.hidden { site.with_hidden() } else { site };
        let is_writable = self.upload.is_some();
        let site = if is_writable { site.with_uploads() } else { site };
        Ok(Folder { site: Arc::new(site), path: path.into(), is_writable })
    }
}

fn not_served(path: &str, error: sock::Error) -> anyhow::Error {
    if error.kind() == ErrorKind::NotFound {
        // A host without its port looks like a directory that is not there.
        let elsewhere = format!("{path}:8000");
        let cure = if elsewhere.parse::<Endpoint>().is_ok() {
            format!("create it, or if this is where to listen write {elsewhere}")
        } else {
            "create it, or look at the path".to_owned()
        };
        return Usage(format!("cannot serve {path}: there is no such directory; {cure}")).into();
    }
    if fs::metadata(path).is_ok_and(|facts| !facts.is_dir()) {
        let cure = "name the directory that it is in";
        return Usage(format!("cannot serve {path}: it is no directory; {cure}")).into();
    }
    error.into()
}

fn seconds(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write a whole number of seconds, such as 3600".to_owned())
}

/// A field for every answer.
fn field(text: &str) -> Result<(String, String), String> {
    // Whoever writes an answer writes these itself, and two of them are one too many.
    const OURS: [&str; 13] = [
        "accept-ranges",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "keep-alive",
        "last-modified",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let example = "write NAME: VALUE, such as 'X-Frame-Options: DENY'";
    let (name, value) = text.split_once(':').ok_or(example)?;
    let value = value.trim_matches([' ', '\t']);
    // RFC 9110, section 5.6.2.
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("a name has letters, digits and dashes; {example}"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a value is one line, and has no control characters".to_owned());
    }
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("the server writes {name} itself"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// A name and a password, from where they are.
fn auth(text: &str) -> Result<String> {
    let (text, place) = match text.strip_prefix('@') {
        Some(file) => (first_line(file, "read the password in")?, format!("the file {file}")),
        None => (text.to_owned(), "--auth".to_owned()),
    };
    // RFC 7617, section 2. The words themselves are not repeated: this may be read by others.
    if !text.contains(':') || text == ":" || text.chars().any(char::is_control) {
        let text = format!("{place} has to hold a name, a colon and a password, as in user:secret");
        return Err(Usage(text).into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_line_of_a_name_and_a_value() {
        let ok = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(field("X-Frame-Options: DENY"), ok("X-Frame-Options", "DENY"));
        assert_eq!(field("a:b:c "), ok("a", "b:c"));
        assert_eq!(field("X-Empty:"), ok("X-Empty", ""));
        for wrong in ["", "X", ": v", "X Y: v", "X : v", "\u{e4}: v", "X\r\nY: v", "(x): y"] {
            assert!(field(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["X: a\r\nSet-Cookie: b", "X: a\nb", "X: \0", "X: \u{7f}", "X: \u{85}"] {
            assert!(field(wrong).is_err(), "{wrong:?}");
        }
        for ours in ["Content-Length: 0", "transfer-encoding: chunked", "CONNECTION: close"] {
            assert!(field(ours).unwrap_err().contains("itself"), "{ours}");
        }
    }

    #[test]
    fn a_password_stands_in_the_option_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let written = format!("@{}", file.display());
        assert!(auth(&written).is_err());
        for (text, expected) in
            [("me:word\n", "me:word"), ("me:a:b\r\nnotes", "me:a:b"), (":word", ":word")]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(auth(&written).unwrap(), expected);
        }
        fs::write(&file, "secret-without-a-name\n").unwrap();
        assert!(!auth(&written).unwrap_err().to_string().contains("without"));
        assert_eq!(auth("me:").unwrap(), "me:");
        assert!(auth("me").is_err() && auth("me:\n").is_err() && auth(":").is_err());
    }
}
