//! Runs echo over a virtual wire that cuts after every second byte, and prints what happened.
//!
//! ```text
//! cargo run -p sock-proto --example echo
//! ```

use sock_proto::Session;
use sock_proto::protocols::Echo;
use sock_proto::sim::{Cut, Script, Sim, Wire};

#[allow(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() {
    let client = Session::call(Script::new().send("hello").finish());
    let server = Session::answer(Echo);
    let wire = Wire { cut: Cut::Every(2), ..Wire::default() };
    print!("{}", Sim::new(1).wire(wire).run(client, server));
}
