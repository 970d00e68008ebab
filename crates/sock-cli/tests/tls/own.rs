//! Our client and our server: what is typed, what is said, and with which status it ends.

use std::process::Command;

use crate::office::Office;
use crate::support::{Finished, Program, Server, sock};

/// The endpoint as a client calls it by name.
fn by_name(server: &Server) -> String {
    format!("tls://localhost:{}", server.port("tls"))
}

fn run(arguments: &[&str], input: &[u8]) -> Finished {
    Program::run(sock(arguments), input)
}

#[test]
fn the_command_that_a_server_prints_works_as_it_is_printed() {
    let mut server = Program::start(sock(&["serve", "upper", "tls://127.0.0.1:0"]));
    assert!(server.error_line().starts_with("listening on tls://127.0.0.1:"));
    let certificate = server.error_line();
    assert!(
        certificate
            .starts_with("certificate: CN=sock, made on the spot (for 127.0.0.1, ::1, localhost"),
        "{certificate}"
    );
    assert!(certificate.contains(" (in 29 days), SHA-256 "), "{certificate}");
    let command = server.error_line();
    let command = command.strip_prefix("a client trusts it by: sock ").expect(&command);
    let words: Vec<&str> = command.split(' ').collect();
    let client = run(&words, b"hello\n").expect(0);
    assert_eq!(client.text(), "HELLO\n");
    assert!(client.stderr.contains("closed by us (FIN) after "), "{}", client.stderr);
    assert!(client.stderr.contains(": sent 6 B, received 6 B"), "{}", client.stderr);
    let file = words.last().unwrap();
    assert!(std::fs::metadata(file).is_ok(), "{file}");
    server.signal(rustix::process::Signal::TERM);
    server.finish().expect(0);
    assert!(std::fs::metadata(file).is_err(), "{file} goes with the server");
}

#[test]
fn every_way_to_call_the_machine_is_in_the_certificate() {
    let office = Office::new();
    let file = office.dir().join("made.pem");
    let file = file.to_str().unwrap();
    let server = Server::start(&["echo", "--cert-out", file], &["tls://:0"]);
    let port = server.port("tls");
    for host in ["localhost", "127.0.0.1"] {
        let at = format!("tls://{host}:{port}");
        let client = run(&["send", &at, "--ca", file, "who are you"], b"").expect(0);
        assert_eq!(client.text(), "who are you\n");
    }
    server.stop();
    // It was asked for there, and stays.
    assert!(std::fs::read_to_string(file).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn who_is_not_trusted_gets_nothing_and_the_reason_is_told() {
    let (office, other) = (Office::new(), Office::named("another authority"));
    let trusted = office.authority();
    let table = [
        (
            other.signed("localhost"),
            &trusted,
            "is signed by CN=another authority, which nobody here trusts; trust whoever signed it with --ca FILE",
        ),
        (
            office.own("localhost"),
            &trusted,
            "is signed by itself, and nobody here knows it; trust it by its own file with --ca FILE",
        ),
        (
            office.signed("a.example"),
            &trusted,
            "the server's certificate is for a.example, and not for localhost; call it by a name that it has",
        ),
        (office.expired("localhost"), &trusted, "expired on Tue, 02 Jan 2001 00:00:00 GMT, "),
    ];
    for (papers, ca, words) in table {
        let mut server =
            Server::start(&[&["echo"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
        let at = by_name(&server);
        for verb in [&["connect", &at][..], &["send", &at, "a secret"], &["connect", "-z", &at]] {
            let client = run(&[verb, &["--ca", ca]].concat(), b"a secret\n").expect(7);
            assert_eq!(client.text(), "");
            let line = client.stderr.lines().last().unwrap();
            assert!(line.starts_with("sock: no TLS with tls://"), "{line}");
            assert!(line.contains(words), "{line}");
            let end = server.event_named("close");
            assert_eq!((&end["how"], &end["received"]), (&"tls".into(), &0.into()), "{end}");
        }
        // Whoever insists is warned each time.
        let client = run(&["connect", &at, "--insecure"], b"no secret\n").expect(0);
        assert_eq!(client.text(), "no secret\n");
        assert!(client.stderr.starts_with("WARNING: --insecure: "), "{}", client.stderr);
        server.stop();
    }
}

/// Where nothing is said of trust, the authorities are those of the system, or of `SSL_CERT_FILE`.
#[test]
fn a_certificate_that_has_expired_is_told_on_both_sides() {
    let office = Office::new();
    let papers = office.expired("localhost");
    let (certificate, key) = (&papers.certificate, &papers.key);
    let at = "tls://127.0.0.1:0";
    let arguments = ["serve", "upper", at, "--cert", certificate, "--key", key];
    let mut server = Program::start(sock(&arguments));
    let listening = server.error_line_with("listening on tls://127.0.0.1:");
    let line = server.error_line_with("careful: ");
    assert!(line.contains("the certificate has expired, and clients refuse it"), "{line}");
    let port = listening.rsplit(':').next().unwrap();
    let at = format!("tls://localhost:{port}");
    let client = run(&["send", &at, "--ca", &office.authority(), "hello"], b"").expect(7);
    assert!(
        client.stderr.contains(" expired on Tue, 02 Jan 2001 00:00:00 GMT, "),
        "{}",
        client.stderr
    );
    server.error_line_with("it has expired, or is not yet valid");
}

#[test]
fn the_authorities_of_the_system_are_asked_by_default() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let server =
        Server::start(&[&["echo"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    let call = |file: &str| -> Finished {
        let mut command: Command = sock(&["connect", &by_name(&server)]);
        command.env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
        Program::run(command, b"hello\n")
    };
    assert_eq!(call(&office.authority()).expect(0).text(), "hello\n");
    let stranger = Office::named("another authority");
    let refused = call(&stranger.authority()).expect(7);
    assert!(refused.stderr.contains("which nobody here trusts"), "{}", refused.stderr);
    let none = call(&papers.key).expect(7);
    assert!(none.stderr.contains("this system names no authority"), "{}", none.stderr);
    server.stop();
}

#[test]
fn a_server_lets_in_whom_its_authority_knows() {
    let office = Office::new();
    let (papers, anna) = (office.signed("localhost"), office.signed("anna"));
    let ca = office.authority();
    let demands = [&["upper", "--tls-info", "--client-ca", &ca][..], &papers.options()].concat();
    let mut server = Server::start(&demands, &["tls://127.0.0.1:0"]);
    let at = by_name(&server);
    let nobody = run(&["connect", &at, "--ca", &ca], b"hello\n").expect(7);
    let line = nobody.stderr.lines().last().unwrap();
    assert!(line.contains("the server demands a certificate of us (alert 116: certificate_required); name one with --cert FILE"), "{line}");
    assert_eq!(server.event_named("close")["how"], "tls");
    let known = run(&[&["connect", &at, "--ca", &ca][..], &anna.options()].concat(), b"hello\n");
    assert_eq!(known.expect(0).text(), "HELLO\n");
    let told = server.event_named("note")["text"].as_str().unwrap().to_owned();
    assert!(told.starts_with("TLS 1.3, TLS_"), "{told}");
    assert_eq!(server.event_named("note")["text"], "certificate 0: subject CN=anna");
    let stranger = Office::named("another authority");
    let stranger = stranger.signed("anna");
    run(&[&["connect", &at, "--ca", &ca][..], &stranger.options()].concat(), b"hello\n").expect(7);
    server.stop();
}

#[test]
fn what_was_agreed_is_told_who_asks() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let knows = [&["echo", "--alpn", "two", "--alpn", "one"][..], &papers.options()].concat();
    let server = Server::start(&knows, &["tls://127.0.0.1:0"]);
    let (at, ca) = (by_name(&server), office.authority());
    let ask = ["connect", &at, "--ca", &ca, "--tls-info", "--alpn"];
    let client = run(&[&ask[..], &["one", "--alpn", "two"]].concat(), b"x").expect(0);
    let told: Vec<&str> = client.stderr.lines().collect();
    assert!(told[1].starts_with("TLS 1.3, TLS_AES_"), "{told:?}");
    assert!(told[1].ends_with(", ALPN two"), "{told:?}");
    assert_eq!(told[2], "certificate 0: subject CN=localhost");
    assert_eq!(told[3], "certificate 0: issuer CN=the test authority");
    assert_eq!(told[4], "certificate 0: names localhost");
    let client = run(&[&ask[..], &["three"]].concat(), b"x").expect(7);
    let line = client.stderr.lines().last().unwrap();
    assert!(line.contains("no application protocol in common (ALPN) (alert 120: no_application_protocol); offer one"), "{line}");
    let there = run(&["connect", "-z", &at, "--ca", &ca], b"").expect(0);
    let line = there.stderr.lines().last().unwrap();
    assert!(line.ends_with(" is open: it speaks TLS, and is trusted"), "{line}");
    server.stop();
}

#[test]
fn who_speaks_no_tls_is_told_so_on_both_sides() {
    let mut server = Server::start(&["greet"], &["tls://127.0.0.1:0", "tcp://127.0.0.1:0"]);
    let plain = format!("tls://127.0.0.1:{}", server.port("tcp"));
    let client = run(&["connect", &plain, "--insecure"], b"").expect(7);
    let line = client.stderr.lines().last().unwrap();
    assert!(line.contains("the server does not speak TLS: it says '"), "{line}");
    server.event_named("close");
    let sealed = format!("tcp://127.0.0.1:{}", server.port("tls"));
    let client = run(&["connect", &sealed], b"GET / HTTP/1.1\r\n").expect(0);
    assert!(client.text().ends_with("\r\n\r\nthis port speaks TLS: write https://\n"));
    let got = run(&["get", "--no-proxy", &sealed.replace("tcp:", "http:")], b"").expect(1);
    assert!(got.stderr.contains("this port speaks TLS: write https://"), "{}", got.stderr);
    let note = server.event_named("note")["text"].as_str().unwrap().to_owned();
    let wanted = "the client does not speak TLS: it says 'GET / HTTP/1.1'; it has to call tls:// or https://";
    assert_eq!(note, wanted);
    server.stop();
}

#[test]
fn what_is_wrong_with_a_file_is_a_wrong_command_line() {
    let office = Office::new();
    let (one, two) = (office.signed("one"), office.signed("two"));
    let listen = ["serve", "echo", "tls://127.0.0.1:0", "--cert", &one.certificate, "--key"];
    let refused = run(&[&listen[..], &[&two.key]].concat(), b"").expect(2);
    assert!(refused.stderr.contains("is not that of the certificate"), "{}", refused.stderr);
    let refused = run(&["connect", "tls://127.0.0.1:1", "--ca", "/nowhere.pem"], b"").expect(2);
    let wanted = "sock: cannot read the certificates in /nowhere.pem: no such file\n";
    assert_eq!(refused.stderr, wanted);
    let refused = run(&["connect", "127.0.0.1:1", "--insecure"], b"").expect(2);
    let wanted = "sock: --insecure is about TLS, which is not spoken at tcp://127.0.0.1:1; write tls://127.0.0.1:1\n";
    assert_eq!(refused.stderr, wanted);
    run(&["serve", "echo", "127.0.0.1:0", "--cert-out", "x.pem"], b"").expect(2);
}

/// A packet capture of the conversation can be read by whoever has this file.
#[test]
fn the_secrets_are_written_where_they_are_asked_for() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let server =
        Server::start(&[&["echo"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    let file = office.dir().join("keys");
    let mut client = sock(&["connect", &by_name(&server), "--ca", &office.authority()]);
    client.env("SSLKEYLOGFILE", &file);
    Program::run(client, b"x").expect(0);
    let keys = std::fs::read_to_string(file).unwrap();
    assert!(keys.contains("CLIENT_TRAFFIC_SECRET_0 "), "{keys}");
    server.stop();
}

#[test]
fn one_client_is_wired_to_standard_input_and_output() {
    let office = Office::new();
    let file = office.dir().join("made.pem");
    let file = file.to_str().unwrap();
    let arguments = ["serve", "stdio", "tls://127.0.0.1:0", "--cert-out", file];
    let mut server = Program::start(sock(&arguments));
    let line = server.error_line();
    let at = line.strip_prefix("listening on ").expect(&line).to_owned();
    let mut client = Program::start(sock(&["connect", &at, "--ca", file]));
    client.say(b"from the client\n");
    assert_eq!(server.line(), "from the client");
    server.say(b"from the server\n");
    assert_eq!(client.line(), "from the server");
    client.end();
    assert_eq!(server.until_end(), b"");
    server.finish().expect(0);
    client.finish().expect(0);
}

#[test]
fn what_is_printed_for_another_machine_is_what_the_certificate_is_for() {
    let office = Office::new();
    let file = office.dir().join("certificate.pem");
    let arguments = ["serve", "http", "--cert-out", file.to_str().unwrap(), "tls://:0"];
    let mut server = Program::start(sock(&arguments));
    let listening = server.error_line();
    let port = listening.rsplit(':').next().unwrap();
    // Where this machine has no address but its own, nothing is printed for others.
    let open = server.error_line();
    let next = server.error_line();
    let Some(url) = next.strip_prefix("from another machine: ") else {
        assert!(next.starts_with("certificate: CN=sock"), "{open}\n{next}");
        return;
    };
    let certificate = server.error_line();
    let host = url.strip_prefix("https://").and_then(|url| url.split(':').next()).unwrap();
    assert!(certificate.contains(&format!(", {host})")), "{certificate}");
    assert!(server.error_line().starts_with("a client trusts it by: sock get https://localhost:"));
    let copied = server.error_line();
    let (begin, command) =
        copied.split_once(" there as certificate.pem, and sock ").expect(&copied);
    assert!(begin.starts_with("from another machine: copy /"), "{copied}");
    let mut command: Command = sock(&command.split(' ').collect::<Vec<_>>());
    command.current_dir(office.dir()).env("no_proxy", "*");
    let page = Program::run(command, b"").expect(0).text();
    // The page says how it is called by hand, as it was called.
    assert!(page.contains(&format!("<pre>sock connect --crlf tls://{host}:{port}\n")), "{page}");
    assert!(page.contains("agreed on TLS"), "{page}");
    server.signal(rustix::process::Signal::TERM);
    server.finish().expect(0);
}
