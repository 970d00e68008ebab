//! Endpoints: each form that may be written, each fault's place, and the round trip.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use sock_proto::{Endpoint, Host, HostName, ParseError, Transport, UnixName, Zone};

mod fuzz;

use fuzz::fuzz;

fn parse(text: &str) -> Endpoint {
    text.parse().unwrap_or_else(|e: ParseError| panic!("{e}"))
}

#[test]
fn every_form_is_shown_in_the_first() {
    for (written, shown) in [
        ("tcp://localhost:7", "tcp://localhost:7"),
        ("tcp:localhost:7", "tcp://localhost:7"),
        ("localhost:7", "tcp://localhost:7"),
        ("TCP://localhost:7", "tcp://localhost:7"),
        ("udp://127.0.0.1:12000", "udp://127.0.0.1:12000"),
        ("udp:127.0.0.1:12000", "udp://127.0.0.1:12000"),
        ("tls:example.org.:443", "tls://example.org.:443"),
        ("a-b_c.d:1", "tcp://a-b_c.d:1"),
        ("b\u{fc}cher.example:80", "tcp://b\u{fc}cher.example:80"),
        ("tcp:tcp:80", "tcp://tcp:80"),
        ("[::1]:80", "tcp://[::1]:80"),
        ("udp://[::1]:80", "udp://[::1]:80"),
        ("[0:0::0:1]:80", "tcp://[::1]:80"),
        ("[::ffff:1.2.3.4]:80", "tcp://[::ffff:1.2.3.4]:80"),
        ("tls:[fe80::1%eth0]:443", "tls://[fe80::1%eth0]:443"),
        ("[fe80::1%2]:443", "tcp://[fe80::1%2]:443"),
        ("8000", "tcp:8000"),
        ("tcp:8000", "tcp:8000"),
        ("tcp://8000", "tcp:8000"),
        ("udp:8000", "udp:8000"),
        (":8000", "tcp://:8000"),
        ("udp::8000", "udp://:8000"),
        ("udp://:8000", "udp://:8000"),
        (":0", "tcp://:0"),
        ("localhost:00080", "tcp://localhost:80"),
        ("localhost:65535", "tcp://localhost:65535"),
        ("unix:/tmp/s", "unix:/tmp/s"),
        ("unix:s", "unix:s"),
        ("unix:///tmp/s", "unix:/tmp/s"),
        ("unix:////tmp/s", "unix:////tmp/s"),
        ("unix:@name", "unix:@name"),
        ("unix:\\x40name", "unix:\\x40name"),
        ("unixgram:/tmp/a b:1", "unixgram:/tmp/a b:1"),
        ("unixgram:@\\x00\\xff\\\\", "unixgram:@\\x00\\xff\\\\"),
        ("unix:/gr\u{fc}n", "unix:/gr\u{fc}n"),
        ("stdio", "stdio:"),
        ("stdio:", "stdio:"),
        ("stdio://", "stdio:"),
    ] {
        let endpoint = parse(written);
        assert_eq!(endpoint.to_string(), shown, "{written}");
        assert_eq!(parse(shown), endpoint, "{written}");
    }
}

#[test]
fn the_parts_are_what_was_written() {
    let name = |text| Host::Name(HostName::new(text).unwrap());
    assert_eq!(parse("localhost:7"), Endpoint::Tcp(name("localhost"), 7));
    assert_eq!(parse("udp:10.0.0.1:7"), Endpoint::Udp(Host::V4(Ipv4Addr::new(10, 0, 0, 1)), 7));
    assert_eq!(
        parse("tls://[fe80::1%lo]:7"),
        Endpoint::Tls(Host::V6("fe80::1".parse().unwrap(), Zone::new("lo")), 7)
    );
    assert_eq!(parse("udp:53"), Endpoint::Udp(Host::Loopback, 53));
    assert_eq!(parse("udp::53"), Endpoint::Udp(Host::Every, 53));
    assert_eq!(parse("0.0.0.0:53"), Endpoint::Tcp(Host::V4(Ipv4Addr::UNSPECIFIED), 53));

    let Endpoint::Unix(path) = parse("unix:/tmp/\\xff") else { panic!("the scheme decides") };
    assert_eq!(path.as_path(), Some(&b"/tmp/\xff"[..]));
    assert_eq!((path.as_abstract(), path.is_unnamed()), (None, false));
    let Endpoint::Unixgram(name) = parse("unixgram:@a") else { panic!("the scheme decides") };
    assert_eq!((name.as_abstract(), name.as_path()), (Some(&b"a"[..]), None));
}

#[test]
fn a_fault_is_where_it_is() {
    for (text, at, expected) in [
        ("", 0, "HOST:PORT"),
        ("tcp:", 4, "HOST:PORT"),
        ("tcp://", 6, "HOST:PORT"),
        ("localhost", 9, "a colon and a port"),
        ("tcp://localhost", 15, "a colon and a port"),
        ("localhost:", 10, "a port"),
        ("localhost:80x", 12, "a port"),
        ("localhost:80/", 12, "a port"),
        ("localhost:-1", 10, "a port"),
        ("localhost:+1", 10, "a port"),
        ("localhost:65536", 10, "a port"),
        ("65536", 0, "a port"),
        (":", 1, "a port"),
        ("udp::x", 5, "a port"),
        ("local host:80", 5, "a host"),
        ("a..b:80", 2, "a host"),
        ("a.-b:80", 2, "a host"),
        ("-v:80", 0, "a host"),
        ("*:80", 0, "no star"),
        ("tcp:///x:80", 6, "a host"),
        ("b\u{fc}/:80", 3, "a host"),
        ("256.0.0.1:80", 0, "an IPv4 address"),
        ("127.0.0.300:80", 8, "an IPv4 address"),
        ("127.0.0.01:80", 8, "an IPv4 address"),
        ("127.0.0:80", 7, "an IPv4 address"),
        ("127.0.0.1.2:80", 10, "an IPv4 address"),
        ("0:80", 1, "an IPv4 address"),
        ("::1:80", 0, "an IPv6 address in brackets"),
        ("udp:fe80::1:80", 4, "an IPv6 address in brackets"),
        ("[::1", 4, "the closing bracket"),
        ("[::1]", 5, "a colon and a port"),
        ("[::1]80", 5, "a colon and a port"),
        ("[::1]:x", 6, "a port"),
        ("[::g]:80", 3, "an IPv6 address"),
        ("[12345::]:80", 5, "an IPv6 address"),
        ("[1:2:3]:80", 1, "an IPv6 address"),
        ("[127.0.0.1]:80", 1, "an IPv6 address"),
        ("[fe80::1%]:80", 9, "the name or number of an interface"),
        ("[fe80::1%a b]:80", 10, "the name or number of an interface"),
        ("http://localhost:80", 0, "tcp, udp"),
        ("http:localhost:80", 0, "tcp, udp"),
        ("udq:[::1]:80", 0, "tcp, udp"),
        ("unix:", 5, "a path"),
        ("unix://", 7, "a path"),
        ("unix:a\\n", 6, "\\\\ or \\xNN"),
        ("unix:a\\x0", 6, "\\\\ or \\xNN"),
        ("unix:@a\\xg0", 7, "\\\\ or \\xNN"),
        ("unix:a\\x00", 6, "a byte other than 0"),
        ("unix:a\0", 6, "a byte other than 0"),
        ("stdio:x", 6, "nothing more"),
    ] {
        let error = text.parse::<Endpoint>().expect_err(text);
        assert_eq!((error.at(), error.text()), (at, text), "{error}");
        assert!(error.expected().starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn the_caret_stands_under_the_character_whatever_its_length() {
    let error = "b\u{fc}\u{1b}cher:80".parse::<Endpoint>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad endpoint: expected a host: a name, an IPv4 address or an IPv6 address in brackets\n  \
         b\u{fc}\u{fffd}cher:80\n    ^"
    );
    let error = "localhost".parse::<Endpoint>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad endpoint: expected a colon and a port\n  localhost\n           ^"
    );
}

#[test]
fn the_address_of_a_web_page_is_answered_by_its_endpoint() {
    for (text, endpoint) in [
        ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
        ("https://127.0.0.1:8443", "tls://127.0.0.1:8443"),
        ("https://example.org/a?b", "tls://example.org:443"),
        ("http://localhost", "localhost:80"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("http://[::1]/", "[::1]:80"),
    ] {
        let error = text.parse::<Endpoint>().expect_err(text).to_string();
        let first = error.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!(" before the colon; write {endpoint}")), "{error}");
    }
    for text in ["http://", "http:///a", "http://a b/", "http://me@host/", "ftp://host/"] {
        let error = text.parse::<Endpoint>().expect_err(text).to_string();
        assert!(!error.contains("; write"), "{error}");
    }
}

#[test]
fn what_has_a_port_or_a_scheme_is_no_argument() {
    for text in [
        "8000",
        ":8000",
        ":x",
        "localhost:80",
        "localhost:80x",
        "a b://c",
        "udp:",
        "unix:x",
        "stdio:",
        "[::1]",
        "[::1]:80",
        "::1:80",
        "http://x",
        "127.0.0.1:0",
    ] {
        assert!(Endpoint::looks_like(text), "{text}");
    }
    for text in ["", "./site", "site", "a:b", "./site:80", "at 12:30", "x:", "stdio", "127.0.0.1"] {
        assert!(!Endpoint::looks_like(text), "{text}");
    }
}

#[test]
fn the_unsaid_hosts_are_opened_and_tried_as_promised() {
    let shown = |list: Vec<Endpoint>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (text, listen, connect) in [
        ("udp:7", vec!["udp://127.0.0.1:7"], vec!["udp://127.0.0.1:7", "udp://[::1]:7"]),
        (":7", vec!["tcp://[::]:7", "tcp://0.0.0.0:7"], vec!["tcp://127.0.0.1:7", "tcp://[::1]:7"]),
        ("tls:a:7", vec!["tls://a:7"], vec!["tls://a:7"]),
        ("unix:@a", vec!["unix:@a"], vec!["unix:@a"]),
        ("stdio", vec!["stdio:"], vec!["stdio:"]),
    ] {
        assert_eq!(shown(parse(text).to_listen()), listen, "{text}");
        assert_eq!(shown(parse(text).to_connect()), connect, "{text}");
    }
}

#[test]
fn a_numeric_address_goes_both_ways() {
    for text in ["1.2.3.4:5", "[::1]:5", "[fe80::1%7]:5"] {
        let addr = parse(text).socket_addr().unwrap();
        assert_eq!(addr.to_string(), text);
        assert_eq!(Endpoint::tcp(addr), parse(text));
        assert_eq!(Endpoint::udp(addr).transport(), Transport::Udp);
        assert_eq!(Endpoint::tls(addr).transport(), Transport::Tls);
    }
    for text in ["localhost:5", "[fe80::1%eth0]:5", ":5", "5", "unix:5", "stdio:"] {
        assert_eq!(parse(text).socket_addr(), None, "{text}");
    }
}

#[test]
fn ports_and_kinds() {
    for text in ["tcp:1", "udp:1", "tls:1", "unix:a", "unixgram:a", "stdio:"] {
        let endpoint = parse(text);
        assert_ne!(endpoint.is_stream(), endpoint.is_datagram(), "{text}");
        assert_eq!(endpoint.is_datagram(), text.starts_with("udp") || text.starts_with("unixgram"));
        assert_eq!(endpoint.transport().to_string(), text.split(':').next().unwrap());
        let moved = endpoint.clone().with_port(9);
        match endpoint.port() {
            Some(port) => assert_eq!((port, moved.port()), (1, Some(9))),
            None => assert_eq!(moved, endpoint),
        }
    }
}

#[test]
fn names_and_zones_that_could_not_be_written_cannot_be_made() {
    for text in ["", "a b", "a:b", "127.0.0.1", "7", "a/b", "[", ".a"] {
        assert_eq!(HostName::new(text), None, "{text}");
    }
    for text in ["", "a]", "a b", "a/b"] {
        assert_eq!(Zone::new(text), None, "{text}");
    }
    assert_eq!((Zone::from_index(0), Zone::from_index(2)), (None, Zone::new("2")));
    assert_eq!(Zone::new("2").and_then(|z| z.index()), Some(2));
    assert_eq!(Zone::new("eth0").and_then(|z| z.index()), None);
}

fn any_host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "\\PC{1,12}".prop_filter_map("a name", |s| HostName::new(&s)).prop_map(Host::Name),
        "[a-z0-9_.-]{1,20}".prop_filter_map("a name", |s| HostName::new(&s)).prop_map(Host::Name),
        any::<Ipv4Addr>().prop_map(Host::V4),
        (any::<Ipv6Addr>(), proptest::option::of("\\PC{1,8}"))
            .prop_map(|(ip, zone)| Host::V6(ip, zone.and_then(|z| Zone::new(&z)))),
        Just(Host::Every),
        Just(Host::Loopback),
    ]
}

fn any_unix_name() -> impl Strategy<Value = UnixName> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|b| UnixName::from_abstract(&b)),
        proptest::collection::vec(any::<u8>(), 1..20).prop_map(|b| UnixName::from_sun_path(&b)),
        "[/@\\\\x:]{1,4}".prop_map(|s| UnixName::from_sun_path(s.as_bytes())),
    ]
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    prop_oneof![
        (any_host(), any::<u16>()).prop_map(|(host, port)| Endpoint::Tcp(host, port)),
        (any_host(), any::<u16>()).prop_map(|(host, port)| Endpoint::Udp(host, port)),
        (any_host(), any::<u16>()).prop_map(|(host, port)| Endpoint::Tls(host, port)),
        any_unix_name().prop_map(Endpoint::Unix),
        any_unix_name().prop_map(Endpoint::Unixgram),
        Just(Endpoint::Stdio),
    ]
}

#[test]
fn what_is_shown_parses_to_the_same() {
    fuzz(&any_endpoint(), |endpoint| {
        let shown = endpoint.to_string();
        prop_assert!(Endpoint::looks_like(&shown));
        prop_assert_eq!(shown.parse(), Ok(endpoint));
        Ok(())
    });
}

#[test]
fn no_text_is_too_strange() {
    let text = prop_oneof![
        "\\PC*",
        any::<String>(),
        "[a-z0-9:/@%.\\[\\]\\\\-]{0,16}",
        "(tcp|udp|unix):.{0,9}"
    ];
    fuzz(&text, |text| {
        let looks = Endpoint::looks_like(&text);
        match text.parse::<Endpoint>() {
            Ok(endpoint) => {
                prop_assert!(looks || text.eq_ignore_ascii_case("stdio"));
                prop_assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.at()));
                prop_assert_eq!(error.to_string().lines().count(), 3);
            }
        }
        Ok(())
    });
}
