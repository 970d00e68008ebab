//! Rows 29 to 33 and 35 to 37: timeouts, timed connects, several threads.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]

mod socket_common;

use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use rustix::fs::{OFlags, fcntl_getfl};
use sock::socket::{Builder, Flags, ServerOptions, Socket, create_server, select};
use sock::{ErrorKind, Kind, Result};
use socket_common::{
    ZERO, asleep, datagram_pair, failure, fill, full_listener, limited, measured, ms, nobody,
    tcp_pair, udp_pair,
};

fn is_nonblocking(socket: &Socket) -> bool {
    fcntl_getfl(socket.descriptor().unwrap()).unwrap().contains(OFlags::NONBLOCK)
}

#[test]
fn row_29_there_are_three_states_and_each_has_its_mode() {
    let socket = Socket::tcp().unwrap();
    assert_eq!(
        (socket.timeout(), socket.is_blocking(), is_nonblocking(&socket)),
        (None, true, false)
    );
    socket.set_timeout(Some(ms(10))).unwrap();
    assert!(socket.is_blocking() && is_nonblocking(&socket));
    socket.set_timeout(ZERO).unwrap();
    assert!(!socket.is_blocking() && is_nonblocking(&socket));
    socket.set_nonblocking(false).unwrap();
    assert_eq!((socket.timeout(), is_nonblocking(&socket)), (None, false));
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.timeout(), ZERO);
    socket.set_timeout(None).unwrap();
    assert!(!is_nonblocking(&socket));
}

type Call = fn(&Socket) -> Result<()>;
type Idle = (Socket, Vec<Socket>);

/// Every call that waits, on a socket where it has nothing to do; what keeps it so comes with it.
fn waiting_calls() -> Vec<(&'static str, Idle, Call)> {
    let full = |(one, two): (Socket, Socket)| {
        fill(&one);
        (one, vec![two])
    };
    let quiet = |(one, two): (Socket, Socket)| (one, vec![two]);
    let listener = || (create_server(("127.0.0.1", 0)).unwrap(), Vec::new());
    vec![
        ("accept", listener(), |it| it.accept().map(drop)),
        ("recv", quiet(tcp_pair()), |it| it.recv(&mut [0; 9]).map(drop)),
        ("recv_vec", quiet(tcp_pair()), |it| it.recv_vec(9).map(drop)),
        ("recv peek", quiet(tcp_pair()), |it| it.recv_with(&mut [0], Flags::PEEK).map(drop)),
        ("recv_from", quiet(udp_pair()), |it| it.recv_from(&mut [0; 9]).map(drop)),
        ("recv_msg", quiet(tcp_pair()), |it| {
            it.recv_msg(&mut [IoSliceMut::new(&mut [0; 9])], 64, Flags::NONE).map(drop)
        }),
        ("recv_fds", quiet(Socket::pair().unwrap()), |it| it.recv_fds(&mut [0], 1).map(drop)),
        ("send", full(Socket::pair().unwrap()), |it| it.send(&[0; 9]).map(drop)),
        ("send_all", full(Socket::pair().unwrap()), |it| it.send_all(&[0; 9])),
        ("send_msg", full(Socket::pair().unwrap()), |it| {
            it.send_msg(&[IoSlice::new(&[0; 9])], &[], Flags::NONE, None).map(drop)
        }),
        ("datagram send", full(datagram_pair()), |it| it.send(&[0; 9]).map(drop)),
    ]
}

#[test]
fn row_30_every_call_that_waits_expires_with_timed_out() {
    limited(|| {
        for (name, (socket, _others), call) in waiting_calls() {
            socket.set_timeout(Some(ms(30))).unwrap();
            let (result, took) = measured(|| call(&socket));
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.errno()), (ErrorKind::TimedOut, None), "{name}");
            assert!(error.to_string().ends_with("timed out"), "{error}");
            assert!(took >= ms(30), "{name} is early: {took:?}");
        }
    });
}

#[test]
fn row_30_with_a_timeout_of_zero_the_same_calls_would_block() {
    limited(|| {
        for (name, (socket, _others), call) in waiting_calls() {
            socket.set_timeout(ZERO).unwrap();
            let expected = (ErrorKind::WouldBlock, Some(libc::EAGAIN));
            assert_eq!(failure(call(&socket)), expected, "{name}");
        }
    });
}

#[test]
fn row_30_a_send_to_a_full_receiver_expires() {
    limited(|| {
        let directory = tempfile::tempdir().unwrap();
        let receiver = Socket::new(sock::Family::Unix, Kind::Datagram).unwrap();
        receiver.bind(directory.path().join("a")).unwrap();
        let sender = Socket::new(sock::Family::Unix, Kind::Datagram).unwrap();
        let to = receiver.local_addr().unwrap();
        sender.set_timeout(Some(ms(30))).unwrap();
        // One that is not connected is told that it may send although the receiver is full, so
        // this also holds that the wait does not spin for ever on that.
        let (error, took) = measured(|| {
            loop {
                if let Err(error) = sender.send_to(&[0; 9], &to) {
                    break error;
                }
            }
        });
        assert_eq!((error.kind(), error.errno()), (ErrorKind::TimedOut, None));
        assert!(took >= ms(30), "{took:?}");
    });
}

#[test]
fn row_30_a_descriptor_that_is_always_ready_and_gives_nothing_expires_too() {
    limited(|| {
        let (one, two) = udp_pair();
        one.connect(two.local_addr().unwrap()).unwrap();
        one.set_timeout(Some(ms(30))).unwrap();
        one.shutdown(std::net::Shutdown::Read).unwrap();
        assert_eq!(failure(one.recv(&mut [0; 9])).0, ErrorKind::TimedOut);
    });
}

#[test]
fn row_31_a_timeout_reads_back_and_is_never_early() {
    let (one, _two) = tcp_pair();
    for timeout in [ms(1), ms(7), ms(50), ms(120)] {
        one.set_timeout(Some(timeout)).unwrap();
        assert_eq!(one.timeout(), Some(timeout));
        let (result, took) = measured(|| one.recv(&mut [0; 9]));
        assert_eq!(failure(result).0, ErrorKind::TimedOut);
        assert!(took >= timeout, "{timeout:?} ended after {took:?}");
        let (ready, took) = measured(|| select(&[&one], &[], &[], Some(timeout)).unwrap());
        assert!(ready.read.is_empty());
        assert!(took >= timeout, "select {timeout:?} ended after {took:?}");
    }
    one.set_timeout(Some(ms(7345))).unwrap();
    assert_eq!(one.timeout().unwrap().as_secs_f64().to_string(), "7.345");
    let longest = std::time::Duration::MAX;
    one.set_timeout(Some(longest)).unwrap();
    assert!(
        one.timeout().unwrap().as_secs() > 500 * 365 * 86_400,
        "as long as makes no difference"
    );
}

#[test]
fn row_31_an_endless_timeout_still_receives() {
    limited(|| {
        let (one, two) = tcp_pair();
        one.set_timeout(Some(std::time::Duration::MAX)).unwrap();
        let receiver = asleep(move || one.recv_vec(9));
        two.send_all(b"at last").unwrap();
        assert_eq!(receiver.join().unwrap().unwrap(), b"at last");
    });
}

#[test]
fn row_32_a_default_timeout_holds_for_new_and_accepted_sockets() {
    let builder = Builder::new().default_timeout(Some(ms(5000)));
    assert_eq!(builder.open().unwrap().timeout(), Some(ms(5000)));
    let (one, two) = builder.pair().unwrap();
    assert_eq!((one.timeout(), two.timeout()), (Some(ms(5000)), Some(ms(5000))));
    let given = builder.from_fd(Socket::tcp().unwrap().detach().unwrap()).unwrap();
    assert!(is_nonblocking(&given) && given.timeout() == Some(ms(5000)));
    let options = ServerOptions::new().default_timeout(Some(ms(5000)));
    let server = options.open(("127.0.0.1", 0)).unwrap();
    let client = Socket::tcp().unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let (accepted, _) = server.accept().unwrap();
    assert_eq!(accepted.timeout(), Some(ms(5000)));
    assert!(is_nonblocking(&accepted));
}

#[test]
fn row_32_a_listener_with_a_timeout_of_its_own_accepts_blocking_sockets() {
    for timeout in [ZERO, Some(ms(5000)), None] {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let client = Socket::tcp().unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        select(&[&server], &[], &[], Some(ms(5000))).unwrap();
        server.set_timeout(timeout).unwrap();
        let (accepted, _) = server.accept().unwrap();
        assert_eq!(accepted.timeout(), None);
        assert!(!is_nonblocking(&accepted), "{timeout:?}");
    }
}

#[test]
fn row_33_the_timeout_of_send_all_bounds_the_whole_call() {
    limited(|| {
        let (one, two) = Socket::pair().unwrap();
        one.set_timeout(Some(ms(150))).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        // A peer that reads a little all the time: no single part waits long.
        let reader = thread::spawn(move || {
            let (_never, tick) = mpsc::channel::<()>();
            let mut buf = vec![0; 40_000];
            while !stop.load(Ordering::Relaxed) {
                let _ = tick.recv_timeout(ms(5));
                let _ = two.recv(&mut buf).unwrap();
            }
        });
        // At 40 kB in 5 ms it would take two seconds.
        let (result, took) = measured(|| one.send_all(&vec![0; 16 << 20]));
        over.store(true, Ordering::Relaxed);
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.errno()), (ErrorKind::TimedOut, None));
        assert!(error.to_string().contains("of 16777216 bytes"), "{error}");
        assert!(took >= ms(150) && took < ms(1000), "{took:?}");
        drop(one);
        reader.join().unwrap();
    });
}

#[test]
fn row_35_a_timed_connect_is_refused_or_expires() {
    limited(|| {
        let client = Socket::tcp().unwrap();
        client.set_timeout(Some(ms(20_000))).unwrap();
        let (result, took) = measured(|| client.connect(nobody()));
        assert_eq!(failure(result), (ErrorKind::Refused, Some(libc::ECONNREFUSED)));
        assert!(took < ms(10_000));

        let (full, _waiting) = full_listener();
        let client = Socket::tcp().unwrap();
        client.set_timeout(Some(ms(60))).unwrap();
        let (result, took) = measured(|| client.connect(full.local_addr().unwrap()));
        assert_eq!(failure(result), (ErrorKind::TimedOut, None));
        assert!(took >= ms(60), "{took:?}");

        let server = create_server(("127.0.0.1", 0)).unwrap();
        let client = Socket::tcp().unwrap();
        client.set_timeout(Some(ms(20_000))).unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    });
}

#[test]
fn row_35_a_backlog_of_one_takes_two_and_the_next_times_out() {
    limited(|| {
        let server = ServerOptions::new().backlog(1).open(("127.0.0.1", 0)).unwrap();
        let attempt = || {
            let client = Socket::tcp().unwrap();
            client.set_timeout(Some(ms(60))).unwrap();
            let result = client.connect(server.local_addr().unwrap()).map_err(|error| error.kind());
            (client, result)
        };
        let all = [attempt(), attempt(), attempt()];
        let results = all.each_ref().map(|(_, result)| *result);
        assert_eq!(results, [Ok(()), Ok(()), Err(ErrorKind::TimedOut)]);
    });
}

#[test]
fn row_36_connect_ex_gives_the_errno() {
    limited(|| {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let to = server.local_addr().unwrap();
        let client = |timeout| {
            let socket = Socket::tcp().unwrap();
            socket.set_timeout(timeout).unwrap();
            socket
        };
        for timeout in [None, Some(ms(20_000))] {
            let connected = client(timeout);
            assert_eq!(connected.connect_ex(&to).unwrap(), 0, "{timeout:?}");
            if timeout.is_none() {
                // Linux gives 0 once more after a connect that was waited for outside.
                assert_eq!(connected.connect_ex(&to).unwrap(), libc::EISCONN);
            }
            assert_eq!(client(timeout).connect_ex(nobody()).unwrap(), libc::ECONNREFUSED);
        }
        let (full, _waiting) = full_listener();
        let at_once = client(ZERO);
        assert_eq!(at_once.connect_ex(full.local_addr().unwrap()).unwrap(), libc::EINPROGRESS);
        let expired = client(Some(ms(40)));
        let (errno, took) = measured(|| expired.connect_ex(full.local_addr().unwrap()).unwrap());
        assert_eq!(errno, libc::EAGAIN);
        assert!(took >= ms(40), "{took:?}");
        assert!(client(None).connect_ex(("::1", 1)).unwrap_err().resolver_code().is_some());
    });
}

#[test]
fn row_36_a_connect_that_is_not_waited_for_is_in_progress() {
    let (full, _waiting) = full_listener();
    let client = Socket::tcp().unwrap();
    client.set_nonblocking(true).unwrap();
    let result = client.connect(full.local_addr().unwrap());
    assert_eq!(failure(result), (ErrorKind::WouldBlock, Some(libc::EINPROGRESS)));
}

#[test]
fn row_37_a_blocked_call_does_not_stop_other_threads_on_the_same_socket() {
    limited(|| {
        for timeout in [None, Some(ms(60_000))] {
            let (one, two) = tcp_pair();
            one.set_timeout(timeout).unwrap();
            let one = Arc::new(one);
            let in_call = Arc::clone(&one);
            let receiver = asleep(move || in_call.recv_vec(9));
            one.send_all(b"request").unwrap();
            assert_eq!(two.recv_vec(9).unwrap(), b"request");
            two.send_all(b"reply").unwrap();
            assert_eq!(receiver.join().unwrap().unwrap(), b"reply");
        }
    });
}

#[test]
fn row_37_closing_while_nobody_sleeps_leaves_the_duplicates_alone() {
    limited(|| {
        let (one, two) = tcp_pair();
        let again = one.dup().unwrap();
        let held = one.descriptor().unwrap();
        one.close().unwrap();
        drop(held);
        again.send_all(b"still").unwrap();
        assert_eq!(two.recv_vec(9).unwrap(), b"still");
    });
}

#[test]
fn row_37_a_timeout_that_is_set_meanwhile_holds_for_the_next_call() {
    limited(|| {
        let (one, two) = tcp_pair();
        let one = Arc::new(one);
        one.set_timeout(Some(ms(60_000))).unwrap();
        let in_call = Arc::clone(&one);
        let receiver = asleep(move || in_call.recv_vec(9));
        one.set_timeout(ZERO).unwrap();
        assert_eq!(failure(one.recv(&mut [0])).0, ErrorKind::WouldBlock);
        one.set_timeout(None).unwrap();
        two.send_all(b"reply").unwrap();
        assert_eq!(receiver.join().unwrap().unwrap(), b"reply", "the old call has its own");
    });
}
