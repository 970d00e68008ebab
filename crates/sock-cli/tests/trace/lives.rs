//! Programs live as they do untraced: their output, their status, their signals, their CPUs; and nothing outlives the
//! tracer.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use sock_record::{Call, CallKind, Line};

use crate::bench::Bench;
use crate::support::{Program, peer, sock};

#[test]
fn output_and_status_are_the_programs_own() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["-q"], &[bench.actor("status", &["7"])]);
    assert_eq!(traced.printed(), ("out\n".to_owned(), 7));
    assert_eq!(traced.finished.stderr, "err\n");
}

#[test]
fn a_signal_ends_with_128_and_its_number() {
    let Some(_bench) = Bench::new() else { return };
    let finished = Program::run(sock(&["trace", "-q", "--", "sh", "-c", "kill -9 $$"]), b"");
    assert_eq!((finished.code(), finished.stderr.as_str()), (137, ""));
}

#[test]
fn what_cannot_be_run_is_126_and_what_is_not_there_127() {
    let Some(_bench) = Bench::new() else { return };
    let finished = Program::run(sock(&["trace", "-q", "--", "no-such-program"]), b"");
    assert_eq!(finished.code(), 127);
    assert_eq!(finished.stderr, "sock: cannot run no-such-program: no such file\n");
    let finished = Program::run(sock(&["trace", "-q", "--", "/dev/null"]), b"");
    assert_eq!(finished.code(), 126);
    assert!(finished.stderr.starts_with("sock: cannot run /dev/null: permission denied"));
}

#[test]
fn a_script_that_cannot_be_run_is_told_how_it_can() {
    let Some(bench) = Bench::new() else { return };
    let write = |name: &str, mode: u32, text: &str| {
        std::fs::write(bench.path(name), text).unwrap();
        set_permissions(bench.path(name), Permissions::from_mode(mode)).unwrap();
    };
    write("server.py", 0o644, "import socket\n");
    write("runs.py", 0o755, "#!/usr/bin/env python3\n");
    write("bare.py", 0o755, "import socket\n");
    write("tool", 0o644, "#!/bin/sh\nexit 3\n");
    write("blob", 0o644, "\x7fELF");
    write("lost", 0o755, "#!/no/such/python3\n");
    let python = |name: &str| format!("a script is run by its interpreter: python3 {name}");
    let here = "programs in this directory are written with ./ before them: ./runs.py";
    for (name, status, cure) in [
        ("server.py", 127, python("server.py").as_str()),
        ("./server.py", 126, &python("./server.py")),
        ("runs.py", 127, here),
        ("bare.py", 127, &python("bare.py")),
        ("./tool", 126, "a script is run by its interpreter: sh ./tool"),
        ("blob", 127, "it may not be executed: chmod +x blob, then write ./blob"),
        (
            "./lost",
            127,
            "its first line asks for /no/such/python3, which is not there: write python3 ./lost, or mend that line",
        ),
        ("./", 126, "it is a directory"),
    ] {
        let mut command = sock(&["trace", "-q", "--", name]);
        command.current_dir(bench.path(""));
        let finished = Program::run(command, b"");
        assert_eq!(finished.code(), status, "{name}: {}", finished.stderr);
        let (what, told) = finished.stderr.trim_end().split_once("; ").expect(&finished.stderr);
        assert!(what.starts_with(&format!("sock: cannot run {name}: ")), "{what}");
        assert_eq!(told, cure);
    }
}

#[test]
fn whoever_is_traced_already_cannot_be_traced_and_the_cure_is_named() {
    let Some(_bench) = Bench::new() else { return };
    let Some(mut strace) = peer("strace") else { return };
    let inner = sock(&["trace", "--", "true"]);
    strace.args(["-f", "-o", "/dev/null"]).arg(inner.get_program()).args(inner.get_args());
    let finished = Program::run(strace, b"");
    assert_eq!(finished.code(), 125, "{}", finished.stderr);
    assert!(finished.stderr.contains("cannot trace true: "), "{}", finished.stderr);
    assert!(finished.stderr.contains("under no debugger and no strace"), "{}", finished.stderr);
}

#[test]
fn sigterm_reaches_the_programs_and_what_was_seen_is_drawn() {
    let Some(bench) = Bench::new() else { return };
    let mut program = Program::start(
        bench.command(&[], &[bench.actor("mute", &[]), bench.actor("listen_back", &[])]),
    );
    // Both wait for each other: it is said while they do.
    program.error_line_with("a deadlock");
    program.signal(Signal::TERM);
    program.error_line_with("accept");
    program.end();
    assert_eq!(program.finish().code(), 143);
    let calls = bench
        .record()
        .into_iter()
        .filter(|line| matches!(line, Line::Call(call) if call.exit.is_none()));
    assert!(calls.count() >= 1, "who was ended first never heard an answer");
}

#[test]
fn a_server_that_does_not_obey_is_ended_all_the_same() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("stubborn", &[]), bench.actor("one", &[])]);
    assert_eq!(traced.is_whole().printed(), ("HELLO\n".to_owned(), 0));
    let Some(Line::End(end)) = traced.lines.last() else { panic!("no end") };
    assert_eq!(end.exit, [Some(137), Some(0)]);
}

#[test]
fn who_forks_all_the_time_is_gone_when_the_time_is_over_and_is_asked_nothing() {
    let Some(bench) = Bench::new() else { return };
    // Everybody holds its stdout, so whoever was left would keep this from coming back.
    let traced = bench.trace(&["--timeout", "300ms"], &[bench.actor("bomb", &[])]);
    assert_eq!(traced.printed(), (String::new(), 137));
    assert!(traced.finished.stderr.contains("the time was over"), "{}", traced.finished.stderr);
    let Some(Line::End(end)) = traced.lines.last() else { panic!("no end") };
    assert_eq!(end.exit, [Some(137)]);
    // What each of hundreds still holds would be looked for at each of the others.
    let closes: Vec<_> = traced.calls().filter(|call| call.call == CallKind::Close).collect();
    let is_asked = |call: &&&Call| call.args.more.contains_key("unread");
    let asked = closes.iter().filter(is_asked).count();
    assert_eq!(asked, 0, "of {}", closes.len());
    assert!(closes.iter().any(|call| call.args.more.get("by").is_some_and(|by| by == "kill")));
}

#[test]
fn nothing_survives_a_tracer_that_is_killed() {
    let Some(bench) = Bench::new() else { return };
    let mut program = Program::start(bench.command(&["--name", "x"], &[bench.actor("pids", &[])]));
    let pids: Vec<i32> = program.line().split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 3, "a program, its child and its grandchild");
    let open = |pid: i32| pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
    let ends: Vec<_> = pids.into_iter().map(open).collect();
    program.signal(Signal::KILL);
    program.end();
    for ended in ends {
        // Readable once the process has ended (pidfd_open(2)).
        let mut ended = [PollFd::new(&ended, PollFlags::IN)];
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        assert_eq!(poll(&mut ended, Some(&limit)), Ok(1), "one of them lives");
    }
}

#[test]
fn what_is_ignored_and_held_back_is_so_for_the_program_as_well() {
    let Some(_bench) = Bench::new() else { return };
    let masks = "grep -E 'Sig(Ign|Blk)' /proc/self/status";
    let run = |traced: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("trap '' INT TERM HUP USR1 PIPE; exec {traced} {masks}")]);
        let masks = Program::run(shell, b"").expect(0).text();
        // The signals that have names; above them are those that threads use among themselves.
        masks.lines().map(|mask| mask[mask.len() - 8..].to_owned()).collect::<Vec<_>>()
    };
    let traced = format!("{} trace -q -- ", env!("CARGO_BIN_EXE_sock"));
    assert_eq!(run(&traced).len(), 2);
    assert_eq!(run(&traced), run("env"));
}

#[test]
fn a_socket_that_one_thread_closes_under_another_ends_for_its_peer() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["-q"], &[bench.actor("close_race", &[])]);
    assert_eq!(traced.printed(), ("all ended\n".to_owned(), 0), "{}", traced.finished.stderr);
}

#[test]
fn programs_may_use_all_their_cpus_as_far_as_they_know() {
    let Some(bench) = Bench::new() else { return };
    let script = "import os; print(sorted(os.sched_getaffinity(0)))";
    let Some(mut python) = peer("python3") else { return };
    let untraced = python.args(["-c", script]).output().unwrap().stdout;
    let words = ["python3", "-c", script].map(str::to_owned).to_vec();
    let traced = bench.trace(&["-q"], &[words]);
    assert_eq!(traced.finished.stdout, untraced);
}
