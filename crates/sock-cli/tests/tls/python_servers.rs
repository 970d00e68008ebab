//! Our client against servers of Python's `ssl`.

use crate::office::{Office, Papers};
use crate::python;
use crate::support::{Finished, Program, sock};

const SSL: &str = r#"
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("CERT", "KEY")
s = bound()
"#;

/// A server that does what `script` says.
fn serve(papers: &Papers, script: &str) -> Option<(Program, String)> {
    let ssl = SSL.replace("CERT", &papers.certificate).replace("KEY", &papers.key);
    let (program, port) = python::listen(&format!("{ssl}{script}"))?;
    Some((program, format!("tls://localhost:{port}")))
}

fn connect(at: &str, ca: &str, input: &[u8]) -> Finished {
    Program::run(sock(&["connect", at, "--ca", ca]), input)
}

#[test]
fn it_talks_and_ends_in_order() {
    let office = Office::new();
    let script = r#"
c, _ = s.accept()
c = context.wrap_socket(c, server_side=True)
expect(until_end(c), b"all that I have")
c.sendall(b"thank you")
c.unwrap().close()
"#;
    let Some((server, at)) = serve(&office.signed("localhost"), script) else { return };
    let client = connect(&at, &office.authority(), b"all that I have").expect(0);
    assert_eq!(client.text(), "thank you");
    server.finish().expect(0);
}

#[test]
fn an_end_without_the_last_word_is_cut_short() {
    let office = Office::new();
    let script = r#"
c, _ = s.accept()
c = context.wrap_socket(c, server_side=True)
c.sendall(b"half of it")
raw = socket.socket(fileno=c.detach())
raw.shutdown(socket.SHUT_WR)
until_end(raw)
"#;
    for verb in ["connect", "send"] {
        let Some((server, at)) = serve(&office.signed("localhost"), script) else { return };
        let more: &[&str] = if verb == "send" {
            &["--ca", &office.authority(), "give me"]
        } else {
            &["--ca", &office.authority(), "--recv-only"]
        };
        let client = Program::run(sock(&[&[verb, &at][..], more].concat()), b"").expect(6);
        assert_eq!(client.text().trim_end(), "half of it", "what did arrive is delivered");
        let line = client.stderr.lines().last().unwrap();
        assert!(line.contains(" ended without saying that this was all"), "{line}");
        server.finish().expect(0);
    }
}

#[test]
fn the_server_sees_the_alert_of_whom_it_could_not_convince() {
    let office = Office::new();
    let script = r#"
c, _ = s.accept()
try:
    context.wrap_socket(c, server_side=True)
    say("trusted")
except ssl.SSLError as e:
    say(e.reason)
"#;
    let elsewhere = Office::named("another authority");
    let table = [
        (office.signed("a.example"), "SSLV3_ALERT_BAD_CERTIFICATE"),
        (office.expired("localhost"), "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        (elsewhere.signed("localhost"), "TLSV1_ALERT_UNKNOWN_CA"),
    ];
    for (papers, alert) in table {
        let Some((mut server, at)) = serve(&papers, script) else { return };
        connect(&at, &office.authority(), b"a secret").expect(7);
        assert_eq!(server.line(), alert);
        server.finish().expect(0);
    }
}

#[test]
fn no_common_version_is_told() {
    let office = Office::new();
    let script = r#"
import warnings
warnings.simplefilter("ignore")
context.maximum_version = ssl.TLSVersion.TLSv1_1
context.minimum_version = ssl.TLSVersion.TLSv1
context.set_ciphers("DEFAULT@SECLEVEL=0")
c, _ = s.accept()
try:
    context.wrap_socket(c, server_side=True)
    say("spoken")
except ssl.SSLError as e:
    say(e.reason)
"#;
    let Some((mut server, at)) = serve(&office.signed("localhost"), script) else { return };
    let client = connect(&at, &office.authority(), b"").expect(7);
    let line = client.stderr.lines().last().unwrap();
    assert!(line.contains("no version of TLS in common with the server"), "{line}");
    assert_ne!(server.line(), "spoken");
    server.finish().expect(0);
}

#[test]
fn a_handshake_that_does_not_end_is_a_timeout() {
    let office = Office::new();
    let script = "
c, _ = s.accept()
until_end(c)
";
    let Some((server, at)) = serve(&office.signed("localhost"), script) else { return };
    let ca = office.authority();
    let arguments = ["connect", &at, "--ca", &ca, "--connect-timeout", "300ms"];
    let client = Program::run(sock(&arguments), b"a secret").expect(5);
    let line = client.stderr.lines().last().unwrap();
    assert!(
        line.contains("the server did not finish the handshake within 300ms; does it speak TLS?"),
        "{line}"
    );
    server.finish().expect(0);
}
