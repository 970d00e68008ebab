//! Passwords: proved where that can be done, not blamed where it cannot, and warned of where others hear them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::spawn;

use crate::support::{Program, sock};

/// A server that answers so, conversation by conversation, each request once its head is had.
fn answers(all: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    spawn(move || {
        for answer in all {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            while !heard.windows(4).any(|four| four == b"\r\n\r\n") {
                let mut piece = [0; 1000];
                let n = stream.read(&mut piece).unwrap();
                heard.extend_from_slice(&piece[..n]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            // Until the client has gone, or the rest of what it sends is reset.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    addr
}

fn asks(more: &str) -> String {
    format!(
        "HTTP/1.1 401 Who?\r\nConnection: close\r\nWWW-Authenticate: Digest realm=\"r\", \
         nonce=\"n\"{more}\r\nContent-Length: 0\r\n\r\n"
    )
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nyes";

#[test]
fn a_password_is_not_blamed_where_it_could_not_be_proved() {
    for (arguments, more, cure) in [
        (
            &["-d", "@-"][..],
            "",
            "; a digest of the password is asked for, and then the body is sent again, which stdin or a pipe cannot be: name a file\n",
        ),
        (
            &["-d", "text"],
            ", algorithm=SHA-1",
            "in a way that is not spoken here: algorithm=SHA-1\n",
        ),
        (&["-I"], ", qop=\"auth-int\"", "in a way that is not spoken here: qop=auth-int\n"),
    ] {
        let url = format!("http://{}/", answers(vec![asks(more)]));
        let verb = ["get", "-q", "--no-proxy", "--user", "me:word"];
        let finished = Program::run(sock(&[&verb, arguments, &[&url]].concat()), b"text");
        let told = finished.expect(1).stderr;
        assert!(told.contains("401 ") && told.ends_with(cure), "{told}");
        assert!(!told.contains("not accepted"), "{told}");
    }
}

#[test]
fn who_shows_a_password_to_all_who_are_on_the_way_is_told_so() {
    let told = |arguments: &[&str]| {
        let proxy = format!("http://{}", answers(vec![PAGE.to_owned()]));
        let finished = Program::run(sock(&[&["get", "--proxy", &proxy], arguments].concat()), b"");
        finished.expect(0).stderr
    };
    let warning = "what says who you are goes to far.example as it is: whoever is on the way can read it; https:// hides it";
    let user = told(&["--user", "me:word", "http://far.example/"]);
    assert_eq!(user.matches(warning).count(), 1, "{user}");
    for secret in
        [&["--bearer", "token", "http://far.example/"][..], &["http://me:word@far.example/"]]
    {
        let told = told(secret);
        assert!(told.contains(warning), "{told}");
    }
    // Nobody is on the way within one machine, and without a secret nothing is said.
    for harmless in [&["--user", "me:word", "http://127.0.0.1:1/"][..], &["http://far.example/"]] {
        let told = told(harmless);
        assert!(!told.contains("who you are"), "{told}");
    }
    let url = format!("http://{}/", answers(vec![PAGE.to_owned()]));
    let finished = Program::run(sock(&["get", "--no-proxy", "--user", "me:word", &url]), b"");
    assert!(!finished.expect(0).stderr.contains("who you are"));
}

#[test]
fn who_wants_a_token_is_given_one() {
    for (asked, cure) in [
        ("Bearer realm=\"x\"", "say who you are: --bearer TOKEN"),
        ("Basic realm=\"x\"", "say who you are: --user NAME:PASSWORD"),
    ] {
        let head = format!(
            "HTTP/1.1 401 Who?\r\nConnection: close\r\nWWW-Authenticate: {asked}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let url = format!("http://{}/", answers(vec![head]));
        let told = Program::run(sock(&["get", "-q", "--no-proxy", &url]), b"").expect(1).stderr;
        assert!(told.ends_with(&format!("; {cure}\n")), "{told}");
    }
}

#[test]
fn no_message_says_the_password_of_a_url() {
    let head = "HTTP/1.1 404 None\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let url = format!("http://me:secret@{}/", answers(vec![head.to_owned()]));
    for screen in ["-v", "--json"] {
        let told = Program::run(sock(&["get", screen, "--no-proxy", "--retry", "0", &url]), b"");
        assert!(!told.stderr.contains("secret"), "{}", told.stderr);
    }
    let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\ncut";
    let url = format!("http://me:secret@{}/", answers(vec![cut.to_owned()]));
    let patience = ["--retry", "0", "--stall-timeout", "200ms"];
    let get = [&["get", "--no-proxy"], &patience[..], &["-o", "/dev/null", &url]].concat();
    let told = Program::run(sock(&get), b"").expect(5);
    assert!(!told.stderr.contains("secret"), "{}", told.stderr);
}
