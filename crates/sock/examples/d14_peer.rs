//! D14: a peer is a client and a server at once.
//!
//! It listens, and it sends the lines that are typed to its partner, whose port the first of
//! them names. It ends when it has sent all its own and the partner has ended too.
//!
//! `cargo run --example d14_peer -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use std::io::{BufRead, BufReader};
use std::thread;

use sock::Result;
use sock::socket::{Socket, create_connection, create_server};

fn main() -> Result<()> {
    let (host, port) = deck::arguments(1600);
    let server = create_server((host.as_str(), port))?;
    deck::tell_port(&server)?;
    let listening = thread::spawn(move || serve(&server));

    let partner = deck::input("").expect("the first line names the partner's port");
    let partner: u16 = partner.parse().expect("a port is a number");
    let client = create_connection((host, partner))?;
    for line in deck::lines() {
        client.send_all(format!("{line}\n").as_bytes())?;
    }
    client.close()?;
    listening.join().expect("the listening half does not panic")
}

fn serve(server: &Socket) -> Result<()> {
    let (connection, client) = server.accept()?;
    for line in BufReader::new(&connection).lines() {
        println!("{} says: {}", client.classic(), line?);
    }
    Ok(())
}
