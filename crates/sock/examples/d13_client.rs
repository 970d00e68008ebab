//! D13: asks for a home page by hand: `GET /` and a line end, and nothing else.
//!
//! `cargo run --example d13_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::tcp()?;
    client.connect(deck::arguments(80))?;
    client.send_all(b"GET /\n")?;
    loop {
        let data = client.recv_vec(1024)?;
        if data.is_empty() {
            return client.close();
        }
        print!("{}", deck::text(&data));
    }
}
