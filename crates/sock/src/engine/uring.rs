//! `uring`: the kernel is told what to do for many sockets at once, and answers when it is done (Linux).
//!
//! For whoever asks it is a way to wait like the others. Beneath, a stream that is watched for reading
//! has a receive that goes on by itself, a port an accept, and what is only to be ready or not a poll.
//! What they bring is kept here until the reactor asks for it, which costs no system call; what is to be
//! sent leaves together with the next wait, but for a large piece that is given back as it came, which
//! leaves at once from where it lies (`Moves::AT_ONCE`):
//!
//! ```text
//! reactor:  receive <- what came         take_over: a piece leaves      wait
//!              |                                |                        |
//! here:     pieces, callers, ends      parcels, links that are due       |
//!              ^                                |                        v
//! kernel:      +----- answers ------------- one io_uring_enter for all of them
//! ```
//!
//! Who is not read is not received from: the receive is ended as soon as something it brought is not
//! wanted at once, and begun again when all of that is gone. Until it has ended it may bring as much as
//! one turn of the kernel's, 32 small buffers.
#![allow(unsafe_code, reason = "memory that the kernel reads and writes; see ARCHITECTURE.md")]

mod buffers;
mod desk;
mod link;
mod refusal;
mod ring;
#[cfg(test)]
mod tests;

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType};
use slab::Slab;
use sock_proto::Time;

use self::buffers::{Buffers, Shape};
use self::desk::{Desk, Memory, Parcel, taken};
use self::link::{Life, Sending};
use self::ring::{Kind, Ring};
use super::conn::Line;
use super::key::Key;
use super::moves::{self, Moves, Returned};
use super::wait::{Nature, On, Ready, Wait, Want};

/// A page holds most messages, and the kernel takes one for each; 4 MiB at most.
const SMALL: Shape = Shape { id: 0, size: 4096, first: 16, most: 1024 };
/// Bulk is 17 times as fast in such pieces as in 2 KiB; 4 MiB at most.
const BULK: Shape = Shape { id: 1, size: 65_536, first: 2, most: 64 };
/// A read that was kept comes in pieces of this size, as from any other engine.
const READ: usize = 65_536;
/// Groups that have grown are cut back when nothing has come for so long.
const QUIET: Duration = Duration::from_secs(1);
/// So often the kernel may refuse for a moment what it is asked, before it is a failure.
const PATIENCE: usize = 1000;

pub(crate) struct Uring {
    ring: Ring,
    desk: Desk,
    /// Dropped when no operation is left that could use it, and never otherwise.
    memory: ManuallyDrop<Memory>,
    /// What was kept, in the hands of whoever reads it.
    handed: Vec<u8>,
}

/// Why there is no ring, and what can be done about it.
pub(crate) fn refusal(error: &io::Error) -> String {
    refusal::sentence(error)
}

impl Uring {
    /// Tries all that the engine needs on a pair of sockets: what a kernel says that it can and what it
    /// does may be two things.
    fn prove(&mut self) -> io::Result<()> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (near, far) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let key = Key::conn(0).to_u64();
        let on = On { fd: near.as_fd(), key, nature: Nature::Stream, drains: false };
        self.watch(on, Want::NOTHING, Want::READ)?;
        rustix::net::send(&far, b"?", SendFlags::NOSIGNAL)?;
        self.wait(Some(QUIET), &mut Vec::new())?;
        let came = self.receive(key, near.as_fd(), &mut [], RecvFlags::DONTWAIT);
        let has_come = matches!(came, Ok((b"?", _)));
        let goes_on = self.desk.link(key).is_some_and(|link| link.input == Life::Running);
        self.forget(on, Want::READ)?;
        self.drain()?;
        if has_come && goes_on { Ok(()) } else { Err(Errno::OPNOTSUPP.into()) }
    }

    /// Begins and ends operations as a link wants them now.
    fn arm(&mut self, id: u32) -> io::Result<()> {
        let Some(link) = self.desk.links.get_mut(id as usize) else { return Ok(()) };
        link.is_due = false;
        if let Sending::Queued(place) = link.sending {
            let parcel = &self.memory.parcels[place as usize];
            let (bytes, more) = (std::ptr::from_ref(parcel.lent.bytes()), parcel.more);
            link.sending = Sending::UnderWay(place);
            self.desk.running += 1;
            // SAFETY: the bytes lie in a buffer that the session has handed over whole, and that stays
            // among the parcels until the answer has come; if it never does, they are never freed.
            unsafe { self.ring.send(id, link.fd, bytes, more)? };
        }
        if link.input == Life::Idle && link.wants_input() && !link.is_readable {
            link.input = Life::Running;
            link.is_bulk = link.next_is_bulk;
            self.desk.running += 1;
            match link.nature {
                Nature::Stream if link.is_bulk => self.ring.receive_one(id, link.fd, BULK.id)?,
                Nature::Stream => self.ring.receive_all(id, link.fd, SMALL.id)?,
                Nature::Callers => self.ring.accept_all(id, link.fd)?,
                Nature::Signal => self.ring.poll(Kind::Input, id, link.fd, libc::POLLIN)?,
            }
        } else if link.is_input_over() {
            link.input = Life::Ending;
            self.ring.cancel(Kind::Input, id)?;
        }
        if link.room == Life::Idle && link.want.write {
            link.room = Life::Running;
            self.desk.running += 1;
            self.ring.poll(Kind::Room, id, link.fd, libc::POLLOUT)?;
        } else if link.room == Life::Running && !link.want.write {
            link.room = Life::Ending;
            self.ring.cancel(Kind::Room, id)?;
        }
        if link.is_ready_to_read() {
            self.desk.tell(id);
        }
        Ok(())
    }

    /// Hands over what was asked for, waits, and hears the answers.
    fn turn(&mut self, mut want: usize, timeout: Option<Duration>) -> io::Result<()> {
        self.memory.small.publish();
        self.memory.bulk.publish();
        for _ in 0..PATIENCE {
            let entered = self.ring.enter(want, timeout);
            for answer in self.ring.answers() {
                self.desk.hear(answer, &mut self.memory);
            }
            match entered {
                Ok(()) if self.ring.is_handed_over() => return Ok(()),
                Ok(()) => {}
                // There is no room for answers, which there is now; or no memory for a moment.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EAGAIN)) => {}
                Err(error) => return Err(error),
            }
            // Descriptors may be closed after this: nothing that names one may stay behind.
            want = 0;
        }
        Err(Errno::AGAIN.into())
    }

    /// Asks for what is due, waits for so many results or until the time is over, and says what is ready.
    fn rest(
        &mut self,
        results: usize,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.desk.keep_what_is_left(&mut self.memory);
        self.memory.small.turn();
        self.memory.bulk.turn();
        for id in std::mem::take(&mut self.desk.due) {
            self.arm(id)?;
        }
        let is_grown = self.memory.small.is_grown() || self.memory.bulk.is_grown();
        let quiet = is_grown.then_some(QUIET);
        let want = if self.desk.told.is_empty() { results } else { 0 };
        self.turn(want, timeout.into_iter().chain(quiet).min())?;
        if is_grown && self.desk.told.is_empty() && timeout.is_none_or(|timeout| timeout > QUIET) {
            self.memory.small.trim();
            self.memory.bulk.trim();
        }
        self.desk.report(ready);
        Ok(())
    }

    /// Ends every operation and waits until each of them has.
    fn drain(&mut self) -> io::Result<()> {
        for _ in 0..PATIENCE {
            if self.desk.running == 0 {
                return Ok(());
            }
            self.ring.cancel_all()?;
            self.turn(1, Some(QUIET))?;
        }
        Err(Errno::BUSY.into())
    }
}

impl Wait for Uring {
    const IS_SHARED: bool = true;
    const GATHERS: bool = true;

    fn fresh() -> io::Result<Self> {
        let ring = Ring::new()?;
        let small = Buffers::new(&ring.submitter(), SMALL)?;
        let bulk = Buffers::new(&ring.submitter(), BULK)?;
        let memory = ManuallyDrop::new(Memory { small, bulk, parcels: Slab::new() });
        let mut uring = Self { ring, desk: Desk::new(), memory, handed: Vec::new() };
        uring.prove()?;
        Ok(uring)
    }

    fn watch(&mut self, on: On<'_>, _: Want, new: Want) -> io::Result<()> {
        if self.desk.link(on.key).is_some_and(|link| link.fd != on.fd.as_raw_fd()) {
            self.desk.forget(on, &mut self.memory);
        }
        if new.is_nothing() && self.desk.find(on.key).is_none() {
            return Ok(());
        }
        let id = self.desk.found(on.key, on.fd.as_raw_fd(), on.nature);
        self.desk.links[id as usize].want = new;
        self.desk.look_at(id);
        Ok(())
    }

    fn forget(&mut self, on: On<'_>, _: Want) -> io::Result<()> {
        self.desk.forget(on, &mut self.memory);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.rest(1, timeout, ready)
    }

    fn gather(
        &mut self,
        results: usize,
        timeout: Duration,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.rest(results, Some(timeout), ready)
    }
}

impl Moves for Uring {
    const CARRIES: bool = true;
    /// A call of its own is a hundredth of what such a piece costs, and a copy a tenth. Large pieces are
    /// received only while nothing is under way to that peer.
    const AT_ONCE: usize = SMALL.size + 1;

    fn receive<'a>(
        &'a mut self,
        key: u64,
        fd: BorrowedFd<'_>,
        buf: &'a mut [u8],
        flags: RecvFlags,
    ) -> Result<(&'a [u8], usize), Errno> {
        let Some(id) = self.desk.find(key) else { return moves::receive(fd, buf, flags) };
        let link = &mut self.desk.links[id as usize];
        if link.nature != Nature::Stream {
            return moves::receive(fd, buf, flags);
        }
        if let Some(piece) = link.piece.take() {
            self.desk.spent.push(piece);
            let bytes = self.memory.bytes(piece);
            return Ok((bytes, bytes.len()));
        }
        let Some(kept) = &mut link.more else {
            return link.take_end().map(|()| (&[][..], 0));
        };
        let from = kept.at;
        kept.at = kept.bytes.len().min(from + READ);
        let to = kept.at;
        if to == kept.bytes.len() {
            self.handed = link.more.take().map(|kept| kept.bytes).unwrap_or_default();
            return Ok((&self.handed[from..], to - from));
        }
        let kept = self.desk.links[id as usize].more.as_ref();
        Ok((kept.map_or(&[][..], |kept| &kept.bytes[from..to]), to - from))
    }

    fn accept(
        &mut self,
        key: u64,
        listener: BorrowedFd<'_>,
    ) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
        let id = self.desk.find(key);
        let Some(id) = id.filter(|id| self.desk.links[*id as usize].nature == Nature::Callers)
        else {
            return moves::accept(listener);
        };
        match self.desk.next_caller(id) {
            Some(caller) => Ok((caller, None)),
            None => Err(self.desk.links[id as usize].take_end().err().unwrap_or(Errno::AGAIN)),
        }
    }

    fn take_over(&mut self, line: &mut Line<'_>, since: Time) -> bool {
        let Some(fd) = line.io.descriptor() else { return false };
        let more = line.session.has_range_next(line.peer);
        let Some(lent) = line.session.lend(line.peer, since, line.cx) else { return false };
        let place = self.memory.parcels.insert(Parcel { lent, more, result: 0 });
        let id = self.desk.found(line.key, fd.as_raw_fd(), Nature::Stream);
        let place = u32::try_from(place).expect("there are fewer than 2^32 descriptors");
        self.desk.links[id as usize].sending = Sending::Queued(place);
        self.desk.look_at(id);
        true
    }

    fn is_sending(&self, key: u64) -> bool {
        self.desk.link(key).is_some_and(|link| link.sending != Sending::Nothing)
    }

    fn returned(&mut self, key: u64) -> Option<Returned> {
        let link = self.desk.link_mut(key)?;
        let Sending::Done(place) = link.sending else { return None };
        link.sending = Sending::Nothing;
        let parcel = self.memory.parcels.remove(place as usize);
        Some((parcel.lent, taken(parcel.result)))
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        for (_, link) in &mut self.desk.links {
            link.is_forgotten = true;
        }
        if self.drain().is_ok() {
            // SAFETY: no operation is left that reads or writes it, and nothing after this does.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}
