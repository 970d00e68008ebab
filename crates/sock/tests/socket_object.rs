//! Rows 1 to 13: the socket as an object.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]
#![allow(unsafe_code, reason = "sockets from raw numbers, and a number closed behind one's back")]

mod socket_common;

use std::io::{BufRead, Read, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};
use std::sync::Arc;
use std::thread;

use rustix::io::{FdFlags, fcntl_getfd};
use sock::socket::{Builder, Flags, Socket, create_connection, create_server, select};
use sock::{Address, ErrorKind, Family, Kind};
use socket_common::{ZERO, asleep, datagram_pair, failure, fill, limited, ms, tcp_pair, udp_pair};

/// A number that no other test is given meanwhile: the system gives the lowest that is free.
fn at_high_number(socket: &Socket) -> RawFd {
    rustix::io::fcntl_dupfd_cloexec(socket.descriptor().unwrap(), 800).unwrap().into_raw_fd()
}

#[test]
fn row_01_a_new_socket_is_inet_stream_and_no_timeout_changes_its_type() {
    let socket = Socket::tcp().unwrap();
    let parts = |it: &Socket| (it.family(), it.kind(), it.protocol());
    assert_eq!(parts(&Builder::new().open().unwrap()), (Family::Inet, Kind::Stream, 0));
    assert_eq!(parts(&socket), (Family::Inet, Kind::Stream, 0));
    for timeout in [None, ZERO, Some(ms(7)), None] {
        socket.set_timeout(timeout).unwrap();
        assert_eq!(socket.kind(), Kind::Stream);
        assert_eq!(socket.option(libc::SOL_SOCKET, libc::SO_TYPE).unwrap(), libc::SOCK_STREAM);
    }
    assert_eq!(Kind::from_raw(libc::SOCK_DGRAM | libc::SOCK_NONBLOCK), Kind::Datagram);
    assert_eq!(Kind::Other(libc::SOCK_STREAM | libc::SOCK_CLOEXEC).to_raw(), libc::SOCK_STREAM);
}

#[test]
fn row_02_a_descriptor_tells_its_family_kind_and_protocol() {
    for family in [Family::Inet, Family::Inet6, Family::Unix] {
        for kind in [Kind::Stream, Kind::Datagram] {
            let number = Socket::new(family, kind).unwrap().into_raw_fd();
            // SAFETY: the number was just given to us.
            let socket = unsafe { Socket::from_raw_fd(number) }.unwrap();
            assert_eq!((socket.family(), socket.kind()), (family, kind));
            assert_eq!(socket.fileno(), number);
            let protocol = match (family, kind) {
                (Family::Unix, _) => 0,
                (_, Kind::Stream) => libc::IPPROTO_TCP,
                _ => libc::IPPROTO_UDP,
            };
            assert_eq!(socket.protocol(), protocol, "{family} {kind}");
        }
    }
    let given = Builder::new().family(Family::Unix).kind(Kind::Raw).protocol(9);
    let socket = given.from_fd(Socket::tcp().unwrap().detach().unwrap()).unwrap();
    assert_eq!((socket.family(), socket.kind(), socket.protocol()), (Family::Unix, Kind::Raw, 9));
}

#[test]
fn row_02_what_is_no_socket_is_refused_and_stays_open() {
    // SAFETY: −1 is nobody's.
    let error = unsafe { Socket::from_raw_fd(-1) }.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("negative file descriptor"), "{error}");
    // SAFETY: nobody has so many descriptors.
    let closed = unsafe { Socket::from_raw_fd(1_000_000) };
    assert_eq!(failure(closed), (ErrorKind::BadDescriptor, Some(libc::EBADF)));
    let file = tempfile::tempfile().unwrap();
    // SAFETY: the number is refused, so it stays the file's.
    let not_socket = unsafe { Socket::from_raw_fd(file.as_raw_fd()) };
    assert_eq!(failure(not_socket), (ErrorKind::NotSocket, Some(libc::ENOTSOCK)));
    (&file).write_all(b"still open").unwrap();
}

#[test]
fn row_02_a_descriptor_that_does_not_block_makes_a_timeout_of_zero() {
    let (one, _two) = Socket::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    let socket = Socket::from_fd(one.detach().unwrap()).unwrap();
    assert_eq!(socket.timeout(), ZERO);
}

#[test]
fn row_03_every_socket_is_close_on_exec_the_accepted_too() {
    let is_close_on_exec = |socket: &Socket| {
        assert!(!socket.is_inheritable().unwrap());
        fcntl_getfd(socket.descriptor().unwrap()).unwrap().contains(FdFlags::CLOEXEC)
    };
    let (one, two) = Socket::pair().unwrap();
    let (client, accepted) = tcp_pair();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    let unix = create_server(path.as_path()).unwrap();
    let _unix_client = create_connection(path.as_path()).unwrap();
    let (unix_accepted, _) = unix.accept().unwrap();
    unix.set_timeout(Some(ms(5000))).unwrap();
    let _second = create_connection(path.as_path()).unwrap();
    let (timed_accepted, _) = unix.accept().unwrap();
    let dup = one.dup().unwrap();
    for socket in [&one, &two, &dup, &client, &accepted, &unix, &unix_accepted, &timed_accepted] {
        assert!(is_close_on_exec(socket), "{socket:?}");
    }
    one.set_inheritable(true).unwrap();
    assert!(!fcntl_getfd(one.descriptor().unwrap()).unwrap().contains(FdFlags::CLOEXEC));
    assert!(is_close_on_exec(&one.dup().unwrap()), "also the duplicate of an inheritable one");
    one.set_inheritable(false).unwrap();
    assert!(is_close_on_exec(&one));
}

#[test]
fn row_04_closing_twice_is_fine_and_every_call_after_it_is_ebadf() {
    let (socket, _peer) = tcp_pair();
    socket.close().unwrap();
    socket.close().unwrap();
    assert_eq!(socket.fileno(), -1);
    let file = tempfile::tempfile().unwrap();
    let results = [
        socket.bind(("127.0.0.1", 0)),
        socket.listen(),
        socket.accept().map(drop),
        socket.connect(("127.0.0.1", 1)),
        socket.send(b"x").map(drop),
        socket.send_all(b"x"),
        socket.send_to(b"x", ("127.0.0.1", 1)).map(drop),
        socket.send_msg(&[], &[], Flags::NONE, None).map(drop),
        socket.recv(&mut [0]).map(drop),
        socket.recv(&mut []).map(drop),
        socket.recv_vec(1).map(drop),
        socket.recv_from(&mut [0]).map(drop),
        socket.recv_msg(&mut [], 0, Flags::NONE).map(drop),
        socket.sendfile(&file, 0, None).map(drop),
        socket.shutdown(std::net::Shutdown::Both),
        socket.local_addr().map(drop),
        socket.peer_addr().map(drop),
        socket.set_timeout(None),
        socket.set_inheritable(true),
        socket.no_delay().map(drop),
        socket.option(1, 3).map(drop),
        socket.dup().map(drop),
        socket.detach().map(drop),
        socket.reader().map(drop),
        socket.descriptor().map(drop),
    ];
    for (index, result) in results.into_iter().enumerate() {
        assert_eq!(failure(result), (ErrorKind::BadDescriptor, Some(libc::EBADF)), "call {index}");
    }
    assert_eq!(socket.connect_ex(("127.0.0.1", 1)).unwrap(), libc::EBADF);
}

#[test]
fn row_04_closing_what_was_closed_behind_its_back_is_ebadf() {
    let number = at_high_number(&Socket::tcp().unwrap());
    // SAFETY: the number is ours.
    let socket = unsafe { Socket::from_raw_fd(number) }.unwrap();
    // SAFETY: this is the fault that the socket has to notice; no other test gets this number.
    assert_eq!(unsafe { libc::close(number) }, 0);
    assert_eq!(failure(socket.send(b"x")), (ErrorKind::BadDescriptor, Some(libc::EBADF)));
    assert_eq!(failure(socket.close()), (ErrorKind::BadDescriptor, Some(libc::EBADF)));
}

#[test]
fn row_04_closing_wakes_every_kind_of_call_in_another_thread() {
    limited(|| {
        type Make = fn() -> (Socket, Option<Socket>);
        type Call = fn(&Socket) -> sock::Result<()>;
        let tcp: Make = || with_peer(tcp_pair());
        let unix: Make = || with_peer(Socket::pair().unwrap());
        let datagram: Make = || with_peer(datagram_pair());
        let udp: Make = || with_peer(udp_pair());
        let listener: Make = || (create_server(("127.0.0.1", 0)).unwrap(), None);
        let unix_listener: Make = || {
            let socket = Socket::unix().unwrap();
            socket.bind("").unwrap();
            socket.listen().unwrap();
            (socket, None)
        };
        let recv: Call = |it| it.recv(&mut [0; 9]).map(drop);
        let recv_from: Call = |it| it.recv_from(&mut [0; 9]).map(drop);
        let recv_msg: Call = |it| it.recv_msg(&mut [], 100, Flags::NONE).map(drop);
        let accept: Call = |it| it.accept().map(drop);
        let send_all: Call = |it| {
            fill(it);
            it.send_all(&vec![0; 64 << 20])
        };
        let wait: Call = |it| match select(&[it], &[], &[], None)?.read[..] {
            [ready] => ready.recv(&mut [0; 9]).map(drop),
            _ => Ok(()),
        };
        let cases = [
            ("tcp recv", tcp, recv),
            ("tcp recv_msg", tcp, recv_msg),
            ("tcp send_all", tcp, send_all),
            ("tcp select", tcp, wait),
            ("unix recv", unix, recv),
            ("unix send_all", unix, send_all),
            ("unix datagram recv_from", datagram, recv_from),
            ("tcp accept", listener, accept),
            ("unix accept", unix_listener, accept),
            ("udp recv", udp, recv),
            ("udp recv_from", udp, recv_from),
            ("udp select", udp, wait),
        ];
        for (name, make, call) in cases {
            for timeout in [None, Some(ms(60_000))] {
                let (socket, _peer) = make();
                let socket = Arc::new(socket);
                socket.set_timeout(timeout).unwrap();
                let in_call = Arc::clone(&socket);
                let caller = asleep(move || call(&in_call));
                socket.close().unwrap();
                let (kind, errno) = failure(caller.join().unwrap());
                assert_eq!(
                    (kind, errno),
                    (ErrorKind::BadDescriptor, Some(9)),
                    "{name} {timeout:?}"
                );
                assert_eq!(socket.fileno(), -1);
            }
        }
    });
}

fn with_peer((socket, peer): (Socket, Socket)) -> (Socket, Option<Socket>) {
    (socket, Some(peer))
}

#[test]
fn row_04_the_number_is_not_reused_under_a_running_call() {
    limited(|| {
        let (one, two) = Socket::pair().unwrap();
        let number = one.fileno();
        let held = one.descriptor().unwrap();
        one.close().unwrap();
        assert_eq!(one.fileno(), -1);
        assert_eq!(held.as_raw_fd(), number);
        let taken: Vec<_> = (0..50).map(|_| Socket::udp().unwrap()).collect();
        assert!(taken.iter().all(|other| other.fileno() != number));
        rustix::net::send(held.as_fd(), b"x", rustix::net::SendFlags::empty()).unwrap();
        assert_eq!(two.recv_vec(9).unwrap(), b"x", "the call still has its own connection");
        drop(held);
        assert_eq!(two.recv_vec(9).unwrap(), b"", "released with the last call");
    });
}

#[test]
fn row_05_detach_gives_the_open_descriptor_away() {
    let (one, two) = Socket::pair().unwrap();
    let number = one.fileno();
    let fd = one.detach().unwrap();
    assert_eq!(fd.as_raw_fd(), number);
    assert_eq!(one.fileno(), -1);
    assert_eq!(failure(one.send(b"x")).0, ErrorKind::BadDescriptor);
    one.close().unwrap();
    Socket::from_fd(fd).unwrap().send_all(b"open").unwrap();
    assert_eq!(two.recv_vec(9).unwrap(), b"open");
}

#[test]
fn row_05_detach_under_a_running_call_gives_a_duplicate() {
    limited(|| {
        let (one, two) = Socket::pair().unwrap();
        let (one, in_call) = {
            let one = Arc::new(one);
            (Arc::clone(&one), one)
        };
        let caller = asleep(move || in_call.recv_vec(9));
        let number = one.fileno();
        let fd = one.detach().unwrap();
        assert_ne!(fd.as_raw_fd(), number);
        two.send_all(b"x").unwrap();
        assert_eq!(caller.join().unwrap().unwrap(), b"x", "the call ends on its own");
        two.send_all(b"y").unwrap();
        assert_eq!(Socket::from_fd(fd).unwrap().recv_vec(9).unwrap(), b"y");
    });
}

#[test]
fn row_06_a_duplicate_shares_the_connection_which_ends_with_the_last() {
    let (one, two) = tcp_pair();
    let again = one.dup().unwrap();
    two.send_all(b"abcd").unwrap();
    assert_eq!(one.recv_vec(2).unwrap(), b"ab");
    assert_eq!(again.recv_vec(2).unwrap(), b"cd");
    one.close().unwrap();
    again.send_all(b"still").unwrap();
    assert_eq!(two.recv_vec(9).unwrap(), b"still");
    two.set_nonblocking(true).unwrap();
    assert_eq!(failure(two.recv(&mut [0])).0, ErrorKind::WouldBlock);
    two.set_nonblocking(false).unwrap();
    again.close().unwrap();
    assert_eq!(two.recv_vec(9).unwrap(), b"");
}

#[test]
fn row_07_a_dropped_socket_is_closed() {
    let (one, two) = tcp_pair();
    drop(one);
    assert_eq!(two.recv_vec(9).unwrap(), b"");
}

#[test]
fn row_08_a_scope_closes_on_success_and_on_error() {
    fn client(address: &Address, reply: bool) -> sock::Result<Vec<u8>> {
        let socket = create_connection(address)?;
        socket.send_all(b"hello")?;
        if !reply {
            socket.set_no_delay(true)?;
            socket.connect(address)?;
        }
        socket.recv_vec(9)
    }
    limited(|| {
        for reply in [true, false] {
            let server = create_server(("127.0.0.1", 0)).unwrap();
            let address = server.local_addr().unwrap();
            let worker = thread::spawn(move || client(&address, reply));
            let (connection, _) = server.accept().unwrap();
            assert_eq!(connection.recv_vec(5).unwrap(), b"hello");
            if reply {
                connection.send_all(b"hi").unwrap();
            }
            let result = worker.join().unwrap();
            assert_eq!(connection.recv_vec(9).unwrap(), b"", "closed with reply {reply}");
            if reply {
                assert_eq!(result.unwrap(), b"hi");
            } else {
                assert_eq!(failure(result).0, ErrorKind::AlreadyConnected);
            }
        }
    });
}

#[test]
fn row_09_the_debug_form_shows_descriptor_type_and_addresses() {
    let (client, accepted) = tcp_pair();
    let number = client.fileno();
    let local = client.local_addr().unwrap().classic();
    let remote = accepted.local_addr().unwrap().classic();
    assert_eq!(
        format!("{client:?}"),
        format!(
            "<sock::Socket fd={number}, family=inet, type=stream, proto=0, \
             local={local}, remote={remote}>"
        )
    );
    let unbound = Socket::udp().unwrap();
    let shown = format!("{unbound:?}");
    assert!(shown.ends_with("type=datagram, proto=0, local=('0.0.0.0', 0)>"), "{shown}");
    client.close().unwrap();
    assert_eq!(
        format!("{client:?}"),
        "<sock::Socket [closed] fd=-1, family=inet, type=stream, proto=0>"
    );
}

#[test]
fn row_10_readers_and_writers_keep_the_socket_open_until_they_are_closed() {
    limited(|| {
        let (one, two) = tcp_pair();
        let mut reader = one.reader().unwrap();
        let mut writer = one.writer().unwrap();
        one.close().unwrap();
        assert_eq!(failure(one.send(b"x")).0, ErrorKind::BadDescriptor);
        two.send_all(b"a line\nrest").unwrap();
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "a line\n");
        writer.write_all(b"reply").unwrap();
        writer.flush().unwrap();
        assert_eq!(two.recv_vec(9).unwrap(), b"reply");
        reader.close().unwrap();
        writer.write_all(b"last").unwrap();
        writer.close().unwrap();
        let mut all = Vec::new();
        (&two).read_to_end(&mut all).unwrap();
        assert_eq!(all, b"last", "closed with the last of them, and flushed");
    });
}

#[test]
fn row_10_a_reader_refuses_to_read_on_after_a_timeout() {
    let (one, two) = Socket::pair().unwrap();
    one.set_timeout(Some(ms(20))).unwrap();
    let mut reader = one.reader().unwrap();
    two.send_all(b"part of a line").unwrap();
    let mut line = String::new();
    let error = sock::Error::from(reader.read_line(&mut line).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    two.send_all(b" and its end\n").unwrap();
    let error = sock::Error::from(reader.read_line(&mut line).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("after a timeout"), "{error}");
}

#[test]
fn row_13_an_inet6_address_goes_in_with_two_items_and_comes_back_with_four() {
    let socket = Socket::new(Family::Inet6, Kind::Stream).unwrap();
    socket.bind(("::1", 0)).unwrap();
    let address = socket.local_addr().unwrap();
    assert_eq!(address.classic(), format!("('::1', {}, 0, 0)", address.port().unwrap()));
    let again = Socket::new(Family::Inet6, Kind::Stream).unwrap();
    assert_eq!(failure(again.bind(("::1", 0, 1_048_576))).0, ErrorKind::InvalidArgument);
    again.bind(("::1", 0, 10)).unwrap();
}
