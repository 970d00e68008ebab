//! Runs programs, each behind a `--`, and writes the record of their sockets to a file:
//!
//! `cargo run -p sock-trace --example record FILE -- python3 server.py -- python3 client.py`

use std::fs::File;
use std::io::{self, BufWriter, Write};

use sock_record::Writer;
use sock_trace::{Plan, Program, trace};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut parts = words.split(|word| word == "--");
    let file = parts.next().and_then(|file| file.first()).ok_or("which file?")?;
    let programs = parts.map(|argv| Program::new(argv.iter().map(String::as_str)));
    let mut to = Writer::new(BufWriter::new(File::create(file)?));
    let mut written: Result<(), io::Error> = Ok(());
    let outcome = trace(&Plan::new(programs), &mut |line| {
        if written.is_ok() {
            written = to.write(&line);
        }
    })?;
    written?;
    writeln!(io::stderr(), "{:?}", outcome.ended)?;
    Ok(())
}
