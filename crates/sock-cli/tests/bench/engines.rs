//! The same server under several engines, in turn.

use crate::{bench, reports};

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
