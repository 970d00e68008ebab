//! Store: what PUT and forms bring, on its way into files.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::protocols::http::answer::{Answer, Part};
use crate::protocols::http::head::{Head, Method};
use crate::protocols::http::site::{Codings, Found, Missing, Refused, Site, Stored, Upload};
use crate::protocols::http::{Offer, page};
use crate::text::harmless;

use super::condition::{self, Verdict};
use super::form::Form;
use super::path::Path;
use super::{allowed, dressed, dressed_for, missing, origin};

/// A body that is being stored: `begin data* end`, and nothing after an answer.
///
/// Each file is seen once it is whole. Dropped before its end, what is not whole never was. Conditions
/// such as `If-None-Match: *` are judged at the beginning: of two that store one name at once, the last
/// to end stays.
#[derive(Debug)]
pub struct Storing {
    to: To,
    /// What every answer has, this one has too.
    cors: bool,
}

#[derive(Debug)]
enum To {
    /// PUT: the body is a file.
    File(Whole, Vec<u8>),
    /// POST: the body is a form with files in it.
    Form(Box<Form>),
}

impl Storing {
    /// Begins to store what a request will bring.
    ///
    /// # Errors
    ///
    /// It may not, or cannot; the answer says why.
    pub fn begin(head: &Head<'_>, offer: &Offer, site: &Arc<dyn Site>) -> Result<Self, Answer> {
        Self::begun(head, offer, site).map_err(|answer| dressed(answer, offer))
    }

    fn begun(head: &Head<'_>, offer: &Offer, site: &Arc<dyn Site>) -> Result<Self, Answer> {
        let Some(most) = offer.upload else {
            return Err(page::error(
                405,
                "Files are not stored here",
                "Have the server started with --upload",
            )
            .with("Allow", allowed(offer)));
        };
        origin::admits(head)?;
        let path = Path::of(head.target).map_err(super::bad)?;
        if head.field("Content-Encoding").is_some_and(|coding| !coding.is_empty()) {
            return Err(page::error(415, "The body is in a coding", "Send the file as it is")
                .with("Accept-Encoding", "identity"));
        }
        let to = match head.method {
            Method::Put => put(head, site.as_ref(), &path, most)?,
            Method::Post => To::Form(Box::new(Form::begin(head, site, &path, most)?)),
            Method::Get | Method::Head | Method::Options | Method::Other => {
                return Err(page::error(
                    405,
                    "With this method nothing is stored",
                    "Use PUT or POST",
                )
                .with("Allow", allowed(offer)));
            }
        };
        Ok(Self { to, cors: offer.cors })
    }

    /// Takes more of the body.
    ///
    /// # Errors
    ///
    /// It is too long, malformed, or cannot be stored; the answer says why.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), Answer> {
        let taken = match &mut self.to {
            To::File(whole, _) => whole.write(bytes).map_err(Answer::from),
            To::Form(form) => form.data(bytes),
        };
        taken.map_err(|answer| dressed_for(answer, true, self.cors))
    }

    /// The body is whole.
    #[must_use]
    pub fn end(self) -> Answer {
        let answer = match self.to {
            To::Form(form) => form.end(),
            To::File(whole, name) => whole.commit().map_or_else(Answer::from, |(stored, len)| {
                let status = if stored == Stored::Created { 201 } else { 200 };
                said(status, [Line(&name, stored, len)])
            }),
        };
        dressed_for(answer, true, self.cors)
    }
}

fn put(head: &Head<'_>, site: &dyn Site, path: &Path<'_>, most: u64) -> Result<To, Answer> {
    if path.is_folder {
        return Err(page::error(400, "The path names a folder", "Name a file behind it"));
    }
    if !path.name.utf8_chunks().all(|chunk| !chunk.valid().chars().any(char::is_control)) {
        return Err(page::error(400, "The name has control characters in it", "Choose another"));
    }
    // A part of a file that took the place of the whole would ruin it (RFC 9110, section 14.5).
    if head.field("Content-Range").is_some() {
        return Err(page::error(400, "A part of a file is not stored", "Send the whole"));
    }
    let length = head.field("Content-Length").and_then(|value| core::str::from_utf8(value).ok());
    if length.and_then(|value| value.parse::<u64>().ok()).is_some_and(|length| length > most) {
        return Err(too_large(most).into());
    }
    let there = match site.find(&path.name, Codings::default()) {
        Ok(Found::Folder) => return Err(page::error(409, "There is a folder of this name", "")),
        Ok(Found::File(file)) => Some(file),
        Err(Missing::NotFound) => None,
        Err(why) => return Err(missing(why)),
    };
    if condition::judge(head, site, there.as_ref()) != Verdict::Go {
        return Err(super::changed());
    }
    Ok(To::File(Whole::begin(site, &path.name, most)?, path.name.to_vec()))
}

/// One file that is being stored, and how much of it has come.
#[derive(Debug)]
pub(super) struct Whole {
    upload: Box<dyn Upload>,
    len: u64,
    most: u64,
}

impl Whole {
    pub(super) fn begin(site: &dyn Site, path: &[u8], most: u64) -> Result<Self, Fault> {
        Ok(Self { upload: site.store(path).map_err(refused)?, len: 0, most })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.len = self.len.saturating_add(bytes.len() as u64);
        if self.len > self.most {
            return Err(too_large(self.most));
        }
        self.upload.write(bytes).map_err(refused)
    }

    /// Puts it in its place and tells how long it was.
    pub(super) fn commit(self) -> Result<(Stored, u64), Fault> {
        Ok((self.upload.commit().map_err(refused)?, self.len))
    }
}

/// What became of a file, for people.
pub(super) struct Line<'a>(pub(super) &'a [u8], pub(super) Stored, pub(super) u64);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.1 {
            Stored::Created => "stored",
            Stored::Replaced => "replaced",
        };
        write!(f, "{verb} {}: {} B", harmless(self.0), self.2)
    }
}

/// An answer in plain text.
pub(super) fn said<'a>(status: u16, lines: impl IntoIterator<Item = Line<'a>>) -> Answer {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("{line}\n")).collect();
    Answer::new(status)
        .with("Content-Type", "text/plain; charset=utf-8")
        .and(Part::Bytes(lines.concat().into_bytes()))
}

/// For whoever runs the server.
const UNFIT: &str =
    "nothing is stored under this name: it is hidden, leads out of the directory, or is no file";
const UNWRITABLE: &str = "permission denied: the user that runs this server may not write there";

/// Why a file is not stored, and the cure; a form has more to say about it than PUT.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) wrong: Cow<'static, str>,
    pub(super) cure: &'static str,
    /// For whoever runs the server.
    pub(super) note: Option<&'static str>,
}

impl From<Fault> for Answer {
    fn from(Fault { status, wrong, cure, note }: Fault) -> Self {
        let answer = page::error(status, &wrong, cure);
        Self { note: note.map(Cow::Borrowed), ..answer }
    }
}

fn too_large(most: u64) -> Fault {
    let wrong = Cow::Owned(format!("A file may have {most} bytes and no more"));
    let cure = "Send a smaller one, or have the server started with a higher limit";
    Fault { status: 413, wrong, cure, note: None }
}

fn refused(why: Refused) -> Fault {
    let (status, wrong, cure, note) = match why {
        Refused::NotFound => (409, "The folder is not there", "Choose one that is", None),
        Refused::Forbidden => (403, "Nothing may be stored under this name", "", Some(UNFIT)),
        Refused::Denied => {
            let wrong = "This server has no right to store files in this folder";
            (403, wrong, "Whoever runs it can give it that right", Some(UNWRITABLE))
        }
        Refused::TooLong => (414, "The name is too long", "Choose a shorter one", None),
        Refused::Full => (507, "There is no room left", "", None),
        Refused::Failed => (500, "The file could not be stored", "", None),
    };
    Fault { status, wrong: wrong.into(), cure, note }
}
