//! Digests: a password that is proved, to servers and to proxies (RFC 7616).

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use scripted::{Web, act, client, page, redirect};
use sock::http::{Client, Multipart, Proxies, Request, Unproved};
use sock::{ErrorKind, Run};

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

/// What a server asks that takes nothing but a digest.
fn asks_only(said: &str) -> Vec<u8> {
    let line = "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    format!("{line}{said}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn nobody_waits_for_the_body_of_a_question_that_does_not_come() {
    let web = Web::new([
        act(|talk| {
            talk.request();
            let question = String::from_utf8(asks_only("")).unwrap();
            talk.say(question.replace("Length: 0", "Length: 5"));
            talk.say("wh");
            talk.until_closed();
        }),
        act(|talk| {
            talk.request();
            talk.say(page("welcome"));
        }),
    ]);
    // Of a stall one would hear after a year.
    let patient = client().stall_timeout(std::time::Duration::from_hours(9_000));
    let page = patient.send(&web.url("/"), &Request::default().basic("ann", "word")).unwrap();
    assert_eq!(page.text().unwrap(), "welcome");
    web.head();
    assert!(field(&web.head(), "Authorization").unwrap().starts_with("Digest "));
    web.done();
}

#[test]
fn who_is_asked_to_end_asks_for_nothing_more() {
    for further in
        [String::from_utf8(asks_only("")).unwrap(), String::from_utf8(redirect(302, "/b")).unwrap()]
    {
        let run = Run::new();
        let stop = run.stop().clone();
        let web = Web::new([act(move |talk| {
            talk.request();
            stop.ask();
            // It may have gone already.
            let _ = talk.peer.send_all(further.as_bytes());
            let mut rest = [0; 100];
            assert!(!talk.peer.recv(&mut rest).is_ok_and(|n| n > 0), "it asks again");
        })]);
        let asked = Client::of(&run).proxies(Proxies::none());
        let error =
            asked.send(&web.url("/"), &Request::default().basic("ann", "word")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        drop(asked);
        web.done();
    }
}

#[test]
fn a_password_is_not_blamed_where_it_could_not_be_proved() {
    let unknown = |what: &str| Unproved::Unknown(what.to_owned());
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let sends = |what: &str| match what {
        "reader" => Request::default().reader(&b"text"[..]),
        "fifo" => Request::new("PUT").file(&fifo),
        "form" => Request::default().multipart(Multipart::new().file("f", &fifo)),
        _ => Request::default(),
    };
    for (said, what, why) in [
        ("", "reader", Unproved::Stream),
        ("", "fifo", Unproved::Stream),
        ("", "form", Unproved::Stream),
        (", algorithm=SHA-1", "", unknown("algorithm=SHA-1")),
        (", qop=\"auth-int\"", "", unknown("qop=auth-int")),
    ] {
        if ["fifo", "form"].contains(&what) {
            // Its writer waits for whoever reads it.
            let fifo = fifo.clone();
            std::thread::spawn(move || std::fs::write(fifo, "text"));
        }
        let web = Web::new([act(move |talk| {
            talk.request();
            talk.say(asks_only(said));
            talk.until_closed();
        })]);
        let request = sends(what).basic("ann", "word");
        let client = client();
        let response = client.send(&web.url("/"), &request).unwrap();
        assert_eq!((response.status(), response.unproved()), (401, Some(&why)));
        let error = response.checked().unwrap_err().to_string();
        assert!(error.contains(": 401 Who?; a digest of the password is asked for"), "{error}");
        drop(client);
        web.done();
    }
}

#[test]
fn a_password_that_was_shown_and_not_taken_is_blamed() {
    let web = Web::new([act(move |talk| {
        talk.request();
        talk.say(asks_only(", algorithm=SHA-1, Basic realm=\"r\""));
        talk.until_closed();
    })]);
    let client = client();
    let response = client.send(&web.url("/"), &Request::default().basic("ann", "word")).unwrap();
    assert_eq!((response.status(), response.unproved()), (401, None));
    drop((response, client));
    web.done();
}

#[test]
fn a_question_that_goes_on_in_the_next_line_is_answered() {
    let web = Web::new([act(|talk| {
        talk.request();
        talk.say(asks_only(",\r\n\talgorithm=SHA-256,\r\n  qop=\"auth\""));
        talk.request();
        talk.say(page("welcome"));
    })]);
    let page = client().send(&web.url("/"), &Request::default().basic("ann", "word")).unwrap();
    assert_eq!(page.text().unwrap(), "welcome");
    web.head();
    let head = web.head();
    let said = field(&head, "Authorization").unwrap();
    assert!(said.contains("algorithm=SHA-256") && said.contains("qop=auth"), "{said}");
    web.done();
}
