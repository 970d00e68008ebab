//! Take: what becomes of the bytes that a client sent: heads, bodies, refusals, answers.

use alloc::boxed::Box;

use super::super::answer::{Answer, Part};
use super::super::body::Body;
use super::super::explain::{self, Arrived, Visible};
use super::super::head::{Field, Method, Version};
use super::super::parse::{self, End, FIELDS, Line, Scan, Wrong, first_line};
use super::super::request::{Framing, Request};
use super::super::work::{Progress, Sink, Work};
use super::super::write::{self, Form};
use super::super::{Offer, Place, page};
use super::asked::{Asked, Kept};
use super::untold::Answered;
use super::{Queue, State, Talk};
use crate::Out;

/// No further request is answered while so many bytes wait to be sent.
const QUEUED: u64 = 64 * 1024;
/// So many empty lines are taken before a request; each keeps a connection that asks nothing.
const BLANKS: u8 = 8;
/// Most requests have no more fields.
const FEW: usize = 16;

impl Talk {
    /// Takes a head; nothing of it before it is whole.
    pub(super) fn head(&mut self, bytes: &[u8], offer: &Offer, out: &mut Out<'_>) -> usize {
        if self.scan.is_fresh() {
            // Empty lines before a request are a habit of old clients (RFC 9112, section 2.2).
            match bytes {
                [b'\n', ..] | [b'\r', b'\n', ..] if self.blanks == BLANKS => {
                    self.refuse(&BLANK, bytes, 1, offer, out);
                    return bytes.len();
                }
                [b'\n', ..] => return self.blank(1),
                [b'\r', b'\n', ..] => return self.blank(2),
                [b'\r'] => return 0,
                // No line end need ever come.
                [0x16, ..] => {
                    out.note("refused", format_args!("{SPEAKS_TLS}"));
                    self.refuse(&TLS, bytes, 1, offer, out);
                    return bytes.len();
                }
                _ => {}
            }
        }
        match self.scan.find_end(bytes) {
            Ok(None) => 0,
            Err((wrong, judged)) => {
                self.refuse(&wrong, bytes, judged, offer, out);
                bytes.len()
            }
            Ok(Some((line, end))) => {
                let few = self.scan.fields() <= FEW;
                (self.scan, self.blanks) = (Scan::default(), 0);
                if few {
                    let room = &mut [httparse::EMPTY_HEADER; FEW];
                    self.request(line, end, &bytes[..end.at], room, offer, out);
                } else {
                    let room = &mut [httparse::EMPTY_HEADER; FIELDS];
                    self.request(line, end, &bytes[..end.at], room, offer, out);
                }
                end.at
            }
        }
    }

    /// Takes an empty line of so many bytes.
    fn blank(&mut self, len: usize) -> usize {
        self.blanks += 1;
        len
    }

    /// Takes a request whose head is whole.
    fn request<'a>(
        &mut self,
        line: Line<'a>,
        end: End,
        raw: &'a [u8],
        room: &mut [Field<'a>],
        offer: &Offer,
        out: &mut Out<'_>,
    ) {
        let is_echo = matches!(offer.place, Place::Echo);
        let request = match understand(line, &raw[end.fields..], room, is_echo) {
            Ok(request) => request,
            Err(wrong) => return self.refuse(&wrong, raw, raw.len(), offer, out),
        };
        let Request { head, framing, persists, expects } = request;
        let mut form =
            Form { version: head.version, is_head: head.method == Method::Head, persists };
        let sink = Sink::of(&head, raw, offer, out);
        form.persists &= !sink.is_unmeasured();
        let length = if let Framing::Length(n) = framing { n } else { 0 };
        let body = Body::new(framing);
        let asked = if out.is_noted() { Asked::of(raw, &head, offer) } else { Asked::unknown(raw) };
        if body.is_some() && (sink.refuses(length) || (expects && sink.is_error())) {
            // What follows may be the body or, if the client thought better of it, a request.
            form.persists = false;
            let answer = if sink.refuses(length) {
                sink.too_large(end, framing, 0)
            } else {
                sink.end(end, framing, 0)
            };
            return self.answer(&answer, form, &asked, offer, out);
        }
        if expects && !sink.is_error() {
            self.untold.proceeded(write::proceed(out));
        }
        let Some(body) = body else {
            return self.answer(&sink.end(end, framing, 0), form, &asked, offer, out);
        };
        let mut work = Box::new(Work::new(sink, form, body, end, framing));
        if out.is_noted() {
            work.asked = Kept::of(&asked);
        }
        (work.began, work.opened) = (self.since, out.now());
        self.since = out.now();
        self.state = State::Body(work);
    }

    /// Takes what came of a body, and answers when that is whole.
    pub(super) fn body(&mut self, bytes: &[u8], offer: &Offer, out: &mut Out<'_>) -> usize {
        let State::Body(work) = &mut self.state else { return 0 };
        let progress = work.take(bytes);
        if matches!(progress, Progress::Hungry) {
            return bytes.len();
        }
        let State::Body(mut work) = core::mem::take(&mut self.state) else { return 0 };
        self.since = work.began;
        let kept = core::mem::take(&mut work.asked);
        let mut form = work.form;
        let (answer, used) = match progress {
            Progress::Ended(used) => (work.answer(), used),
            Progress::Hungry => return bytes.len(),
            Progress::Wrong(wrong) => {
                form.persists = false;
                (refusal(&wrong, *work), bytes.len())
            }
            Progress::Unwanted(answer) => {
                form.persists = false;
                (answer, bytes.len())
            }
            Progress::TooLarge => {
                form.persists = false;
                let Work { end, framing, .. } = *work;
                let content = work.content();
                (work.sink.too_large(end, framing, content), bytes.len())
            }
        };
        self.answer(&answer, form, &kept.asked(), offer, out);
        used
    }

    /// Refuses what cannot be understood; so many bytes of it were looked at.
    pub(super) fn refuse(
        &mut self,
        wrong: &Wrong,
        bytes: &[u8],
        judged: usize,
        offer: &Offer,
        out: &mut Out<'_>,
    ) {
        let raw = &bytes[..judged.min(bytes.len())];
        let answer = if matches!(offer.place, Place::Echo) {
            let end = None;
            let arrived = Arrived { raw, end, framing: Framing::None, content: 0 };
            explain::answer(&arrived, Some(wrong))
        } else {
            page::error(wrong.status, &wrong.what, wrong.cure)
        };
        let is_head = raw.starts_with(b"HEAD ");
        let form = Form { version: Version::V11, is_head, persists: false };
        self.answer(&answer, form, &Asked::unknown(raw), offer, out);
    }

    /// Answers what was `asked`, of which only the first line matters here.
    pub(super) fn answer(
        &mut self,
        answer: &Answer,
        mut form: Form,
        asked: &Asked<'_>,
        offer: &Offer,
        out: &mut Out<'_>,
    ) {
        form.persists &= !self.stopping;
        let before = out.queued();
        let body = write::write(answer, form, offer, out);
        if out.is_noted() {
            if let Some(note) = &answer.note {
                let target = first_line(asked.raw).split(|byte| *byte == b' ').nth(1);
                out.note(
                    "refused",
                    format_args!("{}: {note}", Visible(target.unwrap_or_default())),
                );
            }
            self.untold.add(Answered {
                asked: Kept::of(asked),
                status: answer.status,
                body,
                wire: out.queued() - before,
                began: self.since,
            });
        }
        let has_range = answer.body.iter().any(|part| matches!(part, Part::Span(_)));
        if has_range || out.queued() > QUEUED {
            self.wait(Queue::Full, out);
        }
        self.rests = answer.is_costly && form.persists;
        self.since = out.now();
        self.state = if form.persists { State::Head } else { State::Ending };
    }
}

/// What a whole head means.
fn understand<'a: 'b, 'b>(
    line: Line<'b>,
    section: &'a [u8],
    room: &'b mut [Field<'a>],
    any: bool,
) -> Result<Request<'b>, Wrong> {
    let fields = if line.version == Version::V09 { &[] } else { parse::fields(section, room)? };
    Request::new(line, fields, any)
}

/// The answer to a body whose frame is wrong.
fn refusal(wrong: &Wrong, work: Work) -> Answer {
    let (end, framing, content) = (Some(work.end), work.framing, work.content());
    match work.sink {
        Sink::Shown(raw) => {
            explain::answer(&Arrived { raw: &raw, end, framing, content }, Some(wrong))
        }
        Sink::Known(_) | Sink::Stored(_) => page::error(wrong.status, &wrong.what, wrong.cure),
    }
}

const BLANK: Wrong = Wrong::bad(
    "Nothing but empty lines came where a request should begin",
    "Begin with a line such as: GET / HTTP/1.1",
);
/// For whoever runs the server; the client reads no page.
const SPEAKS_TLS: &str = "the client speaks TLS, and this port is for plain HTTP: open it with http:// and not \
                          https://, or have the server listen on tls://";
const TLS: Wrong = Wrong::bad(
    "The client speaks TLS, and this port is for plain HTTP",
    "Write http:// and not https:// before the server's name",
);
