//! D7: the echo server that is launched again at once, and that no client takes down.
//!
//! `cargo run --example d7_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.set_reuse_address(true)?;
    server.bind(deck::arguments(50007))?;
    server.listen_with(1)?;
    deck::tell_port(&server)?;
    println!("Server started");
    loop {
        let (connection, client) = server.accept()?;
        println!("Connected by {}", client.classic());
        if let Err(error) = echo(&connection) {
            println!("socket error: {error}");
        }
        connection.close()?;
        println!("Client closed {}", client.classic());
    }
}

fn echo(connection: &Socket) -> Result<()> {
    loop {
        let data = connection.recv_vec(1024)?;
        if data.is_empty() {
            return Ok(());
        }
        println!("Server received: {}", deck::text(&data));
        connection.send_all(&data)?;
    }
}
