//! Our client against `openssl s_server`.

use crate::office::{Office, Papers};
use crate::support::{Finished, Program, peer, sock};

/// A server that turns each line round, and its endpoint.
fn server(papers: &Papers, options: &[&str]) -> Option<(Program, String)> {
    let mut command = peer("openssl")?;
    command.args(["s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", &papers.certificate]);
    command.args(["-key", &papers.key]).args(options);
    let mut server = Program::start(command);
    loop {
        let line = server.line();
        if let Some(at) = line.strip_prefix("ACCEPT ") {
            let port = at.rsplit(':').next().unwrap().to_owned();
            return Some((server, format!("tls://localhost:{port}")));
        }
    }
}

fn ask(at: &str, options: &[&str]) -> Finished {
    Program::run(sock(&[&["send", at][..], options, &["olleh"]].concat()), b"")
}

#[test]
fn both_versions_are_spoken() {
    let office = Office::new();
    let ca = office.authority();
    for version in ["-tls1_2", "-tls1_3"] {
        let Some((_server, at)) = server(&office.signed("localhost"), &[version]) else { return };
        assert_eq!(ask(&at, &["--ca", &ca]).expect(0).text(), "hello\n", "{version}");
        let told = ask(&at, &["--ca", &ca, "--tls-info"]).expect(0).stderr;
        let wanted = if version == "-tls1_2" { "TLS 1.2, " } else { "TLS 1.3, " };
        assert!(told.contains(wanted), "{told}");
    }
    let Some((_server, at)) = server(&office.expired("localhost"), &[]) else { return };
    ask(&at, &["--ca", &ca]).expect(7);
}

#[test]
fn it_is_shown_a_certificate_that_it_asks_for() {
    let office = Office::new();
    let (ca, anna) = (office.authority(), office.signed("anna"));
    for version in ["-tls1_2", "-tls1_3"] {
        let demands = [version, "-Verify", "1", "-verify_return_error", "-CAfile", &ca];
        let Some((_server, at)) = server(&office.signed("localhost"), &demands) else { return };
        let shown = [&["--ca", &ca][..], &anna.options()].concat();
        assert_eq!(ask(&at, &shown).expect(0).text(), "hello\n", "{version}");
        let refused = ask(&at, &["--ca", &ca]).expect(7);
        let line = refused.stderr.lines().last().unwrap();
        assert!(line.starts_with("sock: no TLS with tls://"), "{line}");
    }
}

#[test]
fn a_protocol_is_agreed_on() {
    let office = Office::new();
    let ca = office.authority();
    let Some((_server, at)) = server(&office.signed("localhost"), &["-alpn", "b,a"]) else {
        return;
    };
    let told = ask(&at, &["--ca", &ca, "--tls-info", "--alpn", "a"]).expect(0).stderr;
    assert!(told.contains(", ALPN a\n"), "{told}");
}
