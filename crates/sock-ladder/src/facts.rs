//! What is known of a socket from the calls on it.

use sock_record::{Call, CallKind, Family, Kind, Sock};

use crate::story::{ends_sending, is_eof, is_not_yet, returned};

/// What the calls on a socket say about it, gathered in one pass: records are long, and their lines are large.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// The first `connect` that succeeded or went on by itself.
    pub(crate) connect: Option<usize>,
    /// The first `connect` that failed, at once or later.
    pub(crate) refused: Option<usize>,
    /// It was told later that nobody listens there (`SO_ERROR` of a connect that went on by itself).
    pub(crate) refused_late: bool,
    /// The first receive that met the peer's end.
    pub(crate) eof: Option<usize>,
    /// The first `shutdown` of the direction from the peer.
    pub(crate) deaf: Option<usize>,
    eof_at: u64,
    /// The first `shutdown` of the direction to the peer.
    pub(crate) shutdown: Option<usize>,
    pub(crate) last_close: Option<usize>,
    /// The first call that moved anything.
    pub(crate) moved: Option<usize>,
    pub(crate) failed: bool,
    /// The last call that was told that nobody is there.
    pub(crate) unreachable: Option<usize>,
    reset: Option<usize>,
    broken_pipe: Option<usize>,
    pub(crate) listens: bool,
    pub(crate) closed_at: Option<u64>,
    /// What the last close sent.
    sent: Sent,
}

/// What a close has the kernel send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sent {
    #[default]
    Fin,
    Rst,
    /// The connection was over before.
    Nothing,
}

impl Facts {
    /// Takes in the next call on it.
    pub(crate) fn learn(&mut self, n: usize, call: &Call, sock: &Sock) {
        let failed = call.err.is_some();
        self.failed |= failed;
        self.listens |= call.call == CallKind::Listen;
        if call.dir.is_some() {
            if self.moved.is_none() && call.moved().is_some() {
                self.moved = Some(n);
            }
            // A message may be empty, and whoever has ended receiving itself is always told that nothing comes.
            let is_stream = sock.kind == Kind::Stream;
            if self.eof.is_none() && self.deaf.is_none() && is_stream && is_eof(call) {
                (self.eof, self.eof_at) = (Some(n), returned(call));
            }
        }
        if failed {
            let first = match call.err.as_deref() {
                Some("ECONNRESET") => Some(&mut self.reset),
                Some("EPIPE") => Some(&mut self.broken_pipe),
                _ => None,
            };
            if let Some(first) = first {
                first.get_or_insert(n);
            }
            if call.err.as_deref() == Some("ECONNREFUSED") {
                self.unreachable = Some(n);
            }
        }
        if let Some(error) = later_error(call)
            && self.moved.is_none()
            && let Some(connect) = self.connect.take()
        {
            self.refused.get_or_insert(connect);
            self.refused_late = error == "ECONNREFUSED";
        }
        if call.call == CallKind::Connect {
            let lasting = failed && !is_not_yet(call);
            if lasting { &mut self.refused } else { &mut self.connect }.get_or_insert(n);
        } else if call.call == CallKind::Close {
            self.last_close = Some(n);
            self.sent = if is_tcp(sock) { sent_by(call) } else { Sent::Fin };
            self.closed_at = self.closed_at.max(Some(returned(call)));
        } else if call.call == CallKind::Shutdown {
            if self.shutdown.is_none() && ends_sending(call) {
                self.shutdown = Some(n);
            }
            if self.deaf.is_none() && ends_receiving(call) {
                self.deaf = Some(n);
                // What still waited then was ended by it.
                self.eof = self.eof.filter(|_| self.eof_at <= call.enter);
            }
        }
    }

    /// Takes in that its last close was the last of all, whatever it found when it began.
    pub(crate) fn closed_for_good(&mut self, call: &Call, sock: &Sock) {
        if is_tcp(sock) && self.sent == Sent::Fin && is_torn(call) {
            self.sent = Sent::Rst;
        }
    }

    /// Takes in the first receive that met the peer's end, where that is told by the other end only.
    pub(crate) fn meets_end(&mut self, n: usize, calls: &[&Call]) {
        let is_own = self.deaf.is_some_and(|deaf| calls[deaf].enter < returned(calls[n]));
        self.eof = self.eof.or((!is_own).then_some(n));
    }

    /// The call that told the peer that no more comes: the first `shutdown` of that direction, or else the last `close`.
    /// None where a reset had ended the connection before or ends it now, or there was none.
    pub(crate) fn fin(&self) -> Option<usize> {
        self.shutdown.or_else(|| self.closed_with(Sent::Fin))
    }

    /// The close that tore the connection down.
    pub(crate) fn torn(&self) -> Option<usize> {
        self.closed_with(Sent::Rst)
    }

    fn closed_with(&self, sent: Sent) -> Option<usize> {
        let close = self.last_close.filter(|_| self.refused.is_none() || self.connect.is_some())?;
        let is_alive = self.reset().is_none_or(|reset| reset > close);
        (is_alive && self.sent == sent).then_some(close)
    }

    /// The first call that met a reset. A broken pipe after our own end is our own doing, and so is one of a socket that
    /// nobody had taken a connection of.
    pub(crate) fn reset(&self) -> Option<usize> {
        let was_connected = self.refused.is_none() || self.connect.is_some();
        let broken = self.broken_pipe.filter(|&broken| {
            was_connected && self.shutdown.is_none_or(|shutdown| broken < shutdown)
        });
        [self.reset, broken].into_iter().flatten().min()
    }
}

/// What a close of a TCP socket has the kernel send, by what the record knows of the moment before.
pub(crate) fn sent_by(call: &Call) -> Sent {
    let more = &call.args.more;
    let is_held = more.get("held_by").and_then(|by| by.as_array()).is_some_and(|by| !by.is_empty());
    if more.get("state").and_then(|state| state.as_str()) == Some("CLOSE") {
        Sent::Nothing
    } else if !is_held && is_torn(call) {
        Sent::Rst
    } else {
        Sent::Fin
    }
}

/// Whether a connect failed before it met anybody: there is no such place, or it may not be asked.
pub(crate) fn is_nowhere(connect: &Call) -> bool {
    let at_home = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EPROTOTYPE", "EINVAL", "EAFNOSUPPORT"];
    connect.err.as_deref().is_some_and(|err| at_home.contains(&err))
}

/// Whether a connect is the C library's own: looking up a name or a user, it asks a service (nscd) that is hardly ever
/// there, and goes on without.
#[must_use]
pub fn is_probe(connect: &Call) -> bool {
    let asks = |addr: &str| addr.ends_with("run/nscd/socket");
    is_nowhere(connect) && connect.args.addr.as_deref().is_some_and(asks)
}

/// Whether a close found what makes it a reset.
fn is_torn(call: &Call) -> bool {
    let number = |name: &str| call.args.more.get(name).and_then(serde_json::Value::as_u64);
    number("unread") > Some(0) || number("linger_s") == Some(0)
}

/// Whether a `shutdown` ended the direction from the peer.
fn ends_receiving(call: &Call) -> bool {
    let is = |how: &str| matches!(how, "SHUT_RD" | "SHUT_RDWR");
    call.err.is_none() && call.args.how.as_deref().is_some_and(is)
}

/// What became of a connect that went on by itself, where it failed: the value of `SO_ERROR`.
fn later_error(call: &Call) -> Option<&str> {
    let is = |name: &str| call.args.more.get("name").and_then(|value| value.as_str()) == Some(name);
    let asks = call.call == CallKind::Getsockopt && is("SO_ERROR");
    call.args.more.get("value").filter(|_| asks)?.as_str()
}

/// Whether a socket is one of TCP.
pub(crate) fn is_tcp(sock: &Sock) -> bool {
    sock.kind == Kind::Stream && matches!(sock.family, Family::Inet | Family::Inet6)
}
