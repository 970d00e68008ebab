//! D3: sends its argument from the port that it binds, and shows the reply.
//!
//! `cargo run --example d3_client -- LOCAL_PORT MESSAGE [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use std::env;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [local, message, server @ ..] = arguments.as_slice() else {
        panic!("usage: d3_client LOCAL_PORT MESSAGE [HOST [PORT]]");
    };
    let number = |port: &String| port.parse::<u16>().expect("a port is a number");
    let host = server.first().map_or("", String::as_str);

    let client = Socket::udp()?;
    client.bind(("", number(local)))?;
    client.send_to(message.as_bytes(), (host, server.get(1).map_or(12000, number)))?;
    let (reply, _) = client.recv_vec_from(65535)?;
    println!("{}", deck::text(&reply));
    client.close()
}
