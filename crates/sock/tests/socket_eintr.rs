//! Row 34: signals. They are the process's, so these tests have a program of their own.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]
#![allow(unsafe_code, reason = "a handler without SA_RESTART, and signals to one thread")]

mod socket_common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use sock::socket::{Selector, Socket, create_server, select_with};
use sock::{Error, ErrorKind, Result};
use socket_common::{failure, fill, full_listener, limited, measured, ms, tcp_pair};

extern "C" fn ignore(_: libc::c_int) {}

/// Makes SIGUSR1 interrupt the calls of the thread that it is sent to.
fn let_signals_interrupt() {
    // SAFETY: the handler does nothing, and all-zero is a `sigaction` without flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as extern "C" fn(libc::c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
}

/// Runs `call` while signals rain on its thread: one each 20 ms, for at most `long`.
fn in_the_rain<T>(long: Duration, call: impl FnOnce() -> T) -> T {
    let_signals_interrupt();
    // SAFETY: it has no precondition.
    let here = unsafe { libc::pthread_self() };
    let (over, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let start = socket_common::clock();
            while start.elapsed() < long
                && wait.recv_timeout(ms(20)) == Err(RecvTimeoutError::Timeout)
            {
                // SAFETY: the scope holds the other thread until this one has ended.
                unsafe { libc::pthread_kill(here, libc::SIGUSR1) };
            }
        });
        let value = call();
        drop(over);
        value
    })
}

/// A hook that counts, and what it has counted.
fn counting(socket: &Socket) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    socket.on_interrupt(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    count
}

#[test]
fn row_34_after_a_signal_a_call_goes_on_with_the_time_that_remains() {
    limited(|| {
        type Call = fn(&Socket) -> Result<()>;
        let (quiet, _peer) = tcp_pair();
        let (full, _other) = Socket::pair().unwrap();
        fill(&full);
        let listener = create_server(("127.0.0.1", 0)).unwrap();
        let cases: [(&str, Socket, Call); 4] = [
            ("recv", quiet, |it| it.recv(&mut [0; 9]).map(drop)),
            ("send", full.dup().unwrap(), |it| it.send(b"x").map(drop)),
            ("send_all", full, |it| it.send_all(b"x")),
            ("accept", listener, |it| it.accept().map(drop)),
        ];
        for (name, socket, call) in cases {
            socket.set_timeout(Some(ms(200))).unwrap();
            let count = counting(&socket);
            let (result, took) = in_the_rain(ms(2000), || measured(|| call(&socket)));
            assert_eq!(failure(result), (ErrorKind::TimedOut, None), "{name}");
            assert!(count.load(Ordering::Relaxed) >= 3, "{name} was interrupted");
            assert!(took >= ms(200), "{name} is early: {took:?}");
            assert!(took < ms(1000), "{name} began its timeout anew: {took:?}");
        }
    });
}

#[test]
fn row_34_a_connect_goes_on_too() {
    limited(|| {
        let (full, _waiting) = full_listener();
        let socket = Socket::tcp().unwrap();
        socket.set_timeout(Some(ms(200))).unwrap();
        let count = counting(&socket);
        let to = full.local_addr().unwrap();
        let (result, took) = in_the_rain(ms(2000), || measured(|| socket.connect(&to)));
        assert_eq!(failure(result), (ErrorKind::TimedOut, None));
        assert!(count.load(Ordering::Relaxed) >= 3);
        assert!(took >= ms(200) && took < ms(1000), "{took:?}");
    });
}

#[test]
fn row_34_without_a_timeout_a_call_goes_on_until_it_is_done() {
    limited(|| {
        let (one, two) = tcp_pair();
        let count = counting(&one);
        let counted = Arc::clone(&count);
        let sender = thread::spawn(move || {
            while counted.load(Ordering::Relaxed) < 3 {
                thread::yield_now();
            }
            two.send_all(b"at last").unwrap();
            two
        });
        assert_eq!(in_the_rain(ms(20_000), || one.recv_vec(9)).unwrap(), b"at last");
        drop(sender.join().unwrap());
    });
}

#[test]
fn row_34_a_connect_without_a_timeout_is_not_begun_anew() {
    limited(|| {
        let (full, _waiting) = full_listener();
        let socket = Socket::tcp().unwrap();
        let count = counting(&socket);
        let to = full.local_addr().unwrap();
        let counted = Arc::clone(&count);
        let acceptor = thread::spawn(move || {
            while counted.load(Ordering::Relaxed) < 2 {
                thread::yield_now();
            }
            // With room for all that wait, the kernel's next attempt gets through.
            let all = [full.accept().unwrap(), full.accept().unwrap(), full.accept().unwrap()];
            (all, full)
        });
        in_the_rain(ms(20_000), || socket.connect(&to)).unwrap();
        assert_eq!(socket.peer_addr().unwrap(), to);
        drop(acceptor.join().unwrap());
    });
}

#[test]
fn row_34_a_hook_that_fails_ends_the_call() {
    limited(|| {
        for timeout in [None, Some(ms(20_000))] {
            let (one, _two) = tcp_pair();
            one.set_timeout(timeout).unwrap();
            one.on_interrupt(|| Err(Error::new(ErrorKind::Interrupted, "asked to stop")));
            let error = in_the_rain(ms(20_000), || one.recv(&mut [0])).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::Interrupted, "asked to stop")
            );
        }
    });
}

#[test]
fn row_34_the_hook_runs_between_the_parts_of_send_all() {
    limited(|| {
        let (one, _two) = tcp_pair();
        one.set_timeout(Some(ms(20_000))).unwrap();
        one.on_interrupt(|| Err(Error::new(ErrorKind::Interrupted, "asked to stop")));
        // More than fits at once: the first part is sent, no signal comes, and the hook is asked.
        let error = one.send_all(&vec![0; 64 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(error.to_string().contains("of 67108864 bytes"), "{error}");
    });
}

#[test]
fn row_34_accepted_and_duplicated_sockets_have_the_hook() {
    limited(|| {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let count = counting(&server);
        let client = Socket::tcp().unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        let (accepted, _) = server.accept().unwrap();
        for socket in [&accepted, &accepted.dup().unwrap()] {
            let before = count.load(Ordering::Relaxed);
            socket.set_timeout(Some(ms(100))).unwrap();
            let _ = in_the_rain(ms(2000), || socket.recv(&mut [0])).unwrap_err();
            assert!(count.load(Ordering::Relaxed) > before);
        }
    });
}

#[test]
fn row_49_select_goes_on_after_a_signal_with_the_time_that_remains() {
    limited(|| {
        let (one, _two) = tcp_pair();
        let mut count = 0;
        let mut hook = || {
            count += 1;
            Ok(())
        };
        let (ready, took) = in_the_rain(ms(2000), || {
            measured(|| select_with(&[&one], &[], &[], Some(ms(200)), &mut hook))
        });
        assert!(ready.unwrap().read.is_empty());
        assert!(count >= 3 && took >= ms(200) && took < ms(1000), "{count} {took:?}");

        let mut selector = Selector::new();
        selector.register(&one, sock::socket::Interest::Read, ()).unwrap();
        let (ready, took) =
            in_the_rain(ms(2000), || measured(|| selector.select(Some(ms(200))).unwrap().len()));
        assert!(ready == 0 && took >= ms(200) && took < ms(1000), "{took:?}");
        let stop = || Err(Error::new(ErrorKind::Interrupted, "asked to stop"));
        let stopped =
            in_the_rain(ms(2000), || selector.select_with(None, stop).map(|all| all.len()));
        assert_eq!(failure(stopped).0, ErrorKind::Interrupted);
    });
}
