//! D13: sends its home page to whoever asks for it by `GET /` and a line end, and closes.
//!
//! `cargo run --example d13_server -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use std::io::{BufRead, BufReader};

use sock::Result;
use sock::socket::Socket;

const PAGE: &str = "<title>Home</title>\n<h1>A home page</h1>\n";

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.bind(deck::arguments(80))?;
    server.listen_with(5)?;
    deck::tell_port(&server)?;
    loop {
        let (connection, client) = server.accept()?;
        let mut request = String::new();
        BufReader::new(&connection).read_line(&mut request)?;
        println!("{} asks: {}", client.classic(), request.trim_end());
        if request.trim_end() == "GET /" {
            connection.send_all(PAGE.as_bytes())?;
        }
        connection.close()?;
    }
}
