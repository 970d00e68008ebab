//! Direct observers over forks: one file, many processes, and every line whole.
//!
//! The program has one thread, as the parent of forked children must, and is its own harness.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test without the test harness is a test all the same"
)]

mod observed;

use std::collections::HashSet;
use std::fs::{File, OpenOptions, read_to_string};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use observed::{endpoint, fin, open, tell};
use serde_json::Value;
use sock::engine::crew::{Counts, Crew};
use sock::observe::{Fan, Json, Level, Log, Look, Record, Source};
use sock_proto::{By, Kind, Observer, Time, What};
use sock_record::{Line, ProcHow, ProcId, Reader, SockId};

/// More than run at once, each of them with as many pieces of data.
const CHILDREN: u64 = 24;
const PIECES: u64 = 50;
/// The children take some milliseconds; the rest is for a machine that is busy.
const LIMIT: Duration = Duration::from_secs(20);
const SERVER: &str = "tcp://127.0.0.1:50007";

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let [log, json, record] = ["log", "json", "record"].map(|name| directory.path().join(name));
    serve(&log, &json, &record);
    check_log(&read_to_string(log).unwrap());
    check_json(&read_to_string(json).unwrap());
    check_record(
        &Reader::new(&*std::fs::read(record).unwrap()).map(Result::unwrap).collect::<Vec<_>>(),
    );
    println!("test direct_observers_survive_forks ... ok");
}

#[allow(clippy::disallowed_methods, reason = "a caller of the library has a clock of its own")]
fn now() -> Instant {
    Instant::now()
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// What a forking engine does: the parent listens, each child holds one conversation.
fn serve(log: &Path, json: &Path, record: &Path) {
    let look = Look { level: Level::Verbose, ..Look::default() };
    let source =
        Source { source: "serve".into(), backend: Some("fork".into()), ..Source::default() };
    let record = Arc::new(Record::direct(append(record), source));
    let observer = Arc::new(
        Fan::new()
            .with(Arc::new(Log::direct(append(log), look)))
            .with(Arc::new(Json::direct(append(json), Level::Verbose, false)))
            .with(record.clone()),
    );
    let endpoint = &endpoint(SERVER);
    tell(
        &*observer,
        0,
        0,
        What::Listening { endpoint, service: "echo", engine: "fork", wall: Duration::ZERO },
    );
    let mut crew = Crew::fork(|| ()).unwrap();
    for conn in 1..=CHILDREN {
        let observer = Arc::clone(&observer);
        crew.run(move || {
            talk(&*observer, conn);
            Counts::default()
        })
        .unwrap();
    }
    assert_eq!(crew.join(Some(now() + LIMIT)).unwrap(), 0, "children hang");
    assert_eq!(crew.failed(), 0);
    tell(&*observer, 2000, 0, What::Stopped { conversations: CHILDREN, sent: 0, received: 0 });
    record.close().unwrap();
}

fn talk(observer: &dyn Observer, conn: u64) {
    open(observer, conn, false, SERVER, &format!("tcp://127.0.0.1:{}", 40_000 + conn));
    let (kind, since) = (Kind::Stream, Time::ZERO);
    for _ in 0..PIECES {
        tell(observer, 2, conn, What::Received { kind, bytes: &[b'x'; 700], since });
    }
    let (reason, received) = (fin(By::Peer), 700 * PIECES);
    let lasted = Duration::from_millis(1);
    tell(observer, 3, conn, What::Closed { reason, sent: 0, received, unsent: 0, lasted });
    // The child ends without a word more: what it told must have left.
}

fn check_log(text: &str) {
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count() as u64;
    assert_eq!(count("listening on tcp://127.0.0.1:50007"), 1);
    assert_eq!(count(": connected to tcp://127.0.0.1:50007"), CHILDREN);
    assert_eq!(count(": received 700 B: \"xxx"), CHILDREN * PIECES);
    assert_eq!(count(": closed by peer (FIN) after 0.001 s: sent 0 B, received 35000 B"), CHILDREN);
    assert_eq!(count("stopped after 24 conversations"), 1);
    assert!(
        text.lines().all(|line| line.starts_with("127.0.0.1:4") || line.starts_with(['l', 's']))
    );
}

fn check_json(text: &str) {
    let objects: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (event, expected) in [("open", CHILDREN), ("data", CHILDREN * PIECES), ("close", CHILDREN)]
    {
        let found = objects.iter().filter(|object| object["event"] == event);
        assert_eq!(found.clone().count() as u64, expected, "{event}");
        let conns: HashSet<_> = found.map(|object| object["conn"].as_u64().unwrap()).collect();
        assert_eq!(conns.len() as u64, CHILDREN);
    }
}

fn check_record(lines: &[Line]) {
    let (mut procs, mut socks, mut evs) = (HashSet::new(), HashSet::new(), HashSet::new());
    for line in lines {
        match line {
            Line::Proc(proc) => {
                assert!(procs.insert(proc.proc), "{:?} is told twice", proc.proc);
                if proc.proc != ProcId(1) {
                    assert_eq!(proc.how, ProcHow::Fork);
                    assert_eq!(proc.ppid, Some(std::process::id()));
                    assert_ne!(proc.pid, proc.ppid);
                }
            }
            Line::Sock(sock) => assert!(socks.insert(sock.sock)),
            Line::Call(call) => {
                assert!(evs.insert(call.ev), "{:?} is told twice", call.ev);
                assert!(procs.contains(&call.proc), "a process is introduced before it calls");
                let SockId(sock) = call.sock.unwrap();
                assert_eq!(call.proc, ProcId(sock + 1), "each child has its own");
            }
            Line::Meta(_) | Line::End(_) => {}
            other @ (Line::Link(_) | Line::Note(_) | Line::Gap(_) | Line::Other(_) | _) => {
                panic!("{other:?} is not expected")
            }
        }
    }
    assert_eq!(procs.len() as u64, CHILDREN + 1);
    assert_eq!(socks.len() as u64, CHILDREN);
    assert_eq!(evs.len() as u64, CHILDREN * (PIECES + 2));
    let ends = lines.iter().filter(|line| matches!(line, Line::End(_))).count();
    assert_eq!(ends, 1, "only the process that began the record ends it");
    assert!(matches!(lines.last(), Some(Line::End(_))));
}
