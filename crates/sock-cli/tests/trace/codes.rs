//! Every code is told of a real program that does what the code is about.

use std::collections::BTreeMap;
use std::process::Command;

use sock_record::Line;

use crate::bench::{Bench, Traced};
use crate::support::{Program, peer, skip};

/// The codes of `codes.py` that another program takes part in, and what has to be said to end them.
const PAIRS: [(&str, &[&str]); 5] = [
    ("deadlock", &["--timeout", "4s"]),
    ("no-answer", &["--timeout", "3s"]),
    ("not-closed", &["--timeout", "4s"]),
    ("not-read", &["--timeout", "2s"]),
    ("stopped", &["--stop=50ms"]),
];

/// How it is found out whether a code is told.
enum How {
    /// A program of `codes.py`, and what it prints.
    Alone(&'static str),
    /// Two of them.
    Pair(&'static [&'static str]),
    /// In its own way; none where this machine cannot.
    Own(Own),
}

type Own = fn(&Bench) -> Option<Traced>;

/// All codes, each with its programs.
fn table() -> BTreeMap<&'static str, How> {
    let alone = [
        ("backlog-full", ""),
        ("broken-pipe", "104\n32\n"),
        ("closed-unread", ""),
        ("cut", ""),
        ("end", ""),
        ("end-ignored", ""),
        ("in-use", "98\n"),
        ("interleaved", ""),
        ("merged", ""),
        ("nagle", ""),
        ("never-accepted", ""),
        ("no-fin", ""),
        ("no-reuseaddr", ""),
        ("nobody-bound", "111\n"),
        ("not-bound", "None\n"),
        ("not-connected", "32\n"),
        ("not-here", "99\n"),
        ("not-listening", "22\n"),
        ("not-received", ""),
        ("nothing-came", "None\n"),
        ("one-at-a-time", ""),
        ("partial-send", ""),
        ("passed", ""),
        ("refused", "111\n"),
        ("reset", "104\n"),
        ("sigpipe", "104\n"),
        ("split", ""),
        ("time-wait", ""),
        ("timed-out", "None\n"),
        ("would-block", "11\n"),
    ];
    let mut table: BTreeMap<_, _> = alone.map(|(code, prints)| (code, How::Alone(prints))).into();
    table.extend(PAIRS.map(|(code, options)| (code, How::Pair(options))));
    let own: [(_, Own); 6] = [
        ("foreign", foreign),
        ("gap", |bench| Some(gap(bench))),
        ("interrupted", interrupted),
        ("other-server", |bench| Some(other_server(bench))),
        ("ring", ring),
        ("start", |bench| Some(start(bench))),
    ];
    table.extend(own.map(|(code, run)| (code, How::Own(run))));
    table
}

#[test]
fn every_code_is_told_of_a_program_that_does_it() {
    let Some(bench) = Bench::new() else { return };
    let table = table();
    assert!(sock_ladder::codes().eq(table.keys().copied()), "each code has its programs");
    for (code, how) in table {
        let traced = match how {
            How::Alone(prints) => {
                let traced = bench.trace(&["-q"], &[role(&bench, code)]);
                let status = if code == "sigpipe" { 128 + 13 } else { 0 };
                let printed = (prints.to_owned(), status);
                assert_eq!(traced.printed(), printed, "{code}: {}", traced.finished.stderr);
                traced
            }
            How::Pair(options) => {
                let programs = [role(&bench, code), role(&bench, &format!("{code}_peer"))];
                bench.trace(&[&["-q"], options].concat(), &programs)
            }
            How::Own(run) => match run(&bench) {
                Some(traced) => traced,
                None => continue,
            },
        };
        let told = told(&traced);
        assert!(told.contains_key(code), "{code}: {told:?}\n{}", traced.finished.stderr);
        // Python ignores the signal.
        let has_signal = told.contains_key("sigpipe");
        assert_eq!(has_signal, code == "sigpipe", "{code}: {}", traced.finished.stderr);
    }
}

/// A program of `codes.py`, as words.
fn role(bench: &Bench, code: &str) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace/codes.py");
    let mut words = bench.program(script.as_ref(), code);
    words.push(bench.path("port").to_str().unwrap().to_owned());
    words
}

/// What is said of a trace, by its codes: by the tracer, by the ladder, and of what is missing.
fn told(traced: &Traced) -> BTreeMap<String, String> {
    let notes = traced.lines.iter().filter_map(|line| match line {
        Line::Note(note) => Some((note.code.clone(), note.text.clone())),
        Line::Gap(gap) => Some(("gap".to_owned(), gap.why.clone().unwrap_or_default())),
        Line::Meta(_)
        | Line::Proc(_)
        | Line::Sock(_)
        | Line::Call(_)
        | Line::Link(_)
        | Line::End(_)
        | Line::Other(_)
        | _ => None,
    });
    let explained = sock_ladder::explain(&traced.lines).into_iter();
    notes.chain(explained.map(|note| (note.code, note.text))).collect()
}

/// A program of this folder in C, where there is a compiler.
pub(crate) fn compiled(bench: &Bench, name: &str) -> Option<String> {
    let program = bench.path(name);
    let source = format!("{}/tests/trace/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let done = peer("cc")?.args(["-Wall", "-o"]).arg(&program).arg(source).output().unwrap();
    assert!(program.exists(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(program.to_str().unwrap().to_owned())
}

/// Calls of a 32-bit program in a 64-bit one.
fn foreign(bench: &Bench) -> Option<Traced> {
    if !cfg!(target_arch = "x86_64") {
        skip("x86-64");
        return None;
    }
    let program = vec![compiled(bench, "foreign")?];
    let mut untraced = Program::start(Command::new(&program[0]));
    if untraced.line_or_end().is_none_or(|line| line != "asked") {
        skip("a kernel that runs 32-bit programs");
        return None;
    }
    let traced = bench.trace(&[], &[program]);
    assert_eq!(traced.printed(), ("asked\n".to_owned(), untraced.finish().code()));
    let page = &traced.finished.stderr;
    assert!(page.starts_with("sock: foreign makes calls of another kind of machine"), "{page}");
    assert_eq!(page.matches("[foreign]").count(), 1, "{page}");
    Some(traced)
}

/// A receive with a time limit, and a signal that nothing is done about.
fn interrupted(bench: &Bench) -> Option<Traced> {
    let program = vec![compiled(bench, "signals")?, "limited".to_owned()];
    let untraced = Command::new(&program[0]).arg(&program[1]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&untraced.stdout), "limited: ready, heard 0\n");
    let traced = bench.trace(&["-q"], &[program]);
    assert_eq!(traced.printed(), ("limited: EINTR, heard 0\n".to_owned(), 0));
    let said = told(&traced).remove("interrupted").unwrap_or_default();
    assert!(said.starts_with("SIGWINCH came, which signals ignores; "), "{said}");
    Some(traced)
}

/// A socket that somebody else sends on.
fn gap(bench: &Bench) -> Traced {
    let path = bench.path("stranger.sock");
    let path = path.to_str().unwrap();
    let words = bench.actor("stranger", &[path]);
    let mut stranger = Command::new(&words[0]);
    stranger.args(&words[1..]);
    let mut stranger = Program::start(stranger);
    assert_eq!(stranger.line(), "ready");
    let traced = bench.trace(&[], &[bench.actor("lends", &[path])]);
    assert!(traced.finished.stderr.contains("[gap]"), "{}", traced.finished.stderr);
    traced
}

/// A client that meets who has the port of its server, which is nobody of the trace.
fn other_server(bench: &Bench) -> Traced {
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    std::fs::write(bench.path("port"), port.to_string()).unwrap();
    let traced = bench.trace(&["-q"], &[role(bench, "other-server")]);
    let said = told(&traced).remove("other-server").unwrap_or_default();
    let own = format!("(pid {}), which has 127.0.0.1:{port}, and not to", std::process::id());
    assert!(said.contains(&own), "{said}");
    traced
}

/// A server whose ring accepts and closes.
fn ring(bench: &Bench) -> Option<Traced> {
    let port = bench.path("port").to_str().unwrap().to_owned();
    let server = vec![compiled(bench, "ring")?, port];
    let traced = bench.trace(&[], &[server, role(bench, "ring_peer")]);
    let Some(Line::End(end)) = traced.lines.last() else { panic!("no end") };
    if end.exit[0] == Some(77) {
        skip("a kernel that lets programs use io_uring");
        return None;
    }
    assert_eq!(end.exit, [Some(0), Some(0)], "{}", traced.finished.stderr);
    assert_eq!(traced.finished.stderr.matches("[ring]").count(), 1, "{}", traced.finished.stderr);
    let told = told(&traced);
    assert!(!told.contains_key("never-accepted"), "who has a ring may have accepted: {told:?}");
    assert!(!traced.finished.stderr.contains("never-accepted"), "{}", traced.finished.stderr);
    Some(traced)
}

/// A client whose server has ended before it listened.
fn start(bench: &Bench) -> Traced {
    bench.trace(&["-q"], &[vec!["true".to_owned()], role(bench, "refused")])
}
