//! D5: tells the length of each message, until it is `Exit`.
//!
//! `cargo run --example d5_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.bind(deck::arguments(1060))?;
    server.listen_with(1)?;
    deck::tell_port(&server)?;
    loop {
        println!("Listening at {}", server.local_addr()?.classic());
        let (connection, client) = server.accept()?;
        println!("The server now is connected to: {}", client.classic());
        let (own, peer) = (connection.local_addr()?, connection.peer_addr()?);
        println!("Socket connects between {} and {}", own.classic(), peer.classic());
        converse(&connection)?;
        connection.close()?;
        println!("Reply sent, Server socket closed");
    }
}

fn converse(connection: &Socket) -> Result<()> {
    loop {
        let message = connection.recv_vec(1024)?;
        if message.is_empty() {
            return Ok(());
        }
        println!("Received Message from Client: {}", deck::text(&message));
        if message == b"Exit" {
            return connection.send_all(b"Disconnect");
        }
        let reply = format!("Your data was {} bytes", message.len());
        connection.send_all(reply.as_bytes())?;
    }
}
