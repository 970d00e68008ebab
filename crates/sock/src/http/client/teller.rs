//! Teller: one connection of the client, as the run's observer hears of it.

use sock_proto::{By, Endpoint, Event, How, Interest, Kind, Reason, Time, What};

use crate::{ErrorKind, Run};

/// Tells of one conversation, and counts what was moved.
pub(super) struct Teller {
    run: Run,
    number: u64,
    interest: Interest,
    opened: Time,
    sent: u64,
    received: u64,
    reason: Option<Reason>,
}

impl Teller {
    /// Says that a conversation began.
    pub(super) fn open(run: &Run, number: u64, local: &Endpoint, remote: &Endpoint) -> Self {
        let interest = run.observer().map_or(Interest::NONE, |observer| observer.interest());
        let (run, opened) = (run.clone(), run.now());
        let teller = Self { run, number, interest, opened, sent: 0, received: 0, reason: None };
        let (kind, called, transient) = (Kind::Stream, true, false);
        teller.tell(What::Open { kind, called, transient, local, remote });
        teller
    }

    /// Whether somebody looks at the bytes.
    pub(super) fn is_watched(&self) -> bool {
        self.interest.contains(Interest::DATA)
    }

    /// When a call begins, for who wants to know how long it took.
    pub(super) fn before(&self) -> Time {
        if self.is_watched() { self.run.now() } else { Time::ZERO }
    }

    pub(super) fn now(&self) -> Time {
        self.run.now()
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn sent(&mut self, bytes: &[u8], since: Time) {
        self.sent += bytes.len() as u64;
        self.tell(What::Sent { kind: Kind::Stream, bytes, since });
    }

    pub(super) fn received(&mut self, bytes: &[u8], since: Time) {
        self.received += bytes.len() as u64;
        self.tell(What::Received { kind: Kind::Stream, bytes, since });
    }

    /// Bytes that the kernel moved on, unseen.
    pub(super) fn passed(&mut self, bytes: u64) {
        self.received += bytes;
    }

    /// The peer has ended.
    pub(super) fn eof(&mut self) {
        self.end(By::Peer, How::Fin);
        self.tell(What::Eof);
    }

    /// Says why it will have ended; the first word counts.
    pub(super) fn failed(&mut self, kind: ErrorKind) {
        #[allow(clippy::wildcard_enum_match_arm, reason = "the others have no word of their own")]
        let (by, how) = match kind {
            ErrorKind::Reset | ErrorKind::BrokenPipe => (By::Peer, How::Reset),
            ErrorKind::TimedOut => (By::Us, How::Timeout),
            ErrorKind::Interrupted => (By::Us, How::Stop),
            ErrorKind::Tls => (By::Us, How::Tls),
            ErrorKind::CutShort => (By::Peer, How::Truncated),
            ErrorKind::Unreachable => (By::Peer, How::Unreachable),
            _ => (By::Us, How::Failed),
        };
        self.end(by, how);
    }

    /// We close while bytes of the peer's lie unread: its system is told so by a reset (RFC 9293, section 3.10.4).
    pub(super) fn thrown_away(&mut self) {
        self.end(By::Us, How::Reset);
    }

    fn end(&mut self, by: By, how: How) {
        self.reason.get_or_insert(Reason { by, how });
    }

    /// Says something worth saying.
    pub(super) fn note(&self, code: &'static str, text: &str) {
        self.tell(What::Note { code, text: format_args!("{text}") });
    }

    fn tell(&self, what: What<'_>) {
        if self.interest.contains(what.interest())
            && let Some(observer) = self.run.observer()
        {
            observer.event(&Event { time: self.run.now(), conn: self.number, what });
        }
    }
}

/// Says that the conversation ended.
impl Drop for Teller {
    fn drop(&mut self) {
        let reason = self.reason.unwrap_or(Reason { by: By::Us, how: How::Fin });
        let (sent, received, unsent) = (self.sent, self.received, 0);
        let lasted = self.run.now().since(self.opened);
        self.tell(What::Closed { reason, sent, received, unsent, lasted });
    }
}
