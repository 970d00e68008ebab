//! Programs under a leash: started, talked to and waited for, never longer than [`LIMIT`].
//!
//! A test waits for what a program says and for its end, never for time. Behind each program stands a
//! watchdog that ends it, and everything that it started, when it lives too long: then every wait ends too,
//! and the test fails with what was heard so far.
//!
//! ```text
//! let mut server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
//! let mut client = Program::start(sock(&["connect", &server.endpoint("tcp")]));
//! client.say(b"hello\n");
//! assert_eq!(client.line(), "hello");
//! assert_eq!(client.finish().code(), 0);
//! server.stop();
//! ```

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

mod leash;
mod program;
mod server;

pub(crate) use leash::Leash;
pub(crate) use program::{Finished, Program};
pub(crate) use server::Server;

/// How long one program may live. No test comes near; on a machine that stands still it is not too short, but on one that is
/// emulated (`.ci/aarch64/test`).
pub(crate) const LIMIT: Duration =
    Duration::from_mins(if option_env!("SOCK_TESTS_EMULATED").is_some() { 10 } else { 1 });

/// The program under test with its arguments.
pub(crate) fn sock(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sock"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// Another program, where this machine has it; otherwise the test is skipped, or fails where peers are due.
pub(crate) fn peer(program: &str) -> Option<Command> {
    let found = find(program);
    if found.is_none() {
        missing(program);
    }
    found.map(Command::new)
}

/// Whether this machine has the program.
pub(crate) fn is_here(program: &str) -> bool {
    find(program).is_some()
}

fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|p| p.is_file())
}

/// The netcat of OpenBSD: the only one of the name that can half-close.
pub(crate) fn nc() -> Option<Command> {
    let mut command = peer("nc")?;
    let help = command.arg("-h").output().expect("nc can be run");
    if [help.stdout, help.stderr].concat().windows(7).any(|word| word == b"OpenBSD") {
        return peer("nc");
    }
    missing("netcat-openbsd");
    None
}

/// Says why a test does not run here.
#[allow(clippy::print_stdout, reason = "the one thing that a skipped test has to say")]
pub(crate) fn skip(what: &str) {
    println!("skipped: needs {what}");
}

fn missing(program: &str) {
    skip(program);
    assert!(
        std::env::var_os("SOCK_TESTS_NEED_PEERS").is_none_or(|value| value != "1"),
        "{program} is not here, and SOCK_TESTS_NEED_PEERS=1 says that it must be"
    );
}
