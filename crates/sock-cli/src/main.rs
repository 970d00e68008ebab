//! The program `sock`.

fn main() {}
