//! D10: sends each line that is typed and shows the line that comes back.
//!
//! `cargo run --example d10_tcp_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::create_connection;

fn main() -> Result<()> {
    let client = create_connection(deck::arguments(12000))?;
    for line in deck::lines() {
        client.send_all(format!("{line}\n").as_bytes())?;
        let mut reply = Vec::new();
        while !reply.ends_with(b"\n") {
            match client.recv_vec(1024)? {
                piece if piece.is_empty() => return client.close(),
                piece => reply.extend(piece),
            }
        }
        println!("{}", deck::text(&reply).trim_end());
    }
    client.close()
}
