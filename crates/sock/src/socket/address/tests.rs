//! Addresses of every family go to the kernel and come back the same.

use std::ffi::OsStr;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use socket2::SockAddr;

use super::{Address, ErrorKind};

fn every_form() -> Vec<Address> {
    vec![
        Address::from(([127, 0, 0, 1], 1060)),
        Address::inet6(Ipv6Addr::LOCALHOST, 80, 0x12345, 3).unwrap(),
        Address::unix("/run/a.sock").unwrap(),
        Address::unix(OsStr::from_bytes(b"/run/\xff\x80")).unwrap(),
        Address::unix("/".repeat(107)).unwrap(),
        Address::Abstract(b"a\0b\0\0".to_vec()),
        Address::Abstract(vec![b'x'; 107]),
        Address::Unnamed,
    ]
}

#[test]
fn every_form_survives_the_kernels_structure_and_socket2s() {
    for address in every_form() {
        assert_eq!(Address::from_kernel(&address.to_kernel().unwrap()), address);
        let sock_addr = SockAddr::try_from(&address).unwrap();
        assert_eq!(Address::from(&sock_addr), address, "through socket2");
    }
}

#[test]
fn an_address_of_another_family_keeps_its_bytes() {
    let netlink = Address::Other { family: 16, bytes: vec![0, 0, 1, 2, 3, 4, 0, 0, 0, 0] };
    assert_eq!(Address::from_kernel(&netlink.to_kernel().unwrap()), netlink);
    let too_long = Address::Other { family: 16, bytes: vec![0; 127] };
    assert_eq!(too_long.to_kernel().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn row_43_a_unix_name_over_107_bytes_is_refused_before_any_call() {
    let error = Address::unix("x".repeat(108)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("AF_UNIX path too long"), "{error}");
    assert!(Address::Path(Path::new(&"x".repeat(108)).to_owned()).to_kernel().is_err());
    assert!(Address::Abstract(vec![0; 108]).to_kernel().is_err());
    assert!(Address::unix("a\0b").is_err());
}

#[test]
fn the_classic_form_is_pythons() {
    let classic: Vec<_> = every_form().iter().map(Address::classic).collect();
    assert_eq!(classic[0], "('127.0.0.1', 1060)");
    assert_eq!(classic[1], "('::1', 80, 74565, 3)");
    assert_eq!(classic[2], "'/run/a.sock'");
    assert_eq!(classic[3], r"'/run/\udcff\udc80'");
    assert_eq!(classic[5], r"b'\x00a\x00b\x00\x00'");
    assert_eq!(classic[7], "''");
    assert_eq!(Address::unix("it's\n").unwrap().classic(), r#""it's\n""#);
    assert_eq!(Address::unix("'\"\\é").unwrap().classic(), r#"'\'"\\é'"#);
    assert_eq!(Address::none().classic(), "None");
}

#[test]
fn the_flow_label_is_told_as_a_number() {
    let address = Address::inet6(Ipv6Addr::LOCALHOST, 80, 10, 0).unwrap();
    assert_eq!(address.flow(), Some(10));
    let Address::Inet6(std) = &address else { panic!("{address:?}") };
    assert_eq!(std.flowinfo(), 10u32.to_be());
}
