//! D11: a web server for the files of a directory, with the library.
//!
//! `cargo run --example d11_files -- [DIRECTORY [ENDPOINT]]`, then open <http://localhost:8000/>.
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

use std::env;

use sock::{Result, Server};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".to_owned());
    let endpoint = arguments.next().unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = Server::new(sock::http::files(directory)?).listen(endpoint.parse()?).bind()?;
    for endpoint in server.endpoints() {
        println!("listening on {endpoint}");
    }
    server.run()?;
    Ok(())
}
