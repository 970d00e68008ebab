//! D11: a web client by hand: sends a request, and shows all that comes back.
//!
//! `cargo run --example d11_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use std::io::Read;

use sock::Result;
use sock::socket::create_connection;

fn main() -> Result<()> {
    let mut client = create_connection(deck::arguments(8000))?;
    client.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    print!("{answer}");
    client.close()
}
