//! The queue: what is written, what is lost, and that nobody waits for the one who writes.
#![allow(clippy::unwrap_used, reason = "tests and what they share")]

mod observed;

use std::io::{self, ErrorKind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use observed::{Sink, at, closed, endpoint, fin, open, tell};
use serde_json::Value;
use sock::observe::{Failure, Fan, Json, Level, Log, Look, Tally};
use sock_proto::{By, Event, Interest, Kind, Observer, Time, What};

const SERVER: &str = "udp://127.0.0.1:12000";
const CLIENT: &str = "udp://127.0.0.1:40000";

fn note(observer: &dyn Observer, n: u64) {
    tell(observer, n, 0, What::Note { code: "n", text: format_args!("note {n}") });
}

fn objects(sink: &Sink) -> Vec<Value> {
    sink.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn everything_queued_is_written_at_drop() {
    let sink = Sink::default();
    let log = Log::queued(sink.clone(), Look::default()).unwrap();
    (0..5000).for_each(|n| note(&log, n));
    drop(log);
    let expected: Vec<_> = (0..5000).map(|n| format!("note {n}")).collect();
    assert_eq!(sink.text().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn flush_waits_for_what_came_before() {
    let sink = Sink::default();
    let log = Log::queued(sink.clone(), Look::default()).unwrap();
    note(&log, 1);
    log.flush().unwrap();
    assert_eq!(sink.text(), "note 1\n");
    note(&log, 2);
    log.close().unwrap();
    note(&log, 3);
    assert_eq!(sink.text(), "note 1\nnote 2\n");
}

#[test]
fn a_writer_that_blocks_blocks_nobody_and_what_is_lost_is_counted() {
    let sink = Sink::shut();
    let json = Json::queued(sink.clone(), Level::Normal, true).unwrap();
    note(&json, 0);
    sink.wait_for_writer();
    // The writer holds the first note and hangs; two mebibytes are more than the queue takes.
    open(&json, 1, false, SERVER, CLIENT);
    let bytes = &[b'x'; 1024];
    for n in 1..=2048 {
        let what = What::Received { kind: Kind::Datagram, bytes, since: Time::ZERO };
        tell(&json, n, 1, what);
    }
    // Whoever was told of the opening is told of the end, though nothing else fits.
    closed(&json, 1, fin(By::Peer), 0);
    let dropped = json.dropped();
    assert!((1024..2048).contains(&dropped), "{dropped}");
    sink.open();
    json.flush().unwrap();
    note(&json, 3000);
    drop(json);

    let objects = objects(&sink);
    let count = |event: &str| objects.iter().filter(|object| object["event"] == event).count();
    assert_eq!(count("datagram") as u64 + dropped, 2048);
    assert_eq!((count("open"), count("close"), count("dropped")), (1, 1, 1));
    let said = objects.iter().find(|object| object["event"] == "dropped").unwrap();
    assert_eq!(said["count"], dropped);
    let first = at(2048 - dropped + 1).as_secs_f64();
    assert_eq!(said["t"], first, "when the first was lost");
    assert_eq!(objects.last().unwrap()["text"], "note 3000");
}

#[test]
fn the_log_says_how_many_events_it_does_not_show() {
    let sink = Sink::shut();
    let log = Log::queued(sink.clone(), Look { datagrams: true, ..Look::default() }).unwrap();
    note(&log, 0);
    sink.wait_for_writer();
    let bytes = &vec![b'x'; 1 << 20];
    for _ in 0..3 {
        let what = What::Received { kind: Kind::Datagram, bytes, since: Time::ZERO };
        tell(&log, 1, 1, what);
    }
    assert_eq!(log.dropped(), 2, "a single event always fits");
    sink.open();
    drop(log);
    let end = "2 events are not shown: they came faster than they could be written\n";
    assert!(sink.text().ends_with(end), "{}", &sink.text()[(1 << 20)..]);
}

#[test]
fn failures_are_told_though_the_queue_is_full() {
    let sink = Sink::shut();
    let json = Json::queued(sink.clone(), Level::Normal, true).unwrap();
    note(&json, 0);
    sink.wait_for_writer();
    (0..100_000).for_each(|n| note(&json, n));
    assert!(json.dropped() > 0);
    json.failure(at(9), &Failure { code: 6, text: "cut short", cure: "" });
    sink.open();
    drop(json);
    assert!(objects(&sink).iter().any(|object| object["event"] == "error"));
}

#[test]
fn datagrams_that_are_not_shown_wake_nobody_up() {
    let sink = Sink::default();
    let log = Log::queued(sink.clone(), Look::default()).unwrap();
    let (local, remote) = (&endpoint(SERVER), &endpoint(CLIENT));
    // Far more than would fit if each left something behind.
    for conn in 1..=100_000 {
        let (kind, called, transient) = (Kind::Datagram, false, true);
        tell(&log, 1, conn, What::Open { kind, called, transient, local, remote });
        closed(&log, conn, fin(By::Us), 0);
    }
    assert_eq!(log.dropped(), 0);
    log.close().unwrap();
    assert_eq!(sink.text(), "");
}

#[test]
fn when_the_reader_has_gone_one_hears_of_it() {
    let json = Json::queued(Sink::broken(), Level::Normal, false).unwrap();
    let (said, hear) = mpsc::channel();
    json.when_gone(move |error| said.send(error.kind()).unwrap());
    note(&json, 1);
    assert_eq!(hear.recv(), Ok(ErrorKind::BrokenPipe));
    note(&json, 2);
    assert_eq!(json.failed(), Some(ErrorKind::BrokenPipe));
    assert_eq!(json.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(json.close().unwrap_err().kind(), ErrorKind::BrokenPipe);
    let (said, hear) = mpsc::channel();
    json.when_gone(move |error| said.send(error.kind()).unwrap());
    assert_eq!(hear.recv(), Ok(ErrorKind::BrokenPipe), "at once, when it is too late to wait");
}

#[test]
fn a_reader_that_stalls_cannot_keep_a_program_from_ending() {
    let sink = Sink::shut();
    let log = Log::queued(sink.clone(), Look::default()).unwrap();
    note(&log, 1);
    let late = log.close_within(Duration::from_millis(20)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    drop(log);
    sink.open();

    let sink = Sink::default();
    let log = Log::queued(sink.clone(), Look::default()).unwrap();
    note(&log, 1);
    log.close_within(Duration::from_secs(20)).unwrap();
    assert_eq!(sink.text(), "note 1\n");
}

/// A writer with a bug.
struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        panic!("a bug of the writer, as this test has it")
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nobody_waits_for_a_writer_that_panicked() {
    let log = Log::queued(Broken, Look::default()).unwrap();
    note(&log, 1);
    assert_eq!(log.flush().unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(log.close().unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn direct_too_says_when_the_reader_has_gone() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let log = Log::direct(writer, Look::default());
    let (said, hear) = mpsc::channel();
    log.when_gone(move |error| said.send(error.kind()).unwrap());
    note(&log, 1);
    assert_eq!(hear.recv(), Ok(ErrorKind::BrokenPipe));
    assert_eq!(log.close().unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn the_last_owner_may_let_go_on_the_thread_that_writes() {
    let log = Arc::new(Log::queued(Sink::broken(), Look::default()).unwrap());
    let (said, hear) = mpsc::channel();
    let own = Arc::clone(&log);
    log.when_gone(move |_| {
        drop(own);
        said.send(()).unwrap();
    });
    note(&*log, 1);
    drop(log);
    hear.recv().unwrap();
}

#[test]
fn many_threads_lose_nothing_that_is_not_counted() {
    let sink = Sink::default();
    let json = Arc::new(Json::queued(sink.clone(), Level::Normal, false).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20_000).for_each(|n| note(&*json, n)));
        }
    });
    json.close().unwrap();
    let objects = objects(&sink);
    let notes = objects.iter().filter(|object| object["event"] == "note").count() as u64;
    let said: u64 = objects.iter().filter_map(|object| object["count"].as_u64()).sum();
    assert_eq!(said, json.dropped());
    assert_eq!(notes + said, 80_000);
}

/// Wants notes only, and counts what it gets.
struct Notes(Tally);

impl Observer for Notes {
    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }
}

#[test]
fn a_fan_tells_each_what_it_wants_and_wants_what_any_wants() {
    let (notes, all) = (Arc::new(Notes(Tally::new())), Arc::new(Tally::new()));
    let only_notes = Fan::new().with(notes.clone());
    assert_eq!(Fan::new().interest(), Interest::NONE);
    assert_eq!(only_notes.interest(), Interest::NOTES);
    let fan = only_notes.with(all.clone());
    assert_eq!(fan.interest(), Interest::ALL);

    note(&fan, 1);
    open(&fan, 1, false, SERVER, CLIENT);
    let (kind, since) = (Kind::Stream, Time::ZERO);
    tell(&fan, 2, 1, What::Received { kind, bytes: b"hello", since });
    tell(&fan, 2, 1, What::Sent { kind, bytes: b"hi", since });
    tell(&fan, 3, 1, What::Eof);
    tell(&fan, 3, 1, What::Finished);
    closed(&fan, 1, fin(By::Peer), 0);
    tell(&fan, 4, 0, What::Stopped { conversations: 1, sent: 2, received: 5 });

    let counts = all.counts();
    assert_eq!((counts.opened, counts.closed, counts.eof, counts.finished), (1, 1, 1, 1));
    assert_eq!((counts.received, counts.received_bytes), (1, 5));
    assert_eq!((counts.sent, counts.sent_bytes), (1, 2));
    assert_eq!((counts.notes, counts.stopped, counts.listening), (1, 1, 0));
    assert_eq!(notes.0.counts(), sock::observe::Counts { notes: 1, ..Default::default() });
}
