//! Every failure keeps its number and is told apart without reading text.

use std::io;

use super::{Attempt, Error, ErrorKind};
use crate::socket::Address;

fn inet(port: u16) -> Address {
    Address::from(([127, 0, 0, 1], port))
}

#[test]
fn an_errno_survives_the_way_through_std_and_back() {
    for errno in [libc::EPIPE, libc::ENOTCONN, libc::EBADF, libc::EMSGSIZE, libc::EOVERFLOW] {
        let bare = io::Error::from(Error::from_errno("send", errno));
        assert_eq!(bare.raw_os_error(), Some(errno));
        assert_eq!(Error::from(bare).errno(), Some(errno));

        let told = io::Error::from(Error::from_errno("send", errno).about("cannot send"));
        let back = Error::from(told);
        assert_eq!(back.errno(), Some(errno));
        assert!(back.to_string().starts_with("cannot send: "), "{back}");
    }
}

#[test]
fn a_resolver_code_is_a_kind_of_its_own_and_survives() {
    let error = Error::from(io::Error::from(Error::from_resolver_code(-3, "cannot resolve x")));
    assert_eq!((error.kind(), error.resolver_code()), (ErrorKind::NameTryAgain, Some(-3)));
    assert_eq!(error.errno(), None);
}

#[test]
fn a_timeout_of_ours_has_no_errno_and_the_kernels_has() {
    let ours = Error::timed_out("recv");
    assert_eq!((ours.kind(), ours.errno()), (ErrorKind::TimedOut, None));
    assert_eq!(ours.to_string(), "recv: timed out");
    assert_eq!(io::Error::from(ours).kind(), io::ErrorKind::TimedOut);
    let kernel = Error::from_errno("recv", libc::ETIMEDOUT);
    assert_eq!((kernel.kind(), kernel.errno()), (ErrorKind::TimedOut, Some(110)));
}

#[test]
fn every_attempt_of_a_connect_is_named_and_the_last_gives_the_kind() {
    let attempts = vec![
        Attempt::new(inet(1), Error::from_errno("connect", libc::ENETUNREACH)),
        Attempt::new(inet(2), Error::from_errno("connect", libc::ECONNREFUSED)),
    ];
    let error = Error::from_attempts("cannot connect to here".to_owned(), attempts);
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Refused, Some(libc::ECONNREFUSED)));
    assert_eq!(
        error.to_string(),
        "cannot connect to here: 127.0.0.1:1: unreachable, 127.0.0.1:2: connection refused; \
         nothing listens there: start the server, or check the port"
    );
    assert_eq!(error.attempts().len(), 2);
}

#[test]
fn an_address_that_reset_says_more_than_one_that_refused() {
    let attempts = vec![
        Attempt::new(inet(1), Error::from_errno("connect", libc::ECONNRESET)),
        Attempt::new(inet(2), Error::from_errno("connect", libc::ECONNREFUSED)),
    ];
    let error = Error::from_attempts("cannot connect to here".to_owned(), attempts);
    assert_eq!(error.kind(), ErrorKind::Reset);
    assert!(!error.to_string().contains("nothing listens"), "{error}");
}

#[test]
fn the_only_attempt_is_told_once() {
    let only = Attempt::new(inet(9), Error::from_errno("connect", libc::ECONNREFUSED));
    let error = Error::from_attempts("cannot connect to 127.0.0.1:9".to_owned(), vec![only]);
    assert_eq!(
        error.to_string(),
        "cannot connect to 127.0.0.1:9: connection refused; \
         nothing listens there: start the server, or check the port"
    );
    assert_eq!(error.attempts()[0].address, inet(9));
    assert_eq!(error.attempts()[0].error.errno(), Some(libc::ECONNREFUSED));
}

#[test]
fn an_unknown_errno_is_told_in_the_systems_words() {
    let error = Error::from_errno("send", libc::ENOBUFS);
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.to_string(), "send: no buffer space available");
}

/// `fn main() -> sock::Result<()>` writes `Error: {error:?}`.
#[test]
fn what_a_main_function_shows_is_the_text_and_programmers_see_the_fields() {
    let error = Error::from_errno("", 111).about("cannot connect to b").cure("start it");
    assert_eq!(format!("{error:?}"), "cannot connect to b: connection refused; start it");
    let fields = format!("{error:#?}");
    for field in ["kind: Refused", "errno: 111", "text: cannot connect to b: "] {
        assert!(fields.contains(field), "{fields}");
    }
}
