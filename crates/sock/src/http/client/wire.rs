//! Wire: one connection of the client.
//!
//! Its calls never wait: whoever finds nothing to do waits in [`Wire::wait`], for both directions at once, so
//! that a server that answers early is heard while a body is still being sent to it.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sock_proto::{Endpoint, Time};

use super::head::LARGEST;
use super::secret::Secret;
use super::teller::Teller;
use crate::socket::{Descriptor, Flags, Socket};
use crate::stop::Urgency;
use crate::{Error, ErrorKind, Result, Run};

/// A connection, told to the run as a conversation; what is told of TLS is what was said within it.
pub(super) struct Wire {
    socket: Socket,
    secret: Option<Secret>,
    teller: Teller,
    /// What came since the request, until the head of its response is had whole.
    pub(super) head: Option<Vec<u8>>,
    /// When that head began to come, or the last one that only informed.
    head_at: Time,
    /// The kernel did not take all that was to be sent.
    is_blocked: bool,
    /// Nobody takes what we send; what they said before may still be read.
    pub(super) is_deaf: bool,
    /// Why nothing can be received any more, until that is told.
    pub(super) failed: Option<Error>,
    /// The peer's end has come.
    pub(super) is_ended: bool,
    /// When the request began, when it had left, and when the first byte came back.
    began_at: Time,
    sent_at: Time,
    first_at: Option<Time>,
    /// Bytes since it was last looked whether the run was asked to end.
    unheeded: usize,
}

impl Wire {
    /// Says something worth saying about it.
    pub(super) fn note(&self, code: &'static str, text: &str) {
        self.teller.note(code, text);
    }

    /// Takes in a connected socket.
    pub(super) fn open(socket: Socket, is_secret: bool, run: &Run, number: u64) -> Self {
        let remote = endpoint(socket.peer_addr(), is_secret);
        let local = endpoint(socket.local_addr(), is_secret);
        Self {
            teller: Teller::open(run, number, &local, &remote),
            socket,
            secret: None,
            head: None,
            head_at: Time::ZERO,
            is_blocked: false,
            is_deaf: false,
            failed: None,
            is_ended: false,
            began_at: Time::ZERO,
            sent_at: Time::ZERO,
            first_at: None,
            unheeded: 0,
        }
    }

    /// From now on everything is said within TLS.
    pub(super) fn keep_secret(&mut self, secret: Secret) {
        self.secret = Some(secret);
    }

    /// What is under TLS, for who speaks it.
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The socket, if what it gives is the body itself and nobody looks at the bytes.
    pub(super) fn bare(&self) -> Option<Descriptor<'_>> {
        if self.secret.is_some() || self.teller.is_watched() {
            return None;
        }
        self.socket.descriptor().ok()
    }

    /// Receives what is there: how much, 0 at the end; none where it would have to wait.
    pub(super) fn receive(&mut self, buf: &mut [u8]) -> Result<Option<usize>> {
        let since = self.teller.before();
        let received = match &mut self.secret {
            None => at_once(self.socket.recv_with(buf, Flags::DONTWAIT)),
            Some(secret) => secret.receive(&self.socket, buf),
        };
        let received = received.inspect_err(|error| self.teller.failed(error.kind()))?;
        match received {
            Some(0) if !buf.is_empty() && !self.is_ended => {
                self.is_ended = true;
                self.teller.eof();
            }
            Some(n) => {
                if self.first_at.is_none() {
                    self.first_at = Some(self.teller.now());
                }
                self.unheeded += n;
                if self.unheeded > HEED {
                    self.unheeded = 0;
                    self.heed()?;
                }
                self.teller.received(&buf[..n], since);
                if let Some(head) = &mut self.head {
                    // A server may inform us (1xx) as often as it likes, but not for ever.
                    if head.len() > 2 * LARGEST {
                        let text = format!(
                            "malformed response: its head has not ended after {} bytes",
                            head.len()
                        );
                        self.teller.failed(ErrorKind::Malformed);
                        return Err(Error::new(ErrorKind::Malformed, text));
                    }
                    if head.is_empty() || head.ends_with(b"\r\n\r\n") {
                        self.head_at = self.teller.now();
                    }
                    head.extend_from_slice(&buf[..n]);
                }
            }
            None => {}
        }
        Ok(received)
    }

    /// Whether a head has begun to come and is not whole after so long: single bytes keep nobody waiting for
    /// ever.
    pub(super) fn is_late(&self, limit: Duration) -> bool {
        let begun = self.head.as_ref().is_some_and(|head| !head.is_empty());
        begun && self.teller.now().since(self.head_at) > limit
    }

    /// Sends what the kernel takes at once: how much; none where it would have to wait.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        let since = self.teller.now();
        let sent = match &mut self.secret {
            None => at_once(self.socket.send_with(bytes, Flags::DONTWAIT)),
            Some(secret) => secret.send(&self.socket, bytes),
        };
        let sent = sent.inspect_err(|error| self.teller.failed(error.kind()))?;
        match sent {
            Some(n) => {
                // Within the call whoever is on this machine may have answered already.
                self.sent_at = since;
                self.teller.sent(&bytes[..n], since);
            }
            None => self.is_blocked = true,
        }
        Ok(sent)
    }

    /// Sends what TLS still holds; whether that was all.
    pub(super) fn flush(&mut self) -> Result<bool> {
        let is_done = match &mut self.secret {
            None => true,
            Some(secret) => secret.flush(&self.socket)?,
        };
        self.is_blocked |= !is_done;
        Ok(is_done)
    }

    /// Looks whether the run was asked to end, for who finds so much to do that it never waits.
    pub(super) fn heed(&self) -> Result<()> {
        heed(self.teller.run())
    }

    /// Waits until something can be received, or sent where that was not possible; false when nothing
    /// could for so long.
    pub(super) fn wait(&mut self, limit: Duration) -> Result<bool> {
        let is_blocked = std::mem::take(&mut self.is_blocked);
        let out = if is_blocked { PollFlags::OUT } else { PollFlags::empty() };
        let wants = PollFlags::IN | out;
        let ready = wait(self.socket.descriptor()?.as_fd(), wants, limit, self.teller.run());
        if let Err(error) = &ready {
            self.teller.failed(error.kind());
        }
        ready
    }

    /// Something is left to be sent.
    pub(super) fn block(&mut self) {
        self.is_blocked = true;
    }

    /// Bytes of the body that the kernel moved on, unseen; none: the peer's end.
    pub(super) fn passed(&mut self, bytes: u64) {
        match bytes {
            0 => {
                self.is_ended = true;
                self.teller.eof();
            }
            n => self.teller.passed(n),
        }
    }

    /// Why this connection is given up, for who observes it.
    pub(super) fn give_up(&mut self, kind: ErrorKind) {
        self.teller.failed(kind);
    }

    /// Whether it can carry another request: the peer has said nothing since, not even its end.
    pub(super) fn is_idle(&self) -> bool {
        let is_silent = || {
            let peeked = at_once(self.socket.recv_with(&mut [0], Flags::PEEK | Flags::DONTWAIT));
            matches!(peeked, Ok(None))
        };
        !self.is_ended && !self.is_deaf && is_silent()
    }

    pub(super) fn run(&self) -> &Run {
        self.teller.run()
    }

    /// How long it took to send the request, and from then to the first byte of its response; what answers
    /// before all was sent has ended the one, and took no time for the other.
    pub(super) fn took(&self) -> (Duration, Option<Duration>) {
        let sent = self.first_at.map_or(self.sent_at, |first| first.min(self.sent_at));
        (sent.since(self.began_at), self.first_at.map(|first| first.since(sent)))
    }

    /// Sends all of it.
    pub(super) fn say(&mut self, mut bytes: &[u8], limit: Duration) -> Result<()> {
        while !bytes.is_empty() {
            match self.send(bytes)? {
                Some(n) => bytes = &bytes[n..],
                None if self.wait(limit)? => {}
                None => return Err(silent(limit)),
            }
        }
        Ok(())
    }

    /// Receives so many bytes.
    pub(super) fn hear<const N: usize>(&mut self, limit: Duration) -> Result<[u8; N]> {
        let mut heard = [0; N];
        let mut have = 0;
        while have < N {
            match self.receive(&mut heard[have..])? {
                Some(0) => {
                    let text = "it closed the connection without an answer";
                    return Err(Error::new(ErrorKind::CutShort, text));
                }
                Some(n) => have += n,
                None if self.wait(limit)? => {}
                None => return Err(silent(limit)),
            }
        }
        Ok(heard)
    }

    /// Makes it ready for the next request.
    pub(super) fn begin(&mut self) {
        self.head = Some(Vec::new());
        self.first_at = None;
        self.began_at = self.teller.now();
        self.sent_at = self.began_at;
    }
}

/// Says good-bye, and leaves nothing unread that is not part of a body.
impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(secret) = &mut self.secret {
            // To a good-bye of theirs, too: they may wait for ours.
            secret.finish(&self.socket);
            if !self.is_ended && secret.settle(&self.socket) {
                self.is_ended = true;
                self.teller.eof();
            }
        }
        if !self.is_ended {
            let peeked = at_once(self.socket.recv_with(&mut [0], Flags::PEEK | Flags::DONTWAIT));
            if matches!(peeked, Ok(Some(1..))) {
                self.teller.thrown_away();
            }
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Nothing came for too long.
pub(super) fn silent(limit: Duration) -> Error {
    let text = format!("nothing came for {limit:?}");
    Error::new(ErrorKind::TimedOut, text).cure("try again, or wait longer")
}

/// None for a call that would have had to wait.
pub(super) fn at_once(result: Result<usize>) -> Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits for a descriptor, or for the run to be asked to end, which is an error.
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    wants: PollFlags,
    limit: Duration,
    run: &Run,
) -> Result<bool> {
    let mut entries = vec![PollFd::from_borrowed_fd(fd, wants)];
    let stops = run.stop().waits(Urgency::None);
    entries.extend(stops.map(|stop| PollFd::from_borrowed_fd(stop, PollFlags::IN)));
    let end = crate::run::instant() + limit.min(FOR_EVER);
    loop {
        let left = end.saturating_duration_since(crate::run::instant());
        let left = Timespec::try_from(left).ok();
        match poll(&mut entries, left.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        if entries.iter().skip(1).any(|entry| !entry.revents().is_empty())
            && run.stop().urgency() > Urgency::None
        {
            return Err(stopped());
        }
        if !entries[0].revents().is_empty() {
            return Ok(true);
        }
    }
}

/// Fails where the run was asked to end.
pub(super) fn heed(run: &Run) -> Result<()> {
    match run.stop().urgency() {
        Urgency::None => Ok(()),
        Urgency::Soft | Urgency::Hard => Err(stopped()),
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Interrupted, "asked to end")
}

/// How much is received before it is looked whether the run was asked to end.
const HEED: usize = 1 << 20;

/// A century: clocks overflow beyond.
const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);

/// What an address is called; of a peer that has gone already nothing is known.
fn endpoint(address: Result<crate::Address>, is_secret: bool) -> Endpoint {
    let Ok(address) = address else {
        return Endpoint::Unix(sock_proto::UnixName::UNNAMED);
    };
    match address.to_socket_addr() {
        Some(addr) if is_secret => Endpoint::tls(addr),
        Some(addr) => Endpoint::tcp(addr),
        None => Endpoint::Unix(address.path().map_or(sock_proto::UnixName::UNNAMED, |path| {
            use std::os::unix::ffi::OsStrExt;
            sock_proto::UnixName::from_sun_path(path.as_os_str().as_bytes())
        })),
    }
}
