//! D10: a socketserver for TCP; one call of its handler has a complete client session.
//!
//! `cargo run --example d10_tcp_server -- [HOST [PORT]]`

mod deck;

use std::io::{BufRead, Write};

use sock::Result;
use sock::server::{Handler, Stream, TcpServer};

struct Upper;

impl Handler<Stream> for Upper {
    fn handle(&self, request: &mut Stream) -> Result<()> {
        let mut writer = request.writer();
        let mut line = String::new();
        while request.reader().read_line(&mut line)? > 0 {
            writer.write_all(line.to_uppercase().as_bytes())?;
            line.clear();
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let server = TcpServer::bind(deck::arguments(12000), Upper)?;
    deck::tell_port(server.socket())?;
    server.serve_forever()
}
