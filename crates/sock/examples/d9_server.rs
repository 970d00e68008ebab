//! D9: an echo server in one thread, which selects among all its connections.
//!
//! `cargo run --example d9_server -- [HOST [PORT]]`

mod deck;

use std::ptr;
use std::rc::Rc;

use sock::Result;
use sock::socket::{Socket, create_server, select};

fn main() -> Result<()> {
    let server = Rc::new(create_server(deck::arguments(50007))?);
    deck::tell_port(&server)?;
    let mut sockets = vec![Rc::clone(&server)];
    loop {
        let asked = sockets.clone();
        let asked: Vec<&Socket> = asked.iter().map(Rc::as_ref).collect();
        for ready in select(&asked, &[], &[], None)?.read {
            if ptr::eq(ready, Rc::as_ref(&server)) {
                sockets.push(Rc::new(server.accept()?.0));
            } else if echo(ready).is_err() {
                ready.close()?;
            }
        }
        // A closed socket has no number.
        sockets.retain(|socket| socket.fileno() != -1);
    }
}

/// Sends back what is there; the end of the client closes its socket.
fn echo(connection: &Socket) -> Result<()> {
    match connection.recv_vec(1024)? {
        data if data.is_empty() => connection.close(),
        data => connection.send_all(&data),
    }
}
