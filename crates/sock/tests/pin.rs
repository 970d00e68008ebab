//! Workers that stay on CPUs of their own.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use engine_table::Transport;
use engine_table::client::Client;
use engine_table::server::ServerProcess;

/// The CPUs on which each thread of a process may run, in the order in which the threads began.
fn allowed(process: &str) -> Vec<String> {
    let mut tasks: Vec<u32> = std::fs::read_dir(format!("/proc/{process}/task"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().parse().unwrap())
        .collect();
    tasks.sort_unstable();
    let status = |task| std::fs::read_to_string(format!("/proc/{process}/task/{task}/status"));
    let list = |status: String| {
        let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list:")).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    tasks.into_iter().map(|task| list(status(task).unwrap())).collect()
}

/// The numbers in a list such as `0-2,5`.
fn numbers(list: &str) -> Vec<usize> {
    list.split(',')
        .flat_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            from.parse().unwrap()..=to.parse().unwrap()
        })
        .collect()
}

#[test]
fn each_worker_stays_on_a_cpu_of_its_own() {
    let cpus = numbers(&allowed("self")[0]);
    let workers = cpus.len() + 1;
    let more = ["--workers", &workers.to_string(), "--pin"];
    let server = ServerProcess::start("epoll", "echo", Transport::Tcp4, &more);
    // A worker pins itself before it takes anybody: by the time that each has answered, all have.
    let process = server.pid().as_raw_nonzero().to_string();
    let mut found = Vec::new();
    for _ in 0..10_000 {
        Client::connect(Transport::Tcp4, &server.endpoint).echoes(b"x");
        found = allowed(&process);
        if found.len() >= workers && found.iter().all(|list| !list.contains(['-', ','])) {
            break;
        }
    }
    let expected = (0..workers).map(|n| cpus[n % cpus.len()].to_string());
    let mut expected: Vec<String> = expected.collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    server.stop();
}

#[test]
fn who_hands_conversations_over_is_not_pinned() {
    for engine in ["iterative", "threads", "fork"] {
        let said = ServerProcess::refusal(engine, "tcp://127.0.0.1:0", &["--pin"]);
        assert!(said.contains("--pin") && said.contains("epoll"), "{said}");
    }
}
