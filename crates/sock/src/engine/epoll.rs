//! `epoll`: the kernel keeps the list of descriptors and returns the ready ones (Linux).

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::moves::Moves;
use super::wait::{On, Ready, Wait, Want};

/// How many ready descriptors one wait returns: enough to spread its cost, few enough for fairness.
const BATCH: usize = 256;

pub(crate) struct Epoll {
    set: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Moves for Epoll {}

impl Wait for Epoll {
    fn fresh() -> io::Result<Self> {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { set, events: Vec::with_capacity(BATCH) })
    }

    fn watch(&mut self, on: On<'_>, old: Want, new: Want) -> io::Result<()> {
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, new.read);
        flags.set(epoll::EventFlags::OUT, new.write);
        let (fd, data) = (on.fd, epoll::EventData::new_u64(on.key));
        match (old.is_nothing(), new.is_nothing()) {
            (true, true) => Ok(()),
            (true, false) => Ok(epoll::add(&self.set, fd, data, flags)?),
            (false, false) => Ok(epoll::modify(&self.set, fd, data, flags)?),
            (false, true) => Ok(epoll::delete(&self.set, fd)?),
        }
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        // A wait too long for the kernel's type is as good as none.
        let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
        self.events.clear();
        match epoll::wait(&self.set, spare_capacity(&mut self.events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        ready.extend(self.events.iter().map(|event| {
            let failed = epoll::EventFlags::ERR | epoll::EventFlags::HUP;
            let flags = event.flags;
            let is = |flag| flags.intersects(failed | flag);
            Ready {
                key: event.data.u64(),
                read: is(epoll::EventFlags::IN),
                write: is(epoll::EventFlags::OUT),
            }
        }));
        Ok(())
    }
}
