//! D2: answers each datagram with its text in upper case.
//!
//! `cargo run --example d2_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::udp()?;
    server.bind(deck::arguments(12000))?;
    deck::tell_port(&server)?;
    println!("The server is ready to receive");
    loop {
        let (message, client) = server.recv_vec_from(65535)?;
        server.send_to(deck::text(&message).to_uppercase().as_bytes(), client)?;
    }
}
