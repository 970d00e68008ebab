//! D11: a web server by hand. A request line, headers and a blank line come in; a status line,
//! headers, a blank line and the page go out.
//!
//! `cargo run --example d11_server -- [HOST [PORT]]`, then open <http://localhost:8000/>.
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

mod deck;

use std::io::{BufRead, Write};

use sock::Result;
use sock::server::{Handler, Stream, TcpServer};

struct Web;

impl Handler<Stream> for Web {
    fn handle(&self, request: &mut Stream) -> Result<()> {
        let (mut line, mut header) = (String::new(), String::new());
        request.reader().read_line(&mut line)?;
        while request.reader().read_line(&mut header)? > 2 {
            header.clear();
        }
        let (status, page) = match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["GET", "/", _] => ("200 OK", "<title>Home</title>\n<h1>A home page</h1>\n"),
            ["GET", _, _] => ("404 Not Found", "<h1>There is no such page</h1>\n"),
            [] => return Ok(()), // a browser may connect before it knows what to ask
            _ => ("501 Not Implemented", "<h1>Only GET is known here</h1>\n"),
        };
        println!("{}", line.trim_end());
        let headers = format!("Content-Type: text/html\r\nContent-Length: {}\r\n", page.len());
        let answer = format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n{page}");
        request.writer().write_all(answer.as_bytes())?;
        Ok(())
    }
}

fn main() -> Result<()> {
    let server = TcpServer::bind(deck::arguments(8000), Web)?.threads()?;
    deck::tell_port(server.socket())?;
    server.serve_forever()
}
