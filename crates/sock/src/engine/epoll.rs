//! `epoll`: the kernel keeps the list of descriptors and returns the ready ones (Linux).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;

use super::moves::Moves;
use super::wait::{On, Ready, Wait, Want};

/// How many ready descriptors one wait returns: enough to spread its cost, few enough for fairness.
const BATCH: usize = 256;

/// The peer has said its last byte, or an urgent one: a receive ends there, short as it may be.
const MARKS: epoll::EventFlags = epoll::EventFlags::RDHUP.union(epoll::EventFlags::PRI);

pub(crate) struct Epoll {
    set: OwnedFd,
    /// Waits end on time, and not with the next millisecond.
    is_exact: bool,
    /// What is ready still, and is not said by the kernel again.
    left: Vec<Ready>,
}

impl AsFd for Epoll {
    /// The list itself is readable while something on it is ready: epoll(7).
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.as_fd()
    }
}

impl Moves for Epoll {}

impl Wait for Epoll {
    const IS_SHARED: bool = true;

    fn fresh() -> io::Result<Self> {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { set, is_exact: false, left: Vec::new() })
    }

    fn watch(&mut self, on: On<'_>, old: Want, new: Want) -> io::Result<()> {
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, new.read);
        flags.set(epoll::EventFlags::OUT, new.write);
        // A descriptor that is to be said again is asked once more at the next wait: a tenth of a
        // microsecond for each message.
        let says_once = on.drains && new == Want::READ;
        flags.set(epoll::EventFlags::ET | MARKS, says_once);
        // The next one with this key has nothing to do with it.
        self.left.retain(|left| left.key != on.key || new.read);
        let (fd, data) = (on.fd, epoll::EventData::new_u64(on.key));
        match (old.is_nothing(), new.is_nothing()) {
            (true, true) => Ok(()),
            (true, false) => Ok(epoll::add(&self.set, fd, data, flags)?),
            (false, false) => Ok(epoll::modify(&self.set, fd, data, flags)?),
            (false, true) => Ok(epoll::delete(&self.set, fd)?),
        }
    }

    fn again(&mut self, left: Ready) {
        self.left.push(Ready { read: true, write: false, ..left });
    }

    fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    fn be_exact(&mut self) {
        self.is_exact = true;
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        // A wait too long for the kernel's type is as good as none.
        let mut timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
        if self.has_left() {
            timeout = Some(Timespec::default());
        } else if self.is_exact && timeout.is_some() {
            // epoll_wait(2) knows milliseconds only, and epoll_pwait2 came with Linux 5.11.
            match poll(&mut [PollFd::new(&self.set, PollFlags::IN)], timeout.as_ref()) {
                Ok(_) => timeout = Some(Timespec::default()),
                Err(Errno::INTR) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        // Not kept between waits: what it points to makes it stay on one thread.
        let mut room = [const { MaybeUninit::uninit() }; BATCH];
        let events = match epoll::wait(&self.set, &mut room, timeout.as_ref()) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // Who is known to be ready has one turn as everybody else, whatever has come meanwhile.
        self.left.sort_unstable_by_key(|left| left.key);
        for event in &*events {
            let failed = epoll::EventFlags::ERR | epoll::EventFlags::HUP;
            let flags = event.flags;
            let is = |flag| flags.intersects(failed | flag);
            let event = Ready {
                key: event.data.u64(),
                read: is(epoll::EventFlags::IN),
                write: is(epoll::EventFlags::OUT),
                goes_on: is(MARKS),
            };
            match self.left.binary_search_by_key(&event.key, |left| left.key) {
                Err(_) => ready.push(event),
                Ok(at) => {
                    let left = &mut self.left[at];
                    left.write |= event.write;
                    left.goes_on |= event.goes_on;
                }
            }
        }
        ready.append(&mut self.left);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::engine::wait::Nature;
    use crate::run::instant;

    /// Or a peer that always has more to send would have ever more turns, and the others none.
    #[test]
    fn who_was_not_read_to_the_end_and_has_more_is_ready_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let mut epoll = Epoll::fresh().unwrap();
        let on = On { fd: socket.as_fd(), key: 7, nature: Nature::Stream, drains: true };
        epoll.watch(on, Want::NOTHING, Want::READ).unwrap();
        let mut sent = 0;
        let mut next = |left: Option<Ready>| {
            sent += peer.write(b"more").unwrap();
            // It is there before the wait: the kernel has something to say about it.
            while socket.peek(&mut [0; 100]).unwrap() < sent {}
            if let Some(left) = left {
                epoll.again(left);
            }
            let mut ready = Vec::new();
            epoll.wait(None, &mut ready).unwrap();
            assert_eq!(ready.len(), 1, "{ready:?}");
            assert!(ready[0].key == 7 && ready[0].read && !ready[0].write, "{ready:?}");
            ready[0]
        };
        let mut left = next(None);
        for _ in 0..10 {
            left = next(Some(left));
        }
    }

    #[test]
    fn whoever_measures_is_woken_within_the_millisecond() {
        let mut exact = Epoll::fresh().unwrap();
        exact.be_exact();
        let mut wait = || {
            let began = instant();
            exact.wait(Some(Duration::from_micros(100)), &mut Vec::new()).unwrap();
            instant().saturating_duration_since(began)
        };
        // A machine that is busy is late now and then, and not always.
        let least = (0..100).map(|_| wait()).min().unwrap();
        assert!(least >= Duration::from_micros(100), "{least:?}");
        assert!(least < Duration::from_millis(1), "{least:?}");
    }
}
