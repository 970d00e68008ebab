//! Who there is, which socket is whose, and who is at its other end, as far as the record has told by now.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sock_record::{Dir, Kind, Origin, Proc, ProcId, Sock, SockId};

use crate::facts::is_tcp;
use crate::place::{Door, Place};

/// So many sockets that were closed are remembered: what was under way then is drawn soon after.
const GONE: usize = 1024;
/// So many peers are remembered that the record knows by their address only.
pub(super) const GHOSTS: usize = 4096;

/// Who stands on a lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Who {
    Proc(ProcId),
    /// Of whom the record knows the address only.
    Ghost(Box<str>),
}

/// At which end somebody is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) asks: bool,
    pub(super) answers: bool,
    /// When it came, among the others.
    pub(super) turn: u64,
}

/// What is known of a socket.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that happens once to a socket")]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) is_tcp: bool,
    pub(super) from: Origin,
    pub(super) local: Option<Place>,
    pub(super) peer: Option<Box<str>>,
    pub(super) mate: Option<SockId>,
    listener: Option<SockId>,
    proc: Option<ProcId>,
    pub(super) listens: bool,
    pub(super) connects: bool,
    /// Its own end was drawn, the peer's, a reset.
    pub(super) fin: bool,
    pub(super) eof: bool,
    pub(super) reset: bool,
    pub(super) closed: bool,
    /// Bytes of its stream that were sent with urgent ones, which nobody counts.
    pub(super) beside: u64,
    /// Bytes arrived at it by ways that the record does not have.
    unseen: bool,
    /// Bytes that were sent and received, where calls do not say which they moved.
    pub(super) sent: u64,
    pub(super) got: u64,
    /// Bytes of the other side that were drawn as received before their send was known.
    pub(super) drawn: u64,
}

impl Known {
    pub(super) fn is_dgram(&self) -> bool {
        matches!(self.kind, Kind::Dgram | Kind::Raw)
    }

    /// Whether it is one end of a connection that keeps its messages apart.
    pub(super) fn is_seqpacket(&self) -> bool {
        self.kind == Kind::Seqpacket
    }

    /// Whether it is one end of a connection, or tried to become one.
    pub(super) fn is_connection(&self) -> bool {
        !self.is_dgram()
            && !self.listens
            && (self.peer.is_some()
                || self.connects
                || matches!(self.from, Origin::Accept | Origin::Pair)
                || self.sent + self.got > 0)
    }
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Book {
    procs: HashMap<ProcId, Named>,
    pub(super) socks: HashMap<SockId, Known>,
    /// Who listens, or takes datagrams, behind a port or a name.
    doors: HashMap<Door, Vec<SockId>>,
    gone: VecDeque<SockId>,
    parts: BTreeMap<Who, Part>,
    /// Those who have no calls in the record and have said something.
    pub(super) heard: HashSet<Who>,
    /// The first connection of a program to somebody, and whether there were others.
    pub(super) talks: HashMap<(ProcId, Who), (SockId, bool)>,
    turns: u64,
}

#[derive(Debug)]
struct Named {
    name: Box<str>,
    pid: Option<u32>,
    /// The program that it was forked from, perhaps over several steps.
    forked: Option<ProcId>,
    /// Where it listens, where it has accepted, and where else it is.
    at: [Spot; 3],
}

/// An address by which a program is known.
#[derive(Debug, Default)]
enum Spot {
    #[default]
    Nowhere,
    At(Box<str>),
    Several,
}

impl Book {
    pub(super) fn meet(&mut self, proc: &Proc) {
        let at = <[Spot; 3]>::default();
        let parent = || {
            let ppid = proc.ppid.filter(|_| proc.how == "fork".into())?;
            self.procs.iter().find(|(_, named)| named.pid == Some(ppid))
        };
        let forked = match self.procs.get(&proc.proc) {
            // The same process, which is another program by now.
            Some(before) => before.forked,
            None => parent().map(|(id, parent)| parent.forked.unwrap_or(*id)),
        };
        let name = proc.name.as_str().into();
        self.procs.insert(proc.proc, Named { name, pid: proc.pid, forked, at });
    }

    /// Adds what a line says about a socket to what earlier lines said.
    pub(super) fn learn(&mut self, line: &Sock) {
        let known = self.socks.entry(line.sock).or_insert_with(|| Known {
            kind: line.kind.clone(),
            is_tcp: is_tcp(line),
            from: line.from.clone(),
            local: None,
            peer: None,
            mate: None,
            listener: None,
            proc: None,
            listens: false,
            connects: false,
            fin: false,
            eof: false,
            reset: false,
            closed: false,
            beside: 0,
            unseen: false,
            sent: 0,
            got: 0,
            drawn: 0,
        });
        known.mate = line.mate.or(known.mate);
        known.listener = line.listener.or(known.listener);
        known.peer = line.peer.as_deref().map(Into::into).or(known.peer.take());
        let (mate, listener) = (known.mate, known.listener);
        if let Some(local) = line.local.as_deref() {
            self.locate(line.sock, local);
        }
        if let Some(mate) = mate.and_then(|mate| self.socks.get_mut(&mate)) {
            mate.mate = Some(line.sock);
        }
        // A record may say who accepted before it says who listens.
        if let Some(listener) = listener.and_then(|listener| self.socks.get_mut(&listener)) {
            listener.listens = true;
        }
    }

    /// A socket is at an address.
    pub(super) fn locate(&mut self, sock: SockId, local: &str) {
        let Some(place) = Place::new(local) else { return };
        let Some(known) = self.socks.get_mut(&sock) else { return };
        if known.local.as_ref() == Some(&place) {
            return;
        }
        known.local = Some(place.clone());
        let proc = known.proc;
        let doors = self.doors.entry(place.door()).or_default();
        if !doors.contains(&sock) {
            doors.push(sock);
        }
        if let Some(proc) = proc {
            self.name(sock, proc);
        }
    }

    /// The same, where nothing was known.
    pub(super) fn locate_first(&mut self, sock: SockId, local: &str) {
        if self.socks.get(&sock).is_some_and(|known| known.local.is_none()) {
            self.locate(sock, local);
        }
    }

    /// A process has called on a socket. Who only closes what it inherited does not become its holder.
    pub(super) fn touch(&mut self, sock: SockId, proc: ProcId, is_close: bool) {
        let Some(known) = self.socks.get_mut(&sock) else { return };
        if is_close && known.proc.is_some() {
            return;
        }
        if known.proc.replace(proc) != Some(proc) {
            self.name(sock, proc);
        }
    }

    /// A process is known by the address of a socket.
    pub(super) fn name(&mut self, sock: SockId, proc: ProcId) {
        let (Some(known), Some(named)) = (self.socks.get(&sock), self.procs.get_mut(&proc)) else {
            return;
        };
        let Some(place) = &known.local else { return };
        let address: Box<str> = match place {
            // A connection that never came about was nowhere.
            Place::Inet(ip, _) if ip.is_unspecified() && known.is_tcp && !known.listens => return,
            Place::Inet(ip, port) => std::net::SocketAddr::new(*ip, *port).to_string().into(),
            Place::Name(name) => name.clone(),
        };
        let which = if known.listens { 0 } else { 1 + usize::from(known.from != Origin::Accept) };
        let at = &mut named.at[which];
        *at = match std::mem::take(at) {
            Spot::At(before) if before != address => Spot::Several,
            Spot::Several => Spot::Several,
            Spot::Nowhere | Spot::At(_) => Spot::At(address),
        };
    }

    pub(super) fn of(&mut self, sock: SockId) -> Option<&mut Known> {
        self.socks.get_mut(&sock)
    }

    /// Whether a socket is one for datagrams.
    pub(super) fn is_dgram(&self, sock: SockId) -> bool {
        self.socks.get(&sock).is_some_and(Known::is_dgram)
    }

    /// Takes in that bytes arrived at a socket by ways that the record does not have.
    pub(super) fn hide(&mut self, sock: SockId) {
        if let Some(known) = self.socks.get_mut(&sock) {
            known.unseen = true;
        }
    }

    /// Whether the other end of a socket took bytes by ways that the record does not have.
    pub(super) fn is_taken_unseen(&self, sock: SockId) -> bool {
        let mate = self.socks.get(&sock).and_then(|known| self.socks.get(&known.mate?));
        mate.is_some_and(|mate| mate.unseen)
    }

    /// Who holds a socket.
    pub(super) fn holder(&self, sock: SockId) -> Option<Who> {
        let known = self.socks.get(&sock)?;
        let listener = || self.socks.get(&known.listener?)?.proc;
        known.proc.or_else(listener).map(Who::Proc)
    }

    /// Who is at the other end of a connection, and whether its calls are in the record.
    pub(super) fn peer(&self, sock: SockId) -> (Who, bool) {
        let known = self.socks.get(&sock);
        let address = known.and_then(|known| known.peer.as_deref()).unwrap_or_default();
        if let Some(mate) = known.and_then(|known| known.mate) {
            // Nobody may have called on it yet: who made a pair has both ends.
            let maker = || known.filter(|known| known.from == Origin::Pair)?.proc.map(Who::Proc);
            let holder = self.holder(mate).or_else(maker);
            return (holder.unwrap_or_else(|| ghost(address)), true);
        }
        match self.behind(address, |known| known.listens).and_then(|sock| self.holder(sock)) {
            Some(who) => (who, true),
            None => (ghost(address), false),
        }
    }

    /// The socket that takes the datagrams to an address.
    pub(super) fn taker(&self, address: &str) -> Option<SockId> {
        self.behind(address, Known::is_dgram)
    }

    pub(super) fn behind(
        &self,
        address: &str,
        is_meant: impl Fn(&Known) -> bool,
    ) -> Option<SockId> {
        let place = Place::new(address)?;
        let here = self.doors.get(&place.door())?.iter();
        let mut fitting = here.copied().filter(|sock| {
            self.socks.get(sock).is_some_and(|known| {
                !known.closed
                    && is_meant(known)
                    && known.local.as_ref().is_some_and(|local| local.covers(&place))
            })
        });
        fitting.next_back()
    }

    /// A socket is closed for good.
    pub(super) fn close(&mut self, sock: SockId) {
        if let Some(known) = self.socks.get_mut(&sock)
            && !std::mem::replace(&mut known.closed, true)
        {
            self.gone.push_back(sock);
        }
        if self.gone.len() > GONE
            && let Some(oldest) = self.gone.pop_front()
            && let Some(known) = self.socks.remove(&oldest)
            && let Some(door) = known.local.map(|local| local.door())
            && let Some(here) = self.doors.get_mut(&door)
        {
            here.retain(|sock| *sock != oldest);
            if here.is_empty() {
                self.doors.remove(&door);
            }
        }
    }

    /// Whether the other end of a connection is known to be closed.
    pub(super) fn is_left(&self, sock: SockId) -> bool {
        let mate = self.socks.get(&sock).and_then(|known| self.socks.get(&known.mate?));
        mate.is_some_and(|mate| mate.closed)
    }

    /// Somebody asked, or answered, and the other did the other.
    pub(super) fn plays(&mut self, who: &Who, other: &Who, asks: bool) {
        if self.parts.len() >= GHOSTS {
            self.parts.retain(|who, _| matches!(who, Who::Proc(_)));
        }
        for (who, asks) in [(who, asks), (other, !asks)] {
            if !self.parts.contains_key(who) {
                self.turns += 1;
                self.parts.insert(who.clone(), Part { turn: self.turns, ..Part::default() });
            }
            if let Some(part) = self.parts.get_mut(who) {
                part.asks |= asks;
                part.answers |= !asks;
            }
        }
    }

    /// Whether nothing more is to be expected of somebody: all that it had is closed.
    pub(super) fn is_done(&self, who: &Who) -> bool {
        let Who::Proc(id) = who else { return true };
        !self.socks.values().any(|known| known.proc == Some(*id) && !known.closed)
    }

    /// The program that somebody is, or was forked from.
    pub(super) fn family(&self, who: &Who) -> Option<ProcId> {
        let Who::Proc(id) = who else { return None };
        Some(self.procs.get(id)?.forked.unwrap_or(*id))
    }

    pub(super) fn is_forked(&self, who: &Who) -> bool {
        let Who::Proc(id) = who else { return false };
        self.procs.get(id).is_some_and(|named| named.forked.is_some())
    }

    /// Where somebody stands among the others: who took no part yet, behind all.
    pub(super) fn part(&self, who: &Who) -> Part {
        let last = Part { turn: u64::MAX, ..Part::default() };
        self.parts.get(who).copied().unwrap_or(last)
    }

    /// What stands above a lane: a name, and where that is.
    pub(super) fn title(&self, who: &Who) -> (String, String) {
        match who {
            Who::Ghost(address) => (address.to_string(), "(not recorded)".to_owned()),
            Who::Proc(id) => {
                let Some(named) = self.procs.get(id) else {
                    return (format!("program {}", id.0), String::new());
                };
                let pid = || named.pid.map(|pid| format!("pid {pid}")).unwrap_or_default();
                // What a forked child has is its parent's address.
                if named.forked.is_some() {
                    return (named.name.to_string(), pid());
                }
                let under = match named.at.iter().find(|at| !matches!(at, Spot::Nowhere)) {
                    Some(Spot::At(address)) => address.to_string(),
                    Some(Spot::Several | Spot::Nowhere) | None => pid(),
                };
                (named.name.to_string(), under)
            }
        }
    }
}

/// Which bytes of its direction a call moved that does not say so itself.
pub(super) fn counted(known: &mut Known, dir: Dir, n: u64) -> u64 {
    let at = if dir == Dir::Out { &mut known.sent } else { &mut known.got };
    *at += n;
    *at - n
}

/// Who is known by an address only.
pub(super) fn ghost(address: &str) -> Who {
    Who::Ghost(if address.is_empty() { "peer" } else { address }.into())
}
