//! D3: as D2, and shows each datagram and where it came from.
//!
//! `cargo run --example d3_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::udp()?;
    server.bind(deck::arguments(12000))?;
    deck::tell_port(&server)?;
    loop {
        let (message, client) = server.recv_vec_from(65535)?;
        let message = deck::text(&message);
        println!("This message:  {message}\nis received from: {}", client.classic());
        server.send_to(message.to_uppercase().as_bytes(), client)?;
    }
}
