//! D10: a socketserver for UDP; one call of its handler has one message.
//!
//! `cargo run --example d10_udp_server -- [HOST [PORT]]`

mod deck;

use sock::Result;
use sock::server::{Datagram, Handler, UdpServer};

struct Upper;

impl Handler<Datagram> for Upper {
    fn handle(&self, request: &mut Datagram) -> Result<()> {
        let reply = deck::text(request.data()).to_uppercase();
        request.socket().send_to(reply.as_bytes(), request.client_address())?;
        Ok(())
    }
}

fn main() -> Result<()> {
    let server = UdpServer::bind(deck::arguments(12000), Upper)?;
    deck::tell_port(server.socket())?;
    server.serve_forever()
}
