//! Replies of HTTP/1.1, taken out of a stream without being kept (RFC 9112, sections 4 and 6).

use alloc::vec::Vec;

use httparse::{EMPTY_HEADER, Response, Status};

use crate::protocols::http::body::{Body, Chunked, Step};

/// The reply that is being heard.
#[derive(Debug, Default)]
pub(super) struct HttpReply {
    /// The beginning of a head whose end has not come.
    held: Vec<u8>,
    stage: Stage,
    pub(super) status: u16,
    /// The connection ends with this reply.
    pub(super) is_last: bool,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Head,
    Body(Body),
    /// It goes on until the peer ends.
    ToEnd,
}

/// What has become of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    More,
    Whole,
    Malformed,
}

/// More fields than any server sends.
const FIELDS: usize = 64;
/// A head that is longer has no end.
const LONGEST: usize = 256 * 1024;

impl HttpReply {
    /// Takes what belongs to the reply off `bytes`.
    pub(super) fn take(&mut self, bytes: &mut &[u8], to_head: bool) -> Took {
        loop {
            match &mut self.stage {
                Stage::Head => match self.take_head(bytes, to_head) {
                    Took::Whole => {}
                    other @ (Took::More | Took::Malformed) => return other,
                },
                Stage::Body(body) => match body.next(bytes) {
                    Ok(Step::Bytes(_)) => {}
                    Ok(Step::Hungry) => return Took::More,
                    Ok(Step::End) => {
                        self.stage = Stage::Head;
                        return Took::Whole;
                    }
                    Err(_) => return Took::Malformed,
                },
                Stage::ToEnd => {
                    *bytes = &[];
                    return Took::More;
                }
            }
        }
    }

    /// Whether it is whole when the peer ends now.
    pub(super) fn is_whole_at_end(&self) -> bool {
        matches!(self.stage, Stage::ToEnd)
    }

    /// Whole here means that the head is.
    fn take_head(&mut self, bytes: &mut &[u8], to_head: bool) -> Took {
        let is_held = !self.held.is_empty();
        if is_held {
            self.held.extend_from_slice(bytes);
        }
        let text = if is_held { &self.held[..] } else { *bytes };
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut response = Response::new(&mut fields);
        match response.parse(text) {
            Ok(Status::Complete(n)) => {
                let Some(head) = Head::of(&response, to_head) else { return Took::Malformed };
                let left = text.len() - n;
                *bytes = &bytes[bytes.len() - left..];
                self.held.clear();
                if (100..200).contains(&head.status) && head.status != 101 {
                    // It says that the reply is still to come (RFC 9110, section 15.2).
                    return Took::Whole;
                }
                (self.status, self.is_last, self.stage) = (head.status, head.is_last, head.stage);
                Took::Whole
            }
            Ok(Status::Partial) if text.len() > LONGEST => Took::Malformed,
            Ok(Status::Partial) => {
                if !is_held {
                    self.held.extend_from_slice(bytes);
                }
                *bytes = &[];
                Took::More
            }
            Err(_) => Took::Malformed,
        }
    }
}

/// What the head of a reply says of what follows it.
struct Head {
    status: u16,
    is_last: bool,
    stage: Stage,
}

impl Head {
    fn of(response: &Response<'_, '_>, to_head: bool) -> Option<Self> {
        let status = response.code?;
        let mut is_last = response.version == Some(0);
        let (mut length, mut is_chunked) = (None, false);
        for field in response.headers.iter() {
            // Most fields are told apart by how long their names are.
            match field.name.len() {
                14 if field.name.eq_ignore_ascii_case("content-length") => {
                    let text = str::from_utf8(field.value).ok()?.trim();
                    length = Some(text.parse().ok()?);
                }
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                    is_chunked = field.value.to_ascii_lowercase().ends_with(b"chunked");
                }
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    if has_word(field.value, b"close") {
                        is_last = true;
                    } else if has_word(field.value, b"keep-alive") {
                        is_last = false;
                    }
                }
                _ => {}
            }
        }
        // RFC 9112, section 6.3: who never has a body; chunks before a length; the end of the connection.
        let stage = match (status, length) {
            (204 | 304, _) => Stage::Body(Body::Length(0)),
            _ if to_head => Stage::Body(Body::Length(0)),
            _ if is_chunked => Stage::Body(Body::Chunked(Chunked::default())),
            (_, Some(n)) => Stage::Body(Body::Length(n)),
            (_, None) => Stage::ToEnd,
        };
        Some(Self { status, is_last, stage })
    }
}

fn has_word(list: &[u8], word: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(word))
}
