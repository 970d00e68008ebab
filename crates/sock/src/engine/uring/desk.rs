//! Desk: what is known of every link between two waits, and what the kernel's answers mean.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt;
use slab::Slab;
use sock_proto::Lent;

use super::super::key::Key;
use super::super::wait::{Nature, On, Ready, Want};
use super::buffers::Buffers;
use super::link::{End, Life, Link, Piece, Sending};
use super::ring::{Answer, Kind};

/// A piece of an outbox that is being sent.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) lent: Lent,
    /// More follows, with which it may leave together.
    pub(super) more: bool,
    /// What became of it.
    pub(super) result: i32,
}

/// The memory that the kernel reads and writes.
#[derive(Debug)]
pub(super) struct Memory {
    /// For messages: a receive takes one after the other.
    pub(super) small: Buffers,
    /// For bulk: one at a time.
    pub(super) bulk: Buffers,
    pub(super) parcels: Slab<Parcel>,
}

impl Memory {
    pub(super) fn group(&mut self, is_bulk: bool) -> &mut Buffers {
        if is_bulk { &mut self.bulk } else { &mut self.small }
    }

    pub(super) fn bytes(&self, piece: Piece) -> &[u8] {
        let group = if piece.is_bulk { &self.bulk } else { &self.small };
        group.bytes(piece.buffer, piece.n as usize)
    }
}

/// All links.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) links: Slab<Link>,
    /// The links of conversations, by their slots: `NOBODY` where there is none.
    conns: Vec<u32>,
    /// Those of everything else, by their keys.
    others: HashMap<u64, u32>,
    /// Links that are looked at before the next wait.
    pub(super) due: Vec<u32>,
    /// Links of which something is told after this one.
    pub(super) told: Vec<u32>,
    /// Callers who were accepted and have not been taken, by the links of their ports.
    callers: HashMap<u32, VecDeque<OwnedFd>>,
    /// Buffers whose bytes were heard.
    pub(super) spent: Vec<Piece>,
    /// How many operations will have a last result.
    pub(super) running: usize,
}

const NOBODY: u32 = u32::MAX;

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            links: Slab::new(),
            conns: Vec::new(),
            others: HashMap::new(),
            due: Vec::new(),
            told: Vec::new(),
            callers: HashMap::new(),
            spent: Vec::new(),
            running: 0,
        }
    }

    /// The link that a key stands for.
    pub(super) fn find(&self, key: u64) -> Option<u32> {
        match Key::from_u64(key) {
            Key::Conn(slot) => {
                self.conns.get(slot as usize).copied().filter(|link| *link != NOBODY)
            }
            Key::Stop(_)
            | Key::Bell
            | Key::Port(_)
            | Key::Group(_)
            | Key::Grace
            | Key::Dialer
            | Key::Campaign => self.others.get(&key).copied(),
        }
    }

    pub(super) fn link(&self, key: u64) -> Option<&Link> {
        self.links.get(self.find(key)? as usize)
    }

    pub(super) fn link_mut(&mut self, key: u64) -> Option<&mut Link> {
        let id = self.find(key)?;
        self.links.get_mut(id as usize)
    }

    /// The link of a descriptor, a new one where there is none yet.
    pub(super) fn found(&mut self, key: u64, fd: RawFd, nature: Nature) -> u32 {
        if let Some(id) = self.find(key) {
            return id;
        }
        let id = self.links.insert(Link::new(key, fd, nature));
        let id = u32::try_from(id).expect("a process has fewer than 2^32 descriptors");
        self.name(key, id);
        id
    }

    fn name(&mut self, key: u64, id: u32) {
        match Key::from_u64(key) {
            Key::Conn(slot) => {
                let slot = slot as usize;
                if self.conns.len() <= slot {
                    self.conns.resize(slot + 1, NOBODY);
                }
                self.conns[slot] = id;
            }
            Key::Stop(_)
            | Key::Bell
            | Key::Port(_)
            | Key::Group(_)
            | Key::Grace
            | Key::Dialer
            | Key::Campaign => {
                if id == NOBODY {
                    self.others.remove(&key);
                } else {
                    self.others.insert(key, id);
                }
            }
        }
    }

    /// Looks at a link before the next wait.
    pub(super) fn look_at(&mut self, id: u32) {
        if let Some(link) = self.links.get_mut(id as usize)
            && !std::mem::replace(&mut link.is_due, true)
        {
            self.due.push(id);
        }
    }

    /// Tells of a link after this wait.
    pub(super) fn tell(&mut self, id: u32) {
        if let Some(link) = self.links.get_mut(id as usize)
            && !std::mem::replace(&mut link.is_told, true)
        {
            self.told.push(id);
        }
    }

    /// The descriptor is closed in a moment: what came for it is nobody's, and what runs ends.
    pub(super) fn forget(&mut self, on: On<'_>, memory: &mut Memory) {
        let Some(id) = self.find(on.key) else { return };
        self.name(on.key, NOBODY);
        let Some(link) = self.links.get_mut(id as usize) else { return };
        link.is_forgotten = true;
        link.want = Want::NOTHING;
        if link.nature == Nature::Stream && link.has_bytes() {
            // What was not read makes a close a reset, in the kernel as here; not on a unix socket.
            let _ = sockopt::set_socket_linger(on.fd, Some(Duration::ZERO));
        }
        self.spent.extend(link.piece.take());
        link.more = None;
        for caller in self.callers.remove(&id).into_iter().flatten() {
            turn_away(caller);
        }
        match link.sending {
            Sending::Queued(place) | Sending::Done(place) => {
                memory.parcels.remove(place as usize);
                link.sending = Sending::Nothing;
            }
            Sending::Nothing | Sending::UnderWay(_) => {}
        }
        self.look_at(id);
        self.bury(id);
    }

    /// The next caller who was accepted at a port.
    pub(super) fn next_caller(&mut self, id: u32) -> Option<OwnedFd> {
        let callers = self.callers.get_mut(&id)?;
        let caller = callers.pop_front();
        self.links[id as usize].has_callers = !callers.is_empty();
        caller
    }

    /// Removes a link of which nobody wants anything and for which nothing runs any more.
    fn bury(&mut self, id: u32) {
        if self.links.get(id as usize).is_some_and(|link| link.is_forgotten && !link.is_running()) {
            self.links.remove(id as usize);
        }
    }

    /// What an answer of the kernel's means.
    pub(super) fn hear(&mut self, answer: Answer, memory: &mut Memory) {
        let Answer { kind, link: id, result, goes_on, .. } = answer;
        let Some(link) = self.links.get_mut(id as usize).filter(|_| kind != Kind::Cancel) else {
            return;
        };
        let is_last = !goes_on;
        self.running -= usize::from(is_last);
        match kind {
            Kind::Input => {
                if is_last {
                    link.input = Life::Idle;
                }
                match link.nature {
                    Nature::Stream => self.spent.extend(came(link, answer, memory)),
                    Nature::Callers => called(link, result, self.callers.entry(id).or_default()),
                    Nature::Signal => link.is_readable |= !is_no_news(result),
                }
            }
            Kind::Room => {
                link.room = Life::Idle;
                link.is_writable |= !is_no_news(result);
            }
            Kind::Send => {
                if let Sending::UnderWay(place) = link.sending {
                    link.sending = Sending::Done(place);
                    memory.parcels[place as usize].result = result;
                    if link.is_forgotten {
                        memory.parcels.remove(place as usize);
                        link.sending = Sending::Nothing;
                    }
                }
            }
            Kind::Cancel => {}
        }
        self.tell(id);
        self.bury(id);
    }

    /// Says what was told in this turn, as readiness.
    pub(super) fn report(&mut self, ready: &mut Vec<Ready>) {
        for id in &self.told {
            let Some(link) = self.links.get_mut(*id as usize) else { continue };
            if link.is_forgotten {
                continue;
            }
            let read = link.is_ready_to_read();
            let write = link.want.write && link.is_writable;
            link.is_readable = false;
            link.is_writable = false;
            let has_returned = matches!(link.sending, Sending::Done(_));
            if read || write || has_returned {
                ready.push(Ready { key: link.key, read, write, goes_on: false });
            }
        }
    }

    /// What nobody wanted in the last turn is kept apart, so that its buffer is free.
    pub(super) fn keep_what_is_left(&mut self, memory: &mut Memory) {
        for id in std::mem::take(&mut self.told) {
            let Some(link) = self.links.get_mut(id as usize) else { continue };
            link.is_told = false;
            if let Some(piece) = link.piece.take() {
                link.keep_first(memory.bytes(piece));
                link.next_is_bulk = true;
                self.spent.push(piece);
            }
            self.look_at(id);
        }
        for piece in self.spent.drain(..) {
            memory.group(piece.is_bulk).give(piece.buffer);
        }
    }
}

/// A result that says nothing about the descriptor: the operation was ended, or is to be begun again.
fn is_no_news(result: i32) -> bool {
    matches!(-result, libc::ECANCELED | libc::EINTR | libc::EAGAIN)
}

/// Bytes of a stream, or its end; a buffer that is free again.
fn came(link: &mut Link, answer: Answer, memory: &mut Memory) -> Option<Piece> {
    let is_bulk = link.is_bulk;
    let n = u32::try_from(answer.result).unwrap_or(0);
    let piece = answer.buffer.map(|buffer| Piece { is_bulk, buffer, n });
    if link.is_forgotten {
        return piece;
    }
    match (answer.result, piece) {
        (1.., Some(piece)) => {
            let small = memory.small.shape().size;
            link.next_is_bulk = if is_bulk { n as usize > small } else { link.next_is_bulk };
            if !link.has_bytes() {
                link.piece = Some(piece);
                memory.group(is_bulk).feeds();
                return None;
            }
            // More than one small buffer at a time: larger ones are better.
            link.next_is_bulk = true;
            link.keep(memory.bytes(piece));
        }
        (result, _) if result == -libc::ENOBUFS => memory.group(is_bulk).runs_dry(),
        (result, _) if is_no_news(result) => {}
        (result, _) => link.end = End::new(result),
    }
    piece
}

/// A caller, or why there is none.
fn called(link: &mut Link, result: i32, callers: &mut VecDeque<OwnedFd>) {
    if result >= 0 {
        // SAFETY: the kernel has just made this descriptor for us, and nobody else knows of it.
        let caller = unsafe { OwnedFd::from_raw_fd(result) };
        if link.is_forgotten {
            turn_away(caller);
        } else {
            callers.push_back(caller);
            link.has_callers = true;
        }
    } else if !is_no_news(result) {
        link.end = End::new(result);
    }
}

/// Closes a caller whose port has closed, as the kernel does with those who still wait there.
fn turn_away(caller: OwnedFd) {
    // A unix socket has no linger; closing it is all there is.
    let _ = sockopt::set_socket_linger(&caller, Some(Duration::ZERO));
    drop(caller);
}

/// The result of a send.
pub(super) fn taken(result: i32) -> Result<usize, Errno> {
    usize::try_from(result).map_err(|_| Errno::from_raw_os_error(-result))
}
