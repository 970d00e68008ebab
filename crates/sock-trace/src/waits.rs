//! Waits: which descriptors select, poll and epoll were asked about, and which of them were ready.

use std::collections::HashMap;
use std::time::Duration;

use crate::calls::Sys;
use crate::decode::fd;
use crate::memory::{self, half, word};
use crate::sys::Tid;
use crate::words::poll_events;

/// So many descriptors of one wait are looked at.
const MOST: u64 = 256;
/// What select(2) can hold.
const SELECT_MOST: u64 = 1024;

/// A descriptor and what is wanted of it, or what it is ready for.
pub(crate) type Asked = (i32, Vec<Box<str>>);

/// A wait that has begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    /// What it was asked about; for epoll that is with the kernel.
    pub(crate) asked: Vec<Asked>,
    /// The time that it may take; none: for ever.
    pub(crate) timeout: Option<Duration>,
}

/// Reads a wait when it begins.
pub(crate) fn begun(tid: Tid, sys: Sys, args: &[u64; 6]) -> Waiting {
    let [zero, one, two, three, four, _] = *args;
    let millis = |argument: u64| u64::try_from(fd(argument)).ok().map(Duration::from_millis);
    match sys {
        Sys::Poll => Waiting { asked: polled(tid, zero, one, 4), timeout: millis(two) },
        Sys::Ppoll => Waiting { asked: polled(tid, zero, one, 4), timeout: spec(tid, two, 1) },
        Sys::Select => Waiting {
            asked: selected(tid, zero, [one, two, three]),
            timeout: spec(tid, four, 1000),
        },
        Sys::Pselect6 => {
            Waiting { asked: selected(tid, zero, [one, two, three]), timeout: spec(tid, four, 1) }
        }
        Sys::EpollWait | Sys::EpollPwait => Waiting { asked: Vec::new(), timeout: millis(three) },
        Sys::EpollPwait2 => Waiting { asked: Vec::new(), timeout: spec(tid, three, 1) },
        _ => Waiting::default(),
    }
}

/// Reads what was ready when a wait returned `ret`.
pub(crate) fn ended(tid: Tid, pid: Tid, sys: Sys, args: &[u64; 6], ret: i64) -> Vec<Asked> {
    let [zero, one, two, three, ..] = *args;
    let Some(n) = u64::try_from(ret).ok().filter(|n| *n > 0) else { return Vec::new() };
    match sys {
        Sys::Poll | Sys::Ppoll => polled(tid, zero, one, 6),
        Sys::Select | Sys::Pselect6 => selected(tid, zero, [one, two, three]),
        Sys::EpollWait | Sys::EpollPwait | Sys::EpollPwait2 => {
            let raw = memory::bytes(tid, one, n.min(MOST) * EVENT as u64);
            let watched = watched(pid, fd(zero));
            let events = raw.chunks_exact(EVENT);
            events
                .filter_map(|raw| {
                    let fd = watched.get(&word(raw, EVENT - 8))?;
                    Some((*fd, poll_events(half(raw, 0))))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// `struct epoll_event` has no gap on x86-64.
const EVENT: usize = if cfg!(target_arch = "x86_64") { 12 } else { 16 };

/// What an epoll descriptor watches: by the word that the program gave for each, its descriptor. The kernel tells.
fn watched(pid: Tid, epoll: i32) -> HashMap<u64, i32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{epoll}")).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let rest = line.strip_prefix("tfd:")?;
            let mut words = rest.split_whitespace();
            let fd = words.next()?.parse().ok()?;
            let word = words.skip_while(|word| *word != "data:").nth(1)?;
            Some((u64::from_str_radix(word, 16).ok()?, fd))
        })
        .collect()
}

/// `struct pollfd`s of which the events at `at` (4: asked, 6: told) are not none.
fn polled(tid: Tid, list: u64, count: u64, at: usize) -> Vec<Asked> {
    let raw = memory::bytes(tid, list, (count & 0xffff_ffff).min(MOST) * 8);
    raw.chunks_exact(8)
        .filter_map(|raw| {
            let events = half(raw, 4) >> (8 * (at - 4)) & 0xffff;
            let fd = fd(half(raw, 0));
            (fd >= 0 && events != 0).then(|| (fd, poll_events(events)))
        })
        .collect()
}

/// The descriptors in the three sets of select(2).
fn selected(tid: Tid, count: u64, sets: [u64; 3]) -> Vec<Asked> {
    let count = (count & 0xffff_ffff).min(SELECT_MOST);
    let sets = sets.map(|set| memory::bytes(tid, set, count.div_ceil(64) * 8));
    let is_in = |set: &[u8], fd: u64| {
        let byte = usize::try_from(fd / 8).ok().and_then(|at| set.get(at));
        byte.is_some_and(|byte| byte >> (fd % 8) & 1 != 0)
    };
    (0..count)
        .filter_map(|fd| {
            let names = ["POLLIN", "POLLOUT", "POLLPRI"];
            let of = sets.iter().zip(names).filter(|(set, _)| is_in(set, fd));
            let events: Vec<Box<str>> = of.map(|(_, name)| name.into()).collect();
            (!events.is_empty()).then_some((i32::try_from(fd).ok()?, events))
        })
        .take(usize::try_from(MOST).unwrap_or(usize::MAX))
        .collect()
}

/// A time limit in memory: seconds, then a part of a second in units of so many nanoseconds.
fn spec(tid: Tid, at: u64, unit: u64) -> Option<Duration> {
    let raw = memory::bytes(tid, at, 16);
    if raw.len() < 16 {
        return None;
    }
    let part = Duration::from_nanos(word(&raw, 8).saturating_mul(unit));
    Some(Duration::from_secs(word(&raw, 0)).saturating_add(part))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn sets_and_lists_are_read_as_the_kernel_reads_them() {
        let me = i32::try_from(std::process::id()).unwrap();
        let address = |raw: &[u8]| raw.as_ptr().addr() as u64;
        let (mut read, write) =
            ([0_u8; 16], [0b10_u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        read[8] = 1;
        let sets = [address(&read), address(&write), 0];
        let found = selected(me, 65, sets);
        assert_eq!(found, [(1, vec!["POLLOUT".into()]), (64, vec!["POLLIN".into()])]);

        let list = [[5_u32.to_ne_bytes(), [1, 0, 0x11, 0]], [7_u32.to_ne_bytes(), [4, 0, 0, 0]]];
        let list = list.as_flattened().as_flattened();
        assert_eq!(polled(me, address(list), 2, 4).len(), 2);
        let ready = polled(me, address(list), 2, 6);
        assert_eq!(ready, [(5, vec!["POLLIN".into(), "POLLHUP".into()])]);
    }

    #[test]
    fn what_an_epoll_descriptor_watches_is_known() {
        use rustix::event::epoll;
        let set = epoll::create(epoll::CreateFlags::empty()).unwrap();
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let word = epoll::EventData::new_u64(0xfeed);
        epoll::add(&set, &one, word, epoll::EventFlags::IN).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(watched(me, set.as_raw_fd()).get(&0xfeed), Some(&one.as_raw_fd()));
    }
}
