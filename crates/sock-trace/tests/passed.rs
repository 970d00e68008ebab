//! Sockets that are handed over: who else holds one is known without looking through all descriptors each time.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests, and say what was skipped"
)]

use sock_record::{Call, CallKind, Line};
use sock_trace::{Ended, Plan, Program, trace};

/// Hands over two hundred sockets, closes each, and then what came of them.
const HANDS_OVER: &str = r#"
import socket
one, other = socket.socketpair()
kept = []
for _ in range(200):
    sent, peer = socket.socketpair()
    socket.send_fds(one, [b"x"], [sent.fileno()])
    _, (fd,), _, _ = socket.recv_fds(other, 1, 1)
    kept.append((socket.socket(fileno=fd), peer))
    sent.close()
for received, peer in kept:
    received.close()
    peer.close()
"#;

#[test]
fn closing_what_was_handed_over_looks_through_all_descriptors_once() {
    let plan = Plan::new([Program::new(["python3", "-c", HANDS_OVER])]);
    let mut closes: Vec<Call> = Vec::new();
    let outcome = trace(&plan, &mut |line| {
        if let Line::Call(call) = line
            && call.call == CallKind::Close
        {
            closes.push(call);
        }
    });
    let Ok(outcome) = outcome else {
        return eprintln!("skipped: needs a system that lets programs be traced");
    };
    if !matches!(outcome.ended[..], [Some(Ended::Exit(0))]) {
        return eprintln!("skipped: needs python3");
    }
    let is_held = |call: &&Call| call.args.more.contains_key("held_by");
    // Each of those that were sent is still held by the descriptor that was received, and nothing else by anybody.
    assert_eq!(closes.iter().filter(is_held).count(), 200);
    let first_of_rest = closes.iter().rposition(|call| is_held(&call)).unwrap() + 1;
    assert!(closes.len() - first_of_rest >= 400, "{} of {}", first_of_rest, closes.len());
    assert!(outcome.searched <= 4, "{} searches for {} closes", outcome.searched, closes.len());
}
