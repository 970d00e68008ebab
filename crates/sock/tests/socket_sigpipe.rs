//! Row 24: in a process where SIGPIPE kills, as C's are; so this test has a program of its own.
#![allow(clippy::unwrap_used, reason = "the functions of a test program are tests too")]
#![allow(unsafe_code, reason = "Rust's runtime ignores SIGPIPE, and a program in C does not")]

mod socket_common;

use std::io::{IoSlice, Write};

use sock::socket::Flags;
use sock::{ErrorKind, Result};
use socket_common::{failure, limited, tcp_pair};

#[test]
fn row_24_writing_to_a_gone_peer_is_an_error_value() {
    // SAFETY: the default action needs no handler to be sound.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    limited(|| {
        type Send = fn(&sock::socket::Socket) -> Result<()>;
        let calls: [(&str, Send); 6] = [
            ("send", |it| it.send(b"x").map(drop)),
            ("send_all", |it| it.send_all(b"x")),
            ("send_to", |it| it.send_to(b"x", it.peer_addr()?).map(drop)),
            ("send_msg", |it| it.send_msg(&[IoSlice::new(b"x")], &[], Flags::NONE, None).map(drop)),
            ("sendfile", |it| {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(b"x").unwrap();
                it.sendfile(&file, 0, None).map(drop)
            }),
            ("writer", |it| {
                let mut writer = it.writer()?;
                writer.write_all(b"x").unwrap();
                writer.close()
            }),
        ];
        for (name, call) in calls {
            // A socket that ended its own writing is in the same state at once and for sure.
            let (one, _two) = tcp_pair();
            one.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(failure(call(&one)), (ErrorKind::BrokenPipe, Some(libc::EPIPE)), "{name}");

            let (one, two) = tcp_pair();
            drop(two);
            // The first write draws the reset that makes the next ones fail.
            let error = loop {
                if let Err(error) = call(&one) {
                    break error;
                }
            };
            let gone = [ErrorKind::BrokenPipe, ErrorKind::Reset, ErrorKind::NotConnected];
            assert!(gone.contains(&error.kind()), "{name}: {error}");
        }
    });
}
