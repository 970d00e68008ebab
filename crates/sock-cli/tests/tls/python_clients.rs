//! Clients of Python's `ssl` against our server.

use crate::office::Office;
use crate::python;
use crate::support::Server;

const SSL: &str = r#"
import ssl
def context(ca, **more):
    c = ssl.create_default_context(cafile=ca)
    for name, value in more.items():
        setattr(c, name, value)
    return c
def reach(c, port, name="localhost", **more):
    return c.wrap_socket(call(port), server_hostname=name, **more)
"#;

fn run(script: &str, arguments: &[&str]) -> Option<String> {
    python::run(&format!("{SSL}{script}"), arguments)
}

#[test]
fn it_verifies_talks_and_ends_in_order() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let mut server =
        Server::start(&[&["upper"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    let script = r#"
for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
    c = context(sys.argv[2], minimum_version=version, maximum_version=version)
    s = reach(c, sys.argv[1])
    s.sendall(b"hello")
    expect(exactly(s, 5), b"HELLO")
    s.unwrap()
"#;
    if run(script, &[&server.port("tls"), &office.authority()]).is_none() {
        return;
    }
    for _ in 0..2 {
        let end = server.event_named("close");
        assert_eq!((&end["how"], &end["sent"]), (&"fin".into(), &5.into()), "{end}");
    }
    server.stop();
}

/// The certificate that is made on the spot passes Python's strictest look, too.
#[test]
fn the_certificate_made_on_the_spot_is_trusted_by_its_file() {
    let office = Office::new();
    let file = office.dir().join("made.pem");
    let file = file.to_str().unwrap();
    let server = Server::start(&["echo", "--cert-out", file], &["tls://127.0.0.1:0"]);
    let script = r#"
c = context(sys.argv[2])
c.verify_flags |= ssl.VERIFY_X509_STRICT
for name in "localhost", "127.0.0.1":
    s = reach(c, sys.argv[1], name)
    s.sendall(b"x")
    expect(exactly(s, 1), b"x")
    s.unwrap()
try:
    reach(c, sys.argv[1], "elsewhere.example")
    say("trusted")
except ssl.SSLCertVerificationError as e:
    expect(e.verify_code, 62)
"#;
    run(script, &[&server.port("tls"), file]);
    server.stop();
}

#[test]
fn a_rude_end_is_no_end() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let mut server =
        Server::start(&[&["upper"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    let script = r#"
s = reach(context(sys.argv[2]), sys.argv[1])
s.sendall(b"half of it")
expect(exactly(s, 10), b"HALF OF IT")
raw = socket.socket(fileno=s.detach())
raw.shutdown(socket.SHUT_WR)
until_end(raw)
"#;
    if run(script, &[&server.port("tls"), &office.authority()]).is_none() {
        return;
    }
    let end = server.event_named("close");
    assert_eq!((&end["how"], &end["received"]), (&"truncated".into(), &10.into()), "{end}");
    server.stop();
}

#[test]
fn nothing_from_before_the_handshake_is_heard() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let mut server =
        Server::start(&[&["upper"][..], &papers.options()].concat(), &["tls://127.0.0.1:0"]);
    let script = r#"
s = call(sys.argv[1])
s.sendall(b"DELETE /home HTTP/1.0\r\n\r\n")
expect(until_end(s).splitlines()[-1], b"this port speaks TLS: write https://")
"#;
    if run(script, &[&server.port("tls")]).is_none() {
        return;
    }
    let end = server.event_named("close");
    assert_eq!((&end["how"], &end["received"]), (&"tls".into(), &0.into()), "{end}");
    server.stop();
}

#[test]
fn sessions_resume_on_every_engine() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let script = r#"
for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
    c = context(sys.argv[2], minimum_version=version, maximum_version=version)
    session = None
    for n in range(3):
        s = reach(c, sys.argv[1], session=session)
        s.sendall(b"x")
        expect(exactly(s, 1), b"X")
        expect(s.session_reused, n > 0)
        session = s.session
        s.unwrap()
"#;
    for engine in ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"] {
        let service = [&["upper", "--engine", engine][..], &papers.options()].concat();
        let server = Server::start(&service, &["tls://127.0.0.1:0"]);
        if run(script, &[&server.port("tls"), &office.authority()]).is_none() {
            return;
        }
        server.stop();
    }
}

/// Under 1.3 a client without its certificate is told when it first reads.
#[test]
fn a_missing_certificate_is_an_error_of_the_first_read() {
    let office = Office::new();
    let papers = office.signed("localhost");
    let ca = office.authority();
    let demands = [&["upper", "--client-ca", &ca][..], &papers.options()].concat();
    let mut server = Server::start(&demands, &["tls://127.0.0.1:0"]);
    let script = r#"
s = reach(context(sys.argv[2], minimum_version=ssl.TLSVersion.TLSv1_3), sys.argv[1])
try:
    s.recv(1)
    say("heard")
except ssl.SSLError as e:
    expect(e.reason, "TLSV13_ALERT_CERTIFICATE_REQUIRED")
"#;
    if run(script, &[&server.port("tls"), &ca]).is_none() {
        return;
    }
    assert_eq!(server.event_named("close")["how"], "tls");
    server.stop();
}
