//! D6: an iterative echo server.
//!
//! `cargo run --example d6_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.bind(deck::arguments(50007))?;
    server.listen_with(1)?;
    deck::tell_port(&server)?;
    println!("Server started");
    loop {
        let (connection, client) = server.accept()?;
        println!("Connected by {}", client.classic());
        loop {
            let data = connection.recv_vec(1024)?;
            if data.is_empty() {
                break;
            }
            println!("Server received: {}", deck::text(&data));
            connection.send_all(&data)?;
        }
        connection.close()?;
        println!("Client closed {}", client.classic());
    }
}
