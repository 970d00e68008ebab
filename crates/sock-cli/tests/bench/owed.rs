//! What is owed when the time is over, and what never had a turn.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::Server;
use crate::{bench, flowing, report};

/// A server that answers every connection but the first.
fn stalls_one() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        static IS_FIRST: AtomicBool = AtomicBool::new(true);
        for mut stream in listener.incoming().flatten() {
            let is_first = IS_FIRST.swap(false, Ordering::Relaxed);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(n @ 1..) = stream.read(&mut piece) {
                    if !is_first && stream.write_all(&piece[..n]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    endpoint
}

#[test]
fn what_is_owed_at_the_end_is_an_error_and_the_wait_for_it_no_part_of_a_second() {
    let endpoint = stalls_one();
    let asked = ["-c", "6", "-d", "500ms", "--warmup", "0s", "--rate", "600"];
    let found = bench(&[&[endpoint.as_str()][..], &asked].concat()).expect(1);
    let told = flowing(&found);
    assert!(
        told.contains("timeout: no reply: it was owed at the end, and had not come 1s later"),
        "{told}"
    );
    assert!(!told.contains("errors none"), "{told}");
    // One second of it was a wait: 250 in half a second are 500 a second.
    let line = found.stderr.lines().find(|line| line.contains(" p50 ")).expect("a second");
    assert!(line.trim_start().starts_with("0.5 s") && line.contains(" errors"), "{line}");
}

#[test]
fn connections_for_which_there_is_no_message_are_not_asked_for() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found = bench(&[&endpoint, "-n", "100", "-c", "200"]).expect(2);
    assert!(
        found.stderr.contains("100 messages are fewer than 200 connections"),
        "{}",
        found.stderr
    );
    let found = report(&bench(&[&endpoint, "-n", "10", "--json"]).expect(0));
    assert_eq!(found["told"]["connections"], 10);
    server.stop();
}

#[test]
fn datagrams_to_nobody_are_refused() {
    let gone = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("udp://{}", gone.local_addr().expect("its address"));
    drop(gone);
    let found = bench(&[&endpoint, "-n", "4", "-c", "2"]).expect(4);
    let told = format!("{endpoint} is a port at which nobody listens");
    assert!(found.stderr.contains(&told), "{}", found.stderr);
    assert!(!found.stderr.contains("any more"), "{}", found.stderr);
}
