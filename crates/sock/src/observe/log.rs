//! The log: one line an event, for people.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use sock_proto::{By, Event, How, Interest, Kind, Observer, Reason, Time, What};

use super::Level;
use super::access::Access;
use super::appetite::Appetite;
use super::conversations::{Conversation, Conversations};
use super::direct::ROOM;
use super::form::{Failure, Form, Told, is_told};
use super::outlet::{Outlet, through_outlet};
use super::words::{clean, put, quoted};

/// How much may wait to be written, in bytes: some ten thousand events.
const LIMIT: usize = 1 << 20;
/// How much of a piece of a stream is shown, in bytes: three or four lines of a terminal.
const PREVIEW: usize = 256;

/// What a [`Log`] shows and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Look {
    /// How much is told.
    pub level: Level,
    /// Whether datagrams that arrive are shown at [`Level::Normal`] too, whole.
    pub datagrams: bool,
    /// Whether lines are coloured; they say the same without.
    pub is_coloured: bool,
}

/// Writes one line an event for people.
///
/// ```text
/// listening on tcp://127.0.0.1:12000
/// 127.0.0.1:40000: connected to tcp://127.0.0.1:12000
/// 127.0.0.1:40000: received 6 B: "hello\n"
/// 127.0.0.1:40000: closed by peer (FIN) after 1.502 s: sent 6 B, received 6 B
/// ```
///
/// A request that a web server answered is a line of the common log format, as programs read it. Any other line
/// about a conversation begins with its peer, except where there is only one: that of a program that called.
/// What came from a peer is shown in quotes with every character escaped that would do more than be seen.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sock::observe::{Log, Look};
/// use sock_proto::{By, Event, How, Observer, Reason, Time, What};
///
/// # use std::io::Read;
/// let (mut reader, writer) = std::io::pipe()?;
/// let log = Log::queued(writer, Look::default())?;
/// let reason = Reason { by: By::Peer, how: How::Fin };
/// let lasted = Duration::from_millis(1502);
/// let what = What::Closed { reason, sent: 3, received: 6, unsent: 0, lasted };
/// log.event(&Event { time: Time::from_nanos(1_510_000_000), conn: 1, what });
/// drop(log);
///
/// let mut line = String::new();
/// reader.read_to_string(&mut line)?;
/// assert_eq!(line, "closed by peer (FIN) after 1.502 s: sent 3 B, received 6 B\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Log {
    outlet: Outlet,
    interest: Interest,
}

impl Log {
    /// Writes from a thread of its own.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn queued(to: impl io::Write + Send + 'static, look: Look) -> io::Result<Self> {
        let (form, appetite) = Lines::new(look, usize::MAX);
        let outlet = Outlet::queued(form, to, appetite, LIMIT)?;
        Ok(Self { outlet, interest: look.level.interest(look.datagrams) })
    }

    /// Writes each event at once, in one piece.
    pub fn direct(to: impl AsFd + Send + 'static, look: Look) -> Self {
        let (form, appetite) = Lines::new(look, ROOM);
        let outlet = Outlet::direct(form, to, appetite);
        Self { outlet, interest: look.level.interest(look.datagrams) }
    }

    /// Says what failed, at every level.
    pub fn failure(&self, time: Time, failure: &Failure<'_>) {
        self.outlet.failure(time, failure);
    }
}

through_outlet!(Log);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        self.outlet.event(0, event);
    }

    fn interest(&self) -> Interest {
        self.interest
    }
}

/// What a line is about, as a colour says it.
#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Good,
    Faint,
    Warning,
    Error,
}

impl Tone {
    /// The parameters of SGR, "select graphic rendition" (ECMA-48, section 8.3.117).
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Faint => "2",
            Self::Warning => "33",
            Self::Error => "31",
        }
    }
}

/// Turns events into lines.
struct Lines {
    look: Look,
    room: usize,
    /// Whether peers call us: then each line says which of them it is about.
    is_serving: bool,
    conversations: Conversations,
}

impl Lines {
    fn new(look: Look, room: usize) -> (Self, Appetite) {
        let is_verbose = look.level == Level::Verbose;
        let appetite = Appetite {
            events: look.level > Level::Quiet,
            ends: is_verbose,
            transient: false,
            stream: is_verbose.then_some(PREVIEW),
            datagram_in: (is_verbose || look.datagrams).then_some(usize::MAX),
            datagram_out: is_verbose.then_some(PREVIEW),
        };
        let conversations = Conversations::default();
        (Self { look, room, is_serving: false, conversations }, appetite)
    }

    fn line(&self, tone: Tone, to: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let code = if self.look.is_coloured { tone.code() } else { "" };
        if code.is_empty() {
            write(to);
        } else {
            put(to, format_args!("\x1b[{code}m"));
            write(to);
            to.extend_from_slice(b"\x1b[0m");
        }
        to.push(b'\n');
    }

    /// A line about a conversation.
    fn about(
        &self,
        told: &Told<'_>,
        tone: Tone,
        to: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.line(tone, to, |to| {
            self.whom(told, to);
            write(to);
        });
    }

    /// Says whom a line is about, where that is not clear by itself.
    fn whom(&self, told: &Told<'_>, to: &mut Vec<u8>) {
        let conn = told.event.conn;
        match self.conversations.about(told) {
            Some(Conversation { called: true, .. }) if !self.is_serving => {}
            Some(about) => match about.remote_address() {
                Some(address) => {
                    clean(address, ROOM, to);
                    to.extend_from_slice(b": ");
                }
                None => put(to, format_args!("conversation {conn}: ")),
            },
            None if self.is_serving && conn != 0 => put(to, format_args!("conversation {conn}: ")),
            None => {}
        }
    }

    fn open(&self, told: &Told<'_>, kind: Kind, to: &mut Vec<u8>) {
        let Some(about) = self.conversations.about(told) else { return };
        let verb = match kind {
            Kind::Stream => "connected",
            Kind::Datagram => "began to talk",
        };
        self.about(told, Tone::Plain, to, |to| {
            put(to, format_args!("{verb} to "));
            clean(if about.called { &about.remote } else { &about.local }, ROOM, to);
            if let Some(local) = about.local_address().filter(|_| about.called) {
                to.extend_from_slice(b" from ");
                clean(local, ROOM, to);
            }
        });
    }

    fn moved(&self, told: &Told<'_>, verb: &str, kind: Kind, bytes: &[u8], to: &mut Vec<u8>) {
        let what = match kind {
            Kind::Stream => "",
            Kind::Datagram => "a datagram of ",
        };
        self.about(told, Tone::Faint, to, |to| {
            put(to, format_args!("{verb} {what}{} B: ", told.len));
            quoted(bytes, told.len, self.room, to);
        });
    }

    fn closed(&self, told: &Told<'_>, reason: Reason, rest: fmt::Arguments<'_>, to: &mut Vec<u8>) {
        let tone = match reason.how {
            // Browsers end TLS without a word, and nothing is wrong; whom it matters is told beside.
            How::Fin | How::Stop | How::Truncated => Tone::Plain,
            How::Reset
            | How::Timeout
            | How::Refused
            | How::Unreachable
            | How::Denied
            | How::Tls
            | How::Failed => Tone::Warning,
        };
        let kind = self.conversations.about(told).map_or(Kind::Stream, |about| about.kind);
        self.about(told, tone, to, |to| match (kind, reason) {
            // Datagrams have no FIN.
            (Kind::Datagram, Reason { by, how: How::Fin }) => {
                let by = if by == By::Peer { "peer" } else { "us" };
                put(to, format_args!("ended by {by} after {rest}"));
            }
            (Kind::Stream | Kind::Datagram, reason) => {
                put(to, format_args!("closed {} after {rest}", InWords(reason)));
            }
        });
    }
}

impl Form for Lines {
    fn event(&mut self, told: &Told<'_>, to: &mut Vec<u8>) {
        self.conversations.hear(told);
        let is_verbose = self.look.level == Level::Verbose;
        match told.event.what {
            What::Listening { endpoint, .. } => {
                self.is_serving = true;
                self.line(Tone::Good, to, |to| {
                    to.extend_from_slice(b"listening on ");
                    clean(&endpoint.to_string(), ROOM, to);
                });
            }
            What::Open { transient: true, .. } => {}
            What::Open { kind, called, .. } => {
                self.is_serving |= !called;
                self.open(told, kind, to);
            }
            What::Received { kind, bytes, .. } => {
                if is_verbose || (self.look.datagrams && kind == Kind::Datagram) {
                    self.moved(told, "received", kind, bytes, to);
                }
            }
            What::Sent { kind, bytes, .. } if is_verbose => {
                self.moved(told, "sent", kind, bytes, to);
            }
            What::Eof if is_verbose => self.about(told, Tone::Faint, to, |to| {
                to.extend_from_slice(b"the peer ended its direction");
            }),
            What::Finished if is_verbose => self.about(told, Tone::Faint, to, |to| {
                to.extend_from_slice(b"we ended our direction");
            }),
            What::Sent { .. } | What::Eof | What::Finished => {}
            What::Closed { reason, sent, received, unsent, lasted } => {
                if is_told(self.conversations.is_transient(told), reason) {
                    let (lasted, unsent) = (Seconds(lasted), Unsent(unsent));
                    let rest =
                        format_args!("{lasted}: sent {sent} B, received {received} B{unsent}");
                    self.closed(told, reason, rest, to);
                }
                self.conversations.forget(told);
            }
            What::Note { text, .. } => self.about(told, Tone::Plain, to, |to| {
                clean(&text.to_string(), self.room, to);
            }),
            What::Request { line, status, bytes, began, client, .. } => {
                let peer = self.conversations.about(told).and_then(Conversation::remote_address);
                let access = Access { peer, user: client.user, line, status, bytes, began };
                self.line(Tone::Plain, to, |to| access.write(self.room, to));
            }
            What::Stopped { conversations, sent, received } => self.line(Tone::Plain, to, |to| {
                let n = conversations;
                let noun = if n == 1 { "conversation" } else { "conversations" };
                put(
                    to,
                    format_args!("stopped after {n} {noun}: sent {sent} B, received {received} B"),
                );
            }),
        }
    }

    fn failure(&mut self, _time: Time, failure: &Failure<'_>, to: &mut Vec<u8>) {
        self.line(Tone::Error, to, |to| {
            to.extend_from_slice(b"sock: ");
            // What points at a place in the line above it has several lines.
            for (n, line) in failure.text.lines().enumerate() {
                if n > 0 {
                    to.push(b'\n');
                }
                clean(line, self.room, to);
            }
            if !failure.cure.is_empty() {
                to.extend_from_slice(b"; ");
                clean(failure.cure, self.room, to);
            }
        });
    }

    fn dropped(&mut self, _time: Time, count: u64, to: &mut Vec<u8>) {
        self.line(Tone::Warning, to, |to| {
            let noun = if count == 1 { "event is" } else { "events are" };
            put(
                to,
                format_args!(
                    "{count} {noun} not shown: they came faster than they could be written"
                ),
            );
        });
    }
}

/// How it ended, where one word would leave people to guess.
struct InWords(Reason);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(reason) = self;
        let by = if reason.by == By::Peer { "peer" } else { "us" };
        let words = match reason.how {
            How::Truncated => "truncated: it never said that this was all",
            How::Tls => "TLS failed",
            How::Stop => "stop: this program was asked to end",
            How::Denied => "denied: --allow or --deny keeps it out",
            How::Fin
            | How::Reset
            | How::Timeout
            | How::Refused
            | How::Unreachable
            | How::Failed => return reason.fmt(f),
        };
        write!(f, "by {by} ({words})")
    }
}

/// A duration in seconds with three digits.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0.as_secs(), self.0.subsec_millis())
    }
}

/// What was never sent, where there is any.
struct Unsent(u64);

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            n => write!(f, ", {n} B never sent"),
        }
    }
}
