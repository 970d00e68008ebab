//! Every transport that can be loaded.

use std::net::UdpSocket;

use sock::Server;
use sock::load::{Length, Loader, Pace};
use sock::tls::ClientTls;
use sock_load::Cause;
use sock_proto::Kind;
use sock_proto::load::{Message, Until};

use crate::counts::{checked, ms};
use crate::rig::{Served, causes, check_sum, service};

#[test]
fn datagrams_are_answered_one_by_one() {
    let served = Served::row("upper", "udp:127.0.0.1:0");
    let loader = served.loader().pace(Pace::Closed { depth: 2 });
    let report =
        checked(loader, "upper", "{n} {random:8}", Kind::Datagram).run().expect("it loads");
    assert_eq!((report.messages.sent, report.messages.replies), (1000, 1000));
    assert_eq!((causes(&report).len(), report.connect.is_none()), (0, true));
    assert_eq!(report.told.transport, "udp");
    check_sum(&report);
}

#[test]
fn a_lost_datagram_times_out_and_a_closed_port_refuses() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its address").port();
    let endpoint: sock::Endpoint = format!("udp:127.0.0.1:{port}").parse().expect("an endpoint");
    let loader = Loader::new(endpoint).timeout(Some(ms(10))).length(Length::Messages(5));
    let report = loader.clone().run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Timeout, 5)]);
    check_sum(&report);
    drop(silent);
    let report = loader.run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Refused, 5)]);
}

#[test]
fn unix_sockets_of_both_kinds() {
    let folder = tempfile::tempdir().expect("a folder");
    for scheme in ["unix", "unixgram"] {
        let path = folder.path().join(scheme);
        let served = Served::row("echo", &format!("{scheme}:{}", path.display()));
        let kind = if scheme == "unix" { Kind::Stream } else { Kind::Datagram };
        let report = checked(served.loader(), "echo", "{n}", kind).run().expect("it loads");
        assert_eq!((report.messages.replies, causes(&report).len()), (1000, 0), "{scheme}");
        assert_eq!(report.told.transport, scheme);
        check_sum(&report);
    }
}

#[test]
fn tls_with_its_handshake_in_the_connect_latency() {
    let endpoint = "tls:127.0.0.1:0".parse().expect("an endpoint");
    let served = Served::of(Server::new(service("echo")).listen(endpoint).grace(ms(200)));
    let loader = checked(served.loader(), "echo", "{n} {random:300}", Kind::Stream);
    let trusting = loader.clone().tls(ClientTls::new().insecure());
    let report = trusting.run().expect("it loads");
    assert_eq!((report.messages.replies, causes(&report).len()), (1000, 0));
    let connect = report.connect.as_ref().expect("it is measured apart");
    assert_eq!(connect.count, 4);
    check_sum(&report);
    // Whom nobody trusts is not talked to.
    let report = loader.run().expect("it is a finding");
    assert!(matches!(causes(&report)[..], [(Cause::Tls, 1..)]), "{report:?}");
    assert_eq!(report.messages.sent, 0);
}

#[test]
fn http_keeps_its_connections() {
    let served = Served::row("http", "tcp:127.0.0.1:0");
    let request = Message::bytes(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    let loader = served.loader().message(request).until(Until::Http { head: false });
    let report = loader.clone().transport("http").run().expect("it loads");
    assert_eq!((report.messages.replies, causes(&report).len()), (1000, 0));
    assert_eq!((report.connections.opened, report.told.transport.as_str()), (4, "http"));
    check_sum(&report);
    let lost = Message::bytes(b"GET /nowhere HTTP/1.1\r\nHost: here\r\n\r\n");
    let report = loader.message(lost).length(Length::Messages(10)).run().expect("it loads");
    assert_eq!(causes(&report), [(Cause::Wrong, 10)]);
    assert!(report.errors[0].text.contains("status 404"), "{report:?}");
}
