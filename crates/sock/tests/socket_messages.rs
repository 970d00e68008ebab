//! Rows 12 and 38 to 44: datagrams, control data, descriptors, unix sockets.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]

mod socket_common;

use std::ffi::OsStr;
use std::io::{IoSlice, IoSliceMut, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use sock::socket::{
    Control, Flags, ReceivedControl, Socket, control_len, control_space, create_server,
};
use sock::{Address, ErrorKind, Family, Kind};
use socket_common::{ZERO, datagram_pair, failure, limited, ms, udp_pair};

#[test]
fn row_12_broadcast_is_every_machine_and_needs_the_option() {
    let socket = Socket::udp().unwrap();
    let error = socket.send_to(b"x", ("<broadcast>", 9)).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::PermissionDenied, Some(libc::EACCES)));
    socket.set_broadcast(true).unwrap();
    socket.connect(("<broadcast>", 9)).unwrap();
    assert_eq!(socket.peer_addr().unwrap().classic(), "('255.255.255.255', 9)");
}

#[test]
fn row_12_the_empty_host_is_every_interface() {
    let inet = Socket::udp().unwrap();
    inet.bind(("", 0)).unwrap();
    assert!(inet.local_addr().unwrap().classic().starts_with("('0.0.0.0', "));
    let inet6 = Socket::new(Family::Inet6, Kind::Datagram).unwrap();
    inet6.bind(("", 0)).unwrap();
    assert!(inet6.local_addr().unwrap().classic().starts_with("('::', "));
}

#[test]
fn row_38_recv_from_tells_who_of_several_has_sent() {
    limited(|| {
        let (one, two) = udp_pair();
        let third = Socket::udp().unwrap();
        third.bind(("127.0.0.1", 0)).unwrap();
        let to = two.local_addr().unwrap();
        for (sender, text) in [(&one, b"from one"), (&third, b"from 3rd"), (&one, b"one more")] {
            sender.send_to(text, &to).unwrap();
            let from = sender.local_addr().unwrap();
            let mut buf = [0; 99];
            assert_eq!(
                two.recv_from_with(&mut buf, Flags::PEEK).unwrap(),
                (text.len(), from.clone())
            );
            let (length, sender) = two.recv_from(&mut buf).unwrap();
            assert_eq!((&buf[..length], sender), (&text[..], from.clone()));
            two.send_to(b"back", &from).unwrap();
        }
        assert_eq!(third.recv_vec_from(99).unwrap(), (b"back".to_vec(), to));
        one.connect(two.local_addr().unwrap()).unwrap();
        one.send(b"by msg").unwrap();
        let mut buf = [0; 99];
        let message = two.recv_msg(&mut [IoSliceMut::new(&mut buf)], 0, Flags::NONE).unwrap();
        assert_eq!((message.length, message.sender), (6, one.local_addr().unwrap()));
    });
}

#[test]
fn row_38_a_datagram_that_does_not_fit_is_cut_and_the_rest_is_lost() {
    let (one, two) = datagram_pair();
    one.send(b"0123456789").unwrap();
    one.send(b"next").unwrap();
    one.send(b"0123456789").unwrap();
    let mut buf = [0; 4];
    let message = two.recv_msg(&mut [IoSliceMut::new(&mut buf)], 0, Flags::NONE).unwrap();
    assert_eq!((message.length, &buf), (4, b"0123"));
    assert!(message.flags.contains(Flags::TRUNC), "{:?}", message.flags);
    let message = two.recv_msg(&mut [IoSliceMut::new(&mut buf)], 0, Flags::NONE).unwrap();
    assert_eq!((message.length, &buf, message.flags), (4, b"next", Flags::NONE));
    assert_eq!(two.recv_with(&mut buf, Flags::TRUNC).unwrap(), 10, "the true length");
}

#[test]
fn row_39_an_empty_datagram_is_a_datagram_and_no_end() {
    limited(|| {
        let (one, two) = udp_pair();
        one.connect(two.local_addr().unwrap()).unwrap();
        let from = one.local_addr().unwrap();
        for timeout in [None, Some(ms(20_000))] {
            two.set_timeout(timeout).unwrap();
            assert_eq!(one.send(b"").unwrap(), 0);
            one.send_all(b"").unwrap();
            assert_eq!(one.send_to(b"", two.local_addr().unwrap()).unwrap(), 0);
            assert_eq!(one.send_msg(&[], &[], Flags::NONE, None).unwrap(), 0);
            one.send(b"after").unwrap();
            assert_eq!(two.recv_from(&mut [0; 9]).unwrap(), (0, from.clone()));
            assert_eq!(two.recv_vec(9).unwrap(), b"");
            assert_eq!(two.recv_vec_from(9).unwrap(), (Vec::new(), from.clone()));
            let message =
                two.recv_msg(&mut [IoSliceMut::new(&mut [0; 9])], 0, Flags::NONE).unwrap();
            assert_eq!((message.length, message.sender), (0, from.clone()));
            assert_eq!(two.recv_vec(9).unwrap(), b"after");
        }
        two.set_timeout(ZERO).unwrap();
        assert_eq!(failure(two.recv(&mut [0])).0, ErrorKind::WouldBlock, "nothing is not empty");
    });
}

#[test]
fn row_40_a_connected_udp_socket_tells_of_a_refused_datagram_on_the_next_call() {
    limited(|| {
        let (one, two) = udp_pair();
        one.connect(two.local_addr().unwrap()).unwrap();
        two.close().unwrap();
        one.send(b"to nobody").unwrap();
        let refused = (ErrorKind::Refused, Some(libc::ECONNREFUSED));
        assert_eq!(failure(one.recv(&mut [0; 9])), refused);
        one.send(b"again").unwrap();
        assert_eq!(failure(one.send(b"and again")), refused);
    });
}

#[test]
fn row_40_a_datagram_has_65507_bytes_at_most() {
    limited(|| {
        let (one, two) = udp_pair();
        let to = two.local_addr().unwrap();
        assert_eq!(one.send_to(&vec![7; 65_507], &to).unwrap(), 65_507);
        assert_eq!(two.recv_vec(70_000).unwrap(), vec![7; 65_507]);
        let error = one.send_to(&vec![0; 65_508], &to).unwrap_err();
        assert_eq!(
            (error.kind(), error.errno()),
            (ErrorKind::MessageTooLong, Some(libc::EMSGSIZE))
        );
        let error = one.send_to_with(b"x", Flags::NONE, ("no.such.host.invalid", 1)).unwrap_err();
        assert!(error.resolver_code().is_some(), "{error}");
    });
}

/// Lets an inet6 UDP socket tell hop limit and traffic class with each datagram.
fn telling_pair() -> (Socket, Socket) {
    let bound = || {
        let socket = Socket::new(Family::Inet6, Kind::Datagram).unwrap();
        socket.bind(("::1", 0)).unwrap();
        socket
    };
    let (one, two) = (bound(), bound());
    two.set_option(libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1).unwrap();
    two.set_option(libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS, 1).unwrap();
    one.connect(two.local_addr().unwrap()).unwrap();
    (one, two)
}

fn others(control: &[ReceivedControl]) -> Vec<(i32, i32, Vec<u8>)> {
    let parts = control.iter().map(|item| {
        let ReceivedControl::Other { level, kind, data } = item else { panic!("{item:?}") };
        (*level, *kind, data.clone())
    });
    parts.collect()
}

#[test]
fn row_41_control_data_of_any_kind_go_out_and_come_in() {
    limited(|| {
        let (one, two) = telling_pair();
        let hops = 21i32.to_ne_bytes();
        let class = 0x20i32.to_ne_bytes();
        let items = [
            Control::Other { level: libc::IPPROTO_IPV6, kind: libc::IPV6_HOPLIMIT, data: &hops },
            Control::Other { level: libc::IPPROTO_IPV6, kind: libc::IPV6_TCLASS, data: &class },
        ];
        let parts = [IoSlice::new(b"hel"), IoSlice::new(b""), IoSlice::new(b"lo")];
        assert_eq!(one.send_msg(&parts, &items, Flags::NONE, None).unwrap(), 5);
        let (mut first, mut second) = ([0; 2], [0; 9]);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        let room = 2 * control_space(4).unwrap();
        let message = two.recv_msg(&mut buffers, room, Flags::NONE).unwrap();
        assert_eq!((message.length, &first, &second[..3]), (5, b"he", &b"llo"[..]));
        assert_eq!(message.flags, Flags::NONE);
        assert_eq!(message.sender, one.local_addr().unwrap());
        let mut told = others(&message.control);
        told.sort();
        let expected = [
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, hops.to_vec()),
            (libc::IPPROTO_IPV6, libc::IPV6_TCLASS, class.to_vec()),
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn row_41_cut_control_data_are_flagged_and_the_last_item_is_kept_in_part() {
    limited(|| {
        let (one, two) = telling_pair();
        let whole = control_space(4).unwrap();
        // room → items that come whole, bytes of the last.
        for (room, items, last) in
            [(0, 0, 0), (15, 0, 0), (17, 1, 1), (19, 1, 3), (whole, 1, 4), (whole + 18, 2, 2)]
        {
            one.send(b"x").unwrap();
            let mut buf = [0; 9];
            let message =
                two.recv_msg(&mut [IoSliceMut::new(&mut buf)], room, Flags::NONE).unwrap();
            assert!(message.flags.contains(Flags::CTRUNC), "room {room}: {:?}", message.flags);
            let told = others(&message.control);
            assert_eq!(told.len(), items, "room {room}");
            assert_eq!(told.last().map_or(0, |item| item.2.len()), last, "room {room}");
            assert_eq!(message.length, 1);
        }
    });
}

#[test]
fn row_41_the_lengths_of_control_data_are_checked() {
    assert_eq!((control_len(0).unwrap(), control_space(0).unwrap()), (16, 16));
    assert_eq!((control_len(1).unwrap(), control_space(1).unwrap()), (17, 24));
    let most = i32::MAX as usize - 16;
    assert_eq!(control_len(most).unwrap(), i32::MAX as usize);
    assert_eq!(failure(control_len(most + 1)).0, ErrorKind::InvalidArgument);
    assert_eq!(failure(control_space(most)).0, ErrorKind::InvalidArgument);
    assert_eq!(failure(control_space(usize::MAX)).0, ErrorKind::InvalidArgument);
}

/// How many descriptors point to the same file as `file`, in this process.
fn copies_of(file: &std::fs::File) -> usize {
    let name = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    let all = std::fs::read_dir("/proc/self/fd").unwrap();
    let same = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target == name)
    };
    all.filter_map(Result::ok).filter(same).count()
}

#[test]
fn row_42_descriptors_travel_and_the_received_ones_are_usable() {
    let (one, two) = Socket::pair().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"content").unwrap();
    let (inner, outer) = Socket::pair().unwrap();
    let inner_fd = inner.descriptor().unwrap();
    assert_eq!(one.send_fds(b"two", &[file.as_fd(), inner_fd.as_fd()]).unwrap(), 3);
    let mut buf = [0; 9];
    let (length, fds, flags) = two.recv_fds(&mut buf, 2).unwrap();
    assert_eq!((&buf[..length], fds.len(), flags), (&b"two"[..], 2, Flags::NONE));
    for fd in &fds {
        let flags = rustix::io::fcntl_getfd(fd).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
    let [again, socket]: [OwnedFd; 2] = fds.try_into().unwrap();
    let mut again = std::fs::File::from(again);
    again.rewind().unwrap();
    let mut content = String::new();
    again.read_to_string(&mut content).unwrap();
    assert_eq!(content, "content");
    Socket::from_fd(socket).unwrap().send_all(b"through").unwrap();
    assert_eq!(outer.recv_vec(9).unwrap(), b"through");
}

#[test]
fn row_42_no_descriptor_leaks_when_they_are_cut_or_nobody_takes_them() {
    let (one, two) = Socket::pair().unwrap();
    let file = tempfile::tempfile().unwrap();
    let four = [file.as_fd(); 4];
    assert_eq!(copies_of(&file), 1);
    for most in 0..=4 {
        one.send_fds(b"x", &four).unwrap();
        let (_, fds, flags) = two.recv_fds(&mut [0; 9], most).unwrap();
        assert_eq!(fds.len(), most, "at most {most}");
        assert_eq!(flags.contains(Flags::CTRUNC), most < 4, "at most {most}");
        assert_eq!(copies_of(&file), 1 + most);
        drop(fds);
        assert_eq!(copies_of(&file), 1);
    }
    for room in 0..40 {
        one.send_fds(b"x", &four).unwrap();
        let message = two.recv_msg(&mut [], room, Flags::PEEK).unwrap();
        drop(message);
        assert_eq!(copies_of(&file), 1, "room {room}, peeked");
        two.recv_msg(&mut [IoSliceMut::new(&mut [0; 9])], room, Flags::NONE).unwrap();
        assert_eq!(copies_of(&file), 1, "room {room}");
    }
    one.send_fds(b"x", &four).unwrap();
    assert_eq!(two.recv_vec(9).unwrap(), b"x", "a plain receive drops them");
    assert_eq!(copies_of(&file), 1);
}

#[test]
fn row_42_numbers_are_not_passed_on_and_other_sockets_carry_none() {
    let (one, _two) = Socket::pair().unwrap();
    let numbers = 0i32.to_ne_bytes();
    let raw = Control::Other { level: libc::SOL_SOCKET, kind: libc::SCM_RIGHTS, data: &numbers };
    let error = one.send_msg(&[IoSlice::new(b"x")], &[raw], Flags::NONE, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let file = tempfile::tempfile().unwrap();
    let too_many = vec![file.as_fd(); 254];
    assert_eq!(failure(one.send_fds(b"x", &too_many)).0, ErrorKind::InvalidArgument);
}

#[test]
fn row_43_a_unix_path_may_have_any_bytes_and_an_unbound_one_is_empty() {
    limited(|| {
        let directory = tempfile::tempdir().unwrap();
        let unbound = Socket::unix().unwrap();
        assert_eq!(unbound.local_addr().unwrap(), Address::Unnamed);
        assert_eq!(unbound.local_addr().unwrap().classic(), "''");
        for name in [&b"plain"[..], b"caf\xc3\xa9", b"\xff\xfe no text"] {
            let path = directory.path().join(OsStr::from_bytes(name));
            let server = create_server(path.as_path()).unwrap();
            assert_eq!(server.local_addr().unwrap(), Address::unix(&path).unwrap());
            let client = Socket::unix().unwrap();
            client.connect(Address::unix_bytes(path.as_os_str().as_bytes()).unwrap()).unwrap();
            let (accepted, from) = server.accept().unwrap();
            assert_eq!(from, Address::Unnamed);
            assert_eq!(client.peer_addr().unwrap().path(), Some(path.as_path()));
            accepted.send_all(b"hi").unwrap();
            assert_eq!(client.recv_vec(9).unwrap(), b"hi");
        }
        let text = directory.path().join("as text");
        Socket::unix().unwrap().bind(text.to_str().unwrap()).unwrap();
        assert!(text.exists());
    });
}

#[test]
fn row_43_a_path_of_107_bytes_works_and_108_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let length = 107 - directory.path().as_os_str().len() - 1;
    let path = directory.path().join("x".repeat(length));
    let server = create_server(path.as_path()).unwrap();
    assert_eq!(server.local_addr().unwrap(), Address::Path(path.clone()));
    Socket::unix().unwrap().connect(path.as_path()).unwrap();
    let error = Socket::unix().unwrap().bind("x".repeat(108)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("AF_UNIX path too long"), "{error}");
    let missing = Socket::unix().unwrap().connect(directory.path().join("none")).unwrap_err();
    assert_eq!((missing.kind(), missing.errno()), (ErrorKind::NotFound, Some(libc::ENOENT)));
}

#[test]
fn row_44_an_abstract_name_keeps_its_nuls() {
    limited(|| {
        let own = format!("sock-test-{}", std::process::id()).into_bytes();
        for end in [&b""[..], b"\0", b"\0\0in\0the middle", b"\xff\0\0"] {
            let name = Address::Abstract([&own[..], end].concat());
            let server = create_server(&name).unwrap();
            assert_eq!(server.local_addr().unwrap(), name);
            let client = Socket::unix().unwrap();
            client.connect(&name).unwrap();
            assert_eq!(client.peer_addr().unwrap(), name);
        }
        let longest = Address::Abstract([&own[..], &[b'x'; 107][own.len()..]].concat());
        assert_eq!(create_server(&longest).unwrap().local_addr().unwrap(), longest);
    });
}

#[test]
fn row_44_the_empty_name_lets_the_system_choose_one() {
    let socket = Socket::unix().unwrap();
    socket.bind("").unwrap();
    let Address::Abstract(name) = socket.local_addr().unwrap() else {
        panic!("{:?}", socket.local_addr())
    };
    assert_eq!(name.len(), 5);
    assert!(name.iter().all(u8::is_ascii_hexdigit), "{name:?}");
}

#[test]
fn a_seqpacket_keeps_records_and_ends() {
    let (one, two) = sock::socket::Builder::new().kind(Kind::SeqPacket).pair().unwrap();
    one.send(b"first").unwrap();
    one.send(b"second").unwrap();
    one.close().unwrap();
    assert_eq!(two.recv_vec(99).unwrap(), b"first");
    assert_eq!(two.recv_vec(99).unwrap(), b"second");
    assert_eq!(two.recv_vec(99).unwrap(), b"");
}

#[test]
fn a_raw_socket_works_or_says_which_right_it_needs() {
    match Socket::with_protocol(Family::Inet, Kind::Raw, libc::IPPROTO_ICMP) {
        Ok(socket) => {
            assert_eq!((socket.kind(), socket.protocol()), (Kind::Raw, libc::IPPROTO_ICMP));
            socket.set_timeout(Some(ms(20_000))).unwrap();
            // An echo request (RFC 792) to ourselves, which comes by with the header of IP on it.
            let request = [8, 0, 0xf7, 0xfe, 0, 0, 0, 1];
            socket.send_to(&request, ("127.0.0.1", 0)).unwrap();
            // Whatever else the machine says of its datagrams comes by as well.
            let mut packets = std::iter::repeat_with(|| socket.recv_vec(100).unwrap());
            let ours = packets.find(|packet| packet.ends_with(&request)).unwrap();
            assert_eq!(ours.len(), 20 + request.len());
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(error.to_string().contains("CAP_NET_RAW"), "{error}");
        }
    }
    let wrong = Socket::with_protocol(Family::Inet, Kind::Stream, libc::IPPROTO_UDP);
    assert_eq!(failure(wrong).0, ErrorKind::Unsupported);
    assert_eq!(failure(Socket::new(Family::Other(-1), Kind::Stream)).0, ErrorKind::Unsupported);
}
