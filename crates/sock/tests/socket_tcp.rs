//! Rows 20 to 28: streams, connecting and listening.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]

mod socket_common;

use std::cell::RefCell;
use std::fs::File;
use std::io::{IoSliceMut, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use sock::socket::{Connector, Flags, ServerOptions, Socket, create_connection, create_server};
use sock::{Address, Error, ErrorKind, Family, Kind};
use socket_common::{
    Several, ZERO, datagram_pair, failure, full_listener, limited, measured, ms, nobody, tcp_pair,
};

/// Bytes that tell their own place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251).to_le_bytes()[0]).collect()
}

#[test]
fn row_20_send_all_sends_all_and_the_pieces_that_recv_gives_concatenate() {
    limited(|| {
        let (one, two) = tcp_pair();
        let sent = pattern(5_000_000);
        let expected = sent.clone();
        let sender = thread::spawn(move || one.send_all(&sent));
        let mut received = Vec::new();
        let mut pieces = 0;
        loop {
            let piece = two.recv_vec(1024).unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() <= 1024);
            received.extend_from_slice(&piece);
            pieces += 1;
        }
        sender.join().unwrap().unwrap();
        assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
        assert!(pieces >= 5_000_000 / 1024);
    });
}

#[test]
fn row_21_the_end_of_the_stream_is_empty_again_and_again() {
    let (one, two) = tcp_pair();
    one.send_all(b"last").unwrap();
    one.close().unwrap();
    assert_eq!(two.recv_vec(9).unwrap(), b"last");
    for _ in 0..3 {
        assert_eq!(two.recv_vec(9).unwrap(), b"");
        assert_eq!(two.recv(&mut [0; 9]).unwrap(), 0);
    }
}

#[test]
fn row_21_to_receive_nothing_does_not_wait() {
    limited(|| {
        let (one, two) = tcp_pair();
        assert_eq!(one.recv(&mut []).unwrap(), 0);
        assert_eq!(one.recv_vec(0).unwrap(), b"");
        two.send_all(b"x").unwrap();
        assert_eq!(one.recv(&mut []).unwrap(), 0);
        assert_eq!(one.recv_vec(9).unwrap(), b"x", "and takes nothing");
    });
}

#[test]
fn row_22_recv_fills_the_buffer_and_touches_nothing_behind_what_came() {
    let (one, two) = tcp_pair();
    one.send_all(b"hello").unwrap();
    let mut buf = *b"..........";
    assert_eq!(two.recv(&mut buf[1..4]).unwrap(), 3);
    assert_eq!(&buf, b".hel......");
    assert_eq!(two.recv(&mut buf).unwrap(), 2);
    assert_eq!(&buf, b"loel......");
    one.send_all(b"abc").unwrap();
    let mut parts = ([0; 1], [0; 1], [0; 5]);
    let mut slices = [
        IoSliceMut::new(&mut parts.0),
        IoSliceMut::new(&mut parts.1),
        IoSliceMut::new(&mut parts.2),
    ];
    assert_eq!(two.recv_msg(&mut slices, 0, Flags::NONE).unwrap().length, 3);
    assert_eq!(parts, (*b"a", *b"b", *b"c\0\0\0\0"));
    let huge = two.recv_vec(usize::MAX).unwrap_err();
    assert_eq!(huge.errno(), Some(libc::ENOMEM), "{huge}");
}

#[test]
fn row_23_after_shutdown_of_writing_the_peer_sees_the_end_and_we_still_read() {
    limited(|| {
        let (one, two) = tcp_pair();
        one.send_all(b"request").unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        let mut request = Vec::new();
        (&two).read_to_end(&mut request).unwrap();
        assert_eq!(request, b"request");
        assert_eq!(failure(one.send(b"x")), (ErrorKind::BrokenPipe, Some(libc::EPIPE)));
        two.send_all(b"reply").unwrap();
        assert_eq!(one.recv_vec(9).unwrap(), b"reply");
        one.shutdown(Shutdown::Read).unwrap();
        assert_eq!(one.recv_vec(9).unwrap(), b"");
    });
}

#[test]
fn row_23_shutdown_reaches_every_duplicate_and_close_does_not() {
    limited(|| {
        let (one, two) = tcp_pair();
        let again = one.dup().unwrap();
        one.shutdown(Shutdown::Both).unwrap();
        assert_eq!(failure(again.send(b"x")).0, ErrorKind::BrokenPipe);
        assert_eq!(two.recv_vec(9).unwrap(), b"");
    });
}

#[test]
fn row_23_calls_that_need_a_peer_say_that_there_is_none() {
    let unconnected = || Socket::tcp().unwrap();
    assert_eq!(failure(unconnected().shutdown(Shutdown::Both)).0, ErrorKind::NotConnected);
    assert_eq!(
        failure(unconnected().recv(&mut [0])),
        (ErrorKind::NotConnected, Some(libc::ENOTCONN))
    );
    assert_eq!(failure(unconnected().send(b"x")), (ErrorKind::BrokenPipe, Some(libc::EPIPE)));
    assert_eq!(failure(unconnected().accept()), (ErrorKind::InvalidArgument, Some(libc::EINVAL)));
    let (one, two) = tcp_pair();
    let error = one.connect(two.local_addr().unwrap());
    assert_eq!(failure(error), (ErrorKind::AlreadyConnected, Some(libc::EISCONN)));
    let udp = Socket::udp().unwrap();
    assert_eq!(failure(udp.listen()), (ErrorKind::Unsupported, Some(libc::EOPNOTSUPP)));
    udp.bind(("127.0.0.1", 0)).unwrap();
    assert_eq!(failure(udp.bind(("127.0.0.1", 0))).1, Some(libc::EINVAL), "a second bind");
    let elsewhere = Socket::udp().unwrap().bind(("192.0.2.1", 0));
    assert_eq!(failure(elsewhere), (ErrorKind::AddressNotAvailable, Some(libc::EADDRNOTAVAIL)));
    let inet6 = Socket::tcp().unwrap().connect(("::1", 80)).unwrap_err();
    assert_eq!(inet6.resolver_code(), Some(-9), "{inet6}");
}

#[test]
fn row_25_a_linger_of_zero_and_unread_data_reset_the_connection() {
    let reset = (ErrorKind::Reset, Some(libc::ECONNRESET));
    let (one, two) = tcp_pair();
    one.set_linger(Some(Duration::ZERO)).unwrap();
    one.close().unwrap();
    assert_eq!(failure(two.recv(&mut [0])), reset, "by name");

    let (one, two) = tcp_pair();
    let on_for_zero = [1i32.to_ne_bytes(), 0i32.to_ne_bytes()].concat();
    one.set_option_bytes(libc::SOL_SOCKET, libc::SO_LINGER, &on_for_zero).unwrap();
    assert_eq!(one.linger().unwrap(), ZERO);
    one.close().unwrap();
    assert_eq!(failure(two.recv(&mut [0])), reset, "by number and bytes");

    let (one, two) = tcp_pair();
    two.send_all(b"unread").unwrap();
    assert_eq!(one.recv_with(&mut [0; 6], Flags::PEEK | Flags::WAITALL).unwrap(), 6);
    one.close().unwrap();
    assert_eq!(failure(two.recv(&mut [0])), reset, "unread data");

    let (one, two) = tcp_pair();
    one.close().unwrap();
    assert_eq!(two.recv(&mut [0]).unwrap(), 0, "otherwise it is the end");
}

#[test]
fn row_25_options_by_number_take_a_number_bytes_or_nothing() {
    let (level, name) = (libc::SOL_SOCKET, libc::SO_REUSEADDR);
    let socket = Socket::tcp().unwrap();
    socket.set_option(level, name, 1).unwrap();
    assert!(socket.reuse_address().unwrap());
    socket.set_option_bytes(level, name, &0i32.to_ne_bytes()).unwrap();
    assert!(!socket.reuse_address().unwrap());
    assert_eq!(socket.option_bytes(level, name, 4).unwrap(), 0i32.to_ne_bytes());
    assert_eq!(socket.option_bytes(level, libc::SO_LINGER, 100).unwrap().len(), 8);
    let congestion = (libc::IPPROTO_TCP, libc::TCP_CONGESTION);
    let current = socket.option_bytes(congestion.0, congestion.1, 16).unwrap();
    let name_only = current.split(|byte| *byte == 0).next().unwrap();
    socket.set_option_bytes(congestion.0, congestion.1, name_only).unwrap();
    assert_eq!(failure(socket.set_option_none(level, name, 4)).1, Some(libc::EFAULT));
    assert_eq!(failure(socket.option(level, 9999)).0, ErrorKind::Unsupported);
    assert_eq!(failure(socket.option_bytes(level, name, 1025)).0, ErrorKind::InvalidArgument);
    // IP_MULTICAST_TTL is told in as few bytes as there is room for.
    let udp = Socket::udp().unwrap();
    udp.set_option_bytes(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL, &[9]).unwrap();
    assert_eq!(udp.option(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL).unwrap(), 9);
    // SO_ATTACH_FILTER's opposite takes no value at all: nothing is attached, so nothing is found.
    let detach = socket.set_option_none(level, libc::SO_DETACH_FILTER, 4);
    assert!(matches!(failure(detach).1, Some(libc::ENOENT | libc::EFAULT)));
}

#[test]
fn row_25_every_named_option_reads_back_over_both_families() {
    for family in [Family::Inet, Family::Inet6] {
        let udp = Socket::new(family, Kind::Datagram).unwrap();
        udp.set_ttl(33).unwrap();
        udp.set_tos(0x20).unwrap();
        assert_eq!((udp.ttl().unwrap(), udp.tos().unwrap()), (33, 0x20), "{family}");
        assert_eq!(failure(udp.set_ttl(256)).0, ErrorKind::InvalidArgument);
    }
    let inet6 = Socket::new(Family::Inet6, Kind::Datagram).unwrap();
    let group = "ff01::1234".parse().unwrap();
    inet6.join_multicast(group, 1).unwrap();
    assert_eq!(failure(inet6.join_multicast(group, 1)).0, ErrorKind::InUse);
    inet6.leave_multicast(group, 1).unwrap();
    assert_eq!(failure(inet6.leave_multicast(group, 1)).0, ErrorKind::AddressNotAvailable);
    let listener = create_server(("127.0.0.1", 0)).unwrap();
    assert!(listener.is_listening().unwrap());
    assert!(!Socket::tcp().unwrap().is_listening().unwrap());
}

fn file_with(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn receive_all(socket: Socket) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        (&socket).read_to_end(&mut all).unwrap();
        all
    })
}

#[test]
fn row_26_sendfile_sends_a_part_or_all_and_moves_the_files_position() {
    limited(|| {
        let content = pattern(3_000_000);
        let cases: [(u64, Option<u64>, &[u8]); 5] = [
            (0, None, &content),
            (1000, None, &content[1000..]),
            (5, Some(2_000_000), &content[5..2_000_005]),
            (2_999_990, Some(500), &content[2_999_990..]),
            (4_000_000, None, b""),
        ];
        for (offset, count, expected) in cases {
            for timeout in [None, Some(ms(20_000))] {
                let (one, two) = tcp_pair();
                one.set_timeout(timeout).unwrap();
                let mut file = file_with(&content);
                let receiver = receive_all(two);
                let sent = one.sendfile(&file, offset, count).unwrap();
                one.close().unwrap();
                assert_eq!(sent, expected.len() as u64);
                assert!(receiver.join().unwrap() == expected, "{offset} {count:?} {timeout:?}");
                let position = if sent == 0 { 0 } else { offset + sent };
                assert_eq!(file.stream_position().unwrap(), position);
            }
        }
    });
}

#[test]
fn row_26_sendfile_reads_and_sends_what_is_no_regular_file() {
    limited(|| {
        let (mut pipe, mut end) = std::io::pipe().unwrap();
        let content = pattern(100_000);
        let expected = content.clone();
        let writer = thread::spawn(move || end.write_all(&content).unwrap());
        let (one, two) = tcp_pair();
        let receiver = receive_all(two);
        let file = File::from(std::os::fd::OwnedFd::from(pipe.try_clone().unwrap()));
        assert_eq!(one.sendfile(&file, 0, Some(60_000)).unwrap(), 60_000);
        assert_eq!(one.sendfile(&file, 0, None).unwrap(), 40_000);
        one.close().unwrap();
        writer.join().unwrap();
        assert!(receiver.join().unwrap() == expected);
        assert_eq!(pipe.read(&mut [0; 9]).unwrap(), 0);
    });
}

#[test]
fn row_26_sendfile_honours_the_timeout_and_tells_how_far_it_came_by_the_position() {
    limited(|| {
        let (one, _two) = tcp_pair();
        one.set_timeout(Some(ms(100))).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(200 << 20).unwrap();
        let (result, took) = measured(|| one.sendfile(&file, 0, None));
        assert_eq!(failure(result), (ErrorKind::TimedOut, None));
        assert!(took >= ms(100) && took < ms(5000), "{took:?}");
        assert!(file.stream_position().unwrap() > 0);
    });
}

#[test]
fn row_26_sendfile_refuses_what_it_cannot_do() {
    let refused = |socket: &Socket, count| {
        let file = file_with(b"x");
        assert_eq!(failure(socket.sendfile(&file, 0, count)).0, ErrorKind::InvalidArgument);
    };
    refused(&datagram_pair().0, None);
    let (one, _two) = tcp_pair();
    refused(&one, Some(0));
    one.set_nonblocking(true).unwrap();
    refused(&one, None);
    let write_only = File::options().write(true).open("/dev/null").unwrap();
    one.set_nonblocking(false).unwrap();
    assert_eq!(one.sendfile(&write_only, 0, None).unwrap_err().errno(), Some(libc::EBADF));
    let mut file = file_with(b"abc");
    file.seek(SeekFrom::Start(2)).unwrap();
    assert_eq!(one.sendfile(&file, 1, Some(1)).unwrap(), 1);
    assert_eq!(file.stream_position().unwrap(), 2);
}

#[test]
fn row_27_create_connection_tries_each_address_in_order() {
    let (first, second) = (nobody(), nobody());
    let server = create_server(("127.0.0.1", 0)).unwrap();
    let name = Several(vec![first.clone(), server.local_addr().unwrap(), second.clone()]);
    let client = create_connection(name).unwrap();
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());

    let error = create_connection(Several(vec![first.clone(), second.clone()])).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Refused, Some(libc::ECONNREFUSED)));
    let tried: Vec<_> = error.attempts().iter().map(|tried| tried.address.clone()).collect();
    assert_eq!(tried, [first.clone(), second.clone()]);
    let text = error.to_string();
    assert!(text.contains(&first.to_string()) && text.contains(&second.to_string()), "{text}");
    assert!(text.contains("nothing listens there"), "{text}");
}

#[test]
fn row_27_one_socket_tries_each_address_too() {
    for timeout in [None, Some(ms(5000))] {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let name = Several(vec![nobody(), nobody(), server.local_addr().unwrap()]);
        let client = Socket::tcp().unwrap();
        client.set_timeout(timeout).unwrap();
        client.connect(name).unwrap();
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
        let failing = Socket::tcp().unwrap();
        failing.set_timeout(timeout).unwrap();
        let error = failing.connect(Several(vec![nobody(), nobody()])).unwrap_err();
        assert_eq!(error.attempts().len(), 2, "{timeout:?}");
        let all_refused = error.attempts().iter().all(|one| one.error.kind() == ErrorKind::Refused);
        assert!(all_refused, "{error}");
    }
}

#[test]
fn row_27_the_source_is_honoured_and_the_timeout_kept() {
    let server = create_server(("127.0.0.1", 0)).unwrap();
    let to = server.local_addr().unwrap();
    let from = nobody();
    let client = Connector::new().source(&from).connect(&to).unwrap();
    assert_eq!(client.local_addr().unwrap(), from);
    assert_eq!(server.accept().unwrap().1, from);
    assert_eq!(client.timeout(), None);
    let client = Connector::new().timeout(Some(ms(7345))).total(ms(9000)).connect(&to).unwrap();
    assert_eq!(client.timeout(), Some(ms(7345)));
    let client = Connector::new().each(ms(9000)).connect(&to).unwrap();
    assert_eq!(client.timeout(), None, "a bound on the attempts is not kept");
    let elsewhere = Connector::new().source(("192.0.2.1", 0)).connect(&to).unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::AddressNotAvailable, "{elsewhere}");
}

#[test]
fn row_27_each_new_socket_is_prepared_before_it_is_bound_or_connects() {
    let server = create_server(("127.0.0.1", 0)).unwrap();
    let good = server.local_addr().unwrap();
    let seen = RefCell::new(Vec::new());
    let prepare = |socket: &Socket| {
        let port = socket.local_addr().unwrap().port();
        seen.borrow_mut().push((port, failure(socket.peer_addr()).0, socket.ttl().unwrap()));
        socket.set_ttl(3)
    };
    let connector = Connector::new().source(("127.0.0.1", 0)).prepare(prepare);
    let client = connector.connect(Several(vec![nobody(), good])).unwrap();
    assert_eq!(client.ttl().unwrap(), 3);
    let fresh = (Some(0), ErrorKind::NotConnected, Socket::tcp().unwrap().ttl().unwrap());
    assert_eq!(*seen.borrow(), [fresh, fresh], "each address has a socket of its own");
}

#[test]
fn row_27_a_socket_that_cannot_be_prepared_does_not_connect() {
    let server = create_server(("127.0.0.1", 0)).unwrap();
    let connector = Connector::new().prepare(|socket| socket.set_ttl(0));
    let error = connector.connect(server.local_addr().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.attempts().len(), 1, "{error}");
    server.set_nonblocking(true).unwrap();
    assert_eq!(failure(server.accept()).0, ErrorKind::WouldBlock);
}

#[test]
fn row_27_each_attempt_and_all_together_have_their_time() {
    limited(|| {
        let (full, _waiting) = full_listener();
        let silent = full.local_addr().unwrap();
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let good = server.local_addr().unwrap();
        let name = Several(vec![silent.clone(), good.clone()]);
        let (client, took) = measured(|| Connector::new().each(ms(60)).connect(&name).unwrap());
        assert_eq!(client.peer_addr().unwrap(), good);
        assert!(took >= ms(60), "{took:?}");

        let name = Several(vec![silent.clone(), silent.clone(), good]);
        let (result, took) = measured(|| Connector::new().total(ms(60)).connect(&name));
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.errno()), (ErrorKind::TimedOut, None));
        assert!(took >= ms(60) && took < ms(5000), "{took:?}");
        assert_eq!(error.attempts().len(), 2, "the third was not tried: {error}");
    });
}

#[test]
fn row_28_create_server_sets_the_options_of_a_server() {
    let server = create_server(("", 0)).unwrap();
    assert!(server.reuse_address().unwrap());
    assert!(!server.reuse_port().unwrap());
    assert_eq!(server.family(), Family::Inet);
    let inet6 = ServerOptions::new().family(Family::Inet6).open(("", 0)).unwrap();
    assert!(inet6.v6_only().unwrap());
    let dual = ServerOptions::new().dual_stack(true).open(("", 0)).unwrap();
    assert!(!dual.v6_only().unwrap());
    let port = dual.local_addr().unwrap().port().unwrap();
    let v4 = create_connection(("127.0.0.1", port)).unwrap();
    let v6 = create_connection(("::1", port)).unwrap();
    let seen: Vec<_> = (0..2).map(|_| dual.accept().unwrap().1.classic()).collect();
    assert!(seen[0].starts_with("('::ffff:127.0.0.1', "), "{seen:?}");
    assert!(seen[1].starts_with("('::1', "), "{seen:?}");
    drop((v4, v6));
    let wrong = ServerOptions::new().family(Family::Inet).dual_stack(true).open(("", 0));
    assert_eq!(failure(wrong).0, ErrorKind::InvalidArgument);
    let wrong = ServerOptions::new().dual_stack(true).open(Address::from(([127, 0, 0, 1], 0)));
    assert_eq!(failure(wrong).0, ErrorKind::InvalidArgument);
}

#[test]
fn row_28_several_servers_share_a_port_only_if_all_say_so() {
    let options = ServerOptions::new().reuse_port(true);
    let one = options.open(("127.0.0.1", 0)).unwrap();
    let address = one.local_addr().unwrap();
    options.open(&address).unwrap();
    let error = create_server(&address).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::InUse, Some(libc::EADDRINUSE)));
    let text = error.to_string();
    assert!(text.contains(&format!("cannot bind {address}: address already in use")), "{text}");
}

#[test]
fn row_28_every_backlog_is_accepted() {
    for backlog in [-1, 0, 1, 128, i32::MAX] {
        let server = ServerOptions::new().backlog(backlog).open(("127.0.0.1", 0)).unwrap();
        let _client = create_connection(server.local_addr().unwrap()).unwrap();
        server.accept().unwrap();
    }
}

#[test]
fn a_bind_that_needs_a_right_works_or_says_what_to_do() {
    let bind = |port: u16| {
        let socket = Socket::tcp().unwrap();
        (port, socket.bind(("127.0.0.1", port)).map(|()| socket))
    };
    let in_use = |error: &Error| error.kind() == ErrorKind::InUse;
    let free = |(_, result): &(u16, sock::Result<Socket>)| !result.as_ref().is_err_and(in_use);
    // The first that nobody has: a machine on which tests may bind it may serve there, too.
    let (port, result) = (79..1024).map(bind).find(free).unwrap();
    match result {
        // Root may, and so may everybody where the first free port is lower.
        Ok(socket) => assert_eq!(socket.local_addr().unwrap().port(), Some(port)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            let cure = format!("ports below 1024 need root, try {}", 8000 + port);
            assert!(error.to_string().ends_with(&cure), "{error}");
        }
    }
}

#[test]
fn urgent_data_come_beside_the_stream() {
    let (one, two) = tcp_pair();
    one.send_all(b"ab").unwrap();
    one.send_with(b"!", Flags::OOB).unwrap();
    let ready = sock::socket::select(&[], &[], &[&two], Some(ms(5000))).unwrap();
    assert_eq!(ready.except.len(), 1);
    let mut urgent = [0];
    assert_eq!(two.recv_with(&mut urgent, Flags::OOB).unwrap(), 1);
    assert_eq!(&urgent, b"!");
    assert_eq!(two.recv_vec(9).unwrap(), b"ab");
}

#[test]
fn flags_peek_wait_for_all_and_do_not_wait() {
    limited(|| {
        let (one, two) = tcp_pair();
        assert_eq!(
            failure(two.recv_with(&mut [0], Flags::DONTWAIT)),
            (ErrorKind::WouldBlock, Some(libc::EAGAIN))
        );
        two.set_timeout(Some(ms(60_000))).unwrap();
        assert_eq!(failure(two.recv_with(&mut [0], Flags::DONTWAIT)).0, ErrorKind::WouldBlock);
        two.set_timeout(None).unwrap();
        one.send_all(b"abc").unwrap();
        assert_eq!(two.recv_vec_with(9, Flags::PEEK).unwrap(), b"abc");
        let sender = thread::spawn(move || {
            one.send_all(b"def").unwrap();
            one
        });
        let mut all = [0; 6];
        assert_eq!(two.recv_with(&mut all, Flags::WAITALL).unwrap(), 6);
        assert_eq!(&all, b"abcdef");
        drop(sender.join().unwrap());
    });
}
