//! Signals that come while a program waits: it meets the same whether it is watched or not.

use std::process::Command;

use sock_record::{Call, CallKind, Line};

use crate::bench::Bench;
use crate::codes::compiled;
use crate::support::Program;

#[test]
fn a_wait_goes_on_after_signals_that_are_ignored_and_ends_by_those_that_are_heard() {
    let Some(bench) = Bench::new() else { return };
    let Some(program) = compiled(&bench, "signals") else { return };
    let mut untraced = Command::new(&program);
    untraced.arg("waits");
    let expected = Program::run(untraced, b"").expect(0).text();
    let told = [
        "of which nothing comes by default: ready, heard 0",
        "ignored: ready, heard 0",
        "with a limit: its time is over, heard 0",
        "with a handler: EINTR, heard 1",
        "ignored, and one with a handler: EINTR, heard 1",
        "stopped: EINTR, heard 0",
    ];
    assert_eq!(expected.lines().collect::<Vec<_>>(), told);
    let traced = bench.trace(&["-q"], &[vec![program, "waits".to_owned()]]);
    assert_eq!(traced.is_whole().printed(), (expected, 0), "{}", traced.finished.stderr);
    // Each is one call, however often it was made.
    let waits: Vec<&Call> = traced.calls().filter(|call| call.call == CallKind::Wait).collect();
    let results: Vec<_> = waits.iter().map(|call| (call.ret, call.err.as_deref())).collect();
    let eintr = (Some(-1), Some("EINTR"));
    assert_eq!(results, [(Some(1), None), (Some(1), None), (Some(0), None), eintr, eintr, eintr]);
    let by = |call: &&Call| {
        call.args.more.get("signal").and_then(|name| name.as_str()).map(str::to_owned)
    };
    let signals: Vec<_> = waits.iter().map(by).collect();
    let named = ["SIGALRM", "SIGALRM", "SIGSTOP"].map(|name| Some(name.to_owned()));
    assert_eq!(signals, [&[None, None, None][..], &named].concat());
    // The time was over when it was, and not so long after the last of many signals.
    let limited = waits[2].exit.unwrap() - waits[2].enter;
    assert!(limited >= 300_000_000, "{limited} ns");
    assert!(!traced.lines.iter().any(|line| matches!(line, Line::Note(_))), "nothing to excuse");
}

#[test]
fn a_send_that_asked_for_no_signal_is_not_blamed_for_one() {
    let Some(bench) = Bench::new() else { return };
    let Some(program) = compiled(&bench, "signals") else { return };
    let traced = bench.trace(&["-q"], &[vec![program, "breaks".to_owned()]]);
    assert_eq!(traced.printed().1, 128 + 13, "{}", traced.finished.stderr);
    let failed = traced.calls().find(|call| call.call == CallKind::Send).unwrap();
    assert_eq!(failed.err.as_deref(), Some("EPIPE"));
    let told = |line: &Line| matches!(line, Line::Note(note) if note.code == "sigpipe");
    assert!(!traced.lines.iter().any(told));
}
