//! Form: the files in a form, stored one after the other as they come.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::protocols::http::answer::{Answer, Part};
use crate::protocols::http::head::Head;
use crate::protocols::http::page::{self, Escaped};
use crate::protocols::http::site::{Codings, Found, Site, Stored};
use crate::text::harmless;

use super::accept;
use super::disposition::{self, Bad};
use super::listing::{POLICY, STYLE};
use super::missing;
use super::multipart::{Malformed, Multipart, Piece};
use super::path::{Path, address, join};
use super::store::{Fault, Line, Whole, said};

/// So many files in one form: a folder full of pictures, and no more than an answer can list.
const MOST: usize = 1000;

/// So much may be beside the files, however small they are to be: the other fields of a page's form.
const OTHERS: u64 = 64 * 1024;

/// A form's body, and what becomes of it.
#[derive(Debug)]
pub(super) struct Form {
    parser: Multipart,
    files: Files,
    as_page: bool,
}

/// The files of a form, and the folder that they go to.
#[derive(Debug)]
struct Files {
    site: Arc<dyn Site>,
    folder: Vec<u8>,
    most: u64,
    /// The file that comes now, and its name.
    open: Option<(Whole, Vec<u8>)>,
    /// How many bytes came that are of no file.
    others: u64,
    stored: Vec<File>,
}

/// A file that is stored: its name, whether there was one, and how long it is.
type File = (Vec<u8>, Stored, u64);

impl Form {
    pub(super) fn begin(
        head: &Head<'_>,
        site: &Arc<dyn Site>,
        path: &Path<'_>,
        most: u64,
    ) -> Result<Self, Answer> {
        match site.find(&path.name, Codings::default()).map_err(missing)? {
            Found::Folder => {}
            Found::File(_) => {
                return Err(page::error(405, "This is a file", "Post the form to a folder")
                    .with("Allow", "GET, HEAD, OPTIONS, PUT"));
            }
        }
        let media = head.field("Content-Type").unwrap_or_default();
        let boundary = disposition::boundary(media).map_err(|bad| match bad {
            Bad::Encoding => page::error(
                415,
                "The body is no multipart/form-data",
                "Send a form with files in it, or one file with PUT",
            ),
            Bad::Head => page::error(400, "The Content-Type names no boundary", ""),
        })?;
        let parser = Multipart::new(&boundary).ok_or_else(|| {
            page::error(400, "The boundary is none", "Choose 1 to 70 letters and digits")
        })?;
        let (site, folder) = (Arc::clone(site), path.name.to_vec());
        let as_page = accept::asks_for_html(head);
        let files = Files { site, folder, most, open: None, others: 0, stored: Vec::new() };
        Ok(Self { parser, files, as_page })
    }

    pub(super) fn data(&mut self, mut bytes: &[u8]) -> Result<(), Answer> {
        loop {
            match self.parser.next(&mut bytes) {
                Ok(Some(piece)) => self.files.take(piece)?,
                Ok(None) => return Ok(()),
                Err(Malformed::Boundary) => {
                    let wrong = "A boundary of the form does not end its line";
                    return Err(self.files.fault(400, wrong));
                }
                Err(Malformed::Head) => {
                    return Err(self.files.fault(400, "A part of the form has a head over 8 KiB"));
                }
            }
        }
    }

    pub(super) fn end(self) -> Answer {
        if !self.parser.is_whole() {
            return self.files.fault(400, "The form ended before its last boundary");
        }
        if self.files.stored.is_empty() {
            return page::error(400, "There is no file in the form", "Choose one");
        }
        self.files.said(self.as_page)
    }
}

impl Files {
    fn take(&mut self, piece: Piece<'_>) -> Result<(), Answer> {
        match piece {
            Piece::Head(head) => self.open = self.begin(head)?,
            Piece::Bytes(bytes) => {
                let Some((whole, name)) = &mut self.open else { return self.pass(bytes.len()) };
                if let Err(why) = whole.write(bytes) {
                    return Err(said_of(name, &self.stored, &why));
                }
            }
            Piece::Beside(n) => return self.pass(n),
            Piece::End => {
                if let Some((whole, name)) = self.open.take() {
                    let commit = whole.commit();
                    let (stored, len) = commit.map_err(|why| said_of(&name, &self.stored, &why))?;
                    self.stored.push((name, stored, len));
                }
            }
        }
        Ok(())
    }

    /// Lets pass what nobody keeps: as much of it as a file may have, and some in any case.
    fn pass(&mut self, n: usize) -> Result<(), Answer> {
        self.others = self.others.saturating_add(n as u64);
        if self.others > self.most.max(OTHERS) {
            return Err(
                self.fault(413, "There is more in the form beside the files than one may have")
            );
        }
        Ok(())
    }

    /// Begins the file of a part, where it is one.
    fn begin(&self, head: &[u8]) -> Result<Option<(Whole, Vec<u8>)>, Answer> {
        let said = match disposition::part(head) {
            Ok(disposition::Part::File(said)) => said,
            Ok(disposition::Part::Other) => return Ok(None),
            Err(Bad::Head) => {
                return Err(self.fault(400, "A part of the form does not say what it is"));
            }
            Err(Bad::Encoding) => {
                return Err(self.fault(400, "A part of the form is in a coding"));
            }
        };
        if self.stored.len() == MOST {
            return Err(self.fault(413, "There are more than 1000 files in the form"));
        }
        let Some(name) = disposition::file_name(&said) else {
            return Err(self.fault(400, "A file has no name that can be stored"));
        };
        let path = join(&self.folder, &name);
        match Whole::begin(self.site.as_ref(), &path, self.most) {
            Ok(whole) => Ok(Some((whole, name))),
            Err(why) => Err(said_of(&name, &self.stored, &why)),
        }
    }

    fn said(&self, as_page: bool) -> Answer {
        let is_new = self.stored.iter().any(|(_, stored, _)| *stored == Stored::Created);
        let status = if is_new { 201 } else { 200 };
        let lines = self.stored.iter().map(|(name, stored, len)| Line(name, *stored, *len));
        if !as_page {
            return said(status, lines);
        }
        let lines: Vec<String> =
            lines.map(|line| format!("<li>{}</li>\n", Escaped(&line.to_string()))).collect();
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>Stored</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<h1>Stored</h1>\n<ul>\n{}</ul>\n\
             <p><a href=\"{}\">Back to the folder</a></p>\n</body>\n</html>\n",
            lines.concat(),
            address(&self.folder),
        );
        Answer::new(status)
            .with("Content-Type", "text/html; charset=utf-8")
            .with("Content-Security-Policy", POLICY)
            .and(Part::Bytes(page.into_bytes()))
    }

    /// Says what was wrong, and what of the form is stored nevertheless.
    fn fault(&self, status: u16, wrong: &str) -> Answer {
        page::error(status, wrong, &before(self.stored.len()))
    }
}

/// Says what was wrong with a file of the form, and which of them are stored nevertheless.
fn said_of(name: &[u8], stored: &[File], why: &Fault) -> Answer {
    // The name stands in the body, and says nothing about the address.
    let status = if why.status == 414 { 400 } else { why.status };
    let wrong = format!("{}: {}", harmless(name), why.wrong);
    let before = before(stored.len());
    let cure = match why.cure {
        "" => before,
        cure => format!("{cure}. {before}").into(),
    };
    Answer { note: why.note.map(Cow::Borrowed), ..page::error(status, &wrong, &cure) }
}

/// What became of the files before one.
fn before(n: usize) -> Cow<'static, str> {
    match n {
        0 => "Nothing was stored".into(),
        1 => "The file before that was stored".into(),
        n => format!("The {n} files before that were stored").into(),
    }
}
