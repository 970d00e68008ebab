//! D5: sends what is typed and shows the replies, until the server disconnects.
//!
//! `cargo run --example d5_client -- [HOST [PORT]]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let client = Socket::tcp()?;
    client.connect(deck::arguments(1060))?;
    while let Some(message) = deck::input("Enter message to send or type Exit to disconnect: ") {
        client.send_all(message.as_bytes())?;
        let reply = client.recv_vec(1024)?;
        if reply == b"Disconnect" {
            break;
        }
        println!("Received Message from Server: {}", deck::text(&reply));
    }
    client.close()?;
    println!("Now you are disconnected from the server");
    Ok(())
}
