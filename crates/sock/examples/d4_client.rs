//! D4: sends a sentence and shows the reply.
//!
//! `cargo run --example d4_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::tcp()?;
    client.connect(deck::arguments(12000))?;
    let message = deck::input("Input lowercase sentence: ").unwrap_or_default();
    client.send_all(message.as_bytes())?;
    println!(" From Server:  {}", deck::text(&deck::receive(&client, 1024)?));
    client.close()
}
