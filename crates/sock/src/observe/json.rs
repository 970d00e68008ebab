//! JSON Lines: events for people's scripts, small and stable; not the record.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use sock_proto::{By, Client, Endpoint, Event, Interest, Kind, Observer, Time, What};

use super::Level;
use super::access::moment;
use super::appetite::Appetite;
use super::conversations::{Conversation, Conversations};
use super::direct::ROOM;
use super::form::{Failure, Form, Told, is_told};
use super::object::Object;
use super::outlet::{Outlet, through_outlet};

/// How much may wait to be written, in bytes: some ten thousand events.
const LIMIT: usize = 1 << 20;

/// Writes one JSON object a line.
///
/// Every object has `event` and `t`, the seconds since the run began; those of a conversation have `conn`,
/// `local` and `peer`. The others are:
///
/// | `event` | more fields | when |
/// |---|---|---|
/// | `listening` | `endpoint`, `service`, `engine`, `pid`, `time` | once for each endpoint |
/// | `open` | `endpoint` | a conversation began: at which of our endpoints, or with whom |
/// | `datagram` | `bytes`, `text` where it is text, `cut` where that is not all of it | one came, where shown |
/// | `data` | `dir`: `in` or `out`, `bytes` | at [`Level::Verbose`] |
/// | `close` | `by`, `how`, `sent`, `received`, `seconds`, `unsent` where there is any | it ended |
/// | `request` | `method`, `target`, `version`, or `line` where it has no such words; `status`, `bytes`, `seconds`, `time`; `user`, `agent`, `referer` where it says them | a web server answered |
/// | `note` | `code`, `text` | something worth saying |
/// | `error` | `code`, `text`, `cure` where one is known | [`Json::failure`] |
/// | `dropped` | `count` | events were lost because nobody read them |
/// | `stopped` | `conversations`, `sent`, `received` | the run ended |
///
/// `time` is the time of day, `2026-11-21T12:34:56.789Z`, at which the server listened or the request began to come. A
/// request that came and was answered in one turn of its engine took 0 seconds.
///
/// What lives for one datagram, or is turned away, has no `open`, and a `close` only if something went wrong.
///
/// # Examples
///
/// ```
/// use sock::observe::{Json, Level};
/// use sock_proto::{Event, Observer, Time, What};
///
/// # use std::io::Read;
/// let (mut reader, writer) = std::io::pipe()?;
/// let json = Json::queued(writer, Level::Normal, false)?;
/// let what = What::Stopped { conversations: 1, sent: 3, received: 6 };
/// json.event(&Event { time: Time::from_nanos(1_500_000_000), conn: 0, what });
/// drop(json);
///
/// let mut line = String::new();
/// reader.read_to_string(&mut line)?;
/// assert_eq!(line, "{\"event\":\"stopped\",\"t\":1.5,\"conversations\":1,\"sent\":3,\"received\":6}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Json {
    outlet: Outlet,
    interest: Interest,
}

impl Json {
    /// Writes from a thread of its own; `datagrams` shows those that arrive at any level but [`Level::Quiet`].
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn queued(
        to: impl io::Write + Send + 'static,
        level: Level,
        datagrams: bool,
    ) -> io::Result<Self> {
        let (form, appetite) = Lines::new(level, datagrams, usize::MAX);
        let outlet = Outlet::queued(form, to, appetite, LIMIT)?;
        Ok(Self { outlet, interest: level.interest(datagrams) })
    }

    /// Writes each event at once, in one piece.
    pub fn direct(to: impl AsFd + Send + 'static, level: Level, datagrams: bool) -> Self {
        let (form, appetite) = Lines::new(level, datagrams, ROOM);
        let outlet = Outlet::direct(form, to, appetite);
        Self { outlet, interest: level.interest(datagrams) }
    }

    /// Says what failed, at every level.
    pub fn failure(&self, time: Time, failure: &Failure<'_>) {
        self.outlet.failure(time, failure);
    }
}

through_outlet!(Json);

impl Observer for Json {
    fn event(&self, event: &Event<'_>) {
        self.outlet.event(0, event);
    }

    fn interest(&self) -> Interest {
        self.interest
    }
}

/// Turns events into JSON.
struct Lines {
    is_verbose: bool,
    datagrams: bool,
    room: usize,
    conversations: Conversations,
}

impl Lines {
    fn new(level: Level, datagrams: bool, room: usize) -> (Self, Appetite) {
        let is_verbose = level == Level::Verbose;
        let datagrams = datagrams || is_verbose;
        let appetite = Appetite {
            events: level > Level::Quiet,
            ends: false,
            transient: false,
            stream: is_verbose.then_some(0),
            datagram_in: datagrams.then_some(usize::MAX),
            datagram_out: is_verbose.then_some(0),
        };
        (Self { is_verbose, datagrams, room, conversations: Conversations::default() }, appetite)
    }

    /// Begins the object of an event.
    fn object<'a>(&self, name: &str, told: &Told<'_>, to: &'a mut Vec<u8>) -> Object<'a> {
        let mut object = begin(name, told.event.time, to);
        if told.event.conn != 0 {
            let about = self.conversations.about(told);
            object.number("conn", told.event.conn);
            object.text_or_null("local", about.and_then(Conversation::local_address));
            object.text_or_null("peer", about.and_then(Conversation::remote_address));
        }
        object
    }

    fn open(&self, told: &Told<'_>, endpoint: &Endpoint, to: &mut Vec<u8>) {
        self.object("open", told, to).text("endpoint", &endpoint.to_string());
    }

    fn datagram(&self, told: &Told<'_>, bytes: &[u8], to: &mut Vec<u8>) {
        let mut object = self.object("datagram", told, to);
        object.number("bytes", told.len);
        if let Ok(text) = str::from_utf8(bytes)
            && !object.cut_text("text", text, self.room)
        {
            object.yes("cut");
        }
    }

    /// The words of a request's first line.
    fn line(&self, line: &[u8], object: &mut Object<'_>) {
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split(' ').collect();
        let (named, words) = match words[..] {
            [_, _] | [_, _, _] if words.iter().all(|word| !word.is_empty()) => {
                (&["method", "target", "version"][..], &words[..])
            }
            _ => (&["line"][..], &[&*text][..]),
        };
        for (name, word) in named.iter().zip(words) {
            object.cut_text(name, word, self.room);
        }
    }

    fn data(&self, told: &Told<'_>, dir: &str, to: &mut Vec<u8>) {
        let mut object = self.object("data", told, to);
        object.text("dir", dir);
        object.number("bytes", told.len);
    }
}

impl Form for Lines {
    fn event(&mut self, told: &Told<'_>, to: &mut Vec<u8>) {
        self.conversations.hear(told);
        match told.event.what {
            What::Listening { endpoint, service, engine, wall } => {
                let mut object = self.object("listening", told, to);
                object.text("endpoint", &endpoint.to_string());
                object.text("service", service);
                object.text("engine", engine);
                object.number("pid", std::process::id());
                object.text("time", &moment(wall));
            }
            What::Open { transient: true, .. } | What::Eof | What::Finished => {}
            What::Open { called: true, remote, .. } => self.open(told, remote, to),
            What::Open { called: false, local, .. } => self.open(told, local, to),
            What::Received { kind: Kind::Datagram, bytes, .. }
                if self.datagrams && !self.conversations.about(told).is_some_and(|c| c.called) =>
            {
                self.datagram(told, bytes, to);
            }
            What::Received { .. } if self.is_verbose => self.data(told, "in", to),
            What::Sent { .. } if self.is_verbose => self.data(told, "out", to),
            What::Received { .. } | What::Sent { .. } => {}
            What::Closed { reason, sent, received, unsent, lasted } => {
                if is_told(self.conversations.is_transient(told), reason) {
                    let mut object = self.object("close", told, to);
                    object.text("by", if reason.by == By::Peer { "peer" } else { "us" });
                    object.text("how", reason.how.word());
                    object.number("sent", sent);
                    object.number("received", received);
                    object.seconds("seconds", lasted);
                    if unsent > 0 {
                        object.number("unsent", unsent);
                    }
                }
                self.conversations.forget(told);
            }
            What::Note { code, text } => {
                let mut object = self.object("note", told, to);
                object.text("code", code);
                object.cut_text("text", &text.to_string(), self.room);
            }
            What::Request { line, status, bytes, began, took, client } => {
                let mut object = self.object("request", told, to);
                self.line(line, &mut object);
                object.number("status", status);
                object.number("bytes", bytes);
                object.seconds("seconds", took);
                object.text("time", &moment(began));
                let Client { user, agent, referer } = client;
                // They stand beside the line, which has most of the room.
                let said = [("user", user), ("agent", agent), ("referer", referer)];
                for (name, said) in said.into_iter().filter(|(_, said)| !said.is_empty()) {
                    object.cut_text(name, &String::from_utf8_lossy(said), self.room / 8);
                }
            }
            What::Stopped { conversations, sent, received } => {
                let mut object = self.object("stopped", told, to);
                object.number("conversations", conversations);
                object.number("sent", sent);
                object.number("received", received);
            }
        }
    }

    fn failure(&mut self, time: Time, failure: &Failure<'_>, to: &mut Vec<u8>) {
        let mut object = begin("error", time, to);
        object.number("code", failure.code);
        object.cut_text("text", failure.text, self.room);
        if !failure.cure.is_empty() {
            object.text("cure", failure.cure);
        }
    }

    fn dropped(&mut self, time: Time, count: u64, to: &mut Vec<u8>) {
        begin("dropped", time, to).number("count", count);
    }
}

fn begin<'a>(name: &str, time: Time, to: &'a mut Vec<u8>) -> Object<'a> {
    let mut object = Object::new(to);
    object.text("event", name);
    object.seconds("t", Duration::from_nanos(time.as_nanos()));
    object
}
