//! What the programs of the decks share: their arguments, and the lines that they are typed.
#![allow(dead_code, reason = "each program uses its part")]
#![allow(clippy::print_stderr, reason = "a program may say where it listens")]

use std::env;
use std::io::{self, Write};

use sock::Result;
use sock::socket::Socket;

/// Host and port of the command line; without them every interface and the deck's port.
pub(crate) fn arguments(port: u16) -> (String, u16) {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().unwrap_or_default();
    let port = arguments.next().map_or(port, |text| text.parse().expect("a port is a number"));
    (host, port)
}

/// Says on standard error where a server listens that was started with port 0.
pub(crate) fn tell_port(server: &Socket) -> Result<()> {
    if env::args().nth(2).as_deref() == Some("0") {
        eprintln!("port {}", server.local_addr()?.port().unwrap_or_default());
    }
    Ok(())
}

/// Shows a prompt and returns the line that is typed; none if it is empty or the input has ended.
pub(crate) fn input(prompt: &str) -> Option<String> {
    print_now(prompt);
    lines().next()
}

#[allow(clippy::print_stdout, reason = "the prompt of a program")]
fn print_now(prompt: &str) {
    print!("{prompt}");
    io::stdout().flush().expect("standard output takes a prompt");
}

/// The lines that are typed, up to an empty one or the end of the input.
pub(crate) fn lines() -> impl Iterator<Item = String> {
    io::stdin().lines().map_while(io::Result::ok).take_while(|line| !line.is_empty())
}

/// What came, as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Exactly `len` bytes, or fewer if the peer ends before.
pub(crate) fn receive(socket: &Socket, len: usize) -> Result<Vec<u8>> {
    let mut received = Vec::new();
    while received.len() < len {
        match socket.recv_vec(len - received.len())? {
            piece if piece.is_empty() => break,
            piece => received.extend(piece),
        }
    }
    Ok(received)
}
