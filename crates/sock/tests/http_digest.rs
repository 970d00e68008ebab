//! Digests: a password that is proved, to servers and to proxies (RFC 7616).

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use scripted::{Web, act, client, page, redirect};
use sock::ErrorKind;
use sock::http::{Proxies, Request};

/// What a server asks, with a body that is to be skipped.
fn asks(status: u16, field: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 {status} Who?\r\n{field}: Basic realm=\"r\", Digest realm=\"r\", nonce=\"n1\", \
         qop=\"auth\", algorithm=MD5{more}\r\nContent-Length: 5\r\n\r\nwho? "
    )
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_password_is_proved_where_the_server_asks_for_that() {
    let web = Web::new([act(|talk| {
        talk.request();
        talk.body(4);
        talk.say(asks(401, "WWW-Authenticate", ""));
        talk.request();
        assert_eq!(talk.body(4), b"text");
        talk.say(redirect(303, "/next"));
        talk.request();
        talk.say(page("welcome"));
    })]);
    let request = Request::new("PUT").bytes("text").basic("ann", "secret");
    let page = client().send(&web.url("/a?b"), &request).unwrap();
    assert_eq!(page.text().unwrap(), "welcome");
    let heads = [web.head(), web.head(), web.head()];
    let said = heads.each_ref().map(|head| field(head, "Authorization").unwrap());
    assert!(said[0].starts_with("Basic "), "{said:?}");
    assert!(
        said[1].starts_with("Digest username=\"ann\", realm=\"r\", nonce=\"n1\", uri=\"/a?b\"")
    );
    assert!(said[1].contains("nc=00000001") && said[2].contains("nc=00000002"), "{said:?}");
    assert!(said[2].contains("uri=\"/next\""), "{said:?}");
    assert!(!said[1].contains("secret"));
    web.done();
}

#[test]
fn a_wrong_password_is_tried_once_and_an_old_question_answered_anew() {
    let again = asks(401, "WWW-Authenticate", "");
    let stale = asks(401, "WWW-Authenticate", ", stale=TRUE");
    let web = Web::new([act(move |talk| {
        talk.request();
        talk.say(&again);
        talk.request();
        talk.say(&stale);
        talk.request();
        talk.say(&again);
        talk.until_closed();
    })]);
    let asked = client().asking(Request::default().basic("ann", "wrong"));
    let error = asked.open(&web.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert!(error.to_string().contains(": 401 Who?"), "{error}");
    drop(asked);
    web.done();
}

#[test]
fn a_server_that_always_finds_its_question_too_old_is_not_answered_for_ever() {
    let stale = asks(401, "WWW-Authenticate", ", stale=true");
    let web = Web::new([act(move |talk| {
        for _ in 0..5 {
            talk.request();
            talk.say(&stale);
        }
        talk.until_closed();
    })]);
    let asked = client().asking(Request::default().basic("ann", "word"));
    assert_eq!(asked.open(&web.url("/")).unwrap_err().kind(), ErrorKind::Status);
    drop(asked);
    web.done();
}

#[test]
fn another_server_is_told_nothing() {
    let other = Web::new([act(|talk| {
        talk.request();
        talk.say(asks(401, "WWW-Authenticate", ""));
        talk.until_closed();
    })]);
    let to = other.url("/");
    let web = Web::new([act(move |talk| {
        talk.request();
        talk.say(redirect(302, &to));
        talk.until_closed();
    })]);
    let asked = client().asking(Request::default().basic("ann", "word"));
    assert_eq!(asked.open(&web.url("/")).unwrap_err().kind(), ErrorKind::Status);
    assert_eq!(field(&other.head(), "Authorization"), None);
    drop(asked);
    other.done();
}

#[test]
fn a_proxy_that_reads_is_given_its_own_proof() {
    let proxy = Web::new([act(|talk| {
        talk.request();
        talk.say(asks(407, "Proxy-Authenticate", ""));
        talk.request();
        talk.say(page("by a proxy"));
    })]);
    let through = Proxies::all(&format!("http://me:word@{}", proxy.addr), "");
    let page = client().proxies(through).open("http://far.example/x").unwrap();
    assert_eq!(page.text().unwrap(), "by a proxy");
    assert!(field(&proxy.head(), "Proxy-Authorization").unwrap().starts_with("Basic "));
    let head = proxy.head();
    let said = field(&head, "Proxy-Authorization").unwrap();
    assert!(
        said.starts_with("Digest username=\"me\"") && said.contains("uri=\"http://far.example/x\""),
        "{said}"
    );
    proxy.done();
}

#[test]
fn a_tunnel_is_asked_for_again_with_a_proof() {
    let proxy = Web::new([
        act(|talk| {
            talk.request();
            talk.say(asks(407, "Proxy-Authenticate", ""));
            talk.until_closed();
        }),
        act(|talk| {
            talk.request();
            talk.say("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        }),
    ]);
    let through = Proxies::all(&format!("http://me:word@{}", proxy.addr), "");
    let error = client().proxies(through).open("https://shop.example/").unwrap_err();
    assert!(error.to_string().contains("does not connect to shop.example:443: 403 No"), "{error}");
    proxy.head();
    let head = proxy.head();
    let said = field(&head, "Proxy-Authorization").unwrap();
    assert!(said.contains("uri=\"shop.example:443\"") && !said.contains("word"), "{head}");
    proxy.done();
}
