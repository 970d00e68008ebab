//! Anything that names an address becomes one, or says why it cannot.

use std::path::Path;

use super::{Address, ErrorKind, Family, Kind, Result, ToAddress, Wanted};

fn classic(name: impl ToAddress, family: Family) -> Result<String> {
    let found = name.to_addresses(Wanted::new(family, Kind::Stream))?;
    Ok(found.iter().map(Address::classic).collect::<Vec<_>>().join(" "))
}

#[test]
fn row_12_the_empty_host_is_every_interface_and_broadcast_is_all_ones() {
    assert_eq!(classic(("", 80), Family::Inet).unwrap(), "('0.0.0.0', 80)");
    assert_eq!(classic(("", 80), Family::Inet6).unwrap(), "('::', 80, 0, 0)");
    assert_eq!(classic(("<broadcast>", 9), Family::Inet).unwrap(), "('255.255.255.255', 9)");
    assert_eq!(classic(":80", Family::Inet).unwrap(), "('0.0.0.0', 80)");
    let error = classic(("<broadcast>", 9), Family::Inet6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn row_13_inet6_takes_two_to_four_items_and_comes_back_as_four() {
    assert_eq!(classic(("::1", 1), Family::Inet6).unwrap(), "('::1', 1, 0, 0)");
    assert_eq!(classic(("::1", 1, 10), Family::Inet6).unwrap(), "('::1', 1, 10, 0)");
    assert_eq!(classic(("::1", 1, 1_048_575, 7), Family::Inet6).unwrap(), "('::1', 1, 1048575, 7)");
    let error = classic(("::1", 1, 1_048_576), Family::Inet6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_text_names_host_and_port_and_says_what_is_wrong_with_it() {
    assert_eq!(classic("127.0.0.1:80", Family::Inet).unwrap(), "('127.0.0.1', 80)");
    assert_eq!(classic("[::1]:80", Family::Inet6).unwrap(), "('::1', 80, 0, 0)");
    for wrong in ["127.0.0.1", "a:b", "a:65536", "::1", "[::1:80", "a:-1"] {
        let error = classic(wrong, Family::Inet).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{wrong}");
    }
}

#[test]
fn a_text_on_a_unix_socket_is_its_name() {
    assert_eq!(classic("/run/a:1", Family::Unix).unwrap(), "'/run/a:1'");
    assert_eq!(classic("\0a", Family::Unix).unwrap(), "b'\\x00a'");
    assert_eq!(classic(Path::new("/run/a"), Family::Unix).unwrap(), "'/run/a'");
    assert!(classic(("localhost", 1), Family::Unix).is_err());
    assert!(classic(Path::new("/run/a"), Family::Inet).is_err());
}

#[test]
fn an_inet6_literal_on_an_inet_socket_is_a_resolver_error() {
    let error = classic(("::1", 80), Family::Inet).unwrap_err();
    assert_eq!(error.resolver_code(), Some(-9));
    assert_eq!(error.kind(), ErrorKind::NameNotKnown);
}
