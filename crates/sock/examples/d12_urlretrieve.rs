//! D12: retrieves a URL into a file.
//!
//! `cargo run --example d12_urlretrieve -- [URL [FILE]]`

use std::env;

use sock::{Result, http};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://localhost:8000/".to_owned());
    let file = arguments.next().unwrap_or_else(|| "index.html".to_owned());
    http::retrieve(&url, &file)?;
    Ok(())
}
