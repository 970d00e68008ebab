//! `select`: every wait hands the whole list of descriptors to the kernel, as in the lectures.
//!
//! Underneath is `poll`, which is the same idea without `select`'s bound of 1024 descriptors.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::moves::Moves;
use super::wait::{On, Ready, Wait, Want};
use crate::sys::poll::{PollEntry, poll};

#[derive(Debug, Default)]
pub(crate) struct Select {
    entries: Vec<PollEntry>,
    keys: Vec<u64>,
    places: HashMap<u64, usize>,
}

impl Moves for Select {}

impl Wait for Select {
    fn fresh() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn watch(&mut self, on: On<'_>, _: Want, new: Want) -> io::Result<()> {
        let On { fd, key, .. } = on;
        match (self.places.get(&key).copied(), new.is_nothing()) {
            (None, true) => {}
            (None, false) => {
                self.places.insert(key, self.entries.len());
                self.entries.push(PollEntry::new(fd.as_raw_fd(), new.read, new.write));
                self.keys.push(key);
            }
            (Some(at), false) => {
                self.entries[at] = PollEntry::new(fd.as_raw_fd(), new.read, new.write);
            }
            (Some(at), true) => {
                self.places.remove(&key);
                self.entries.swap_remove(at);
                self.keys.swap_remove(at);
                if let Some(moved) = self.keys.get(at) {
                    self.places.insert(*moved, at);
                }
            }
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        match poll(&mut self.entries, timeout) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for (entry, key) in self.entries.iter().zip(&self.keys) {
            let (read, write) = (entry.is_readable(), entry.is_writable());
            if read || write {
                ready.push(Ready { key: *key, read, write, goes_on: false });
            }
        }
        Ok(())
    }
}
