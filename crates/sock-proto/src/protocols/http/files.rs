//! Files: what is said to a request for one, and who may ask.
//!
//! No connection is known here: [`answer`] is a function of a request's head, of what is offered, and of
//! the [`Site`], and [`Storing`] takes what a client sends.
//!
//! # What a page of another site can do
//!
//! It can have its reader's browser send a form here, from inside a network that it cannot reach itself.
//! So a request that brings a file is turned away with 403 where the browser says, by `Sec-Fetch-Site`
//! or `Origin`, that another site's page asks for it. And it can read what is here where [`Offer::cors`]
//! says so; even then it can store nothing.
//!
//! Who may store may store a page, and what runs in that page is one of ours to the browser. So files of
//! strangers belong on a server of their own.

mod accept;
mod auth;
mod condition;
mod disposition;
mod form;
mod listing;
mod multipart;
mod order;
mod origin;
mod path;
mod range;
mod sending;
mod store;

use core::time::Duration;

use percent_encoding::{CONTROLS, percent_encode};

use super::answer::Answer;
use super::head::{Head, Method};
use super::page;
use super::site::{Codings, File, Found, Missing};
use super::{Offer, Site};

use path::{Bad, Path, address};
pub use store::Storing;

/// For whoever runs the server, and has put the link there.
const OUTSIDE: &str =
    "a link on the way leads out of the directory, as every absolute one does, and is not followed";
const UNREADABLE: &str = "permission denied: the user that runs this server may not read it";
const UNFIT: &str =
    "it is neither a file nor a folder, or its links lead in a circle, and is not served";

/// The page that a folder shows for itself.
const INDEX: &[u8] = b"index.html";

/// Answers GET, HEAD and OPTIONS for what is beneath the root; `wall` is the time of day.
#[must_use]
pub fn answer(head: &Head<'_>, offer: &Offer, site: &dyn Site, wall: Duration) -> Answer {
    let answer = match head.method {
        Method::Get | Method::Head => match Path::of(head.target) {
            Ok(path) => Request { head, offer, site, wall }.look(&path),
            Err(why) => bad(why),
        },
        Method::Options => options(head, offer),
        Method::Put | Method::Post | Method::Other => {
            page::error(405, "This method is not for files", "").with("Allow", allowed(offer))
        }
    };
    dressed(answer, offer)
}

/// Turns away who may not ask; asked for every request, whatever is offered.
///
/// # Errors
///
/// The request names no password, or not the one of [`Offer::auth`]; the answer says so.
pub fn admits(head: &Head<'_>, offer: &Offer) -> Result<(), Answer> {
    auth::admits(head, offer).map_err(|answer| dressed(answer, offer))
}

/// The name of who has said the password, where one is asked for.
pub(super) fn user<'a>(head: &Head<'_>, offer: &'a Offer) -> Option<&'a str> {
    auth::user(head, offer)
}

/// Adds what every answer has.
pub(super) fn dressed(answer: Answer, offer: &Offer) -> Answer {
    dressed_for(answer, offer.upload.is_some(), offer.cors)
}

fn dressed_for(mut answer: Answer, uploads: bool, cors: bool) -> Answer {
    if uploads {
        // What strangers left here is what its type says, and no page because it looks like one.
        answer.fields.extend_from_slice(b"X-Content-Type-Options: nosniff\r\n");
    }
    if cors {
        answer.fields.extend_from_slice(
            b"Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n",
        );
    }
    answer
}

/// The methods that are answered.
fn allowed(offer: &Offer) -> &'static str {
    if offer.upload.is_some() { "GET, HEAD, OPTIONS, PUT, POST" } else { "GET, HEAD, OPTIONS" }
}

/// What may be done, and what a page of another site may do: read, with a password if it has one.
fn options(head: &Head<'_>, offer: &Offer) -> Answer {
    let answer = Answer::new(204).with("Allow", allowed(offer));
    if !offer.cors || head.field("Access-Control-Request-Method").is_none() {
        return answer;
    }
    answer
        .with("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        .with("Access-Control-Allow-Headers", "*, Authorization")
        .with("Access-Control-Max-Age", 600)
}

/// A request for a file, and what it takes to answer it.
struct Request<'a> {
    head: &'a Head<'a>,
    offer: &'a Offer,
    site: &'a dyn Site,
    wall: Duration,
}

impl Request<'_> {
    fn look(&self, path: &Path<'_>) -> Answer {
        // A range is one of the bytes as they are: those are the same for everybody.
        let takes = match sending::wanted(self.head) {
            Some(_) => Codings::default(),
            None => accept::codings(self.head),
        };
        match self.find(&path.name, takes) {
            Ok(Found::File(file)) if !path.is_folder => self.send(&file),
            Ok(Found::File(_)) => {
                page::error(404, "This is a file and no folder", "Leave out the slash at the end")
            }
            Ok(Found::Folder) if path.is_folder => self.folder(path, takes),
            Ok(Found::Folder) => moved(path),
            Err(Missing::NotFound) if self.is_for_the_program(path) => {
                match self.find(INDEX, takes) {
                    Ok(Found::File(file)) => self.send(&file),
                    Ok(Found::Folder) | Err(_) => missing(Missing::NotFound),
                }
            }
            Err(why) => missing(why),
        }
    }

    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing> {
        self.site.find_at(path, takes, self.wall)
    }

    fn send(&self, file: &File) -> Answer {
        sending::file(self, file)
    }

    fn folder(&self, path: &Path<'_>, takes: Codings) -> Answer {
        match self.find(&path.join(INDEX), takes) {
            Ok(Found::File(file)) => self.send(&file),
            Ok(Found::Folder) | Err(Missing::NotFound) => {
                let write = |listing: &_| listing::page(&path.name, listing);
                match self.site.page_at(&path.name, self.wall, &write) {
                    Ok(page) => listing::answer(page, self.offer.upload.is_some()).costly(),
                    Err(why) => missing(why),
                }
            }
            Err(why) => missing(why),
        }
    }

    /// A program in the browser has pages of its own; what has a dot in its name is one of its files,
    /// and a script that asks for data is better told that there is none.
    fn is_for_the_program(&self, path: &Path<'_>) -> bool {
        self.offer.spa && !path.last().contains(&b'.') && accept::takes_html(self.head)
    }
}

/// Sends to the folder's own address, so that what its page links to is looked for in it.
fn moved(path: &Path<'_>) -> Answer {
    let (mark, query) = path.query.map_or(("", &[][..]), |query| ("?", query));
    let query = percent_encode(query, CONTROLS);
    Answer::new(301).with("Location", format_args!("{}{mark}{query}", address(&path.name)))
}

fn bad(why: Bad) -> Answer {
    let (wrong, cure) = why.why();
    page::error(400, wrong, cure)
}

fn missing(why: Missing) -> Answer {
    match why {
        Missing::NotFound => page::error(404, "There is nothing at this address", ""),
        Missing::Forbidden => page::error(403, "This is not to be seen", "").noting(UNFIT),
        Missing::Denied => page::error(403, "This is not to be seen", "").noting(UNREADABLE),
        // Clients are told no more than of anything else that is not for them.
        Missing::Outside => page::error(403, "This is not to be seen", "").noting(OUTSIDE),
        Missing::TooLong => page::error(414, "A name in the path is too long for any file", ""),
        Missing::Busy => {
            page::error(503, "Too much is open at this moment", "Try again in a second")
                .with("Retry-After", 1)
        }
        Missing::Failed => page::error(500, "The file could not be read", ""),
    }
}

fn changed() -> Answer {
    page::error(412, "The file is not as the request says", "Ask again without the condition")
}
