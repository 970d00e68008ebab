//! Cookies: whom they go back to, and beside what the user says.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

mod scripted;

use std::net::{IpAddr, Ipv4Addr};

use scripted::{Talk, Web, act};
use sock::http::{Client, Proxies, Request};

/// The cookies of the next request, which is answered with this field more.
fn cookies(talk: &mut Talk, field: &str) -> Option<String> {
    let head = talk.request();
    talk.say(format!("HTTP/1.1 200 OK\r\n{field}Content-Length: 0\r\n\r\n"));
    head.lines().find_map(|line| line.strip_prefix("Cookie: ")).map(str::to_owned)
}

#[test]
fn what_the_server_sets_goes_with_what_the_user_says() {
    let web = Web::new([act(|talk| {
        assert_eq!(cookies(talk, "Set-Cookie: sid=42\r\n").as_deref(), Some("a=b; c=d"));
        assert_eq!(cookies(talk, "Set-Cookie: a=x\r\n").as_deref(), Some("a=b; c=d; sid=42"));
        // Whoever names one means it.
        assert_eq!(cookies(talk, "").as_deref(), Some("a=b; c=d; sid=42"));
    })]);
    let client = Client::new().proxies(Proxies::none());
    let request = Request::default().field("Cookie", "a=b; c=d");
    for _ in 0..3 {
        client.send(&web.url("/"), &request).unwrap();
    }
    web.done();
}

#[test]
fn no_cookie_is_for_a_domain_of_strangers() {
    let set = "Set-Cookie: s=evil; Domain=com\r\nSet-Cookie: t=evil; Domain=co.uk\r\n\
               Set-Cookie: u=mine; Domain=.A.com\r\n";
    let visit = move |expected: Option<&'static str>| {
        act(move |talk| {
            assert_eq!(cookies(talk, set).as_deref(), expected);
        })
    };
    let web = Web::new([visit(None), visit(None), visit(Some("u=mine"))]);
    let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = web.addr.port();
    let mut client = Client::new().proxies(Proxies::none());
    for host in ["a.com", "b.com", "www.a.com"] {
        client = client.resolve(host, port, home);
    }
    for host in ["a.com", "b.com", "www.a.com"] {
        client.send(&format!("http://{host}:{port}/"), &Request::default()).unwrap();
    }
    web.done();
}

#[test]
fn a_host_that_is_such_a_domain_has_cookies_of_its_own() {
    let web = Web::new([
        act(|talk| assert_eq!(cookies(talk, "Set-Cookie: s=1; Domain=test\r\n"), None)),
        act(|talk| assert_eq!(cookies(talk, "").as_deref(), Some("s=1"))),
        act(|talk| assert_eq!(cookies(talk, ""), None)),
    ]);
    let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = web.addr.port();
    let client = Client::new().proxies(Proxies::none());
    let client = client.resolve("test", port, home).resolve("a.test", port, home);
    for host in ["test", "test", "a.test"] {
        client.send(&format!("http://{host}:{port}/"), &Request::default()).unwrap();
    }
    web.done();
}
