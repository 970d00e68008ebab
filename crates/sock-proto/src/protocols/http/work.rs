//! Work: a request whose body is still coming, and what becomes of that body.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::answer::Answer;
use super::body::{Body, Step};
use super::conn::Kept;
use super::explain::{self, Arrived};
use super::files::{self, Storing};
use super::head::{Head, Method};
use super::parse::{End, Wrong};
use super::request::Framing;
use super::write::Form;
use super::{Offer, Place, about, page};
use crate::{Out, Time};

/// So much of a body that nobody wants is read, so that the conversation can go on behind it.
pub(super) const UNWANTED: u64 = 1 << 20;

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Sink {
    /// The answer is known, and the body does not matter.
    Known(Answer),
    /// The body is stored.
    Stored(Box<Storing>),
    /// All that arrives is shown.
    Shown(Vec<u8>),
}

impl Sink {
    /// Decides what becomes of a request, from its head; `raw` is the head as it came.
    pub(super) fn of(head: &Head<'_>, raw: &[u8], offer: &Offer, out: &Out<'_>) -> Self {
        if let Err(answer) = files::admits(head, offer) {
            return Self::Known(answer);
        }
        let answer = match (&offer.place, head.method) {
            (Place::Echo, _) => return Self::Shown(raw.to_vec()),
            (Place::Explained, Method::Options) if head.target == b"*" => {
                Answer::new(204).with("Allow", ALLOW)
            }
            (Place::Site(_), Method::Put) if offer.upload.is_some() && has_no_length(head) => {
                let wrong = "The request does not say how long the file is";
                let cure = "Send a Content-Length; that of an empty file is 0";
                files::dressed(page::error(UNMEASURED, wrong, cure), offer)
            }
            (Place::Site(site), Method::Put | Method::Post) if offer.upload.is_some() => {
                match Storing::begin(head, offer, site) {
                    Ok(storing) => return Self::Stored(Box::new(storing)),
                    Err(answer) => answer,
                }
            }
            (Place::Site(site), Method::Get | Method::Head | Method::Options) => {
                files::answer(head, offer, &**site, out.wall())
            }
            (Place::Explained, Method::Get | Method::Head | Method::Options) => {
                about::answer(head, raw, out.wall(), out.is_within())
            }
            (Place::Site(_) | Place::Explained, Method::Put | Method::Post | Method::Other) => {
                let cure =
                    "Ask by GET; a directory takes files with `sock serve http DIR --upload`";
                let wrong = "Nothing can be stored on this server";
                files::dressed(page::error(405, wrong, cure).with("Allow", ALLOW), offer)
            }
        };
        Self::Known(answer)
    }

    /// Whether the answer is known and says that something is wrong.
    pub(super) fn is_error(&self) -> bool {
        matches!(self, Self::Known(answer) if answer.status >= 400)
    }

    /// Whether what follows the head may be a body of which nobody was told.
    pub(super) fn is_unmeasured(&self) -> bool {
        matches!(self, Self::Known(answer) if answer.status == UNMEASURED)
    }

    /// Whether a body of this length is more than is read.
    pub(super) fn refuses(&self, len: u64) -> bool {
        match self {
            Self::Known(_) | Self::Shown(_) => len > UNWANTED,
            Self::Stored(_) => false,
        }
    }

    /// The answer, when everything has come.
    pub(super) fn end(self, end: End, framing: Framing, content: u64) -> Answer {
        match self {
            Self::Known(answer) => answer,
            Self::Stored(storing) => storing.end(),
            Self::Shown(raw) => {
                explain::answer(&Arrived { raw: &raw, end: Some(end), framing, content }, None)
            }
        }
    }

    /// The answer to a body that is longer than what is read; so much of it has come.
    pub(super) fn too_large(self, end: End, framing: Framing, content: u64) -> Answer {
        match self {
            Self::Known(answer) if answer.status >= 400 => answer,
            // Who tries out what a client sends sees it, up to there.
            Self::Shown(raw) => {
                let arrived = Arrived { raw: &raw, end: Some(end), framing, content };
                explain::answer(&arrived, Some(&TOO_LARGE))
            }
            Self::Known(_) | Self::Stored(_) => {
                page::error(TOO_LARGE.status, &TOO_LARGE.what, TOO_LARGE.cure)
            }
        }
    }
}

const TOO_LARGE: Wrong = Wrong::new(
    413,
    "The body of the request is longer than 1,048,576 bytes, and nobody wants it",
    "Send none with GET, and less to --echo",
);

/// The status of a file without a length.
const UNMEASURED: u16 = 411;

/// Whether there is no body by the rules (RFC 9112, section 6.3). Who sends a file and says so has most likely
/// forgotten the one or the other, and an empty file would take the place of what is there.
fn has_no_length(head: &Head<'_>) -> bool {
    ["Content-Length", "Transfer-Encoding"].iter().all(|name| head.field(name).is_none())
}

/// The methods of a server that stores nothing.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// A request whose body is still coming.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) sink: Sink,
    pub(super) form: Form,
    /// Who asked for what, where somebody wants to know it.
    pub(super) asked: Kept,
    /// When the request began to come, and when its body could.
    pub(super) began: Time,
    pub(super) opened: Time,
    /// So many bytes came since then, the frame of chunks included.
    pub(super) came: u64,
    pub(super) end: End,
    pub(super) framing: Framing,
    body: Body,
    /// The bytes of the body itself.
    content: u64,
}

/// How far a body has come.
#[derive(Debug)]
pub(super) enum Progress {
    /// There is more to come.
    Hungry,
    /// It ended before this byte.
    Ended(usize),
    /// Its frame is wrong.
    Wrong(Wrong),
    /// Whoever takes it wants no more of it, and has said why.
    Unwanted(Answer),
    /// It is longer than what is read.
    TooLarge,
}

impl Work {
    pub(super) fn new(sink: Sink, form: Form, body: Body, end: End, framing: Framing) -> Self {
        let (began, opened, asked) = (Time::ZERO, Time::ZERO, Kept::default());
        Self { sink, form, asked, began, opened, came: 0, end, framing, body, content: 0 }
    }

    /// Takes what came of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Progress {
        let mut rest = bytes;
        let progress = loop {
            match self.body.next(&mut rest) {
                Ok(Step::Hungry) => break Progress::Hungry,
                Ok(Step::End) => break Progress::Ended(bytes.len() - rest.len()),
                Err(wrong) => break Progress::Wrong(wrong),
                Ok(Step::Bytes(part)) => {
                    self.content += part.len() as u64;
                    match &mut self.sink {
                        Sink::Stored(storing) => {
                            if let Err(answer) = storing.data(part) {
                                return Progress::Unwanted(answer);
                            }
                        }
                        Sink::Known(_) | Sink::Shown(_) if self.content > UNWANTED => {
                            break Progress::TooLarge;
                        }
                        Sink::Known(_) | Sink::Shown(_) => {}
                    }
                }
            }
        };
        let used = bytes.len() - rest.len();
        self.came += used as u64;
        if let Sink::Shown(raw) = &mut self.sink {
            raw.extend_from_slice(&bytes[..used]);
        }
        progress
    }

    /// The answer, when the body has ended.
    pub(super) fn answer(self) -> Answer {
        self.sink.end(self.end, self.framing, self.content)
    }

    /// How many bytes of the body itself have come.
    pub(super) fn content(&self) -> u64 {
        self.content
    }
}
