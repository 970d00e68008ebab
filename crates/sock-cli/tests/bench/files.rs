//! What is made of reports: pictures, a log, and a comparison of repeated runs.

use crate::support::{Program, Server, sock};
use crate::{bench, reports};

#[test]
fn a_run_is_drawn_and_its_latencies_are_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let files = ["--svg", &path("a.svg"), "--html", &path("a.html"), "--hdr", &path("a.hlog")];
    bench(&[&[endpoint.as_str(), "-q", "-n", "300", "-c", "4"], &files[..]].concat()).expect(0);
    server.stop();
    let read = |name: &str| std::fs::read_to_string(path(name)).expect(name);
    let svg = read("a.svg");
    assert!(svg.starts_with("<svg") && svg.contains("Latency by percentile"), "{svg}");
    let html = read("a.html");
    assert!(html.contains("Content-Security-Policy") && html.contains("<svg"), "{html}");
    let log = read("a.hlog");
    assert!(
        log.starts_with(&format!("#[{endpoint}]\n#[Histogram log format version 1.3]")),
        "{log}"
    );
    // One interval of the whole run, and one of connecting.
    assert_eq!(log.lines().filter(|line| line.contains("HISTFAAA")).count(), 2, "{log}");
}

#[test]
fn what_cannot_be_written_is_told() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found = bench(&[&endpoint, "-q", "-n", "10", "--svg", "/nowhere/a.svg"]);
    server.stop();
    assert_eq!(found.code(), 1);
    assert_eq!(found.stderr, "sock: cannot write /nowhere/a.svg: no such file\n");
}

#[test]
fn repeated_runs_are_told_one_by_one_and_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = [endpoint.as_str(), "-n", "200", "-c", "4", "--repeat", "4"];
    let found = bench(&[&asked[..], &["--json", "-q"]].concat()).expect(0);
    assert_eq!(reports(&found).len(), 4);
    let [a, b] = ["a.json", "b.json"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&a, found.text()).expect("it can be written");
    // The same, as if every reply had taken a hundredth of the time.
    let faster: Vec<String> = reports(&found)
        .into_iter()
        .map(|mut report| {
            report["rate"] = (report["rate"].as_f64().expect("a rate") * 100.0).into();
            report.to_string()
        })
        .collect();
    std::fs::write(&b, faster.join("\n")).expect("it can be written");
    let found = bench(&asked).expect(0);
    assert!(found.stderr.contains("run 4 of 4: "), "{}", found.stderr);
    let told = found.text();
    assert_eq!(told.matches("verdict").count(), 1, "{told}");
    assert!(told.contains("4 runs: the median of each measure"), "{told}");
    assert!(told.contains("median") && told.contains("least") && told.contains("apart"), "{told}");
    server.stop();

    let compared = bench(&["--compare", &a, &b]).expect(0).text();
    // A table, or where the system's ticks tell of the server's time as well, which needs more room, one below the other.
    let (rate, others) = compared.split_once("\np50").expect("rate first, then p50");
    assert!(rate.ends_with("faster"), "{compared}");
    assert!(others.contains("no difference seen"), "{compared}");
    let same = bench(&["--compare", &a, &a]).expect(0).text();
    assert!(same.contains("verdict      no difference seen"), "{same}");
}

#[test]
fn a_comparison_of_what_is_no_report_is_refused() {
    let found = bench(&["--compare", "/nowhere/a.json", "/nowhere/b.json"]);
    assert_eq!(
        (found.code(), found.stderr.as_str()),
        (2, "sock: cannot read /nowhere/a.json: no such file\n")
    );
    let found = bench(&["50007", "-m", "@/nowhere/message"]);
    assert_eq!(
        (found.code(), found.stderr.as_str()),
        (2, "sock: cannot read /nowhere/message: no such file\n")
    );
    for wrong in [
        &["--compare", "a"][..],
        &["--compare", "a", "b", "50007"],
        &["--compare", "a", "b", "--json"],
    ] {
        let found = Program::run(sock(&[&["bench"], wrong].concat()), b"");
        assert_eq!(found.code(), 2, "{wrong:?}: {}", found.stderr);
    }
}
