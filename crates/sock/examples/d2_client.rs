//! D2: sends a sentence in a datagram and shows the reply.
//!
//! `cargo run --example d2_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::udp()?;
    let message = deck::input("Input lowercase sentence: ").unwrap_or_default();
    client.send_to(message.as_bytes(), deck::arguments(12000))?;
    let (reply, _) = client.recv_vec_from(65535)?;
    println!("{}", deck::text(&reply));
    client.close()
}
