//! D6: sends each line that is typed, up to an empty one, and shows what comes back.
//!
//! `cargo run --example d6_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::tcp()?;
    client.connect(deck::arguments(50007))?;
    for line in deck::lines() {
        client.send_all(line.as_bytes())?;
        println!("{}", deck::text(&deck::receive(&client, line.len())?));
    }
    client.close()
}
