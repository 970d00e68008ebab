//! Conn: moves bytes between one socket and its session.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, sockopt};
use slab::Slab;
use sock_proto::{By, Command, Context, How, Interest, Kind, Peer, Reason, Time};

use super::group::Group;
use super::moves::{Moves, Plain, Returned};
use super::ranges;
use super::sender::Sender;
use super::wait::{Nature, On, Want};
use crate::run::Run;
use crate::service::AnySession;

/// The socket of a conversation.
#[derive(Debug)]
pub(super) enum Io {
    /// A stream of its own.
    Stream(OwnedFd),
    /// A datagram socket that is connected to this one peer.
    Datagram(OwnedFd),
    /// One of the senders to a datagram socket that listens.
    Sender { fd: Arc<OwnedFd>, sender: Box<Sender> },
}

impl Io {
    /// The descriptor of its own, where it has one.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Stream(fd) | Self::Datagram(fd) => Some(fd.as_fd()),
            Self::Sender { .. } => None,
        }
    }

    /// The same, as what is watched.
    pub(super) fn on(&self, key: u64, drains: bool) -> Option<On<'_>> {
        let nature = match self {
            Self::Stream(_) => Nature::Stream,
            Self::Datagram(_) | Self::Sender { .. } => Nature::Signal,
        };
        Some(On { fd: self.descriptor()?, key, nature, drains })
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Stream(_) => Kind::Stream,
            Self::Datagram(_) | Self::Sender { .. } => Kind::Datagram,
        }
    }

    /// Makes its end a reset, where there is such a thing.
    pub(super) fn reset_at_close(&self) {
        if let Self::Stream(fd) = self {
            // A unix socket has no linger; closing it is all there is.
            let _ = sockopt::set_socket_linger(fd, Some(Duration::ZERO));
        }
    }

    /// Sends bytes; with `more` behind them they may leave together.
    fn send(&self, bytes: &[u8], more: bool) -> Result<usize, Errno> {
        // Never a signal: a peer that has gone is an error like any other.
        let mut flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        if more {
            flags |= SendFlags::MORE;
        }
        match self {
            Self::Stream(fd) | Self::Datagram(fd) => rustix::net::send(fd, bytes, flags),
            Self::Sender { fd, sender } => sender.answer(fd.as_fd(), bytes, flags),
        }
    }
}

/// Where the session of a conversation lives.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are the large one: a box would cost each conversation an allocation"
)]
pub(super) enum Holds {
    /// Here: it has this one peer.
    Own(AnySession),
    /// In a group, where this is one of several peers.
    Member { group: usize, peer: Peer },
}

/// The session of a conversation, and which of its peers that is.
pub(super) fn session_of<'a>(
    holds: &'a mut Holds,
    groups: &'a mut Slab<Group>,
) -> (&'a mut AnySession, Peer) {
    match holds {
        Holds::Own(session) => (session, Peer::FIRST),
        Holds::Member { group, peer } => (&mut groups[*group].session, *peer),
    }
}

/// What bytes pass on their way: the socket of a conversation, and its session.
pub(super) struct Line<'a> {
    pub(super) run: &'a Run,
    pub(super) io: &'a Io,
    /// What its descriptor is called.
    pub(super) key: u64,
    pub(super) session: &'a mut AnySession,
    pub(super) peer: Peer,
    pub(super) cx: &'a mut Context,
}

/// One conversation.
#[allow(
    clippy::struct_excessive_bools,
    reason = "four facts that have nothing to do with each other"
)]
pub(super) struct Conn {
    pub(super) io: Io,
    pub(super) holds: Holds,
    /// What its descriptor is watched for.
    pub(super) want: Want,
    /// The earliest timer that is set for it.
    pub(super) armed: Time,
    /// The kernel took no more at the last attempt.
    pub(super) is_blocked: bool,
    /// It is not connected yet.
    pub(super) is_dialling: bool,
    /// We have called this peer: it is part of another conversation.
    pub(super) is_called: bool,
    /// See [`On::drains`]: a unix socket ends a receive early where descriptors were passed, too.
    pub(super) drains: bool,
    /// Why nothing can be sent any more; what the peer had sent before is still being read.
    pub(super) broken: Option<Reason>,
}

impl Conn {
    pub(super) fn new(io: Io, holds: Holds, is_called: bool) -> Self {
        let (want, armed) = (Want::NOTHING, Time::NEVER);
        let (is_blocked, is_dialling, drains) = (false, false, false);
        Self { io, holds, want, armed, is_blocked, is_dialling, is_called, drains, broken: None }
    }
}

/// What became of a conversation when everything that could be sent was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It goes on, and has sent all it has.
    Open,
    /// It goes on once the socket is writable.
    Blocked,
    /// It goes on once what is under way has come back.
    UnderWay,
    /// Nothing can be sent any more, for this reason, of which its protocol does not know yet.
    Broken(Reason),
    /// It is over, and its protocol knows.
    Over,
}

/// What a receive left to be received, as far as it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It brought as much as there was room for.
    Bytes,
    /// It brought less: an end or an error may follow, or what is behind an urgent byte.
    NoByte,
    /// It found nothing. At an urgent byte it may say so although more is there: a receive was seen to
    /// stay there after SIGCONT.
    Nothing,
    /// It was the end.
    End,
}

/// So many bytes leave in one turn before others have theirs.
const TURN: usize = 1024 * 1024;

/// The moment before a call, exact only if somebody looks at it.
pub(super) fn stamp(run: &Run, cx: &mut Context) -> Time {
    if cx.is_watched(Interest::DATA) {
        cx.now = run.now();
    }
    cx.now
}

/// Sends what the session has for `peer`, with nothing but system calls; see [`push_by`].
pub(super) fn push(
    run: &Run,
    io: &Io,
    session: &mut AnySession,
    peer: Peer,
    full: bool,
    cx: &mut Context,
) -> Pushed {
    push_by(&mut Plain, &mut Line { run, io, key: 0, session, peer, cx }, full)
}

/// Sends what the session has for a peer, unless the kernel has no room (`full`), and carries out its
/// commands.
///
/// A peer for which there is no room has commands too: it may be cut short, and its limits run.
pub(super) fn push_by<C: Moves>(calls: &mut C, line: &mut Line<'_>, mut full: bool) -> Pushed {
    let mut turn = 0;
    loop {
        let mut under_way = calls.is_sending(line.key);
        while !full && !under_way {
            if turn > TURN {
                full = true;
                break;
            }
            let Line { run, io, peer, ref mut cx, .. } = *line;
            if C::CARRIES && matches!(io, Io::Stream(_)) {
                let since = stamp(run, cx);
                under_way = calls.take_over(line, since);
                if under_way {
                    continue;
                }
            }
            let Line { ref mut session, ref mut cx, .. } = *line;
            let Some(bytes) = session.output(peer, cx) else {
                let Some(span) = session.range(peer, cx) else { break };
                match ranges::send(io, span, TURN) {
                    Ok(Some(n)) => {
                        turn += usize::try_from(n).unwrap_or(TURN);
                        session.sent_range(peer, n, cx);
                    }
                    Ok(None) => session.read_range(peer, cx),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN | Errno::NOBUFS) => full = true,
                    Err(error) => return Pushed::Broken(reason(error)),
                }
                continue;
            };
            let since = if cx.is_watched(Interest::DATA) { run.now() } else { cx.now };
            match io.send(bytes, session.has_range_next(peer)) {
                Ok(n) => {
                    turn += n;
                    stamp(run, cx);
                    session.sent(peer, n, since, cx);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS) => {
                    session.stalled(peer, cx);
                    full = true;
                }
                Err(error) if !matches!(io, Io::Stream(_)) && error != Errno::CONNREFUSED => {
                    session.unsendable(peer, &std::io::Error::from(error).to_string(), cx);
                }
                Err(error) => return Pushed::Broken(reason(error)),
            }
        }
        let Line { io, ref mut session, peer, ref mut cx, .. } = *line;
        match session.command(peer, cx) {
            Some(Command::Finish) => {
                if let Io::Stream(fd) = io {
                    // A peer that has reset says so at the next read.
                    let _ = rustix::net::shutdown(fd, Shutdown::Write);
                }
            }
            Some(Command::Close) => return Pushed::Over,
            Some(Command::Abort) => {
                io.reset_at_close();
                return Pushed::Over;
            }
            None if under_way => return Pushed::UnderWay,
            None if full => return Pushed::Blocked,
            None if session.output(peer, cx).is_some() => {}
            None => return Pushed::Open,
        }
    }
}

/// What was under way has come back: tells the session, and says whether the kernel has room; or why
/// nothing can be sent any more.
pub(super) fn take_back(line: &mut Line<'_>, (lent, result): Returned) -> Result<bool, Reason> {
    let Line { run, ref mut session, peer, ref mut cx, .. } = *line;
    stamp(run, cx);
    session.take_back(peer, lent, result.ok(), cx);
    match result {
        Ok(_) | Err(Errno::INTR) => Ok(true),
        Err(Errno::AGAIN | Errno::NOBUFS) => {
            session.stalled(peer, cx);
            Ok(false)
        }
        Err(error) => Err(reason(error)),
    }
}

/// Sends what the protocol gives back of what was received, from where it lies.
fn give_back(line: &mut Line<'_>, bytes: &[u8]) -> Pushed {
    let Line { run, io, ref mut session, peer, ref mut cx, .. } = *line;
    let since = stamp(run, cx);
    let (n, pushed) = loop {
        break match io.send(bytes, false) {
            Ok(n) => (n, Pushed::Open),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN | Errno::NOBUFS) => (0, Pushed::Blocked),
            Err(error) => (0, Pushed::Broken(reason(error))),
        };
    };
    stamp(run, cx);
    session.sent_in_place(peer, bytes, n, since, cx);
    if pushed == Pushed::Blocked {
        session.stalled(peer, cx);
    }
    pushed
}

/// Reads once, where need be into `buf`, tells the session, and sends what it gives back of that; says
/// also what it left to be read. None if the conversation is over. The end of a stream to which nothing
/// can be sent any more is the end of it all, for the reason `broken`.
pub(super) fn pull<C: Moves>(
    calls: &mut C,
    line: &mut Line<'_>,
    buf: &mut [u8],
    broken: Option<Reason>,
) -> Option<(Pushed, Left)> {
    let Line { run, io, key, ref mut session, peer, ref mut cx } = *line;
    let Some(fd) = io.descriptor() else { return Some((Pushed::Open, Left::Nothing)) };
    let is_stream = io.kind() == Kind::Stream;
    // Of a datagram the kernel tells the whole length, so that a cut one is noticed.
    let flags =
        if is_stream { RecvFlags::DONTWAIT } else { RecvFlags::DONTWAIT | RecvFlags::TRUNC };
    let room = buf.len();
    let left = loop {
        let since = stamp(run, cx);
        break match calls.receive(key, fd, buf, flags) {
            Ok(([], _)) if is_stream => {
                if let Some(reason) = broken {
                    session.closed(peer, reason, cx);
                    return None;
                }
                session.eof(peer, cx);
                Left::End
            }
            Ok((bytes, whole)) => {
                let left = if bytes.len() < room { Left::NoByte } else { Left::Bytes };
                if cx.is_exact {
                    cx.now = run.now();
                }
                stamp(run, cx);
                if bytes.len() >= C::AT_ONCE && is_stream && broken.is_none() {
                    let back = session.data_in_place(peer, bytes, since, cx);
                    if back.is_empty() {
                        return Some((Pushed::Open, left));
                    }
                    return Some((give_back(line, &bytes[back]), left));
                }
                session.data(peer, bytes, since, cx);
                if whole > bytes.len() {
                    session.cut(peer, whole - bytes.len(), cx);
                }
                left
            }
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Left::Nothing,
            Err(error) => {
                session.closed(peer, broken.unwrap_or(reason(error)), cx);
                return None;
            }
        };
    };
    Some((Pushed::Open, left))
}

/// What an error of a read or a write says about how the conversation ended.
pub(super) fn reason(error: Errno) -> Reason {
    let how = match error {
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => How::Reset,
        Errno::TIMEDOUT => How::Timeout,
        Errno::CONNREFUSED => How::Refused,
        Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::NETDOWN => How::Unreachable,
        _ => How::Failed,
    };
    Reason { by: By::Peer, how }
}
