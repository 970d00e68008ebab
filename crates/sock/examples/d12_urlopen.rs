//! D12: opens a URL and shows it as text.
//!
//! `cargo run --example d12_urlopen -- [URL]`
#![allow(clippy::print_stdout, reason = "a program of the lectures speaks to its user")]

use std::env;

use sock::{Result, http};

fn main() -> Result<()> {
    let url = env::args().nth(1).unwrap_or_else(|| "http://localhost:8000/".to_owned());
    print!("{}", http::open(&url)?.text()?);
    Ok(())
}
