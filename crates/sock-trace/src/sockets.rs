//! The sockets of a trace, told apart by asking the kernel at every call.
//!
//! Descriptors are not followed: they are copied, inherited, passed and given out again. A copy of the descriptor is
//! taken (`pidfd_getfd(2)`, about 1 µs), and the kernel's own name for the socket is read from it (`SO_COOKIE`). Where copies
//! are refused, the inode in `/proc` takes the cookie's place.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketAddrAny, SocketType, ipproto, sockopt};
use sock_record::{Family, Kind, Origin, Sock, SockId};

use crate::known::Known;
use crate::lookup;
use crate::netlink::Diag;
use crate::seen::{Moment, Seen};
use crate::sys::{Tid, kernel_counts};
use crate::window::{Copy, Window};

/// The place of a socket in the book.
pub(crate) type At = usize;

/// The state of a TCP socket that is connected both ways.
const ESTABLISHED: &str = "ESTABLISHED";

/// All sockets of a trace.
pub(crate) struct Book {
    pub(crate) all: Vec<Known>,
    by_cookie: HashMap<u64, At>,
    by_inode: HashMap<u64, At>,
    /// Connected sockets of the internet, by both addresses.
    by_ends: HashMap<(String, String), At>,
    diag: Diag,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self {
            all: Vec::new(),
            by_cookie: HashMap::new(),
            by_inode: HashMap::new(),
            by_ends: HashMap::new(),
            diag: Diag::new(),
        }
    }

    /// The socket behind a descriptor, and whether that is the first time that it is seen; none for what is no
    /// socket.
    pub(crate) fn see(
        &mut self,
        window: &mut Window,
        tid: Tid,
        fd: i32,
        from: Origin,
        t: u64,
    ) -> Option<(Seen, bool)> {
        if fd < 0 {
            return None;
        }
        if let Some((at, hand)) = window.kept(fd) {
            return Some((Seen { at, hand: Some(hand), entry: None }, false));
        }
        match window.copy(tid, fd) {
            Copy::None => None,
            Copy::Taken(hand) => {
                let cookie = sockopt::socket_cookie(&hand).ok()?;
                if let Some(&at) = self.by_cookie.get(&cookie) {
                    window.keep(fd, at, &hand);
                    return Some((Seen { at, hand: Some(hand), entry: None }, false));
                }
                let at = self.add(describe(&hand, SockId(0), from, t)?);
                let known = &mut self.all[at];
                known.line.cookie = Some(format!("{cookie:x}"));
                known.inode = rustix::fs::fstat(&hand).ok().map(|stat| stat.st_ino);
                if known.line.from == Origin::Passed {
                    known.before = kernel_counts(&hand).unwrap_or_default();
                }
                if let Some(inode) = known.inode {
                    self.by_inode.insert(inode, at);
                }
                self.by_cookie.insert(cookie, at);
                window.keep(fd, at, &hand);
                Some((Seen { at, hand: Some(hand), entry: None }, true))
            }
            Copy::Refused => {
                let inode = lookup::inode(window.pid, fd)?;
                let entry = lookup::entry(window.pid, inode);
                if let Some(&at) = self.by_inode.get(&inode) {
                    return Some((Seen { at, hand: None, entry }, false));
                }
                let (family, kind, proto) = entry.as_ref().map_or(
                    // In no table before it has an address: the likeliest.
                    (Family::Inet, Kind::Stream, None),
                    |entry| (entry.family.clone(), entry.kind.clone(), entry.proto),
                );
                let mut line = Sock::new(SockId(0), family, kind, from, t);
                line.proto = proto.map(str::to_owned);
                let at = self.add(line);
                self.all[at].inode = Some(inode);
                self.by_inode.insert(inode, at);
                Some((Seen { at, hand: None, entry }, true))
            }
        }
    }

    fn add(&mut self, mut line: Sock) -> At {
        let at = self.all.len();
        line.sock = SockId(u32::try_from(at + 1).unwrap_or(u32::MAX));
        self.all.push(Known::new(line));
        at
    }

    /// The kernel's number for a socket as a file.
    pub(crate) fn inode(&self, at: At) -> Option<u64> {
        self.all[at].inode
    }

    /// The socket with this inode, if it was seen.
    pub(crate) fn with_inode(&self, inode: u64) -> Option<At> {
        self.by_inode.get(&inode).copied()
    }

    /// What is true of a socket when a call on it returns.
    ///
    /// A send or a receive that moved bytes says how many it `received`, if no ring moves any: then what both ends did
    /// since it was asked last tells the state, and often what waits, without asking again.
    pub(crate) fn moment(&mut self, seen: &Seen, received: Option<u64>) -> Moment {
        let known = &self.all[seen.at];
        let mate = known.mate.map(|mate| &self.all[mate]);
        let steady_mate = mate.filter(|mate| known.is_steady() && mate.is_steady());
        if let (Some(mate), Some(received), true) = (steady_mate, received, known.is_established) {
            let is_empty = mate.most_sent() <= known.come + received;
            return Moment {
                state: Some(ESTABLISHED),
                inq: if is_empty { Some(0) } else { seen.waiting() },
                outq: seen.unsent(),
            };
        }
        let moment = seen.moment(&known.line);
        self.all[seen.at].is_established = moment.state == Some(ESTABLISHED);
        moment
    }

    /// Learns the addresses that a socket has by now, and who is at its other end; tells whether that was new.
    pub(crate) fn learn(&mut self, seen: &Seen) -> bool {
        let (local, peer) = match (&seen.hand, &seen.entry) {
            (Some(hand), _) => {
                let local = rustix::net::getsockname(hand).ok().and_then(|addr| text(&addr));
                let peer = rustix::net::getpeername(hand).ok().flatten();
                (local, peer.and_then(|addr| text(&addr)))
            }
            (None, Some(entry)) => (entry.local.clone(), entry.peer.clone()),
            (None, None) => return false,
        };
        let known = &mut self.all[seen.at];
        let mut is_new = false;
        if local.is_some() && local != known.line.local {
            (known.line.local, is_new) = (local, true);
        }
        if peer.is_some() && peer != known.line.peer {
            (known.line.peer, is_new) = (peer, true);
        }
        let has_mate = self.find_mate(seen.at);
        has_mate || is_new
    }

    /// Whether the addresses of a socket may have changed although no call said so: a connect that took its time, an
    /// address that the system chose.
    pub(crate) fn is_vague(&self, at: At) -> bool {
        let known = &self.all[at];
        let line = &known.line;
        !known.is_listener
            && (line.local.is_none() || (known.is_stream() && line.peer.is_none()))
            && line.family != Family::Unix
    }

    fn find_mate(&mut self, at: At) -> bool {
        let line = &self.all[at].line;
        let mate = match line.family {
            Family::Unix => {
                let peer = self.all[at].inode.and_then(|inode| self.diag.unix_peer(inode));
                peer.and_then(|inode| self.with_inode(inode))
            }
            _ if self.all[at].is_dgram() => None,
            _ => {
                let (Some(local), Some(peer)) = (&line.local, &line.peer) else { return false };
                let ends = (local.clone(), peer.clone());
                let mate = self.by_ends.get(&(ends.1.clone(), ends.0.clone())).copied();
                self.by_ends.insert(ends, at);
                // Who calls itself is its own mate.
                if line.local == line.peer { Some(at) } else { mate }
            }
        };
        mate.is_some_and(|mate| self.wed(at, mate))
    }

    /// Whether somebody in this trace can be called at an address; on any interface, as far as that is known.
    pub(crate) fn is_home(&self, addr: &str) -> bool {
        let port = |addr: &str| addr.parse().map(|addr: std::net::SocketAddr| addr.port()).ok();
        let is_called = |known: &Known| known.is_listener || known.is_dgram();
        self.all.iter().filter(|known| is_called(known)).any(|known| {
            let local = known.line.local.as_deref();
            local == Some(addr) || local.and_then(port).is_some_and(|own| port(addr) == Some(own))
        })
    }

    /// Two sockets are each other's ends; tells whether that was new.
    pub(crate) fn wed(&mut self, one: At, other: At) -> bool {
        let is_new = self.all[one].mate != Some(other);
        for (at, mate) in [(one, other), (other, one)] {
            self.all[at].mate = Some(mate);
            self.all[at].line.mate = Some(self.all[mate].line.sock);
        }
        is_new
    }
}

/// What a socket is, by its own word.
fn describe(hand: &OwnedFd, id: SockId, from: Origin, t: u64) -> Option<Sock> {
    let family = match sockopt::socket_domain(hand).ok()? {
        AddressFamily::INET => Family::Inet,
        AddressFamily::INET6 => Family::Inet6,
        AddressFamily::UNIX => Family::Unix,
        // What talks to the kernel (netlink, vsock …) is no conversation between programs.
        _ => return None,
    };
    let kind = match sockopt::socket_type(hand).ok()? {
        SocketType::STREAM => Kind::Stream,
        SocketType::DGRAM => Kind::Dgram,
        SocketType::SEQPACKET => Kind::Seqpacket,
        SocketType::RAW => Kind::Raw,
        other => Kind::from(format!("type {}", other.as_raw()).as_str()),
    };
    let mut sock = Sock::new(id, family, kind, from, t);
    let protocol = sockopt::socket_protocol(hand).ok().flatten();
    sock.proto = match protocol {
        Some(ipproto::TCP) => Some("tcp".into()),
        Some(ipproto::UDP) => Some("udp".into()),
        Some(other) => Some(format!("protocol {}", other.as_raw())),
        None => None,
    };
    Some(sock)
}

/// An address as the record writes it; none for one without a name or without a port.
fn text(addr: &SocketAddrAny) -> Option<String> {
    if let Ok(addr) = std::net::SocketAddr::try_from(addr.clone()) {
        let addr = match addr {
            std::net::SocketAddr::V6(v6) if v6.ip().to_ipv4_mapped().is_some() => {
                std::net::SocketAddr::new(v6.ip().to_canonical(), v6.port())
            }
            other => other,
        };
        return (addr.port() != 0).then(|| addr.to_string());
    }
    let unix = rustix::net::SocketAddrUnix::try_from(addr.clone()).ok()?;
    if let Some(path) = unix.path_bytes() {
        return Some(String::from_utf8_lossy(path).into_owned()).filter(|path| !path.is_empty());
    }
    unix.abstract_name().map(|name| format!("@{}", String::from_utf8_lossy(name)))
}
