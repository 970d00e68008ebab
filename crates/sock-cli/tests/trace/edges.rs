//! The command's edges: what to type instead, what cannot be written, what programs inherit, how Ctrl-C ends it all.

use std::fs::{Permissions, copy, set_permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use rustix::process::{Pid, Signal, getuid, kill_process_group};

use crate::bench::Bench;
use crate::support::{Finished, Program, is_here, peer, skip, sock};

/// Runs a line of the shell, in which `$SOCK` is the program under test.
fn shell(line: &str) -> Finished {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("SOCK", env!("CARGO_BIN_EXE_sock"));
    Program::run(shell, b"")
}

#[test]
fn a_program_without_dashes_is_told_what_to_type() {
    for (words, instead) in [
        (&["python3", "x.py"][..], "sock trace -- python3 x.py\n"),
        (
            &["--full", "./a b", "-v", "--", "nc", "it's"],
            "sock trace --full -- './a b' -v -- nc 'it'\\''s'\n",
        ),
    ] {
        let finished = Program::run(sock(&[&["trace"], words].concat()), b"").expect(2);
        let told = format!("sock: each program stands behind a `--`: {instead}");
        assert_eq!(finished.stderr, told);
    }
    let unknown = Program::run(sock(&["trace", "--fulll", "--", "true"]), b"").expect(2);
    assert!(unknown.stderr.contains("unexpected argument '--fulll'"), "{}", unknown.stderr);
}

#[test]
fn what_cannot_be_written_is_125_whatever_it_is_and_the_programs_live_all_the_same() {
    let Some(bench) = Bench::new() else { return };
    for form in ["jsonl", "json", "txt", "svg", "html", "mmd"] {
        let path = bench.path(&format!("full.{form}"));
        symlink("/dev/full", &path).unwrap();
        let path = path.to_str().unwrap();
        let words = ["trace", "-q", "-o", path, "--", "sh", "-c", "echo out; exit 3"];
        let finished = Program::run(sock(&words), b"").expect(125);
        assert_eq!(finished.text(), "out\n");
        let told = format!("sock: cannot write {path}: no space left on device\n");
        assert_eq!(finished.stderr, told);
    }
    shell("$SOCK trace -- true 2>/dev/full").expect(125);
    shell("$SOCK trace --json -- true 2>/dev/full").expect(125);
    // Who has gone is not missed: the status is the program's.
    let gone = "exec 3>&1; { $SOCK trace -- sh -c 'sleep 0.1; exit 3' 2>&1; echo $? >&3; } | :";
    let gone = shell(gone);
    assert_eq!(gone.text(), "3\n");
}

#[test]
fn a_reader_of_the_record_that_leaves_is_told_and_is_125() {
    let Some(bench) = Bench::new() else { return };
    let (record, gone) = (bench.path("record.jsonl"), bench.path("gone"));
    let (record, gone) = (record.to_str().unwrap(), gone.to_str().unwrap());
    // The program ends only when the reader has gone.
    let line = format!(
        "mkfifo {record} {gone}; {{ : <{record}; echo left >{gone}; }} & \
         $SOCK trace -q -o {record} -- cat {gone}; echo $?"
    );
    let finished = shell(&line).expect(0);
    assert_eq!(finished.text(), "left\n125\n");
    assert_eq!(finished.stderr, format!("sock: cannot write {record}: broken pipe\n"));
}

#[test]
fn programs_inherit_what_sock_was_started_with() {
    let Some(_bench) = Bench::new() else { return };
    let run = |before: &str, program: &str, behind: &str| {
        let traced = shell(&format!("{before} $SOCK trace -q -- {program} {behind}")).expect(0);
        let untraced = shell(&format!("{before} {program} {behind}")).expect(0);
        assert_eq!(traced.text(), untraced.text(), "{before} {program} {behind}");
        traced.text()
    };
    // Rust opens something in place of a stream that is closed; it must not reach the program.
    run("", "sh -c 'test -e /proc/self/fd/0 && echo open || echo closed'", "<&-");
    let null = run("", "readlink /proc/self/fd/0", "</dev/null");
    assert_eq!(null, "/dev/null\n", "what was there is still there");
    // The signals that have names; above them are those that threads use among themselves.
    let ignored = "sh -c 'grep SigIgn /proc/self/status | tail -c 9'";
    run("trap '' PIPE;", ignored, "");
    run("", ignored, "");
    assert_eq!(run("ulimit -Sn 300;", "sh -c 'ulimit -Sn'", ""), "300\n");
}

#[test]
fn the_tracer_itself_may_have_more_descriptors() {
    let Some(_bench) = Bench::new() else { return };
    let line = "ulimit -Hn; ulimit -Sn 300; $SOCK trace -q -- sh -c 'grep Max.open.files /proc/$PPID/limits'";
    let text = shell(line).expect(0).text();
    let (hard, limits) = text.split_once('\n').unwrap();
    assert_eq!(limits.split_whitespace().nth(3), Some(hard), "{text}");
}

#[test]
fn ctrl_c_that_ends_the_programs_ends_sock_in_the_same_way() {
    let Some(bench) = Bench::new() else { return };
    for (script, signal) in [
        ("echo here; exec sleep 60", Some(2)),
        ("trap 'exit 5' INT; echo here; sleep 60 & wait", None),
    ] {
        let words = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
        let mut program = Program::start(bench.command(&[], &[words]));
        assert_eq!(program.line(), "here");
        program.signal(Signal::INT);
        let finished = program.finish();
        assert_eq!(finished.signal(), signal, "{script}: {}", finished.stderr);
        assert_eq!(finished.code(), if signal.is_some() { 130 } else { 5 });
        assert!(finished.stderr.contains("traced: "), "it is drawn before: {}", finished.stderr);
    }
}

#[test]
fn ctrl_c_before_the_first_program_listens_starts_no_other() {
    let Some(_bench) = Bench::new() else { return };
    for options in [&[][..], &["--repeat", "3"]] {
        let first = ["--", "sh", "-c", "echo here; exec sleep 60"];
        let words = [&["trace"][..], options, &first, &["--", "echo", "second"]].concat();
        let mut program = Program::start(sock(&words));
        assert_eq!(program.line(), "here");
        // As a terminal does: to all of them at once.
        let group = Pid::from_raw(program.pid()).unwrap();
        kill_process_group(group, Signal::INT).unwrap();
        let finished = program.finish();
        assert_eq!(finished.text(), "", "{}", finished.stderr);
        assert_eq!((finished.signal(), finished.code()), (Some(2), 130), "{}", finished.stderr);
        assert!(!finished.stderr.contains("is started now"), "{}", finished.stderr);
    }
}

#[test]
fn who_asks_a_repetition_to_end_gets_the_table_so_far_and_no_run_more() {
    let Some(_bench) = Bench::new() else { return };
    for (script, asks, signal, status) in [
        ("echo here; exec sleep 60", Signal::INT, Some(2), 130),
        ("echo here; exec sleep 60", Signal::TERM, None, 143),
        // It ends well, and the other four runs do not.
        ("trap 'exit 0' INT; echo here; sleep 60 & wait", Signal::INT, Some(2), 130),
        ("trap 'exit 5' INT; echo here; sleep 60 & wait", Signal::INT, None, 5),
    ] {
        let words = ["trace", "--repeat", "5", "--", "sh", "-c", script];
        let mut program = Program::start(sock(&words));
        assert_eq!(program.line(), "here");
        program.signal(asks);
        let finished = program.finish();
        assert!(finished.stderr.starts_with("    1 of 1 (100 %)\n"), "{}", finished.stderr);
        assert_eq!((finished.signal(), finished.code()), (signal, status), "{script}");
        assert_eq!(finished.text(), "", "no run more");
    }
}

#[test]
fn a_width_that_nobody_has_is_refused() {
    for verb in [&["show", "-"][..], &["demo"], &["trace", "--", "true"]] {
        for width in ["0", "19", "10001", "18446744073709551615"] {
            let words = [&verb[..1], &["--width", width], &verb[1..]].concat();
            let finished = Program::run(sock(&words), b"").expect(2);
            assert!(finished.stderr.contains("--width"), "{}", finished.stderr);
        }
    }
}

#[test]
fn programs_that_keep_forking_end_when_their_time_is_over() {
    let Some(_bench) = Bench::new() else { return };
    let Some(python) = peer("python3") else { return };
    // Each lives as long as it takes to make the next one: at no moment are all of them there to be killed.
    let script = "import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(8):
    if os.fork() == 0:
        while True:
            if os.fork(): os._exit(0)
signal.pause()";
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "20", env!("CARGO_BIN_EXE_sock"), "trace", "--timeout", "2s"]);
    command.args(["--", python.get_program().to_str().unwrap(), "-c", script]);
    let finished = Program::run(command, b"").expect(137);
    assert!(finished.stderr.contains("the time was over"), "{}", finished.stderr);
}

#[test]
fn runs_that_differ_are_explained() {
    let Some(bench) = Bench::new() else { return };
    // Every second run, the client comes to a port where nobody listens; and a C library's own question is no outcome.
    let state = bench.path("state");
    let state = state.to_str().unwrap();
    let script = "import os, socket, sys
if os.path.exists(sys.argv[1]): os.remove(sys.argv[1]); sys.exit()
open(sys.argv[1], 'w').close()
try: socket.socket(socket.AF_UNIX).connect('/var/run/nscd/socket')
except OSError: pass
one = socket.socket(); one.bind(('127.0.0.1', 0))
try: socket.create_connection(one.getsockname())
except ConnectionRefusedError: sys.exit(1)";
    let Some(python) = peer("python3") else { return };
    let python = python.get_program().to_str().unwrap();
    let words = ["trace", "--width", "200", "--repeat", "4", "--", python, "-c", script, state];
    let finished = Program::run(sock(&words), b"");
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 5, "{}", finished.stderr);
    assert!(lines.iter().filter(|line| **line == "    2 of 4 (50 %)").count() == 2);
    let why = lines.iter().position(|line| line.starts_with("       * only here: ")).unwrap();
    assert!(lines[why - 1].contains("ECONNREFUSED"), "{}", finished.stderr);
    assert!(
        lines[why].contains("[bound-not-listening]") || lines[why].contains("[refused"),
        "{}",
        lines[why]
    );
}

#[test]
fn what_several_outcomes_have_and_others_have_not_is_told_of_each_that_has_it() {
    let Some(bench) = Bench::new() else { return };
    // A datagram is cut in two of three runs, at another place each time.
    let state = bench.path("state");
    let state = state.to_str().unwrap();
    let script = "import os, socket, sys
n = int(open(sys.argv[1]).read()) if os.path.exists(sys.argv[1]) else 0
open(sys.argv[1], 'w').write(str(n + 1))
one, other = socket.socketpair(type=socket.SOCK_DGRAM)
one.send(b'x' * 50)
other.recv([10, 20, 100][n])";
    let Some(python) = peer("python3") else { return };
    let python = python.get_program().to_str().unwrap();
    let words = ["trace", "--width", "200", "--repeat", "3", "--", python, "-c", script, state];
    let finished = Program::run(sock(&words), b"").expect(0);
    let told = finished.stderr.lines().filter(|line| line.contains("* here and in 1 other: "));
    let told: Vec<&str> = told.filter(|line| line.ends_with("[cut]")).collect();
    assert_eq!(told.len(), 2, "{}", finished.stderr);
    assert!(told[0].contains("10") != told[1].contains("10"), "{}", finished.stderr);
}

#[test]
fn a_setuid_program_without_its_rights_is_told() {
    let Some(bench) = Bench::new() else { return };
    if !getuid().is_root() || !is_here("setpriv") {
        return skip("root, and setpriv");
    }
    let program = bench.path("owned");
    copy("/bin/true", &program).unwrap();
    set_permissions(bench.path("."), Permissions::from_mode(0o755)).unwrap();
    set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    let line = format!(
        "setpriv --reuid 65534 --regid 65534 --clear-groups $SOCK trace -- {}",
        program.display()
    );
    let finished = shell(&line);
    if finished.code() == 126 {
        return skip("a place where others may run what lies there");
    }
    assert!(
        finished.stderr.contains("owned is a setuid program: traced, it has the rights of who"),
        "{}",
        finished.stderr
    );
}
