//! What of a record is drawn: the conversations of one port, or calls of one name.

use std::collections::BTreeSet;
use std::str::FromStr;

use sock_ladder::is_probe;
use sock_record::{Call, CallKind, Line, Origin, Sock, SockId};

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
    /// The call that is wanted, where it is one.
    pub(super) fn call(&self) -> Option<&CallKind> {
        match self {
            Self::Call(kind) => Some(kind),
            Self::Port(_) => None,
        }
    }

    /// What is said where nothing of a record is wanted: what could be asked for instead.
    pub(super) fn unmet(&self, lines: &[Line]) -> String {
        match self {
            Self::Port(port) => {
                let ports = ports(lines);
                let there = if ports.is_empty() {
                    "no socket had a port".to_owned()
                } else {
                    format!("the ports are {}", listed(ports.iter().map(u16::to_string)))
                };
                format!("--only {port} matches nothing: {there}\n")
            }
            Self::Call(kind) => {
                let calls = lines.iter().filter_map(|line| {
                    let Line::Call(call) = line else { return None };
                    Some(call.call.as_str())
                });
                let made: BTreeSet<&str> = calls.collect();
                let there = listed(made.into_iter().map(str::to_owned));
                format!("--only {} matches nothing: the calls are {there}\n", kind.as_str())
            }
        }
    }
}

/// The lines about sockets that have this port at either end.
pub(super) fn at_port(lines: &[Line], port: u16) -> Vec<&Line> {
    let wanted = sockets_at(lines, port);
    lines.iter().filter(|line| sock_of(line).is_none_or(|sock| wanted.contains(&sock))).collect()
}

/// More of them would hide what is looked for.
const MOST: usize = 12;

fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    let more = words.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    words[..words.len() - more].join(", ") + &rest
}

/// The ports of a record's sockets: first those that others were sent to, or that a server listens at.
fn ports(lines: &[Line]) -> Vec<u16> {
    let port = |address: Option<&str>| -> Option<u16> {
        address?.rsplit_once(':')?.1.parse().ok().filter(|port| *port != 0)
    };
    let (mut named, mut others) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        if let Line::Call(call) = line
            && matches!(call.call, CallKind::Bind | CallKind::Connect)
        {
            named.extend(port(call.args.addr.as_deref()));
        }
        if let Line::Sock(sock) = line {
            let ends = [&sock.local, &sock.peer].into_iter();
            others.extend(ends.filter_map(|address| port(address.as_deref())));
        }
    }
    others.retain(|port| !named.contains(port));
    named.into_iter().chain(others).collect()
}

/// Everything but sockets that are no part of any conversation: with which nothing was done, pairs through which nothing
/// went, at neither end (a runtime keeps some at hand), and what a C library does by itself when it looks up a name or a
/// user: it asks a service (nscd) that is hardly ever there.
pub(crate) fn conversations(lines: &[Line]) -> Vec<&Line> {
    let mut used: BTreeSet<SockId> = BTreeSet::new();
    let mut asking: BTreeSet<SockId> = BTreeSet::new();
    for line in lines {
        let Line::Call(made) = line else { continue };
        used.extend(awaited(made));
        let (Some(sock), call) = (&made.sock, &made.call) else { continue };
        if is_probe(made) {
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
    // What was done with one end of a pair says something of the other, also where that was only closed.
    for line in lines {
        if let Line::Sock(Sock { sock, mate: Some(mate), from: Origin::Pair, .. }) = line
            && (used.contains(sock) || used.contains(mate))
        {
            used.extend([*sock, *mate]);
        }
    }
    let is_shown = |sock: SockId| sock == NONE || (used.contains(&sock) && !asking.contains(&sock));
    lines.iter().filter(|line| sock_of(line).is_none_or(is_shown)).collect()
}

/// The socket that a program waited for until its time was over: the call that it waited for never came.
fn awaited(call: &Call) -> Option<SockId> {
    let is_vain = call.call == CallKind::Wait && call.ret == Some(0);
    let has_limit = matches!(call.sys.as_deref(), Some("poll" | "ppoll"));
    let watched = call.args.more.get("watched").filter(|_| is_vain && has_limit)?.as_array()?;
    let [one] = watched.as_slice() else { return None };
    u32::try_from(one.get("sock")?.as_u64()?).ok().map(SockId)
}

/// The same while the record grows, line by line.
#[derive(Debug)]
pub(super) struct Filter {
    port: Option<u16>,
    wanted: BTreeSet<SockId>,
    /// What a C library does by itself is shown.
    all: bool,
    asking: BTreeSet<SockId>,
}

impl Filter {
    pub(super) fn new(only: Option<&Only>, all: bool) -> Self {
        let port = match only {
            Some(Only::Port(port)) => Some(*port),
            Some(Only::Call(_)) | None => None,
        };
        Self { port, wanted: BTreeSet::new(), all, asking: BTreeSet::new() }
    }

    /// Whether a line is about what is wanted.
    pub(super) fn lets_pass(&mut self, line: &Line) -> bool {
        if let Line::Call(call) = line {
            if !self.all && is_probe(call) {
                self.asking.extend(call.sock);
            }
            if self.port.is_some_and(|port| names_port(call, port)) {
                self.wanted.extend(call.sock);
            }
            return self.is_wanted(call);
        }
        let Line::Sock(sock) = line else { return true };
        if self.port.is_some_and(|port| is_at(sock, port)) {
            self.wanted.insert(sock.sock);
        }
        // What is known of a socket may be asked for later.
        true
    }

    pub(super) fn is_wanted(&self, call: &Call) -> bool {
        let Some(sock) = call.sock else { return true };
        !self.asking.contains(&sock) && (self.port.is_none() || self.wanted.contains(&sock))
    }
}

fn is_at(sock: &Sock, port: u16) -> bool {
    let ends = format!(":{port}");
    [&sock.local, &sock.peer]
        .into_iter()
        .any(|place| place.as_deref().is_some_and(|place| place.ends_with(&ends)))
}

/// Whether a call names the port: who talks in datagrams names the other end at each of them.
fn names_port(call: &Call, port: u16) -> bool {
    call.args.addr.as_deref().is_some_and(|addr| addr.ends_with(&format!(":{port}")))
}

/// Stands for no socket: a wait, say, which is about several.
const NONE: SockId = SockId(0);

fn sockets_at(lines: &[Line], port: u16) -> BTreeSet<SockId> {
    let mut wanted: BTreeSet<SockId> = BTreeSet::new();
    for line in lines {
        if let Line::Sock(sock) = line
            && is_at(sock, port)
        {
            wanted.insert(sock.sock);
        }
    }
    for line in lines {
        if let Line::Call(call) = line
            && names_port(call, port)
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
