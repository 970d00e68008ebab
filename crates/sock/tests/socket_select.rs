//! Rows 45 to 49: select and the registry.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]

mod socket_common;

use std::io::Write;
use std::os::fd::{AsFd, IntoRawFd};

use sock::ErrorKind;
use sock::socket::{Flags, Interest, Selectable, Selector, Socket, create_server, select};
use socket_common::{ZERO, asleep, failure, limited, measured, ms, nobody, tcp_pair, udp_pair};

#[test]
fn row_45_empty_sets_wait_as_long_as_they_are_told() {
    limited(|| {
        let (ready, took) = measured(|| select::<Socket>(&[], &[], &[], Some(ms(30))).unwrap());
        assert!(took >= ms(30), "{took:?}");
        assert!(ready.read.is_empty() && ready.write.is_empty() && ready.except.is_empty());
        let (_, took) = measured(|| select::<Socket>(&[], &[], &[], ZERO).unwrap());
        assert!(took < ms(5000), "zero polls");
    });
}

#[test]
fn row_45_without_a_timeout_select_waits_until_something_is_ready() {
    limited(|| {
        let (one, two) = tcp_pair();
        let waiter = asleep(move || {
            let ready = select(&[&one], &[], &[], None).unwrap();
            ready.read.len()
        });
        two.send_all(b"x").unwrap();
        assert_eq!(waiter.join().unwrap(), 1);
    });
}

#[test]
fn row_46_anything_with_a_descriptor_goes_and_a_closed_one_is_ebadf() {
    limited(|| {
        let (one, two) = tcp_pair();
        let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (pipe, mut end) = std::io::pipe().unwrap();
        end.write_all(b"x").unwrap();
        two.send_all(b"x").unwrap();
        let reader = one.reader().unwrap();
        let mixed: [&dyn Selectable; 4] = [&one, &std, &pipe, &reader];
        select(&[&one], &[], &[], Some(ms(5000))).unwrap();
        let ready = select(&mixed, &mixed[1..2], &[], ZERO).unwrap();
        assert_eq!((ready.read.len(), ready.write.len()), (3, 1));
        drop(reader);
        one.close().unwrap();
        let expected = (ErrorKind::BadDescriptor, Some(libc::EBADF));
        assert_eq!(failure(select(&[&one], &[], &[], None)), expected);
        assert_eq!(failure(select(&[], &[], &[&one], None)), expected);
    });
}

#[test]
fn row_46_a_descriptor_above_1023_works() {
    let (one, two) = Socket::pair().unwrap();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|most| most <= 1100) {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    }
    let high = rustix::io::fcntl_dupfd_cloexec(one.descriptor().unwrap(), 1100).unwrap();
    let high = Socket::from_fd(high).unwrap();
    assert!(high.fileno() >= 1100);
    assert!(select(&[&high], &[], &[], ZERO).unwrap().read.is_empty());
    two.send_all(b"x").unwrap();
    let ready = select(&[&high], &[&high], &[&high], Some(ms(5000))).unwrap();
    assert_eq!((ready.read.len(), ready.write.len(), ready.except.len()), (1, 1, 0));
}

#[test]
fn row_47_the_answer_has_the_same_objects_in_the_order_of_the_arguments() {
    let pairs: Vec<_> = (0..6).map(|_| Socket::pair().unwrap()).collect();
    for index in [4, 1, 3] {
        pairs[index].1.send_all(b"x").unwrap();
    }
    let backwards: Vec<&Socket> = pairs.iter().rev().map(|pair| &pair.0).collect();
    let ready = select(&backwards, &backwards[..2], &backwards, ZERO).unwrap();
    let expected = [&pairs[4].0, &pairs[3].0, &pairs[1].0];
    assert_eq!(ready.read.len(), 3);
    assert!(ready.read.iter().zip(expected).all(|(got, want)| std::ptr::eq(*got, want)));
    assert!(std::ptr::eq(ready.write[0], &raw const pairs[5].0));
    assert!(std::ptr::eq(ready.write[1], ready.read[0]), "the same object in two sets");
    assert!(ready.except.is_empty());
    let twice = select(&[&pairs[1].0, &pairs[1].0], &[], &[], ZERO).unwrap();
    assert_eq!(twice.read.len(), 2, "and twice in one");
}

#[test]
fn row_48_a_waiting_connection_and_an_end_are_readable() {
    limited(|| {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        assert!(select(&[&server], &[], &[], ZERO).unwrap().read.is_empty());
        let client = Socket::tcp().unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        assert_eq!(select(&[&server], &[], &[], Some(ms(5000))).unwrap().read.len(), 1);
        let (accepted, _) = server.accept().unwrap();
        assert!(select(&[&accepted], &[], &[], ZERO).unwrap().read.is_empty());
        client.close().unwrap();
        assert_eq!(select(&[&accepted], &[], &[], Some(ms(5000))).unwrap().read.len(), 1);
        assert_eq!(accepted.recv(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn row_48_a_failed_connect_is_writable_and_its_error_waits() {
    limited(|| {
        let client = Socket::tcp().unwrap();
        client.set_nonblocking(true).unwrap();
        // On loopback the refusal may come at once.
        if client.connect_ex(nobody()).unwrap() == libc::EINPROGRESS {
            assert_eq!(select(&[], &[&client], &[], Some(ms(5000))).unwrap().write.len(), 1);
            let error = client.take_error().unwrap().unwrap();
            assert_eq!(error.kind(), ErrorKind::Refused);
        }
        assert!(client.take_error().unwrap().is_none(), "it is taken once");

        let (one, two) = udp_pair();
        one.connect(two.local_addr().unwrap()).unwrap();
        two.close().unwrap();
        one.send(b"to nobody").unwrap();
        let ready = select(&[&one], &[&one], &[&one], Some(ms(5000))).unwrap();
        assert_eq!((ready.write.len(), ready.except.len()), (1, 0));
        assert_eq!(one.take_error().unwrap().unwrap().kind(), ErrorKind::Refused);
    });
}

#[test]
fn row_48_only_urgent_data_is_exceptional() {
    limited(|| {
        let (one, two) = tcp_pair();
        one.send_all(b"ordinary").unwrap();
        select(&[&two], &[], &[], Some(ms(5000))).unwrap();
        assert!(select(&[], &[], &[&two], ZERO).unwrap().except.is_empty());
        one.send_with(b"!", Flags::OOB).unwrap();
        assert_eq!(select(&[], &[], &[&two], Some(ms(5000))).unwrap().except.len(), 1);
        let (one, two) = tcp_pair();
        one.close().unwrap();
        two.shutdown(std::net::Shutdown::Both).unwrap();
        // poll reports the end unasked: it must neither count here nor make the wait spin.
        let (ready, took) = measured(|| select(&[], &[], &[&two], Some(ms(30))).unwrap());
        assert!(ready.except.is_empty() && took >= ms(30), "{took:?}");
    });
}

#[test]
fn row_49_registering_twice_or_what_is_unknown_is_an_error() {
    let (one, two) = Socket::pair().unwrap();
    let mut selector = Selector::new();
    selector.register(&one, Interest::Read, "one").unwrap();
    let again = selector.register(&one, Interest::Write, "again");
    assert_eq!(failure(again).0, ErrorKind::AlreadyExists);
    assert_eq!(failure(selector.modify(&two, Interest::Read)).0, ErrorKind::NotFound);
    assert_eq!(failure(selector.unregister(&two)).0, ErrorKind::NotFound);
    assert_eq!(selector.find(&one), Some((Interest::Read, &"one")));
    assert_eq!(selector.find(&two), None);
    assert_eq!(selector.unregister(&one).unwrap(), "one");
    assert_eq!(failure(selector.unregister(&one)).0, ErrorKind::NotFound);
    assert!(selector.is_empty());
    two.close().unwrap();
    assert_eq!(failure(selector.register(&two, Interest::Read, "")).0, ErrorKind::BadDescriptor);
}

#[test]
fn row_49_two_objects_with_one_descriptor_are_registered_once() {
    let (one, _two) = Socket::pair().unwrap();
    let reader = one.reader().unwrap();
    let objects: [&dyn Selectable; 2] = [&one, &reader];
    let mut selector = Selector::new();
    selector.register(objects[0], Interest::Read, ()).unwrap();
    let error = selector.register(objects[1], Interest::Read, ());
    assert_eq!(failure(error).0, ErrorKind::AlreadyExists);
}

#[test]
fn row_49_modifying_keeps_the_data() {
    let (one, two) = Socket::pair().unwrap();
    let mut selector = Selector::new();
    selector.register(&one, Interest::Read, "data").unwrap();
    assert!(selector.select(ZERO).unwrap().is_empty());
    selector.modify(&one, Interest::Write).unwrap();
    let ready = selector.select(ZERO).unwrap();
    assert!(ready[0].writable && !ready[0].readable && *ready[0].data == "data");
    two.send_all(b"x").unwrap();
    let ready = selector.select(ZERO).unwrap();
    assert!(!ready[0].readable, "it was not asked for");
    selector.modify(&one, Interest::Both).unwrap();
    let ready = selector.select(ZERO).unwrap();
    assert_eq!(ready.len(), 1, "one object, one answer");
    assert!(
        ready[0].readable && ready[0].writable && std::ptr::eq(ready[0].object, &raw const one)
    );
    assert_eq!(selector.len(), 1);
}

#[test]
fn row_49_unregistering_works_after_the_descriptor_was_closed_or_reused() {
    let (first, two) = Socket::pair().unwrap();
    // The number that the system gives is the lowest that is free from here on: no other test
    // comes so far up.
    let moved = |socket: &Socket, from: i32| {
        let fd = rustix::io::fcntl_dupfd_cloexec(socket.descriptor().unwrap(), from).unwrap();
        Socket::from_fd(fd).unwrap()
    };
    let one = moved(&first, 850);
    drop(first);
    let other = Socket::udp().unwrap();
    let mut selector = Selector::new();
    selector.register(&one, Interest::Read, 1).unwrap();
    let number = one.fileno();
    one.close().unwrap();
    let same = moved(&other, number);
    assert_eq!(same.fileno(), number);
    selector.register(&same, Interest::Read, 2).unwrap();
    assert_eq!(selector.unregister(&same).unwrap(), 2);
    selector.register(&other, Interest::Read, 3).unwrap();
    assert_eq!(failure(selector.select(ZERO)).0, ErrorKind::BadDescriptor);
    assert_eq!(selector.unregister(&one).unwrap(), 1);
    assert!(selector.select(ZERO).unwrap().is_empty());
    drop(two);
}

#[test]
fn row_49_a_selector_shows_what_it_waits_for() {
    let (one, _two) = Socket::pair().unwrap();
    let mut selector = Selector::new();
    selector.register(&one, Interest::Both, "data").unwrap();
    assert_eq!(format!("{selector:?}"), format!("{{{}: (Both, \"data\")}}", one.fileno()));
    assert!(one.descriptor().unwrap().as_fd().try_clone_to_owned().unwrap().into_raw_fd() > 2);
}
