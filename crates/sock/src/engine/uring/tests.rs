//! The ring on pairs of sockets, without a reactor.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::*;

fn pair() -> (OwnedFd, OwnedFd) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()
}

fn stream(fd: &OwnedFd, slot: usize) -> On<'_> {
    On { fd: fd.as_fd(), key: Key::conn(slot).to_u64(), nature: Nature::Stream, drains: true }
}

/// One wait that may not block for long.
fn wait(ring: &mut Uring) -> Vec<Ready> {
    let mut ready = Vec::new();
    ring.wait(Some(Duration::from_millis(50)), &mut ready).unwrap();
    ready
}

/// A ring, unless this kernel gives none.
fn ring() -> Option<Uring> {
    Uring::fresh().ok()
}

fn receive(ring: &mut Uring, on: On<'_>) -> Result<Vec<u8>, Errno> {
    let mut none = [];
    ring.receive(on.key, on.fd, &mut none, RecvFlags::DONTWAIT).map(|(bytes, _)| bytes.to_vec())
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect()
}

#[test]
fn what_nobody_wanted_is_kept_in_order_and_the_rest_stays_in_the_kernel() {
    let Some(mut ring) = ring() else { return };
    let (near, far) = pair();
    let on = stream(&near, 0);
    ring.watch(on, Want::NOTHING, Want::READ).unwrap();
    let data = pattern(3_000_000);
    let mut sent = 0;
    // Told again and again that there is something, and never reading: what is taken has an end.
    for _ in 0..200 {
        let taken = rustix::net::send(&far, &data[sent..], SendFlags::NOSIGNAL);
        sent += taken.unwrap_or(0);
        assert!(wait(&mut ring).iter().all(|ready| ready.read));
    }
    let kept = ring.desk.link(on.key).unwrap().more.as_ref().unwrap().bytes.len();
    assert!(kept <= 64 * SMALL.size, "{kept} B");
    let mut came = Vec::new();
    while came.len() < data.len() {
        sent += rustix::net::send(&far, &data[sent..], SendFlags::NOSIGNAL).unwrap_or(0);
        for ready in wait(&mut ring) {
            assert!(ready.read);
            came.extend(receive(&mut ring, on).unwrap());
        }
    }
    assert!(came == data);
    drop(far);
    let ready = wait(&mut ring);
    assert!(ready.iter().any(|ready| ready.read));
    assert_eq!(receive(&mut ring, on), Ok(Vec::new()), "its end");
}

#[test]
fn what_is_watched_no_more_brings_nothing_and_goes_on_where_it_was() {
    let Some(mut ring) = ring() else { return };
    let (near, far) = pair();
    let on = stream(&near, 7);
    ring.watch(on, Want::NOTHING, Want::READ).unwrap();
    assert!(wait(&mut ring).is_empty());
    ring.watch(on, Want::READ, Want::NOTHING).unwrap();
    assert!(wait(&mut ring).is_empty());
    assert_eq!(ring.desk.running, 0, "a descriptor of which nothing is wanted is not watched");
    rustix::net::send(&far, b"later", SendFlags::NOSIGNAL).unwrap();
    assert!(wait(&mut ring).is_empty());
    assert_eq!(receive(&mut ring, on), Err(Errno::AGAIN));
    ring.watch(on, Want::NOTHING, Want::READ).unwrap();
    assert_eq!(wait(&mut ring).len(), 1);
    assert_eq!(receive(&mut ring, on).unwrap(), b"later");
}

/// An operation means the socket for which it was begun, whatever its number means by then.
#[test]
fn a_number_that_is_used_again_is_somebody_else() {
    let Some(mut ring) = ring() else { return };
    let mut again = 0;
    for round in 0..1_000 {
        let (near, far) = pair();
        let old = near.as_raw_fd();
        let on = stream(&near, 0);
        ring.watch(on, Want::NOTHING, Want::READ).unwrap();
        if round % 2 == 0 {
            assert!(wait(&mut ring).is_empty() || round > 0);
        }
        ring.forget(on, Want::READ).unwrap();
        drop(near);
        let (next, other) = pair();
        again += usize::from(next.as_raw_fd() == old);
        let on = stream(&next, 0);
        ring.watch(on, Want::NOTHING, Want::READ).unwrap();
        rustix::net::send(&other, b"mine", SendFlags::NOSIGNAL).unwrap();
        // The old one may be gone already.
        let _ = rustix::net::send(&far, b"his", SendFlags::NOSIGNAL);
        let came = loop {
            if wait(&mut ring).iter().any(|ready| ready.key == on.key && ready.read) {
                break receive(&mut ring, on).unwrap();
            }
        };
        assert_eq!(came, b"mine");
        ring.forget(on, Want::READ).unwrap();
    }
    assert!(again > 0, "no number was used again: this tests nothing");
    ring.drain().unwrap();
    assert!(ring.desk.links.is_empty(), "{:?}", ring.desk.links);
}

#[test]
fn buffers_that_run_dry_are_doubled_and_given_back() {
    let Some(mut ring) = ring() else { return };
    let pairs: Vec<_> = (0..200).map(|_| pair()).collect();
    for (slot, (near, far)) in pairs.iter().enumerate() {
        ring.watch(stream(near, slot), Want::NOTHING, Want::READ).unwrap();
        rustix::net::send(far, &pattern(2_000), SendFlags::NOSIGNAL).unwrap();
    }
    let mut came = vec![Vec::new(); pairs.len()];
    while came.iter().any(|bytes| bytes.len() < 2_000) {
        for ready in wait(&mut ring) {
            let Key::Conn(slot) = Key::from_u64(ready.key) else { panic!("{ready:?}") };
            let slot = slot as usize;
            came[slot].extend(receive(&mut ring, stream(&pairs[slot].0, slot)).unwrap());
        }
    }
    assert!(came.iter().all(|bytes| *bytes == pattern(2_000)));
    assert!(ring.memory.small.is_grown(), "16 buffers, and 200 at a time are wanted");
    ring.desk.keep_what_is_left(&mut ring.memory);
    ring.memory.small.trim();
    assert!(!ring.memory.small.is_grown());
    // Those that are to go are still in the ring, and come round with bytes in them.
    for _ in 0..50 {
        for (slot, (near, far)) in pairs.iter().enumerate() {
            rustix::net::send(far, &pattern(100), SendFlags::NOSIGNAL).unwrap();
            let bytes = loop {
                let ready = wait(&mut ring);
                if ready.iter().any(|ready| ready.key == Key::conn(slot).to_u64()) {
                    break receive(&mut ring, stream(near, slot)).unwrap();
                }
            };
            assert_eq!(bytes, pattern(100));
        }
    }
}

#[test]
fn a_ring_that_is_dropped_leaves_no_operation_behind() {
    let Some(mut ring) = ring() else { return };
    let (near, far) = pair();
    ring.watch(stream(&near, 0), Want::NOTHING, Want { read: true, write: true }).unwrap();
    ring.watch(On::signal(far.as_fd(), Key::stop(0).to_u64()), Want::NOTHING, Want::READ).unwrap();
    wait(&mut ring);
    drop(ring);
    drop(near);
    // Had an operation held the other end, this would not be its end.
    let mut byte = [0];
    assert_eq!(rustix::net::recv(&far, &mut byte, RecvFlags::DONTWAIT).unwrap().0, 0);
}
