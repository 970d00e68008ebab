//! A plain mio echo: one thread, one buffer for all; what is not taken at once is kept for its connection.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Result, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sock_bench_peers::{BUFFER, end_with_stdin, listen};

struct Conn {
    peer: TcpStream,
    owed: Vec<u8>,
}

/// Sends what the kernel takes, and tells how much that was.
fn pay(peer: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match peer.write(&bytes[sent..]) {
            Ok(n) => sent += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// Reads until there is nothing more, as edge-triggered readiness asks; false when the conversation is over.
fn echo(conn: &mut Conn, buffer: &mut [u8]) -> Result<bool> {
    let sent = pay(&mut conn.peer, &conn.owed)?;
    conn.owed.drain(..sent);
    while conn.owed.is_empty() {
        match conn.peer.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(n) => {
                let sent = pay(&mut conn.peer, &buffer[..n])?;
                conn.owed.extend_from_slice(&buffer[sent..n]);
                // A short read has emptied the socket: mio says that this is so on Linux.
                if n < buffer.len() && conn.owed.is_empty() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn main() -> Result<()> {
    const LISTENER: Token = Token(usize::MAX - 1);
    let mut listener = TcpListener::from_std(listen());
    end_with_stdin();
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(256);
    let mut conns: HashMap<Token, Conn> = HashMap::new();
    let mut buffer = vec![0; BUFFER];
    let mut next = 0;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut peer, _)) = listener.accept() {
                    peer.set_nodelay(true)?;
                    next += 1;
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut peer, Token(next), both)?;
                    conns.insert(Token(next), Conn { peer, owed: Vec::new() });
                }
            } else if let Some(conn) = conns.get_mut(&event.token())
                && !echo(conn, &mut buffer).unwrap_or(false)
            {
                conns.remove(&event.token());
            }
        }
    }
}
