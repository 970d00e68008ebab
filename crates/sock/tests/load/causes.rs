//! What goes wrong, each by its cause and as often as it happened.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use sock::ErrorKind;
use sock::load::{Length, Loader, Pace};
use sock_load::Cause;
use sock_proto::load::{Check, Message};

use crate::counts::ms;
use crate::rig::{Served, causes, check_sum, hear, treats};

fn loader(endpoint: sock::Endpoint) -> Loader {
    Loader::new(endpoint).length(Length::Messages(10)).message(Message::bytes(b"ping"))
}

/// A port at which nobody listens.
fn nobody() -> sock::Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    format!("tcp:127.0.0.1:{port}").parse().expect("an endpoint")
}

#[test]
fn nobody_listens() {
    let report = loader(nobody()).connections(3).run().expect("it is a finding, no failure");
    assert_eq!(causes(&report), [(Cause::Refused, 3)]);
    assert!(report.errors[0].cure.as_deref().is_some_and(|cure| cure.contains("start the server")));
    assert_eq!((report.connections.asked, report.connections.opened), (3, 0));
    assert_eq!(report.messages.replies, 0);
    // With a connection for each message, each is lost.
    let report = loader(nobody()).new_connection(true).run().expect("it is a finding");
    assert_eq!(report.connections.opened, 0);
    assert!(report.verdict.missing >= 1, "{report:?}");
}

#[test]
fn a_reset_is_one() {
    let endpoint = treats(|mut stream| {
        hear(&mut stream, 4);
        let socket = rustix_linger(&stream);
        assert!(socket.is_ok());
    });
    let report = loader(endpoint).run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Reset, 10)]);
    assert_eq!(report.connections.opened, 10);
    check_sum(&report);
}

/// Makes the end of a stream a reset.
fn rustix_linger(stream: &std::net::TcpStream) -> std::io::Result<()> {
    let zero = Some(Duration::ZERO);
    Ok(rustix::net::sockopt::set_socket_linger(stream, zero)?)
}

#[test]
fn an_end_before_a_reply_or_within_it_is_short() {
    for answer in [&b""[..], b"pi"] {
        let endpoint = treats(move |mut stream| {
            hear(&mut stream, 4);
            let _ = stream.write_all(answer);
        });
        let report = loader(endpoint).run().expect("it loads");
        assert_eq!(causes(&report), [(Cause::Short, 10)]);
        check_sum(&report);
    }
}

#[test]
fn a_wrong_byte_is_told_with_its_place() {
    let endpoint = treats(|mut stream| {
        while !hear(&mut stream, 4).is_empty() {
            let _ = stream.write_all(b"pong");
        }
    });
    let loader = loader(endpoint).check(Check::Bytes((*b"ping").into()), "echo");
    let report = loader.run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Wrong, 10)]);
    assert!(
        report.errors[0].text.contains("has 0x6f ('o') at byte 1, not 0x69 ('i')"),
        "{report:?}"
    );
    check_sum(&report);
}

#[test]
fn more_than_was_asked_for_is_wrong() {
    let endpoint = treats(|mut stream| {
        while !hear(&mut stream, 4).is_empty() {
            let _ = stream.write_all(b"ping?");
        }
    });
    let report = loader(endpoint).run().expect("it loads");
    assert_eq!((report.messages.replies, causes(&report)), (10, vec![(Cause::Wrong, 10)]));
    assert!(report.errors[0].text.contains("nobody had asked"), "{report:?}");
}

#[test]
fn a_datagram_that_the_system_does_not_take_is_no_silence() {
    let served = Served::row("echo", "udp:127.0.0.1:0");
    let message = Message::bytes("x".repeat(65_508).as_bytes());
    let loader = served.loader().connections(1).message(message).length(Length::Messages(3));
    let report = loader.timeout(Some(Duration::from_millis(20))).run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Other, 3)]);
    let told = &report.errors[0];
    assert!(told.text.contains("65508 B was not sent: Message too long"), "{told:?}");
    assert!(told.cure.as_ref().is_some_and(|cure| cure.contains("--size")), "{told:?}");
}

#[test]
fn silence_is_a_timeout_and_the_connection_is_replaced() {
    let endpoint = treats(std::mem::forget);
    let loader = loader(endpoint).timeout(Some(ms(20)));
    let report = loader.run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Timeout, 10)]);
    assert_eq!(report.connections.opened, 10);
    check_sum(&report);
}

#[test]
fn who_stalls_keeps_everybody_waiting_whose_turn_it_was() {
    // The first message is answered after 150 ms; the next are behind it.
    let endpoint = treats(|mut stream| {
        let mut first = true;
        while !hear(&mut stream, 4).is_empty() {
            if std::mem::take(&mut first) {
                stall();
            }
            let _ = stream.write_all(b"ping");
        }
    });
    let pace = Pace::Open { rate: 100.0, most: u32::MAX };
    let report = loader(endpoint).pace(pace).length(Length::Time(ms(300))).run().expect("it loads");
    assert_eq!((report.messages.due, report.messages.replies), (Some(30), 30));
    // A closed loop would have had one slow reply; here each waited that was due meanwhile.
    let latency = report.latency.histogram.as_ref().expect("it is kept");
    assert!(latency.at(0.5).is_some() && report.latency.max >= Some(150_000_000));
    let p75 = report.latency.p75.expect("there are replies");
    assert!(p75 >= 50_000_000, "a quarter waited at least 50 ms: {p75}");
    check_sum(&report);
}

/// 150 ms, by a wait for what never comes.
fn stall() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(ms(150))).expect("a timeout");
    assert!(socket.recv(&mut [0]).is_err());
}

#[test]
fn replies_that_are_owed_at_the_end_are_errors() {
    let endpoint = treats(std::mem::forget);
    let loader = loader(endpoint).length(Length::Time(ms(50))).grace(ms(50)).timeout(None);
    let report = loader.connections(3).run().expect("it loads");
    assert_eq!((report.messages.sent, report.verdict.missing), (3, 3));
    assert_eq!(causes(&report), [(Cause::Timeout, 3)]);
    check_sum(&report);
}

#[test]
fn a_name_that_is_none_and_more_descriptors_than_there_are_fail_at_once() {
    let nowhere = "tcp://nowhere.invalid:7".parse().expect("an endpoint");
    let error = loader(nowhere).run().expect_err("there is no such name");
    assert!(matches!(error.kind(), ErrorKind::NameNotKnown | ErrorKind::NameTryAgain));
    let error = loader(nobody()).connections(usize::MAX / 2).run().expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::OutOfDescriptors);
    assert!(error.to_string().contains("ulimit"), "{error}");
}
