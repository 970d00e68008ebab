//! A batch of events that own what they speak of: one list, one heap of bytes, both used again.

use std::io::Write as _;
use std::ops::Range;
use std::time::Duration;

use sock_proto::{Client, Endpoint, Event, Kind, Reason, Time, What};

use super::form::{Failure, Form, Told};

/// Events in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Item {
    time: Time,
    conn: u64,
    side: usize,
    what: Owned,
}

#[derive(Debug)]
enum Owned {
    Listening(Box<(Endpoint, String, String)>, Duration),
    Open {
        kind: Kind,
        called: bool,
        transient: bool,
        names: Box<(Endpoint, Endpoint)>,
    },
    Received {
        kind: Kind,
        len: usize,
        bytes: Range<usize>,
        since: Time,
    },
    Sent {
        kind: Kind,
        len: usize,
        bytes: Range<usize>,
        since: Time,
    },
    Eof,
    Finished,
    Closed {
        reason: Reason,
        sent: u64,
        received: u64,
        unsent: u64,
        lasted: Duration,
    },
    Note {
        code: &'static str,
        text: Range<usize>,
    },
    Request {
        /// The line, and behind it what is known of the client.
        said: Range<usize>,
        /// Where in that the user, the agent and the referer begin.
        begins: [u32; 3],
        status: u16,
        bytes: u64,
        began: Duration,
        took: Duration,
    },
    Stopped {
        conversations: u64,
        sent: u64,
        received: u64,
    },
    Failure {
        code: u8,
        text: Range<usize>,
        cure: Range<usize>,
    },
}

impl Batch {
    /// What one event occupies beside its bytes.
    pub(super) const ITEM: usize = size_of::<Item>();

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The memory that the events occupy, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.items.len() * Self::ITEM + self.bytes.len()
    }

    /// Forgets the events and keeps the room.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
    }

    /// Takes in an event with up to `keep` bytes of its data.
    pub(super) fn push(&mut self, side: usize, event: &Event<'_>, keep: usize) {
        let what = match event.what {
            What::Listening { endpoint, service, engine, wall } => {
                let place = (endpoint.clone(), service.to_owned(), engine.to_owned());
                Owned::Listening(Box::new(place), wall)
            }
            What::Open { kind, called, transient, local, remote } => {
                let names = Box::new((local.clone(), remote.clone()));
                Owned::Open { kind, called, transient, names }
            }
            What::Received { kind, bytes, since } => {
                let len = bytes.len();
                Owned::Received { kind, len, bytes: self.copy(&bytes[..len.min(keep)]), since }
            }
            What::Sent { kind, bytes, since } => {
                let len = bytes.len();
                Owned::Sent { kind, len, bytes: self.copy(&bytes[..len.min(keep)]), since }
            }
            What::Eof => Owned::Eof,
            What::Finished => Owned::Finished,
            What::Closed { reason, sent, received, unsent, lasted } => {
                Owned::Closed { reason, sent, received, unsent, lasted }
            }
            What::Note { code, text } => {
                let start = self.bytes.len();
                // Memory takes everything; a Display that reports an error wrote what it could.
                let _ = self.bytes.write_fmt(text);
                Owned::Note { code, text: start..self.bytes.len() }
            }
            What::Request { line, status, bytes, began, took, client } => {
                let mut said = self.copy(line);
                let begins = [client.user, client.agent, client.referer].map(|more| {
                    // A head is shorter than 64 KiB.
                    let begin = u32::try_from(said.len()).unwrap_or(u32::MAX);
                    said.end = self.copy(more).end;
                    begin
                });
                Owned::Request { said, begins, status, bytes, began, took }
            }
            What::Stopped { conversations, sent, received } => {
                Owned::Stopped { conversations, sent, received }
            }
        };
        self.items.push(Item { time: event.time, conn: event.conn, side, what });
    }

    /// Takes an opening back if nothing came after it; tells whether it did.
    pub(super) fn pop_open(&mut self, side: usize, conn: u64) -> bool {
        let is_it = |item: &mut Item| {
            item.side == side && item.conn == conn && matches!(item.what, Owned::Open { .. })
        };
        self.items.pop_if(is_it).is_some()
    }

    /// Takes in a failure.
    pub(super) fn push_failure(&mut self, time: Time, failure: &Failure<'_>) {
        let text = self.copy(failure.text.as_bytes());
        let cure = self.copy(failure.cure.as_bytes());
        let what = Owned::Failure { code: failure.code, text, cure };
        self.items.push(Item { time, conn: 0, side: 0, what });
    }

    /// Tells the events to a form in order, and calls `after` behind each.
    pub(super) fn tell(
        &self,
        form: &mut dyn Form,
        to: &mut Vec<u8>,
        mut after: impl FnMut(&mut Vec<u8>),
    ) {
        for item in &self.items {
            self.tell_one(item, form, to);
            after(to);
        }
    }

    fn tell_one(&self, item: &Item, form: &mut dyn Form, to: &mut Vec<u8>) {
        let Item { time, conn, side, .. } = *item;
        let mut tell = |len: usize, what: What<'_>| {
            form.event(&Told { side, event: Event { time, conn, what }, len }, to);
        };
        match &item.what {
            Owned::Listening(place, wall) => {
                let ((endpoint, service, engine), wall) = (&**place, *wall);
                tell(0, What::Listening { endpoint, service, engine, wall });
            }
            Owned::Open { kind, called, transient, names } => {
                let (local, remote) = &**names;
                let (kind, called, transient) = (*kind, *called, *transient);
                tell(0, What::Open { kind, called, transient, local, remote });
            }
            Owned::Received { kind, len, bytes, since } => {
                let bytes = &self.bytes[bytes.clone()];
                tell(*len, What::Received { kind: *kind, bytes, since: *since });
            }
            Owned::Sent { kind, len, bytes, since } => {
                let bytes = &self.bytes[bytes.clone()];
                tell(*len, What::Sent { kind: *kind, bytes, since: *since });
            }
            Owned::Eof => tell(0, What::Eof),
            Owned::Finished => tell(0, What::Finished),
            &Owned::Closed { reason, sent, received, unsent, lasted } => {
                tell(0, What::Closed { reason, sent, received, unsent, lasted });
            }
            Owned::Note { code, text } => {
                tell(0, What::Note { code, text: format_args!("{}", self.text(text)) });
            }
            Owned::Request { said, begins, status, bytes, began, took } => {
                let said = &self.bytes[said.clone()];
                let [user, agent, referer] = begins.map(|at| said.len().min(at as usize));
                let (line, client) = (&said[..user], &said[user..]);
                let (agent, referer) = (agent - user, referer - user);
                let (user, agent, referer) =
                    (&client[..agent], &client[agent..referer], &client[referer..]);
                let client = Client { user, agent, referer };
                let (status, bytes, began, took) = (*status, *bytes, *began, *took);
                tell(0, What::Request { line, status, bytes, began, took, client });
            }
            &Owned::Stopped { conversations, sent, received } => {
                tell(0, What::Stopped { conversations, sent, received });
            }
            Owned::Failure { code, text, cure } => {
                let (text, cure) = (&*self.text(text), &*self.text(cure));
                form.failure(time, &Failure { code: *code, text, cure }, to);
            }
        }
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn text(&self, range: &Range<usize>) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[range.clone()])
    }
}
