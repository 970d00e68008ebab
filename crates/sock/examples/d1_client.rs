//! D1: shows the greeting of the server.
//!
//! `cargo run --example d1_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::tcp()?;
    client.connect(deck::arguments(1234))?;
    println!("{}", deck::text(&deck::receive(&client, 1024)?));
    client.close()
}
