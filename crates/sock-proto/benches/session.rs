//! What one input costs in a session, without a socket: `cargo bench -p sock-proto --bench session [NAME]`.
//!
//! Nanoseconds are the least of many rows, which is what a machine that is shared lets through.
//! Instructions are counted by valgrind's callgrind, which runs this same program for so many
//! inputs and for twice as many: the difference is theirs alone, and is the same at every run, so
//! that a change of 2 % is a change.
#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sock_proto::protocols::http::{Http, Offer, Place};
use sock_proto::protocols::{Echo, Upper};
use sock_proto::sim::Files;
use sock_proto::{Command as Told, Context, Limits, Link, Peer, Protocol, Session, Time};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Step = Box<dyn FnMut()>;
type Make = fn() -> Step;

/// What is measured: a name, and what makes one step of it.
const CASES: [(&str, Make); 8] = [
    ("echo 64 B", || exchange(Echo, vec![b'x'; 64])),
    ("echo 64 KiB", || exchange(Echo, vec![b'x'; 64 * 1024])),
    ("upper 64 B", || exchange(Upper::default(), [&[b'x'; 63][..], b"\n"].concat())),
    ("http 1 KiB", || exchange(http(), REQUEST.to_vec())),
    ("http 1 KiB, 16 at once", || exchange(http(), REQUEST.repeat(16))),
    ("open, echo 64 B, close", short),
    ("tick of an idle one", idle),
    ("limit of an idle one moves", moving),
];

const REQUEST: &[u8] =
    b"GET /1k.txt HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

/// Inputs that callgrind counts, and again as many: written with as many digits, which are read too.
const COUNTED: u32 = 400;
/// Rows of inputs that are timed, each long enough for the clock.
const ROWS: usize = 200;
const ROW: Duration = Duration::from_micros(500);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, steps] = arguments.as_slice()
        && flag == "--repeat"
    {
        return repeat(name, steps.parse()?);
    }
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    if !has_valgrind && !is_json {
        println!("instructions are not counted: needs valgrind");
    }
    for (name, make) in CASES {
        if filter.is_some_and(|filter| !name.contains(filter.as_str())) {
            continue;
        }
        let ns = time(make());
        let counted = if has_valgrind { Some(count(name)?) } else { None };
        if is_json {
            let counted = counted.map_or("null".to_owned(), |n| format!("{n:.2}"));
            println!(r#"{{"case": "{name}", "ns": {ns:.2}, "instructions": {counted}}}"#);
        } else {
            let counted = counted.map_or(String::new(), |n| format!("{n:>12.2} instructions"));
            println!("{name:<26} {ns:>10.1} ns {counted}");
        }
    }
    Ok(())
}

/// Does one case so often, for whoever counts.
fn repeat(name: &str, steps: u32) -> Result<()> {
    let (_, make) = CASES.into_iter().find(|(case, _)| *case == name).ok_or("no such case")?;
    let mut step = make();
    for _ in 0..steps {
        step();
    }
    Ok(())
}

/// Nanoseconds of one step.
#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn time(mut step: Step) -> f64 {
    let mut steps = 1;
    let mut least = f64::INFINITY;
    let mut rows = 0;
    while rows < ROWS {
        let began = Instant::now();
        for _ in 0..steps {
            step();
        }
        let took = began.elapsed();
        if took < ROW {
            steps *= 2;
            continue;
        }
        least = least.min(took.as_secs_f64() * 1e9 / f64::from(steps));
        rows += 1;
    }
    least
}

/// Instructions of one step.
fn count(name: &str) -> Result<f64> {
    let (few, many) = (counted(name, COUNTED)?, counted(name, 2 * COUNTED)?);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok((many - few) as f64 / f64::from(COUNTED))
}

/// Instructions of this program for so many steps, its beginning and its end too.
fn counted(name: &str, steps: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--repeat", name, &steps.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let found = said.split("Collected :").nth(1).and_then(|rest| rest.split_whitespace().next());
    Ok(found.ok_or_else(|| format!("valgrind counted nothing: {said}"))?.parse()?)
}

/// The context of an engine that nobody watches.
fn context(limits: Limits) -> Context {
    Context::new(limits, Duration::from_secs(784_111_777), 1)
}

/// What an engine does after each call, where the kernel takes everything.
fn flush<P: Protocol>(session: &mut Session<P>, cx: &mut Context) -> bool {
    loop {
        while let Some(n) = session.output(Peer::FIRST, cx).map(|bytes| black_box(bytes).len()) {
            session.sent(Peer::FIRST, n, cx.now, cx);
        }
        match session.command(Peer::FIRST, cx) {
            Some(Told::Finish) => {}
            Some(Told::Close | Told::Abort) => return false,
            // A producer has had its turn.
            None if session.output(Peer::FIRST, cx).is_some() => {}
            None => break,
        }
    }
    black_box(session.wants_read(Peer::FIRST, cx));
    black_box(session.deadline());
    true
}

fn opened<P: Protocol>(protocol: P, cx: &mut Context) -> Session<P> {
    let mut session = Session::answer(protocol);
    session.open(Peer::FIRST, &Link::stream(1), cx);
    flush(&mut session, cx);
    session
}

/// One input and its answer, in a conversation that goes on.
fn exchange<P: Protocol + 'static>(protocol: P, input: Vec<u8>) -> Step {
    let mut cx = context(Limits::default());
    let mut session = opened(protocol, &mut cx);
    Box::new(move || {
        session.data(Peer::FIRST, black_box(&input), cx.now, &mut cx);
        assert!(flush(&mut session, &mut cx), "the conversation goes on");
    })
}

fn http() -> Http {
    let files = Files::new().file("1k.txt", [b'x'; 1024]);
    Http::new(Arc::new(Offer { place: Place::Site(Arc::new(files)), ..Offer::default() }))
}

/// A whole conversation of one message.
fn short() -> Step {
    let mut cx = context(Limits::default());
    Box::new(move || {
        let mut session = opened(Echo, &mut cx);
        session.data(Peer::FIRST, black_box(&[b'x'; 64]), cx.now, &mut cx);
        flush(&mut session, &mut cx);
        session.eof(Peer::FIRST, &mut cx);
        assert!(!flush(&mut session, &mut cx), "both have ended");
    })
}

/// A look at a conversation before its limit has passed.
fn idle() -> Step {
    let limits = Limits { idle: Some(Duration::from_mins(1)), ..Limits::default() };
    let mut cx = context(limits);
    let mut session = opened(Echo, &mut cx);
    Box::new(move || {
        session.tick(&mut cx);
        assert_eq!(black_box(&mut session).expired(&mut cx), None);
        black_box(session.deadline());
    })
}

/// A look that finds that there was progress, and when the limit passes now.
fn moving() -> Step {
    let limits = Limits { idle: Some(Duration::from_nanos(2)), ..Limits::default() };
    let mut cx = context(limits);
    let mut session = opened(Echo, &mut cx);
    Box::new(move || {
        cx.now = cx.now + Duration::from_nanos(1);
        session.data(Peer::FIRST, black_box(b"x"), Time::ZERO, &mut cx);
        flush(&mut session, &mut cx);
        session.tick(&mut cx);
        assert_eq!(session.expired(&mut cx), None);
    })
}
