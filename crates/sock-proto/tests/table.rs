//! THE TABLE holds together: names, ports, settings, and what its errors say.

use std::collections::BTreeSet;

use sock_proto::protocols::{Cut, Datagrams, Gate, Row, Setting, Settings, TABLE, find};
use sock_proto::{Endpoint, Transport, is_small_service_port};

#[test]
fn each_row_can_be_found_and_says_what_it_is() {
    let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), TABLE.len(), "two rows share a name");
    for row in TABLE {
        assert_eq!(find(row.name).unwrap().name, row.name);
        assert!(row.name.chars().all(|c| c.is_ascii_lowercase()), "{}", row.name);
        // What looks like an endpoint would never be read as a service.
        assert!(!Endpoint::looks_like(row.name), "{}", row.name);
        assert!((10..=60).contains(&row.about.len()), "{}: {}", row.name, row.about);
        assert!(!row.about.ends_with('.') && !row.about.contains('\n'), "{}", row.name);
        assert!(row.help.ends_with('.') && !row.help.contains("  "), "{}", row.name);
        assert!(row.help.len() > row.about.len(), "{}", row.name);
    }
}

#[test]
fn the_default_endpoints_are_on_loopback_and_nobody_shares_one() {
    let expected = [
        ("greet", "tcp:1234"),
        ("upper", "tcp:12000 udp:12000"),
        ("ack", "tcp:1060"),
        ("echo", "tcp:50007 udp:50007"),
        ("chat", "tcp:50008"),
        ("http", "tcp:8000"),
        ("discard", "tcp:10009 udp:10009"),
        ("daytime", "tcp:10013 udp:10013"),
        ("chargen", "tcp:10019 udp:10019"),
        ("time", "tcp:10037 udp:10037"),
        ("qotd", "tcp:10017 udp:10017"),
        ("stdio", ""),
    ];
    let shown: Vec<_> = TABLE
        .iter()
        .map(|row| {
            let all: Vec<_> = row.endpoints().iter().map(ToString::to_string).collect();
            (row.name, all.join(" "))
        })
        .collect();
    assert_eq!(shown, expected.map(|(name, all)| (name, all.to_owned())));
    let all: Vec<_> = TABLE.iter().flat_map(Row::endpoints).collect();
    assert_eq!(
        all.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(),
        all.len(),
        "two rows share an endpoint"
    );
    assert!(
        all.iter().all(|endpoint| endpoint.to_listen()[0].to_string().contains("//127.0.0.1:"))
    );
}

#[test]
fn a_row_has_a_default_port_only_where_it_speaks() {
    for row in TABLE {
        assert!(row.speaks(Transport::Tcp) && row.speaks(Transport::Unix), "{}", row.name);
        assert!(!row.speaks(Transport::Stdio), "{}", row.name);
        assert_eq!(row.speaks(Transport::Udp), row.datagrams != Datagrams::None, "{}", row.name);
        assert!(row.datagram_port.is_none() || row.speaks(Transport::Udp), "{}", row.name);
    }
    assert!(!find("greet").unwrap().speaks(Transport::Udp));
    assert!(find("echo").unwrap().speaks(Transport::Unixgram));
}

#[test]
fn a_setting_is_refused_where_it_means_nothing() {
    let none = Settings::default();
    let close = Settings { close_after_reply: true, ..Settings::default() };
    for row in TABLE {
        row.check(&none).unwrap();
        let takes = row.takes.contains(&Setting::CloseAfterReply);
        assert_eq!(row.check(&close).is_ok(), takes, "{}", row.name);
    }
    assert_eq!(
        find("echo").unwrap().check(&close).unwrap_err().to_string(),
        "the service echo does not take --close-after-reply; it belongs to upper"
    );
}

#[test]
fn who_depends_on_the_cut_says_so() {
    let none = Settings::default();
    let depends: Vec<_> =
        TABLE.iter().filter(|row| (row.cut)(&none) != Cut::Free).map(|row| row.name).collect();
    assert_eq!(depends, ["ack"]);
    let upper = find("upper").unwrap();
    assert!(matches!(
        (upper.cut)(&Settings { close_after_reply: true, ..Settings::default() }),
        Cut::Depends(_)
    ));
    assert_eq!(upper.gate, Gate::Answer);
}

#[test]
fn an_unknown_name_is_answered_by_the_near_ones() {
    for (typed, said) in [
        ("ehco", "there is no service `ehco`; did you mean echo?"),
        ("Echo", "there is no service `Echo`; did you mean echo?"),
        ("uper", "there is no service `uper`; did you mean upper?"),
        ("disc", "there is no service `disc`; did you mean discard?"),
        ("achk", "there is no service `achk`; did you mean ack or echo?"),
        ("\u{1b}[2J", "there is no service `\\u{1b}[2J`; there are "),
        ("", "there is no service ``; there are greet, upper, "),
    ] {
        let error = find(typed).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
    assert!(find("gopher").unwrap_err().near().is_empty());
}

#[test]
fn the_small_services_are_known_by_both_of_their_ports() {
    let small: Vec<_> = (0..=u16::MAX).filter(|port| is_small_service_port(*port)).collect();
    assert_eq!(small, [7, 9, 13, 17, 19, 37, 10_007, 10_009, 10_013, 10_017, 10_019, 10_037]);
}
