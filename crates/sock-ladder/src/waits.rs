//! Waiting: who waited how long, in a call or in a library on its behalf, and who gave up.
//!
//! A library that takes a limit of time for a call (Python's `settimeout`) makes the socket non-blocking, and waits in
//! `poll` for this one socket before it calls. To its user that is one call, so here it is one as well: it began with the
//! `poll`; and where that was in vain, the `poll` stands for the call that never came.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sock_record::{Call, CallKind, Dir, ProcId, SockId};

use crate::story::{is_peek, is_unreturned, returned};

/// Who waits so long, in ns, is seen to wait: a fifth of a second is what people notice, and what most think for.
pub(crate) const LONG: u64 = 200_000_000;

/// A call that fails at once takes less, in ns, even under a tracer that holds it for a while.
const AT_ONCE: u64 = 1_000_000;

type Thread = (ProcId, Option<u32>);

/// What is known of waiting beyond each call's own beginning and end.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// When the wait before a call began, which was for its socket alone.
    since: HashMap<usize, u64>,
    /// Calls that gave up: nothing had happened when their time was over.
    vain: HashSet<usize>,
    /// Waits on behalf of a call that never returned.
    pending: HashSet<usize>,
    /// The last wait of each thread for one socket alone, while nothing has followed it.
    open: HashMap<Thread, Open>,
    nonblocking: HashSet<SockId>,
    /// Sockets with a limit for receives (false) and for sends (true).
    limited: HashSet<(SockId, bool)>,
}

/// A wait for one socket alone.
#[derive(Clone, Copy, Debug)]
struct Open {
    n: usize,
    sock: SockId,
    enter: u64,
    is_vain: bool,
}

/// What somebody waits for, or waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vain {
    Accept,
    Recv,
    Send,
}

impl Vain {
    /// The call that gave up.
    pub(crate) fn call(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Recv => "recv",
            Self::Send => "send",
        }
    }

    /// Which way the bytes would have gone.
    pub(crate) fn dir(self) -> Option<Dir> {
        match self {
            Self::Accept => None,
            Self::Recv => Some(Dir::In),
            Self::Send => Some(Dir::Out),
        }
    }

    /// What did not happen.
    pub(crate) fn lack(self) -> &'static str {
        match self {
            Self::Accept => "nobody called",
            Self::Recv => "nothing came",
            Self::Send => "no room came",
        }
    }
}

impl Waits {
    /// Takes in the next call of its thread, or, where `is_cut`, that it was ended by somebody. Says which wait is now known to have been in vain: this one or the one before,
    /// and for which socket.
    pub(crate) fn learn(&mut self, n: usize, call: &Call, is_cut: bool) -> Option<(usize, SockId)> {
        let thread = (call.proc, call.tid);
        let before = if self.open.is_empty() { None } else { self.open.remove(&thread) };
        let own = alone(call);
        self.settings(call);
        if is_over(call)
            && let Some(sock) = call.sock
            && self.limited.contains(&(sock, call.dir == Some(Dir::Out)))
        {
            self.vain.insert(n);
        }
        if let Some(sock) = own {
            let is_vain = call.ret == Some(0);
            // Loops that look again and again wait in select or epoll, or let their sockets block.
            let is_limit = matches!(call.sys.as_deref(), Some("poll" | "ppoll"));
            if is_limit && self.nonblocking.contains(&sock) && (is_vain || is_unreturned(call)) {
                let those = if is_vain { &mut self.vain } else { &mut self.pending };
                those.insert(n);
                return Some((n, sock));
            }
            if signal(call).is_some() {
                return Some((n, sock));
            }
            self.open.insert(thread, Open { n, sock, enter: call.enter, is_vain });
        }
        let Open { n: wait, sock, enter, is_vain } = before?;
        if is_vain {
            // A loop looks again and again whether it is to end; nobody gives up there.
            if own == Some(sock) || is_cut {
                return None;
            }
            self.vain.insert(wait);
            return Some((wait, sock));
        }
        let listener = call.args.more.get("listener").and_then(Value::as_u64);
        let is_own = call.sock == Some(sock) || listener == Some(u64::from(sock.0));
        let can_wait = matches!(call.call, CallKind::Accept | CallKind::Recv | CallKind::Send);
        if is_own && can_wait && returned(call).saturating_sub(enter) >= LONG {
            self.since.insert(n, enter);
        }
        None
    }

    /// Forgets what is known of a call that nobody asks about any more.
    pub(crate) fn forget(&mut self, n: usize) {
        self.since.remove(&n);
        self.vain.remove(&n);
        self.pending.remove(&n);
    }

    fn settings(&mut self, call: &Call) {
        let Some(sock) = call.sock.filter(|_| call.err.is_none()) else { return };
        let more = |name: &str| call.args.more.get(name);
        if call.args.has_flag("SOCK_NONBLOCK") {
            self.nonblocking.insert(sock);
        }
        match more("nonblock").and_then(Value::as_bool) {
            Some(true) => self.nonblocking.insert(sock),
            Some(false) => self.nonblocking.remove(&sock),
            None => false,
        };
        if call.call == CallKind::Setsockopt {
            match more("name").and_then(Value::as_str) {
                Some("SO_RCVTIMEO") => self.limited.insert((sock, false)),
                Some("SO_SNDTIMEO") => self.limited.insert((sock, true)),
                _ => false,
            };
        }
    }

    /// When a call began to wait.
    pub(crate) fn since(&self, n: usize, call: &Call) -> u64 {
        self.since.get(&n).copied().unwrap_or(call.enter)
    }

    /// How long a call waited, in ns, where that is worth a word.
    pub(crate) fn long(&self, n: usize, call: &Call) -> Option<u64> {
        let can_wait = matches!(
            call.call,
            CallKind::Accept | CallKind::Connect | CallKind::Recv | CallKind::Send | CallKind::Wait
        );
        let waited = call.exit?.checked_sub(self.since(n, call))?;
        (can_wait && waited >= LONG && !is_peek(call)).then_some(waited)
    }

    /// What a call waited for until it gave up.
    pub(crate) fn vain(
        &self,
        n: usize,
        call: &Call,
        listens: impl FnOnce() -> bool,
    ) -> Option<Vain> {
        self.vain.contains(&n).then(|| meant(call, listens))
    }

    /// What a wait that never returned was for.
    pub(crate) fn pending(
        &self,
        n: usize,
        call: &Call,
        listens: impl FnOnce() -> bool,
    ) -> Option<Vain> {
        self.pending.contains(&n).then(|| meant(call, listens))
    }
}

/// The signal that has ended a call, where that says something of the call: those that come anyhow say nothing.
pub(crate) fn signal(call: &Call) -> Option<&str> {
    const ROUTINE: [&str; 7] =
        ["SIGCHLD", "SIGWINCH", "SIGURG", "SIGIO", "SIGPROF", "SIGVTALRM", "SIGCONT"];
    let signal = call.args.more.get("signal").and_then(Value::as_str)?;
    (signal.starts_with("SIG") && !ROUTINE.contains(&signal)).then_some(signal)
}

/// The call that waited, or that a wait stands for.
fn meant(call: &Call, listens: impl FnOnce() -> bool) -> Vain {
    let is_wait = call.call == CallKind::Wait;
    let is_accept = call.call == CallKind::Accept || (is_wait && listens());
    let is_send = if is_wait { !watches(call, "POLLIN") } else { call.dir == Some(Dir::Out) };
    match (is_accept, is_send) {
        (true, _) => Vain::Accept,
        (false, true) => Vain::Send,
        (false, false) => Vain::Recv,
    }
}

/// Whether the time that was set for a call (`SO_RCVTIMEO`) may have been over before anything came.
fn is_over(call: &Call) -> bool {
    matches!(call.err.as_deref(), Some("EAGAIN" | "EWOULDBLOCK"))
        && !call.args.has_flag("MSG_DONTWAIT")
        && returned(call).saturating_sub(call.enter) >= AT_ONCE
}

/// The socket that a wait is for, where that is one alone, and the wait may take time.
fn alone(call: &Call) -> Option<SockId> {
    if call.call != CallKind::Wait || (call.err.is_some() && signal(call).is_none()) {
        return None;
    }
    let takes_time = call.args.more.get("timeout_ns").and_then(Value::as_u64) != Some(0);
    let [one] = call.args.more.get("watched")?.as_array()?.as_slice() else { return None };
    let sock = u32::try_from(one.get("sock")?.as_u64()?).ok()?;
    takes_time.then_some(SockId(sock))
}

/// Whether a wait is for such an event.
fn watches(call: &Call, event: &str) -> bool {
    let watched = call.args.more.get("watched").and_then(Value::as_array);
    watched.into_iter().flatten().any(|one| {
        let events = one.get("events").and_then(Value::as_array);
        events.into_iter().flatten().any(|each| each.as_str() == Some(event))
    })
}
