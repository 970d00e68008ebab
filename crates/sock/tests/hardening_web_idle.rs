//! What a kept web conversation costs while nothing happens on it, by the thousand, and what it costs the others.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;
#[allow(dead_code, reason = "support that other tests share")]
mod needs;

use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{Transport, now};
use rustix::process::{Resource, getrlimit, setrlimit};

const TCP: Transport = Transport::Tcp4;
const GET: &[u8] = b"GET /page.txt HTTP/1.1\r\nHost: here\r\nAccept: text/html\r\n\r\n";

/// Takes as many descriptors as this process may have, and tells how many that are. The server
/// inherits the limit.
fn descriptors() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.current.unwrap_or(u64::MAX)
}

/// The page, on a conversation that is kept; how long it took.
fn asks(client: &Client) -> Duration {
    let began = now();
    client.send(GET);
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nhello\n") {
        let more = client.socket().recv_vec(4096).unwrap();
        assert!(!more.is_empty(), "the server ended");
        answer.extend(more);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    began.elapsed()
}

/// Each has had its page and is quiet: so much memory beside the kernel's, so many of them, and one
/// who asks on as if they were not there.
#[test]
fn idle_keep_alives_are_cheap_and_in_nobodys_way() {
    let most = descriptors() - 100;
    if most < 10_000 {
        needs::skips(&format!(
            "10,000 conversations at once: needs ulimit -Hn 10100; {most} it is"
        ));
    }
    // Every wait of select is over all of them, a thread has its stack, and a child its pages: there
    // are fewer of those in real life, too.
    for (engine, count, bound) in [
        ("select", 2_000, 1_024),
        ("epoll", 10_000, 1_024),
        ("threads", 500, 65_536),
        ("fork", 100, 1 << 20),
    ] {
        let count = most.min(count);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.txt"), "hello\n").unwrap();
        let service = format!("http=600000,600000,500,600000,600000,{}", folder.path().display());
        let server = ServerProcess::start(engine, &service, TCP, &[]);
        // What the first one warms up is not theirs.
        let busy = Client::connect(TCP, &server.endpoint);
        let alone = (0..200).map(|_| asks(&busy)).sum::<Duration>() / 200;
        let before = server.anonymous_memory();
        let idle: Vec<Client> = (0..count)
            .map(|_| Client::connect(TCP, &server.endpoint))
            .inspect(|client| {
                asks(client);
            })
            .collect();
        let each = (server.anonymous_memory() - before) / count;
        let beside = (0..200).map(|_| asks(&busy)).sum::<Duration>() / 200;
        println!("{engine}: {each} B for each of {count} idle ones; {alone:?}, then {beside:?}");
        assert!(each <= bound, "{engine}: {each} B");
        // Each of them is still there.
        for client in idle.iter().step_by(100) {
            asks(client);
        }
        drop(idle);
        asks(&busy);
        server.stop();
    }
}
