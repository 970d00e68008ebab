//! D4: answers the first message of each connection in upper case, and closes it.
//!
//! `cargo run --example d4_server -- [HOST [PORT]]`

mod deck;

use sock::Result;
use sock::socket::Socket;

fn main() -> Result<()> {
    let server = Socket::tcp()?;
    server.bind(deck::arguments(12000))?;
    server.listen_with(1)?;
    deck::tell_port(&server)?;
    loop {
        let (connection, _) = server.accept()?;
        let message = deck::text(&connection.recv_vec(1024)?);
        connection.send_all(message.to_uppercase().as_bytes())?;
        connection.close()?;
    }
}
