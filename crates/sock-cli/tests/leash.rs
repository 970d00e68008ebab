//! The support of the other tests: what a program says is heard, and none outlives its leash.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use support::{Program, sock};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn lines_bytes_and_ends_are_heard() {
    let mut program =
        Program::start(shell("echo one; printf 23four; echo err >&2; read x; echo $x; exit 3"));
    assert_eq!(program.line(), "one");
    assert_eq!(program.exactly(2), b"23");
    assert_eq!(program.error_line(), "err");
    program.say(b"five\n");
    let finished = program.finish();
    assert_eq!((finished.text().as_str(), finished.code()), ("fourfive\n", 3));
}

#[test]
fn the_end_of_the_output_is_heard_while_the_program_lives() {
    let mut program = Program::start(shell("echo last; exec >&-; read x; exit 4"));
    assert_eq!(program.until_end(), b"last\n");
    assert_eq!(program.finish().code(), 4);
}

#[test]
fn a_signal_counts_as_a_shell_counts_it() {
    let mut program = Program::start(shell("echo ready; read x"));
    assert_eq!(program.line(), "ready");
    program.signal(Signal::TERM);
    assert_eq!(program.finish().code(), 143);
}

#[test]
fn a_program_that_does_not_end_is_ended_with_its_children() {
    let program = Program::start_for(Duration::from_millis(50), shell("sleep 1000 & sleep 1000"));
    let failed = catch_unwind(AssertUnwindSafe(|| program.finish())).unwrap_err();
    let message = failed.downcast_ref::<String>().expect("a message");
    assert!(message.contains("it did not end"), "{message}");
}

#[test]
fn a_dropped_program_is_ended() {
    let program = Program::start(shell("read x"));
    let pid = program.pid();
    drop(program);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn the_program_under_test_is_built() {
    Program::run(sock(&["--version"]), b"").expect(0);
}
