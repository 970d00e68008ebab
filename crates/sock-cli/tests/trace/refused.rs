//! Systems that refuse what a tracer needs: what is missing is named, with its cure, or done without.

use std::process::Command;

use rustix::io::Errno;
use sock_record::CallKind;

use crate::bench::{Bench, Traced};
use crate::support::{Finished, Program, peer, sock};

/// A program for which a call fails so.
fn refused(bench: &Bench, call: &str, error: Errno, program: &Command) -> Option<Finished> {
    let refuses = bench.path("refuses");
    if !refuses.exists() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace/refuses.c");
        let done = peer("cc")?.arg("-o").arg(&refuses).arg(source).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let mut command = Command::new(refuses);
    command.args([call, &error.raw_os_error().to_string()]);
    command.arg(program.get_program()).args(program.get_args());
    Some(Program::run(command, b""))
}

#[test]
fn a_filter_that_is_refused_is_no_fault_of_the_program() {
    let Some(bench) = Bench::new() else { return };
    for (error, cure) in
        [(Errno::PERM, "seccomp=unconfined"), (Errno::INVAL, "CONFIG_SECCOMP_FILTER")]
    {
        let traced = sock(&["trace", "--", "true"]);
        let Some(finished) = refused(&bench, "seccomp", error, &traced) else { return };
        assert_eq!(finished.code(), 125, "{}", finished.stderr);
        let said = &finished.stderr;
        assert!(said.contains("cannot trace true: ") && said.contains(cure), "{said}");
    }
}

#[test]
fn a_filter_that_forbids_ptrace_is_named() {
    let Some(bench) = Bench::new() else { return };
    let traced = sock(&["trace", "--", "true"]);
    let Some(finished) = refused(&bench, "ptrace", Errno::PERM, &traced) else { return };
    assert_eq!(finished.code(), 125, "{}", finished.stderr);
    let cure = "a seccomp filter forbids ptrace: start the container with --cap-add SYS_PTRACE (or --security-opt \
                seccomp=unconfined)";
    assert_eq!(finished.stderr, format!("sock: cannot trace true: permission denied; {cure}\n"));
}

#[test]
fn what_is_closed_for_two_is_closed_where_nobody_tells_that_they_share_it() {
    let Some(bench) = Bench::new() else { return };
    let command = bench.command(&[], &[bench.actor("shares_table", &[])]);
    let Some(finished) = refused(&bench, "kcmp", Errno::PERM, &command) else { return };
    let traced = Traced { finished, lines: bench.record() };
    assert_eq!(traced.printed(), ("of both 0\n".to_owned(), 0));
}

#[test]
fn an_end_closes_nothing_for_others_where_nobody_tells_whether_they_share_it() {
    let Some(bench) = Bench::new() else { return };
    let command = bench.command(&[], &[bench.actor("leaves_table", &["fork"])]);
    let Some(finished) = refused(&bench, "kcmp", Errno::PERM, &command) else { return };
    let traced = Traced { finished, lines: bench.record() };
    assert_eq!(traced.printed(), ("from the child and after it\n".to_owned(), 0));
    let parent = traced.calls().find(|call| call.call == CallKind::Recv).unwrap().proc;
    let closes = traced.calls().filter(|call| call.call == CallKind::Close && call.proc != parent);
    let held: Vec<bool> = closes.map(|call| call.args.more.contains_key("held_by")).collect();
    assert_eq!(held, [true; 2]);
}

#[test]
fn bytes_are_kept_where_the_call_that_reads_them_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
    let command = bench.command(&[], &programs);
    let done = refused(&bench, "process_vm_readv", Errno::PERM, &command);
    let Some(finished) = done else { return };
    let traced = Traced { finished, lines: bench.record() };
    traced.is_whole();
    let sent = traced.calls().find(|call| call.call == CallKind::Send).unwrap();
    assert_eq!(sent.data.as_deref(), Some(&b"hello"[..]));
}
