//! What of a record is drawn: the conversations of one port, or calls of one name.

use std::collections::BTreeSet;
use std::str::FromStr;

use sock_record::{Call, CallKind, Ev, Line, SockId};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Only {
    /// Sockets that have this port at either end.
    Port(u16),
    /// Calls of this name, and the calls at their other end.
    Call(CallKind),
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map(Self::Port).map_err(|_| "a port is at most 65535".to_owned());
        }
        if CallKind::KNOWN.contains(&text) {
            return Ok(Self::Call(text.into()));
        }
        Err(format!("write a port, or a call: {}", CallKind::KNOWN.join(", ")))
    }
}

impl Only {
    /// The lines that are wanted.
    pub(crate) fn of<'a>(&self, lines: &'a [Line]) -> Vec<&'a Line> {
        match self {
            Self::Port(port) => {
                let wanted = sockets_at(lines, *port);
                lines
                    .iter()
                    .filter(|line| sock_of(line).is_none_or(|sock| wanted.contains(&sock)))
                    .collect()
            }
            Self::Call(kind) => {
                let is_wanted =
                    |line: &&Line| matches!(line, Line::Call(call) if call.call == *kind);
                let own = lines.iter().filter(is_wanted).filter_map(ev_of);
                let mut wanted: BTreeSet<Ev> = own.collect();
                for link in sock_ladder::pair(lines).links.iter().map(|pair| &pair.link) {
                    if wanted.contains(&link.from) || wanted.contains(&link.to) {
                        wanted.extend([link.from, link.to]);
                    }
                }
                lines
                    .iter()
                    .filter(|line| ev_of(line).is_none_or(|ev| wanted.contains(&ev)))
                    .collect()
            }
        }
    }
}

/// Everything but sockets that are no part of any conversation: with which nothing was done, pairs through which nothing
/// went (a runtime keeps some at hand), and what a C library does by itself when it looks up a name or a user: it asks a
/// service (nscd) that is hardly ever there.
pub(crate) fn conversations(lines: &[Line]) -> Vec<&Line> {
    const SERVICE: &str = "/var/run/nscd/socket";
    let mut used: BTreeSet<SockId> = BTreeSet::new();
    let mut asking: BTreeSet<SockId> = BTreeSet::new();
    for line in lines {
        let Line::Call(Call { sock: Some(sock), call, args, err, .. }) = line else { continue };
        if args.addr.as_deref() == Some(SERVICE) && err.is_some() {
            asking.insert(*sock);
        }
        let begins = matches!(
            call,
            CallKind::Connect
                | CallKind::Accept
                | CallKind::Bind
                | CallKind::Listen
                | CallKind::Send
                | CallKind::Recv
        );
        if begins {
            used.insert(*sock);
        }
    }
    let is_shown = |sock: SockId| sock == NONE || (used.contains(&sock) && !asking.contains(&sock));
    lines.iter().filter(|line| sock_of(line).is_none_or(is_shown)).collect()
}

/// Stands for no socket: a wait, say, which is about several.
const NONE: SockId = SockId(0);

fn sockets_at(lines: &[Line], port: u16) -> BTreeSet<SockId> {
    let ends = format!(":{port}");
    let has = |place: &Option<String>| place.as_deref().is_some_and(|place| place.ends_with(&ends));
    let mut wanted: BTreeSet<SockId> = BTreeSet::new();
    for line in lines {
        if let Line::Sock(sock) = line
            && (has(&sock.local) || has(&sock.peer))
        {
            wanted.insert(sock.sock);
        }
    }
    // Who talks in datagrams names the other end at each of them.
    for line in lines {
        if let Line::Call(call) = line
            && call.args.addr.as_deref().is_some_and(|addr| addr.ends_with(&ends))
        {
            wanted.extend(call.sock);
        }
    }
    wanted
}

fn sock_of(line: &Line) -> Option<SockId> {
    if let Line::Call(call) = line {
        return Some(call.sock.unwrap_or(NONE));
    }
    if let Line::Gap(gap) = line {
        return Some(gap.sock);
    }
    if let Line::Sock(sock) = line { Some(sock.sock) } else { None }
}

fn ev_of(line: &Line) -> Option<Ev> {
    if let Line::Call(call) = line {
        return Some(call.ev);
    }
    if let Line::Note(note) = line { note.ev } else { None }
}
