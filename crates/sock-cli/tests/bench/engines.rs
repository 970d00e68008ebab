//! The same server under several engines, in turn.

use crate::{bench, flowing, reports};

#[test]
fn an_engine_that_answers_one_is_not_the_best_without_a_word() {
    let asked = ["--engines", "epoll,iterative", "echo", "--repeat", "1", "-d", "200ms", "-c", "3"];
    let found = bench(&[&asked[..], &["--warmup", "0s"]].concat()).expect(0);
    let text = flowing(&found);
    assert!(text.contains("iterative: 2 of 3 connections had no reply before the end"), "{text}");
    assert!(!text.contains("epoll: "), "{text}");
    assert!(
        found.stderr.contains("2 of 3 connections had no reply before the end"),
        "{}",
        found.stderr
    );
    let first = found.stderr.lines().next();
    assert_eq!(first, Some("1 round of 2 engines, 0.2 s each: at least 1 s"));
}

#[test]
fn each_engine_has_its_turn_in_every_round() {
    let asked = ["--engines", "epoll,select", "echo", "--repeat", "2", "-n", "200", "-c", "4"];
    let found = bench(&[&asked[..], &["--json"]].concat()).expect(0);
    let reports = reports(&found);
    let labels: Vec<_> = reports.iter().map(|report| report["label"].as_str()).collect();
    let expected = ["epoll", "select", "epoll", "select"].map(Some);
    assert_eq!(labels, expected);
    for report in &reports {
        assert_eq!(
            (&report["messages"]["replies"], &report["told"]["service"]),
            (&200.into(), &"echo".into())
        );
        assert!(report["cpu"]["server"]["pid"].as_u64().is_some(), "a process of its own");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("engines.html").display().to_string();
    let found = bench(&[&asked[..], &["--html", &picture]].concat()).expect(0);
    let page = std::fs::read_to_string(&picture).expect("a page");
    assert!(page.contains("select") && page.contains("<svg"), "{page}");
    assert!(found.text().contains("epoll") && found.text().contains("select"), "{}", found.text());
    assert!(found.stderr.contains("round 2 of 2: select"), "{}", found.stderr);
}
