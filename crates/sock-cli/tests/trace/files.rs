//! The files that are written: what cannot be written is told before anything has begun, and a pipe that nobody reads keeps
//! nobody for ever.

use std::fs::{File, OpenOptions, create_dir, read_to_string, write};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::thread::yield_now;

use rustix::pipe::fcntl_setpipe_size;
use rustix::process::Signal;

use crate::bench::Bench;
use crate::support::{Program, sock};

const FORMS: [&str; 6] = ["jsonl", "json", "txt", "svg", "html", "mmd"];

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The command that traces a line of the shell and writes to this file.
fn traced(options: &[&str], file: &Path, line: &str) -> Command {
    let words =
        [&["trace", "-q", "-o", file.to_str().unwrap()], options, &["--", "sh", "-c", line]];
    sock(&words.concat())
}

#[test]
fn where_nothing_can_be_written_nothing_is_started() {
    let Some(bench) = Bench::new() else { return };
    let folder = bench.path("folder.txt");
    create_dir(&folder).unwrap();
    let lost =
        FORMS.map(|form| (bench.path("none").join("story").with_extension(form), "no such file"));
    for (path, why) in lost.into_iter().chain([(folder, "is a directory")]) {
        let finished = Program::run(traced(&[], &path, "echo started"), b"").expect(125);
        assert_eq!(finished.text(), "", "{}", path.display());
        assert_eq!(finished.stderr, format!("sock: cannot write {}: {why}\n", path.display()));
    }
}

#[test]
fn what_stands_in_one_file_stays_where_another_one_cannot_be_written() {
    let Some(bench) = Bench::new() else { return };
    let (kept, lost) = (bench.path("kept.jsonl"), bench.path("none").join("lost.svg"));
    write(&kept, "an older record\n").unwrap();
    Program::run(traced(&["-o", lost.to_str().unwrap()], &kept, "echo started"), b"").expect(125);
    assert_eq!(read_to_string(&kept).unwrap(), "an older record\n");
}

#[test]
fn who_waits_for_a_reader_of_the_record_can_leave() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("record.jsonl");
    pipe(&path);
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let program = Program::start(traced(&[], &path, "echo started"));
        has_thread(program.pid(), "sock-signals");
        program.signal(signal);
        let finished = program.finish().expect(status);
        assert_eq!((finished.text(), finished.stderr), (String::new(), String::new()));
    }
    let late = traced(&["--timeout", "100ms"], &path, "echo started");
    let finished = Program::run(late, b"").expect(125);
    assert_eq!(finished.text(), "");
    assert_eq!(
        finished.stderr,
        format!("sock: cannot write {}: nobody reads it\n", path.display())
    );
}

#[test]
fn who_waits_for_a_reader_of_a_picture_can_leave() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("story.svg");
    pipe(&path);
    let told = format!("sock: cannot write {}: nobody reads it\n", path.display());
    let finished = Program::run(traced(&["--timeout", "2s"], &path, "echo done; exit 3"), b"");
    assert_eq!(
        (finished.code(), finished.text(), finished.stderr),
        (125, "done\n".to_owned(), told.clone())
    );
    let mut program = Program::start(traced(&[], &path, "echo done; exit 3"));
    assert_eq!(program.line(), "done");
    program.signal(Signal::TERM);
    assert_eq!(program.finish().expect(125).stderr, told);
}

#[test]
fn a_reader_that_takes_nothing_keeps_nobody_who_wants_to_leave() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("record.jsonl");
    pipe(&path);
    let talk = bench.actor("talks_on", &[]).join("' '");
    // It holds 4 KiB, which is less than the record of what is said until then.
    let reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    fcntl_setpipe_size(&reader, 4096).unwrap();
    let mut program = Program::start(traced(&["--full"], &path, &format!("exec '{talk}'")));
    assert_eq!(program.line(), "talks");
    program.signal(Signal::TERM);
    let finished = program.finish().expect(125);
    assert!(finished.stderr.contains("nobody reads it"), "{}", finished.stderr);
}

#[test]
fn a_tracer_that_is_killed_leaves_what_it_saw_until_then() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("record.jsonl");
    // It makes two sockets, and then does nothing that a socket would tell of.
    let words = bench.actor("talks_once", &[]).join("' '");
    let program = Program::start(traced(&[], &path, &format!("exec '{words}'")));
    let is_told = |record: String| record.contains("\"call\":\"recv\"");
    until(program.pid(), || read_to_string(&path).is_ok_and(is_told));
    program.signal(Signal::KILL);
    assert_eq!(program.finish().signal(), Some(9));
    let shown = Program::run(sock(&["show", path.to_str().unwrap()]), b"").expect(6);
    assert!(shown.text().contains("\"hello\" ───"), "{}", shown.text());
    assert!(shown.stderr.contains("has no end: its writer was stopped"), "{}", shown.stderr);
}

#[test]
fn who_reads_the_record_from_a_pipe_reads_it_while_the_programs_run() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("record.jsonl");
    pipe(&path);
    let words = bench.actor("talks_once", &[]).join("' '");
    let program = Program::start(traced(&[], &path, &format!("exec '{words}'")));
    let mut lines = BufReader::new(File::open(&path).unwrap()).lines().map(|line| line.unwrap());
    assert!(lines.any(|line| line.contains("\"call\":\"recv\"")), "it ended without it");
    // It was to hear more, and is gone.
    drop(lines);
    program.signal(Signal::TERM);
    let finished = program.finish().expect(125);
    assert_eq!(finished.stderr, format!("sock: cannot write {}: broken pipe\n", path.display()));
}

/// Waits until a process has a thread of this name.
fn has_thread(pid: i32, name: &str) {
    let tasks = format!("/proc/{pid}/task");
    let is_there = || {
        let mut tasks = std::fs::read_dir(&tasks).unwrap().flatten();
        tasks.any(|task| {
            read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        })
    };
    until(pid, is_there);
}

/// Waits until something is so, as long as this process lives: its leash ends it, and with it the test.
fn until(pid: i32, mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap();
        assert!(!stat.contains(") Z "), "it has ended, and it was not so");
        yield_now();
    }
}
