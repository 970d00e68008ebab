//! Clients of the web server that are slow, greedy or silent: each is let go in its time, none costs much, and
//! nobody else notices.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::fs::File;
use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, Transport, now};
use sock::ErrorKind;
use tempfile::TempDir;

const TCP: Transport = Transport::Tcp4;
const GET: &[u8] = b"GET /page.txt HTTP/1.1\r\nHost: here\r\n\r\n";
/// So large is `/big.bin`, which has nothing in it, and takes no room on a disk.
const BIG: u64 = 50_000_000;

/// More than a server and a kernel keep for a client that reads nothing.
const MUCH: usize = 100_000_000;

/// How long a client may take, in milliseconds, and bytes a second.
#[derive(Debug, Clone, Copy)]
struct Patience {
    head: u64,
    body: u64,
    rate: u64,
    idle: u64,
    stalled: u64,
}

/// Longer than any test.
const LONG: u64 = 60_000;
const PATIENT: Patience = Patience { head: LONG, body: LONG, rate: 500, idle: LONG, stalled: LONG };

/// A server of a small page and a big file.
struct Web {
    server: ServerProcess,
    _folder: TempDir,
}

impl Web {
    fn start(engine: &str, patience: Patience) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.txt"), "hello\n").unwrap();
        File::create(folder.path().join("big.bin")).unwrap().set_len(BIG).unwrap();
        Self {
            server: start(engine, &folder.path().display().to_string(), patience),
            _folder: folder,
        }
    }

    fn connect(&self) -> Client {
        Client::connect(TCP, &self.server.endpoint)
    }
}

fn start(engine: &str, place: &str, patience: Patience) -> ServerProcess {
    let Patience { head, body, rate, idle, stalled } = patience;
    let service = format!("http={head},{body},{rate},{idle},{stalled},{place}");
    ServerProcess::start(engine, &service, TCP, &["--log"])
}

/// The page, on a conversation that is kept; how long it took.
fn asks(client: &Client) -> Duration {
    let began = now();
    client.send(GET);
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nhello\n") {
        answer.extend(client.receive(1));
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{:?}", String::from_utf8_lossy(&answer));
    began.elapsed()
}

/// Sends the bytes one by one, all over again, with a pause behind each, until the server has said something
/// or has ended; tells what it said and when.
fn drips(client: &Client, bytes: &[u8], pause: Duration) -> (Vec<u8>, Duration) {
    let began = now();
    client.socket().set_timeout(Some(pause)).unwrap();
    let mut answer = vec![0; 2_000];
    for byte in bytes.iter().cycle() {
        // The end may come between the two.
        if client.socket().send_all(&[*byte]).is_err() {
            break;
        }
        match client.socket().recv(&mut answer) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Ok(n) => {
                answer.truncate(n);
                return (answer, began.elapsed());
            }
            Err(_) => break,
        }
        assert!(began.elapsed() < engine_table::DEADLINE, "it waits for ever");
    }
    (Vec::new(), began.elapsed())
}

/// Many clients that drip, and one that asks all the time: how they end.
fn slow_ones(server: &ServerProcess, begin: &[u8], bytes: &[u8]) -> Vec<(Vec<u8>, Duration)> {
    let slow: Vec<Client> = (0..30).map(|_| Client::connect(TCP, &server.endpoint)).collect();
    for client in &slow {
        client.send(begin);
    }
    let good = Client::connect(TCP, &server.endpoint);
    std::thread::scope(|scope| {
        let drip = |client| move || drips(client, bytes, Duration::from_millis(20));
        let all: Vec<_> = slow.iter().map(|client| scope.spawn(drip(client))).collect();
        let mut worst = Duration::ZERO;
        while all.iter().any(|one| !one.is_finished()) {
            worst = worst.max(asks(&good));
        }
        assert!(worst < Duration::from_secs(1), "{worst:?} beside slow ones");
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn are_told_in_time(engine: &str, ends: Vec<(Vec<u8>, Duration)>, least: u64, most: u64) {
    for (answer, after) in ends {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{engine}: {answer:?} after {after:?}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{engine}: {answer}");
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
        assert!(after >= least && after < most, "{engine}: after {after:?}");
    }
}

#[test]
fn a_head_a_byte_at_a_time_is_given_its_time_and_no_more() {
    for engine in CONCURRENT {
        let web = Web::start(engine, Patience { head: 300, ..PATIENT });
        let ends = slow_ones(&web.server, b"GET / HTTP/1.1\r\n", b"X-Field: and so on\r\n");
        are_told_in_time(engine, ends, 280, 5_000);
        web.server.stop();
    }
}

/// Faster than the silence between two pieces that is borne, and slower than any line is.
#[test]
fn a_body_a_byte_at_a_time_is_given_its_time_and_no_more() {
    for engine in CONCURRENT {
        let web = Web::start(engine, Patience { body: 200, ..PATIENT });
        // It is not taken, and yet it is read for the sake of who comes behind it.
        let head = b"GET /page.txt HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n";
        let client = web.connect();
        client.send(head);
        let (_, after) = drips(&client, b"x", Duration::from_millis(20));
        assert!(after < Duration::from_secs(5), "{engine}: {after:?}");
        web.server.stop();
        let patience = Patience { body: 200, ..PATIENT };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.txt"), "hello\n").unwrap();
        let place = format!("upload:{}", folder.path().display());
        let server = start(engine, &place, patience);
        let head = b"PUT /a HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n";
        let ends = slow_ones(&server, head, b"x");
        are_told_in_time(engine, ends, 180, 5_000);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1, "{engine}: {names:?}");
        server.stop();
    }
}

/// Half a body and then silence.
#[test]
fn a_body_that_stops_is_given_its_time_and_no_more() {
    for engine in CONCURRENT {
        let folder = tempfile::tempdir().unwrap();
        let place = format!("upload:{}", folder.path().display());
        let server = start(engine, &place, Patience { body: 200, ..PATIENT });
        let client = Client::connect(TCP, &server.endpoint);
        let began = now();
        client.send(b"PUT /a HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nhello");
        let answer = client.receive_all();
        let after = began.elapsed();
        assert!(answer.starts_with(b"HTTP/1.1 408 "), "{:?}", String::from_utf8_lossy(&answer));
        assert!(after >= Duration::from_millis(200), "{engine}: {after:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        server.stop();
    }
}

/// Who asks nothing is let go without a word: nobody asked.
#[test]
fn silence_ends_by_itself() {
    for engine in CONCURRENT {
        let web = Web::start(engine, Patience { idle: 200, ..PATIENT });
        let (silent, asked) = (web.connect(), web.connect());
        let began = now();
        asks(&asked);
        assert_eq!(silent.receive_all(), b"", "{engine}");
        assert_eq!(asked.receive_all(), b"", "{engine}");
        assert!(began.elapsed() >= Duration::from_millis(200), "{engine}");
        web.server.stop();
    }
}

/// What is kept for a reader that never reads is a piece of the file, and not for ever.
#[test]
fn readers_that_never_read_are_cheap_and_let_go() {
    for engine in CONCURRENT {
        let web = Web::start(engine, Patience { stalled: 1_000, ..PATIENT });
        let good = web.connect();
        asks(&good);
        let before = web.server.anonymous_memory();
        let stuck: Vec<Client> = (0..50).map(|_| web.connect()).collect();
        for client in &stuck {
            client.send(b"GET /big.bin HTTP/1.1\r\nHost: here\r\n\r\n");
            client.receive(15);
        }
        let worst = (0..50).map(|_| asks(&good)).max().unwrap();
        let each = web.server.anonymous_memory().saturating_sub(before) / 50;
        println!("{engine}: {each} B for each of 50 that never read; the page after {worst:?}");
        let bound = if engine == "fork" { 1_000_000 } else { 200_000 };
        assert!(each < bound, "{engine}: {each} B");
        assert!(worst < Duration::from_secs(1), "{engine}: {worst:?}");
        for _ in &stuck {
            web.server.says("note");
        }
        let came: Vec<_> = stuck.iter().map(|client| client.cut_after().unwrap()).collect();
        assert!(came.iter().all(|came| (*came as u64) < BIG), "{engine}: {came:?}");
        drop(stuck);
        asks(&web.connect());
        web.server.stop();
    }
}

/// A folder with so many long names that a page of all would have 4 MB.
#[test]
fn readers_of_a_large_folder_that_never_read_are_cheap_and_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    std::fs::write(folder.path().join("page.txt"), "hello\n").unwrap();
    for n in 0..4_000 {
        let name = format!("{}{n:04}", "\u{fc}".repeat(120));
        File::create(folder.path().join("d").join(name)).unwrap();
    }
    // A child of its own makes a page of its own.
    for engine in CONCURRENT.into_iter().filter(|engine| *engine != "fork") {
        let server = start(engine, &folder.path().display().to_string(), PATIENT);
        let good = Client::connect(TCP, &server.endpoint);
        asks(&good);
        let stuck: Vec<Client> = (0..41).map(|_| Client::connect(TCP, &server.endpoint)).collect();
        let (first, others) = stuck.split_first().unwrap();
        let ask = |client: &Client| client.send(b"GET /d/ HTTP/1.1\r\nHost: here\r\n\r\n");
        let answers = |client: &Client| assert_eq!(client.receive(15), b"HTTP/1.1 200 OK");
        let (memory, cpu) = (server.anonymous_memory(), server.processor_time());
        ask(first);
        answers(first);
        let one = server.processor_time().saturating_sub(cpu);
        others.iter().for_each(ask);
        others.iter().for_each(answers);
        asks(&good);
        let all = server.processor_time().saturating_sub(cpu);
        let each = server.anonymous_memory().saturating_sub(memory) / 41;
        println!("{engine}: {each} B for each of 41 that never read; {all:?}, the first {one:?}");
        assert!(each < 500_000, "{engine}: {each} B");
        assert!(all < one * 10, "{engine}: {all:?} for all, {one:?} for one");
        server.stop();
    }
}

/// Slow, and always a little further: it has its time.
#[test]
fn a_reader_that_is_merely_slow_has_the_whole_file() {
    let web = Web::start("epoll", Patience { stalled: 1_000, ..PATIENT });
    let client = web.connect();
    client.send(b"GET /big.bin HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    let (mut came, mut silent) = (0, web.connect());
    while let Some(bytes) = Some(client.socket().recv_vec(1 << 20).unwrap()) {
        if bytes.is_empty() {
            break;
        }
        came += bytes.len() as u64;
        // A pause of its own, by waiting for what nobody says.
        silent.socket().set_timeout(Some(Duration::from_millis(10))).unwrap();
        if silent.socket().recv(&mut [0]).is_ok() {
            silent = web.connect();
        }
    }
    assert!((BIG + 100..BIG + 1_000).contains(&came), "{came}");
    web.server.stop();
}

/// Sends it again and again until nothing more is taken; tells how much was.
fn pours(client: &Client, bytes: &[u8]) -> usize {
    client.socket().set_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut all = 0;
    while all < MUCH {
        let Ok(n) = client.socket().send(bytes) else { break };
        all += n;
    }
    all
}

/// Heads without end, and requests without end by clients that read no answers: nothing piles up.
#[test]
fn greedy_clients_are_bounded() {
    for engine in CONCURRENT {
        let web = Web::start(engine, PATIENT);
        let good = web.connect();
        asks(&good);
        let before = web.server.anonymous_memory();
        let endless: Vec<Client> = (0..50).map(|_| web.connect()).collect();
        for client in &endless {
            client.send(b"GET / HTTP/1.1\r\nHost: here\r\nX: ");
            // What is too long is answered, and the rest of it read by nobody for long.
            client.pour(1_000_000, Duration::from_millis(50));
        }
        for client in &endless {
            client.socket().set_timeout(Some(engine_table::DEADLINE)).unwrap();
            let status = client.cut_or(13).unwrap_or_default();
            assert!(status.is_empty() || status == b"HTTP/1.1 431 ", "{engine}: {status:?}");
        }
        drop(endless);
        let pipelined: Vec<Client> = (0..20).map(|_| web.connect()).collect();
        let requests = &GET.repeat(1_000);
        let poured: usize = std::thread::scope(|scope| {
            let pour = |client| move || pours(client, requests);
            let all: Vec<_> = pipelined.iter().map(|client| scope.spawn(pour(client))).collect();
            all.into_iter().map(|one| one.join().unwrap()).sum()
        });
        let each = web.server.anonymous_memory().saturating_sub(before) / 20;
        println!(
            "{engine}: {each} B for each of 20 that read no answers to {poured} B of requests"
        );
        let bound = if engine == "fork" { 2_000_000 } else { 1_000_000 };
        assert!(each < bound, "{engine}: {each} B");
        assert!(poured < 20 * MUCH, "{engine}: somebody is never held back");
        // What was taken of them is being answered still, some hundred requests at a time.
        assert!(asks(&good) < Duration::from_secs(5), "{engine}");
        drop(pipelined);
        web.server.stop();
    }
}
