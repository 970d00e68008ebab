//! D1: greets whoever connects, and closes.
//!
//! `cargo run --example d1_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.bind(deck::arguments(1234))?;
    server.listen_with(5)?;
    deck::tell_port(&server)?;
    loop {
        let (connection, client) = server.accept()?;
        println!("Got connection from {}", client.classic());
        connection.send_all(b"Thank you for connecting")?;
        connection.close()?;
    }
}
