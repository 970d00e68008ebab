//! Names, byte order and dotted quads: rows 11 and 14 to 19 of the behaviours that this library
//! keeps. Nothing here leaves the machine, whatever its resolver does with a name it cannot know.
#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of it")]

#[allow(dead_code, reason = "support that other tests share")]
mod needs;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Stdio};

use sock::socket::{
    Hints, NameFlags, ResolveFlags, Service, fqdn, host_by_addr, host_by_name, host_by_name_ex,
    hostname, htonl, htons, inet_aton, inet_ntoa, inet_ntop, inet_pton, interface_index,
    interface_name, interfaces, name_of, ntohl, ntohs, resolve, service_by_name, service_by_port,
};
use sock::{Address, Error, ErrorKind, Family, Kind, Result};

/// A name that no resolver may know (RFC 6761, section 6.4).
const UNKNOWN: &str = "no.such.host.invalid";

/// Some machines have no name server: there an unknown name is one to try again.
fn assert_unknown(error: &Error) {
    let expected = matches!(error.kind(), ErrorKind::NameNotKnown | ErrorKind::NameTryAgain);
    assert!(expected, "{error:?}");
    assert!(error.resolver_code().is_some(), "{error:?}");
}

fn stream(family: Family) -> Hints {
    Hints { family: Some(family), kind: Some(Kind::Stream), ..Hints::default() }
}

fn numeric() -> Hints {
    Hints { flags: ResolveFlags::NUMERIC_HOST, kind: Some(Kind::Stream), ..Hints::default() }
}

// Row 11, the part of names: a port is 16 bits by type; text that is none is refused.
#[test]
fn row_11_a_service_in_digits_is_a_port_and_one_too_large_is_refused() {
    let found = resolve("127.0.0.1", "65535", numeric()).unwrap();
    assert_eq!(found[0].address.port(), Some(65535));
    // The C library would take the lower 16 bits.
    for service in ["65536", "65616", "99999999999999999999"] {
        assert_refused(resolve("127.0.0.1", service, numeric()), service);
    }
    let hints =
        Hints { flags: ResolveFlags::NUMERIC_SERVICE | ResolveFlags::NUMERIC_HOST, ..numeric() };
    for service in ["-1", "http", "65536x"] {
        assert!(resolve("127.0.0.1", service, hints).is_err(), "{service}");
    }
}

#[test]
fn row_14_a_zone_becomes_the_scope_and_comes_back_as_the_zone() {
    let (index, name) = interfaces().unwrap().swap_remove(0);
    let host = format!("ff02::1%{name}");
    let found = resolve(host.as_str(), 1234, stream(Family::Inet6)).unwrap();
    let expected = Address::inet6("ff02::1".parse().unwrap(), 1234, 0, index).unwrap();
    assert_eq!(found[0].address, expected);
    assert_eq!(found[0].address.classic(), format!("('ff02::1', 1234, 0, {index})"));

    let numbers = NameFlags::NUMERIC_HOST | NameFlags::NUMERIC_SERVICE;
    assert_eq!(name_of(&expected, numbers).unwrap(), (host, "1234".to_owned()));
    // A zone by number needs no interface of that number.
    let found = resolve("ff02::1%42", 80, stream(Family::Inet6)).unwrap();
    assert_eq!(found[0].address.classic(), "('ff02::1', 80, 0, 42)");
}

/// The classic forms; each line is text and what it means.
const CLASSIC: &[(&str, [u8; 4])] = &[
    ("0.0.0.0", [0, 0, 0, 0]),
    ("255.0.255.0", [255, 0, 255, 0]),
    ("170.170.170.170", [170, 170, 170, 170]),
    ("1.2.3.4", [1, 2, 3, 4]),
    ("255.255.255.255", [255, 255, 255, 255]),
    ("127.1", [127, 0, 0, 1]),
    ("0x7f.1", [127, 0, 0, 1]),
    ("0X7F.0x1", [127, 0, 0, 1]),
    ("0177.0.0.01", [127, 0, 0, 1]),
    ("1", [0, 0, 0, 1]),
    ("4294967295", [255, 255, 255, 255]),
    ("0xffffffff", [255, 255, 255, 255]),
    ("1.16777215", [1, 255, 255, 255]),
    ("1.2.65535", [1, 2, 255, 255]),
    ("1.2.772", [1, 2, 3, 4]),
    ("00000000001.2.3.4", [1, 2, 3, 4]),
];

const NOT_CLASSIC: &[&str] = &[
    "",
    " ",
    ".",
    "0.0.0.",
    ".1",
    "1..2",
    "1.2.3.4.5",
    "1.2.3.4.0",
    "300.0.0.0",
    "1.2.3.256",
    "256.1",
    "1.16777216",
    "1.2.65536",
    "4294967296",
    "99999999999999999999",
    "a.0.0.0",
    "0x",
    "0xg.1",
    "08.1.1.1",
    "0b1",
    "+1.2.3.4",
    "-1",
    "1.+2.3.4",
    "0x-1",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4 x",
    "1.2.3.4\n",
    "1.2.3.4\0",
    "::1",
    "１.2.3.4",
];

const STRICT_V4: &[(&str, [u8; 4])] = &[
    ("0.0.0.0", [0, 0, 0, 0]),
    ("255.0.255.0", [255, 0, 255, 0]),
    ("170.170.170.170", [170, 170, 170, 170]),
    ("255.255.255.255", [255, 255, 255, 255]),
];

const NOT_STRICT_V4: &[&str] =
    &["0.0.0.", "300.0.0.0", "a.0.0.0", "1.2.3.4.5", "::1", "127.1", "0x7f.0.0.1", "01.2.3.4", ""];

const STRICT_V6: &[(&str, [u16; 8])] = &[
    ("::", [0; 8]),
    ("0::0", [0; 8]),
    ("1::", [1, 0, 0, 0, 0, 0, 0, 0]),
    ("::1", [0, 0, 0, 0, 0, 0, 0, 1]),
    (
        "45ef:76cb:1a:56ef:afeb:bac:1924:aeae",
        [0x45ef, 0x76cb, 0x1a, 0x56ef, 0xafeb, 0xbac, 0x1924, 0xaeae],
    ),
    ("ad42:abc::127:0:254:2", [0xad42, 0xabc, 0, 0, 0x127, 0, 0x254, 2]),
    (
        "aabb:eeff:11:2233:4455:6677:8899:aabb",
        [0xaabb, 0xeeff, 0x11, 0x2233, 0x4455, 0x6677, 0x8899, 0xaabb],
    ),
    ("::1.2.3.4", [0, 0, 0, 0, 0, 0, 0x102, 0x304]),
    ("::ffff:1.2.3.4", [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]),
    ("1:2:3:4:5:6:1.2.3.4", [1, 2, 3, 4, 5, 6, 0x102, 0x304]),
];

const NOT_STRICT_V6: &[&str] = &[
    "0:0:0:0:0:0:0:0:0",
    ":::",
    "1:::",
    ":",
    "",
    "1:2",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::0::",
    "1::abc::",
    "1::abc::def",
    "ad42:ab:ab:ab:ab:ab:ab:ab:",
    "12345::",
    "g::",
    "::1%lo",
    "[::1]",
    "0:0:0:0:0:0:0:1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.4:bbbb",
    "1.2.3.4",
    "1.2.3.4:1::",
];

fn assert_refused<T: std::fmt::Debug>(result: Result<T>, what: &str) {
    assert_eq!(result.expect_err(what).kind(), ErrorKind::InvalidArgument, "{what:?}");
}

#[test]
fn row_15_inet_aton_takes_every_classic_form() {
    for (text, bytes) in CLASSIC {
        assert_eq!(inet_aton(text).unwrap(), *bytes, "{text}");
    }
}

#[test]
fn row_15_inet_aton_refuses_everything_else() {
    for text in NOT_CLASSIC {
        assert_refused(inet_aton(text), text);
    }
}

#[test]
fn row_15_inet_pton_is_strict() {
    for (text, bytes) in STRICT_V4 {
        assert_eq!(inet_pton(Family::Inet, text).unwrap(), bytes, "{text}");
    }
    for (text, groups) in STRICT_V6 {
        let bytes = Ipv6Addr::from(*groups).octets();
        assert_eq!(inet_pton(Family::Inet6, text).unwrap(), bytes, "{text}");
    }
    for text in NOT_STRICT_V4 {
        assert_refused(inet_pton(Family::Inet, text), text);
    }
    for text in NOT_STRICT_V6 {
        assert_refused(inet_pton(Family::Inet6, text), text);
    }
    let error = inet_pton(Family::Unix, "1.2.3.4").unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Unsupported, Some(97)));
}

#[test]
fn row_15_inet_ntoa_wants_four_bytes_and_inet_ntop_four_or_sixteen() {
    for (text, bytes) in STRICT_V4 {
        assert_eq!(inet_ntoa(bytes).unwrap(), *text);
        assert_eq!(inet_ntop(Family::Inet, bytes).unwrap(), *text);
    }
    let shown = |groups: [u16; 8]| inet_ntop(Family::Inet6, &Ipv6Addr::from(groups).octets());
    for (text, groups) in &STRICT_V6[4..9] {
        assert_eq!(shown(*groups).unwrap(), *text);
    }
    assert_eq!(shown([0; 8]).unwrap(), "::");
    assert_eq!(shown([1, 0, 0, 0, 0, 0, 0, 0]).unwrap(), "1::");
    assert_eq!(shown([0, 0, 0, 0, 0, 0, 0, 1]).unwrap(), "::1");
    assert_eq!(shown([1, 0, 3, 4, 5, 6, 7, 8]).unwrap(), "1:0:3:4:5:6:7:8");
    for wrong in [&[0_u8; 0][..], &[0; 3], &[0; 5], &[0; 15], &[0; 17]] {
        assert_refused(inet_ntoa(wrong), "inet_ntoa");
        assert_refused(inet_ntop(Family::Inet, wrong), "inet_ntop");
        assert_refused(inet_ntop(Family::Inet6, wrong), "inet_ntop");
    }
    assert_refused(inet_ntop(Family::Inet, &[0; 16]), "16 bytes of inet");
    assert_refused(inet_ntop(Family::Inet6, &[0; 4]), "4 bytes of inet6");
    assert_eq!(inet_ntop(Family::Unix, &[0; 4]).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Where this library is stricter than the C library: see `inet_aton`.
fn has_rubbish_behind(text: &str) -> bool {
    text.contains([' ', '\n', '\0'])
}

#[test]
fn row_15_python_reads_and_writes_the_same() {
    let mut questions = Vec::new();
    let mut answers = Vec::new();
    let mut ask = |question: String, answer: Result<String>| {
        questions.push(question);
        answers.push(answer.unwrap_or_else(|_| "refused".to_owned()));
    };
    let texts = CLASSIC.iter().map(|row| row.0).chain(NOT_CLASSIC.iter().copied());
    let texts = texts.chain(STRICT_V4.iter().map(|row| row.0)).chain(NOT_STRICT_V4.iter().copied());
    let texts = texts.chain(STRICT_V6.iter().map(|row| row.0)).chain(NOT_STRICT_V6.iter().copied());
    for text in texts.filter(|text| !has_rubbish_behind(text)) {
        let hex = hex(text.as_bytes());
        ask(format!("aton {hex}"), inet_aton(text).map(|bytes| self::hex(&bytes)));
        for (name, family) in [("4", Family::Inet), ("6", Family::Inet6)] {
            ask(
                format!("pton{name} {hex}"),
                inet_pton(family, text).map(|bytes| self::hex(&bytes)),
            );
        }
    }
    // Every way in which zeros and other groups can stand beside each other.
    for (mask, other) in (0..256_u32).flat_map(|mask| [(mask, 0xffff), (mask, 0x1a)]) {
        let groups: [u16; 8] = std::array::from_fn(|n| if mask >> n & 1 == 1 { other } else { 0 });
        let bytes = Ipv6Addr::from(groups).octets();
        ask(format!("ntop6 {}", hex(&bytes)), inet_ntop(Family::Inet6, &bytes));
    }
    let Some(judged) = python("inet.py", &questions) else { return };
    assert_eq!(judged.len(), questions.len());
    for ((question, answer), judged) in questions.iter().zip(&answers).zip(&judged) {
        assert_eq!(answer, judged, "{question}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What a Python program says to each line; none where there is no Python.
fn python(program: &str, lines: &[String]) -> Option<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(program);
    let mut command = Command::new("python3");
    command.arg("-B").arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut python) = command.spawn() else {
        needs::lacks("python3");
        return None;
    };
    // It reads all before it writes, so neither waits for the other, and then it ends.
    python.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

// The range is a matter of type: a number that does not fit never gets here.
#[test]
fn row_16_each_byte_order_call_is_its_own_inverse() {
    for number in [0, 1, 0x0102, 0xffff, 0x8000] {
        assert_eq!(ntohs(htons(number)), number);
        assert_eq!(htons(htons(number)), number);
        assert_eq!(htons(number).to_ne_bytes(), number.to_be_bytes());
    }
    for number in [0, 1, 0x0102_0304, 0xffff_ffff, 0x8000_0000] {
        assert_eq!(ntohl(htonl(number)), number);
        assert_eq!(htonl(htonl(number)), number);
        assert_eq!(htonl(number).to_ne_bytes(), number.to_be_bytes());
    }
}

#[test]
fn row_17_host_and_service_may_be_none() {
    let here = resolve(None, 80, stream(Family::Inet)).unwrap();
    assert_eq!(here[0].address.classic(), "('127.0.0.1', 80)");
    let passive = Hints { flags: ResolveFlags::PASSIVE, ..stream(Family::Inet) };
    let everywhere = resolve(None, 80, passive).unwrap();
    assert_eq!(everywhere[0].address.classic(), "('0.0.0.0', 80)");
    let no_port = resolve("127.0.0.1", Service::None, stream(Family::Inet)).unwrap();
    assert_eq!(no_port[0].address.port(), Some(0));
    let nothing = resolve(None, None, Hints::default()).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NameNotKnown);
}

#[test]
fn row_17_a_service_may_be_a_name() {
    if services_are_missing() {
        return;
    }
    let found = resolve("127.0.0.1", "http", stream(Family::Inet)).unwrap();
    assert_eq!(found[0].address.port(), Some(80));
}

#[test]
fn row_17_the_hints_filter() {
    let all = resolve("localhost", 80, Hints::default()).unwrap();
    assert!(all.len() > 1, "a stream and a datagram at least: {all:?}");
    let only = |hints: Hints| resolve("localhost", 80, hints).unwrap();
    for found in only(Hints { family: Some(Family::Inet), ..Hints::default() }) {
        assert_eq!((found.family, found.address.family()), (Family::Inet, Family::Inet));
    }
    for found in only(Hints { kind: Some(Kind::Datagram), ..Hints::default() }) {
        assert_eq!((found.kind, found.protocol), (Kind::Datagram, libc_udp()));
    }
    for found in only(Hints { protocol: libc_tcp(), ..Hints::default() }) {
        assert_eq!((found.kind, found.protocol), (Kind::Stream, libc_tcp()));
    }
    let mapped = Hints { flags: ResolveFlags::V4_MAPPED, ..stream(Family::Inet6) };
    let found = resolve("127.0.0.1", 80, mapped).unwrap();
    assert_eq!(found[0].address.classic(), "('::ffff:127.0.0.1', 80, 0, 0)");
}

fn libc_tcp() -> i32 {
    6
}

fn libc_udp() -> i32 {
    17
}

#[test]
fn row_17_the_canonical_name_comes_if_it_is_asked_for() {
    let asked = Hints { flags: ResolveFlags::CANONICAL_NAME, ..stream(Family::Inet) };
    let found = resolve("127.0.0.1", 80, asked).unwrap();
    assert_eq!(found[0].canonical_name.as_deref(), Some("127.0.0.1"));
    let found = resolve("127.0.0.1", 80, stream(Family::Inet)).unwrap();
    assert_eq!(found[0].canonical_name, None);
}

#[test]
fn row_17_a_failure_carries_the_resolvers_code_as_a_kind_of_its_own() {
    // No resolver is asked, so that the codes are the same on every machine.
    let name = resolve(UNKNOWN, 80, numeric()).unwrap_err();
    assert_eq!((name.kind(), name.resolver_code()), (ErrorKind::NameNotKnown, Some(-2)));
    assert_eq!(name.errno(), None);
    assert_eq!(name.to_string(), format!("cannot resolve '{UNKNOWN}': name not known"));

    let family = Hints { family: Some(Family::Other(12345)), ..Hints::default() };
    let family = resolve("127.0.0.1", 80, family).unwrap_err();
    assert_eq!((family.kind(), family.resolver_code()), (ErrorKind::NameFailed, Some(-6)));
    let kind = Hints { kind: Some(Kind::Other(12345)), ..Hints::default() };
    let kind = resolve("127.0.0.1", 80, kind).unwrap_err();
    assert_eq!((kind.kind(), kind.resolver_code()), (ErrorKind::NameFailed, Some(-7)));
    let service = resolve("127.0.0.1", "no such service", stream(Family::Inet)).unwrap_err();
    assert_eq!((service.kind(), service.resolver_code()), (ErrorKind::NameFailed, Some(-8)));
    let flags = Hints { flags: ResolveFlags::CANONICAL_NAME, ..Hints::default() };
    let flags = resolve(None, 80, flags).unwrap_err();
    assert_eq!((flags.kind(), flags.resolver_code()), (ErrorKind::NameFailed, Some(-1)));

    assert_unknown(&resolve(UNKNOWN, 80, Hints::default()).unwrap_err());
    let nul = resolve("local\0host", 80, Hints::default()).unwrap_err();
    assert_eq!((nul.kind(), nul.resolver_code()), (ErrorKind::InvalidArgument, None));
}

#[test]
fn row_17_name_of_is_the_way_back() {
    let numbers = NameFlags::NUMERIC_HOST | NameFlags::NUMERIC_SERVICE;
    let six = Address::from((Ipv6Addr::LOCALHOST, 7));
    assert_eq!(name_of(&six, numbers).unwrap(), ("::1".to_owned(), "7".to_owned()));
    let path = Address::unix("/run/a.sock").unwrap();
    assert_eq!(name_of(&path, numbers).unwrap_err().kind(), ErrorKind::InvalidArgument);
    // An address for documents (RFC 5737) that nobody may name.
    let nobody = Address::from(([192, 0, 2, 1], 7));
    assert_unknown(&name_of(&nobody, NameFlags::NAME_REQUIRED).unwrap_err());
}

#[test]
fn row_18_host_by_name_passes_numbers_through() {
    for text in ["127.0.0.1", "0.0.0.0", "192.0.2.255", "255.255.255.255"] {
        assert_eq!(host_by_name(text).unwrap().to_string(), text);
        assert_eq!(host_by_name_ex(text).unwrap().addresses, [text.parse::<IpAddr>().unwrap()]);
    }
    assert_eq!(host_by_name("").unwrap(), Ipv4Addr::UNSPECIFIED);
    assert_eq!(host_by_name("<broadcast>").unwrap(), Ipv4Addr::BROADCAST);
}

#[test]
fn row_18_text_that_is_nearly_an_address_fails() {
    for text in ["0.1.1.~1", "1+.1.1.1", "::1q", "::1::2", "1:1:1:1:1:1:1:1:1"] {
        assert_unknown(&host_by_name(text).expect_err(text));
        assert_unknown(&host_by_name_ex(text).expect_err(text));
        assert_unknown(&host_by_addr(text).expect_err(text));
    }
    assert_unknown(&host_by_name("::1").unwrap_err());
}

#[test]
fn row_18_localhost_has_a_name_and_its_address_is_in_its_entry() {
    let localhost = host_by_name("localhost").unwrap();
    assert!(localhost.is_loopback());
    let entry = host_by_name_ex("localhost").unwrap();
    assert!(entry.addresses.contains(&localhost.into()), "{entry:?}");
    let entry = host_by_addr("127.0.0.1").unwrap();
    assert!(entry.addresses.contains(&Ipv4Addr::LOCALHOST.into()), "{entry:?}");
    assert!(!entry.name.is_empty());
    assert_eq!(host_by_addr("localhost").unwrap(), entry);
}

#[test]
fn row_18_an_address_that_nobody_names_is_not_known() {
    assert_unknown(&host_by_addr("192.0.2.1").unwrap_err());
    assert_unknown(&host_by_addr("2001:db8::1").unwrap_err());
}

#[test]
fn row_18_fqdn_of_the_wildcards_is_that_of_this_machine() {
    let own = fqdn("");
    assert!(!own.is_empty());
    assert_eq!([fqdn(" "), fqdn("0.0.0.0"), fqdn("::")], [own.clone(), own.clone(), own]);
    assert_eq!(fqdn(UNKNOWN), UNKNOWN);
    assert!(!hostname().unwrap().is_empty());
}

fn services_are_missing() -> bool {
    let missing = !Path::new("/etc/services").exists();
    if missing {
        needs::lacks("/etc/services");
    }
    missing
}

#[test]
fn row_19_services_go_round_by_name_and_port() {
    if services_are_missing() {
        return;
    }
    for protocol in [Some("tcp"), None] {
        for service in ["ssh", "http", "smtp", "telnet"] {
            let port = service_by_name(service, protocol).unwrap();
            assert_eq!(service_by_port(port, protocol).unwrap(), service);
        }
    }
    let port = service_by_name("domain", Some("udp")).unwrap();
    assert_eq!((port, service_by_port(port, Some("udp")).unwrap()), (53, "domain".into()));
}

#[test]
fn row_19_what_is_not_in_the_list_is_not_known() {
    let errors = [
        service_by_name("no such service", None).unwrap_err(),
        service_by_name("http", Some("no such protocol")).unwrap_err(),
        service_by_port(0, None).map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NameNotKnown, "{error:?}");
    }
    let nul = service_by_name("ht\0tp", None).unwrap_err();
    assert_eq!(nul.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn row_19_interfaces_go_round_by_index_and_name() {
    let all = interfaces().unwrap();
    assert!(!all.is_empty());
    for (index, name) in all {
        assert_eq!(interface_index(&name).unwrap(), index);
        assert_eq!(interface_name(index).unwrap(), name);
    }
    assert!(interface_index("no-such-if").is_err());
    assert!(interface_name(0).is_err());
}

#[test]
fn many_threads_may_ask_at_once() {
    let lookups = || {
        for _ in 0..50 {
            assert_eq!(
                host_by_addr("127.0.0.1").unwrap().addresses,
                [IpAddr::V4(Ipv4Addr::LOCALHOST)]
            );
            assert!(host_by_name("localhost").unwrap().is_loopback());
            assert!(service_by_port(0, None).is_err());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(lookups);
        }
    });
}
