//! D8: an echo server with a copy of itself for each client.
//!
//! `cargo run --example d8_server -- [HOST [PORT]]`

mod deck;

use std::sync::Arc;

use sock::Result;
use sock::engine::crew::{Counts, Crew};
use sock::socket::{Socket, create_server};

fn main() -> Result<()> {
    let server = Arc::new(create_server(deck::arguments(50007))?);
    deck::tell_port(&server)?;
    let in_child = Arc::clone(&server);
    let mut crew = Crew::fork(move || {
        let _ = in_child.close();
    })?;
    loop {
        let (connection, _) = server.accept()?;
        crew.run(move || {
            // A client that resets its connection harms its own child only.
            let _ = echo(&connection);
            Counts { conversations: 1, ..Counts::default() }
        })?;
    }
}

fn echo(connection: &Socket) -> Result<()> {
    loop {
        let data = connection.recv_vec(1024)?;
        if data.is_empty() {
            return Ok(());
        }
        connection.send_all(&data)?;
    }
}
