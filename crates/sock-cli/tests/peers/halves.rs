//! Echo between ours and theirs: each side as client and as server, each side the first to half-close.

use crate::foreign::{Foreign, Ncat, Socat};
use crate::support::{Program, Server, sock};

/// One side of a conversation, and what can be seen of it from outside.
struct Side {
    program: Program,
    /// The end of the peer's data closes its standard output.
    shows_the_end: bool,
    /// It still speaks after the peer's half-close.
    stays: bool,
}

impl Side {
    fn ours(program: Program) -> Self {
        Self { program, shows_the_end: true, stays: true }
    }

    fn hears(&mut self, words: &[u8]) {
        assert_eq!(self.program.exactly(words.len()), words);
    }

    fn hears_the_end(&mut self) {
        if self.shows_the_end {
            assert_eq!(self.program.until_end(), b"");
        }
    }
}

/// The caller speaks, the called echoes, `first` half-closes, the other goes on and ends, both leave with 0.
fn half_closes_first(mut first: Side, mut second: Side) {
    first.program.end();
    second.hears_the_end();
    if second.stays {
        second.program.say(b"after your end\n");
        first.hears(b"after your end\n");
    }
    second.program.end();
    first.hears_the_end();
    for side in [first, second] {
        let rest = side.program.finish().expect(0);
        assert_eq!(rest.text(), "", "nothing comes twice");
    }
}

fn echo_once(client: &mut Side, server: &mut Side) {
    client.program.say(b"hello\n");
    server.hears(b"hello\n");
    server.program.say(b"hello\n");
    client.hears(b"hello\n");
}

fn ours_listens(theirs: Foreign) -> Option<(Side, Side)> {
    let mut server = Program::start(sock(&["serve", "stdio", "tcp://127.0.0.1:0"]));
    let line = server.error_line_with("listening on ");
    let port = line.rsplit(':').next().expect("a port");
    let client = theirs.call(port)?;
    let client = Side { program: client, shows_the_end: theirs.shows_the_end(false), stays: true };
    Some((client, Side::ours(server)))
}

fn theirs_listens(theirs: Foreign) -> Option<(Side, Side)> {
    let (server, port) = theirs.listen()?;
    let client = Program::start(sock(&["connect", &format!("127.0.0.1:{port}")]));
    let server = Side {
        program: server,
        shows_the_end: theirs.shows_the_end(true),
        stays: theirs.stays_when_the_caller_ends(),
    };
    Some((Side::ours(client), server))
}

#[test]
fn ours_listens_and_the_client_ends_first() {
    for theirs in Foreign::ALL {
        let Some((mut client, mut server)) = ours_listens(theirs) else { continue };
        echo_once(&mut client, &mut server);
        half_closes_first(client, server);
    }
}

#[test]
fn ours_listens_and_ends_first() {
    for theirs in Foreign::ALL {
        let Some((mut client, mut server)) = ours_listens(theirs) else { continue };
        echo_once(&mut client, &mut server);
        half_closes_first(server, client);
    }
}

#[test]
fn theirs_listens_and_the_client_ends_first() {
    for theirs in Foreign::ALL {
        let Some((mut client, mut server)) = theirs_listens(theirs) else { continue };
        echo_once(&mut client, &mut server);
        half_closes_first(client, server);
    }
}

#[test]
fn theirs_listens_and_ends_first() {
    for theirs in Foreign::ALL {
        let Some((mut client, mut server)) = theirs_listens(theirs) else { continue };
        echo_once(&mut client, &mut server);
        half_closes_first(server, client);
    }
}

/// A mebibyte in which no two places look alike.
fn a_lot() -> Vec<u8> {
    (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect()
}

#[test]
fn their_clients_get_all_of_a_mebibyte_back_from_our_echo() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    for theirs in Foreign::ALL {
        let Some(mut client) = theirs.call(&server.port("tcp")) else { continue };
        client.say(&a_lot());
        let finished = client.finish().expect(0);
        assert!(finished.stdout == a_lot(), "{theirs:?}: {} bytes", finished.stdout.len());
    }
    server.stop();
}

#[test]
fn our_client_gets_all_of_a_mebibyte_back_from_socat() {
    let Some((_server, port)) = Socat.listen_with_echo() else { return };
    let client = sock(&["connect", &format!("127.0.0.1:{port}")]);
    let finished = Program::run(client, &a_lot()).expect(0);
    assert!(finished.stdout == a_lot(), "{} bytes", finished.stdout.len());
}

/// ncat writes to its child without reading from it, and leaves when its caller ends: it is never given
/// more than a pipe holds.
#[test]
fn our_client_gets_all_of_a_mebibyte_back_from_ncat() {
    let Some((_server, port)) = Ncat.listen_with_echo() else { return };
    let mut client = Program::start(sock(&["connect", &format!("127.0.0.1:{port}")]));
    for piece in a_lot().chunks(1 << 15) {
        client.say(piece);
        assert!(client.exactly(piece.len()) == piece, "other bytes came back");
    }
    assert_eq!(client.finish().expect(0).text(), "");
}
