//! `openssl s_client` against our server.

use crate::office::Office;
use crate::support::{Finished, Program, Server, peer};

/// Talks by `s_client`, which reads the answer and ends when its input has.
fn talk(server: &Server, options: &[&str]) -> Option<Finished> {
    let mut command = peer("openssl")?;
    let at = format!("127.0.0.1:{}", server.port("tls"));
    command.args(["s_client", "-connect", &at, "-servername", "localhost"]).args(options);
    let mut client = Program::start(command);
    client.say(b"hello\n");
    // Its output ends when it has been refused.
    while client.line_or_end().is_some_and(|line| !line.contains("HELLO")) {}
    Some(client.finish())
}

#[test]
fn both_versions_are_spoken_and_verified() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let ca = office.authority();
    let mut server =
        Server::start(&[&["upper"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    for version in ["-tls1_2", "-tls1_3"] {
        let verify = ["-verify_return_error", "-verify_hostname", "localhost", "-CAfile", &ca];
        let Some(client) = talk(&server, &[&[version][..], &verify].concat()) else { return };
        client.expect(0);
        let end = server.event_named("close");
        assert_eq!((&end["how"], &end["received"]), (&"fin".into(), &6.into()), "{version}: {end}");
    }
    // It does not trust whom it does not know, and says so.
    let stranger = Office::named("another authority");
    let verify = ["-verify_return_error", "-CAfile", &stranger.authority()];
    let Some(client) = talk(&server, &verify) else {
        return;
    };
    assert_ne!(client.code(), 0);
    let note = server.event_named("note")["text"].as_str().unwrap().to_owned();
    assert!(note.contains("(alert 48: unknown_ca)"), "{note}");
    assert_eq!(server.event_named("close")["how"], "tls");
    server.stop();
}

#[test]
fn older_versions_are_refused_with_the_alert_for_it() {
    let mut server = Server::start(&["upper"], &["tls://127.0.0.1:0"]);
    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let Some(client) = talk(&server, &old) else { return };
    assert_ne!(client.code(), 0);
    assert!(client.stderr.contains("SSL alert number 70"), "{}", client.stderr);
    let note = loop {
        let note = server.event_named("note");
        if note["code"] == "tls" {
            break note["text"].as_str().unwrap().to_owned();
        }
    };
    assert!(note.starts_with("no version of TLS in common with the client; "), "{note}");
    server.stop();
}

#[test]
fn a_protocol_is_agreed_on_or_refused() {
    let mut server =
        Server::start(&["upper", "--alpn", "b", "--alpn", "a"], &["tls://127.0.0.1:0"]);
    let Some(client) = talk(&server, &["-alpn", "a,b"]) else { return };
    client.expect(0);
    assert_eq!(server.event_named("close")["how"], "fin");
    let Some(client) = talk(&server, &["-alpn", "c"]) else { return };
    assert!(client.stderr.contains("SSL alert number 120"), "{}", client.stderr);
    assert_eq!(server.event_named("close")["how"], "tls");
    server.stop();
}

/// A browser that would rather speak HTTP/2 learns at once what is spoken here.
#[test]
fn a_web_server_names_the_versions_of_http_that_it_speaks() {
    for (offered, agreed) in
        [("h2,http/1.1", "http/1.1"), ("http/1.0,http/1.1", "http/1.1"), ("http/1.0", "http/1.0")]
    {
        let mut server = Server::start(&["http", "--tls-info"], &["tls://127.0.0.1:0"]);
        let Some(mut command) = peer("openssl") else { return };
        let at = format!("127.0.0.1:{}", server.port("tls"));
        command.args(["s_client", "-quiet", "-connect", &at, "-alpn", offered]);
        let page = Program::run(command, b"GET /\n");
        assert!(page.expect(0).text().ends_with("</html>\n"), "{offered}");
        let told = loop {
            let note = server.event_named("note")["text"].as_str().unwrap().to_owned();
            if note.starts_with("TLS 1.3, ") {
                break note;
            }
        };
        assert!(told.ends_with(&format!(", ALPN {agreed}")), "{offered}: {told}");
        server.stop();
    }
    let mut server = Server::start(&["http"], &["tls://127.0.0.1:0"]);
    let Some(client) = talk(&server, &["-alpn", "h2"]) else { return };
    assert!(client.stderr.contains("SSL alert number 120"), "{}", client.stderr);
    assert_eq!(server.event_named("close")["how"], "tls");
    server.stop();
    // Whoever is asked for by name is known, and nobody else.
    let server = Server::start(&["http", "--alpn", "h9"], &["tls://127.0.0.1:0"]);
    let Some(client) = talk(&server, &["-alpn", "http/1.1"]) else { return };
    assert!(client.stderr.contains("SSL alert number 120"), "{}", client.stderr);
    server.stop();
}

#[test]
fn a_clients_certificate_is_demanded() {
    let office = Office::new();
    let (papers, anna) = (office.signed("localhost"), office.signed("anna"));
    let ca = office.authority();
    let demands = [&["upper", "--client-ca", &ca][..], &papers.options()].concat();
    let mut server = Server::start(&demands, &["tls://127.0.0.1:0"]);
    for version in ["-tls1_2", "-tls1_3"] {
        let shown = [version, "-cert", &anna.certificate, "-key", &anna.key];
        let Some(client) = talk(&server, &shown) else { return };
        client.expect(0);
        assert_eq!(server.event_named("close")["how"], "fin", "{version}");
        let Some(client) = talk(&server, &[version]) else { return };
        assert_ne!(client.code(), 0, "{version}: {} {}", client.text(), client.stderr);
        assert!(
            client.stderr.contains("SSL alert number 116") || version == "-tls1_2",
            "{}",
            client.stderr
        );
        assert_eq!(server.event_named("close")["how"], "tls", "{version}");
    }
    server.stop();
}

/// A second handshake within the first is no longer made (RFC 9325, section 3.5): whoever asks goes on as before.
#[test]
fn a_second_handshake_is_refused() {
    let mut server = Server::start(&["upper"], &["tls://127.0.0.1:0"]);
    let Some(mut command) = peer("openssl") else { return };
    let at = format!("127.0.0.1:{}", server.port("tls"));
    command.args(["s_client", "-connect", &at, "-tls1_2", "-legacy_renegotiation"]);
    let mut client = Program::start(command);
    client.say(b"before\n");
    while client.line() != "BEFORE" {}
    // A line that begins so is a command of s_client's.
    client.say(b"R\n");
    let said = client.finish();
    assert!(
        said.stderr.contains("no renegotiation") || said.stderr.contains("RENEGOTIATING"),
        "{}",
        said.stderr
    );
    let end = server.event_named("close");
    assert_eq!(end["received"], 7, "{end}");
    server.stop();
}
