//! What a run says about itself, and what helps.

use sock_load::{
    Bytes, Cause, Direction, ErrorCount, Messages, Pacing, Report, Second, Style, Verdict, text,
};

use crate::samples::{good, strained};

/// The lines of the verdict on it, as one text.
fn verdict(report: &Report) -> String {
    Verdict::of(report).lines.join("\n")
}

/// The report for people, without its line breaks.
fn flowing(report: &Report) -> String {
    text(report, Style::default()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_server_that_serves_one_at_a_time_is_said_to() {
    let mut report = good(1, 1.0, 1);
    report.connections.unheard = 63;
    let told = verdict(&report);
    assert!(told.contains("63 of 64 connections had no reply before the end"), "{told}");
    assert!(told.contains("seems to serve one client at a time: -c 1 loads it"), "{told}");
    // Some of many say nothing about how it serves.
    report.connections.unheard = 10;
    let told = verdict(&report);
    assert!(told.contains("10 of 64") && !told.contains("at a time"), "{told}");
}

#[test]
fn a_server_that_closes_after_each_reply_is_called_anew() {
    let mut report = good(1, 1.0, 1);
    let replies = report.messages.replies;
    report.connections.opened = replies + 64;
    (report.connections.cut, report.connections.first_cut) = (replies, Some(1_000));
    let told = verdict(&report);
    assert!(told.contains("close after each reply; call anew for every message"), "{told}");
    assert!(told.contains("--new-connection"), "{told}");
    // Whoever is cut now and then has an accident.
    report.connections.cut = 70;
    report.connections.opened = 134;
    assert!(!verdict(&report).contains("--new-connection"), "{}", verdict(&report));
}

#[test]
fn who_calls_anew_for_each_message_may_still_wait_at_the_end() {
    let mut report = good(1, 1.0, 1);
    report.told.new_connection = true;
    (report.connections.unheard, report.connections.peak) = (2, 3);
    assert!(!report.leaves_out_connections());
    assert_eq!(verdict(&report), "");
    let told = flowing(&report);
    assert!(told.contains("64 at the end, when 2 still waited for a reply"), "{told}");
    report.told.new_connection = false;
    assert!(report.leaves_out_connections());
    assert!(verdict(&report).contains("only 3 of 64 connections were open at once"));
}

#[test]
fn a_server_that_died_is_blamed_and_not_the_rate() {
    let mut report = strained(15);
    let told = verdict(&report);
    assert!(told.contains("is more than can be carried here"), "{told}");
    report.told.new_connection = false;
    for (open, left) in [
        (0, "messages left; none of 64 connections was left to carry the others"),
        (3, "messages left; only 3 of 64 connections were left to carry the others"),
        (60, "messages left; --rate 200000 is more than can be carried here"),
    ] {
        report.connections.open_at_end = open;
        let told = verdict(&report);
        assert!(told.contains(left), "{told}");
    }
    (report.told.connections, report.connections.open_at_end) = (1, 0);
    let told = verdict(&report);
    assert!(told.contains("none of 1 connection was left to carry the others"), "{told}");
}

#[test]
fn a_generator_at_its_limit_is_told_what_costs_less() {
    let mut report = strained(15);
    let told = verdict(&report);
    assert!(told.contains("use --workers 2, or --engine uring, which costs less"), "{told}");
    report.messages.sent = 200_000 * 15;
    let late = verdict(&report);
    assert!(late.contains("latency counts that wait; try --busy-poll"), "{late}");
    assert!(late.contains(" or --engine uring"), "{late}");
    // What is in use already is no advice.
    (report.told.engine, report.told.busy_poll) = ("uring".into(), Some(1));
    let told = verdict(&report);
    assert!(!told.contains("--engine") && !told.contains("--busy-poll"), "{told}");
}

#[test]
fn a_call_that_was_repeated_is_explained() {
    let mut report = good(1, 1.0, 1);
    let connect = |ns| {
        let mut all = sock_load::Histogram::new();
        all.record(40_000);
        all.record(ns);
        Some(sock_load::Latency::of(&all))
    };
    report.connect = connect(1_030_000_000);
    let told = "a call that nobody answers is repeated after 1 s";
    assert!(flowing(&report).contains(told), "{}", flowing(&report));
    report.told.transport = "unix".into();
    assert!(!flowing(&report).contains(told), "{}", flowing(&report));
    report.told.transport = "tls".into();
    report.connect = connect(700_000_000);
    assert!(!flowing(&report).contains(told), "{}", flowing(&report));
}

#[test]
fn a_server_of_whom_too_little_was_measured_is_not_said_to_cost_nothing() {
    let mut report = good(1, 1.0, 1);
    let server = report.cpu.server.as_mut().expect("a server");
    (server.user, server.sys, server.per_message) = (0, 0, None);
    let told = flowing(&report);
    assert!(told.contains("(pid 4711) too little to be measured in so short a run"), "{told}");
    assert!(!told.contains("0 ns") && !told.contains("0 % of a core"), "{told}");
}

#[test]
fn a_server_that_closes_after_each_reply_leaves_nobody_out() {
    let mut report = good(1, 1.0, 1);
    let held = report.told.connections;
    report.connections.opened = 100 * held;
    report.connections.unheard = held;
    report.messages.replies = 100 * held;
    report.messages.sent = 100 * held;
    report.messages.due = None;
    report.told.pacing = Pacing::Closed { depth: 1 };
    let told = verdict(&report);
    assert!(told.contains("--new-connection") && !told.contains("had no reply"), "{told}");
    assert!(!report.leaves_out_connections());
    // More than those of the end is more than chance.
    report.connections.unheard = held + 1;
    assert!(verdict(&report).contains("had no reply before the end"), "{}", verdict(&report));
    assert!(report.leaves_out_connections());
}

#[test]
fn nobody_says_of_no_message_that_it_has_its_reply() {
    let mut report = good(1, 1.0, 1);
    report.messages = Messages::default();
    report.told.pacing = Pacing::Closed { depth: 1 };
    assert_eq!(verdict(&report), "no reply came while it was measured, and so no message left");
    report.errors =
        vec![ErrorCount { cause: Cause::Refused, count: 3, text: "refused".into(), cure: None }];
    assert!(!verdict(&report).contains("has its reply"), "{}", verdict(&report));
}

#[test]
fn bulk_that_comes_to_a_standstill_is_said_to() {
    let mut report = good(1, 1.0, 1);
    let bytes = |out, back| Bytes { out, back };
    let moved = |report: &mut Report, direction, all: &[Bytes]| {
        report.told.pacing = Pacing::Bulk { direction };
        report.messages = Messages::default();
        let span = 1_000_000_000;
        let second = |(n, bytes): (usize, &Bytes)| Second {
            t: n as u64 * span,
            span,
            bytes: *bytes,
            ..Second::default()
        };
        report.timeline = all.iter().enumerate().map(second).collect();
        verdict(report)
    };
    let (none, out, back) = (bytes(0, 0), bytes(5, 0), bytes(0, 5));
    let told = moved(&mut report, Direction::Up, &[out, none, none]);
    assert!(
        told.contains("the server does not read: nothing more went to it from 1.00 s on"),
        "{told}"
    );
    let told = moved(&mut report, Direction::Up, &[back, back]);
    assert!(told.contains("nothing more went to it while it was measured"), "{told}");
    let told = moved(&mut report, Direction::Down, &[out, out]);
    assert!(told.contains("the server sends nothing"), "{told}");
    let told = moved(&mut report, Direction::Both, &[none, none]);
    assert!(told.contains("the server neither reads nor sends"), "{told}");
    // A pause is none, and whoever moves something in one of two directions is there.
    for (direction, all) in [
        (Direction::Up, [none, none, out]),
        (Direction::Up, [out, out, none]),
        (Direction::Both, [back, back, back]),
        (Direction::Down, [back, back, none]),
    ] {
        assert_eq!(moved(&mut report, direction, &all), "", "{direction:?} {all:?}");
    }
}

#[test]
fn bulk_has_no_replies_to_speak_of() {
    let mut report = good(1, 1.0, 1);
    report.told.pacing = Pacing::Bulk { direction: Direction::Both };
    (report.told.service, report.told.until) = (None, Some("same".into()));
    let told = flowing(&report);
    assert!(told.contains("64 connections, bulk both ways 1.00 s measured"), "{told}");
}

#[test]
fn one_of_many_is_and_two_are() {
    let mut report = good(1, 1.0, 1);
    report.messages = Messages { due: None, sent: 63_216, replies: 63_215 };
    let told = verdict(&report);
    assert!(told.contains("1 of 63,216 messages is without a right reply"), "{told}");
    report.messages.replies -= 1;
    let told = verdict(&report);
    assert!(told.contains("2 of 63,216 messages are without a right reply"), "{told}");
}
