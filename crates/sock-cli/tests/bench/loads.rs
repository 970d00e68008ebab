//! What is loaded: every kind of endpoint, and what is counted.

use crate::support::Server;
use crate::{bench, events, flowing, report};

#[test]
fn a_port_of_the_house_is_checked_without_being_told() {
    let mut server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let port = server.port("tcp");
    let found = bench(&[&port, "--service", "echo", "-n", "500", "-c", "8", "--json"]).expect(0);
    let report = report(&found);
    assert_eq!(report["messages"]["replies"], 500);
    assert_eq!((&report["told"]["service"], &report["told"]["size"]), (&"echo".into(), &64.into()));
    assert_eq!(report["cpu"]["server"]["pid"], server.pid());
    assert_eq!(report["connections"]["opened"], 8);
    let opened = (0..8).map(|_| server.event_named("open")).count();
    assert_eq!(opened, 8);
    server.stop();
}

#[test]
fn what_was_found_is_told_in_words_and_each_second_in_a_line() {
    let server = Server::start(&["upper"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = [endpoint.as_str(), "--service", "upper", "--rate", "500", "-d", "1200ms"];
    let found = bench(&[&asked[..], &["--warmup", "0", "-c", "4"]].concat()).expect(0);
    assert!(found.text().contains("should have left"), "{}", found.text());
    assert!(found.stderr.contains("/s  p50 "), "{}", found.stderr);
    // Nothing went wrong, and nothing else is asked for: the status says it all.
    let found = bench(&[&asked[..], &["-q", "--warmup", "0"]].concat()).expect(0);
    assert_eq!((found.text().as_ref(), found.stderr.as_str()), ("", ""));
    let found = bench(&[&asked[..], &["-q", "--repeat", "2", "--warmup", "0"]].concat()).expect(0);
    assert_eq!((found.text().as_ref(), found.stderr.as_str()), ("", ""));
    server.stop();
}

#[test]
fn with_json_each_second_is_an_event_and_the_report_the_last_line() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found =
        bench(&[&endpoint, "--rate", "1k", "-d", "2s", "--warmup", "0", "--json"]).expect(0);
    let events = events(&found);
    let seconds: Vec<_> = events.iter().filter(|event| event["event"] == "second").collect();
    assert_eq!(seconds.len(), 2);
    let report = events.last().expect("a report");
    assert_eq!(
        (&report["schema"], &report["messages"]["due"]),
        (&"sock-bench/1".into(), &2000.into())
    );
    assert_eq!(report["timeline"].as_array().map(Vec::len), Some(2));
    // Who has sent its last message calls nobody once more.
    assert_eq!(report["connections"]["opened"], 64);
    assert_eq!(found.stderr, "");
    server.stop();
}

#[test]
fn a_number_of_messages_at_a_rate_is_that_number() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found = bench(&[&endpoint, "--rate", "1k", "-n", "100", "--json"]).expect(0);
    let report = report(&found);
    let messages = &report["messages"];
    let all = [&messages["due"], &messages["sent"], &messages["replies"]];
    assert_eq!(all, [100, 100, 100].map(serde_json::Value::from).each_ref(), "{messages}");
    assert_eq!(report["verdict"]["missing"], 0);
    server.stop();
}

#[test]
fn messages_are_made_from_templates_files_and_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message");
    std::fs::write(&file, "{n} of {conn}: {random:8}").expect("it can be written");
    let from_file = format!("@{}", file.display());
    let server = Server::start(&["ack"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    for message in [&["-m", "number {n}"][..], &["-m", &from_file], &["--size", "1000"]] {
        let asked = [&[endpoint.as_str(), "--service", "ack", "-n", "100", "--json"][..], message];
        let found = bench(&asked.concat()).expect(0);
        assert_eq!(report(&found)["messages"]["replies"], 100, "{message:?}");
    }
    // A line without its end would never be answered: it gets one.
    let found =
        bench(&[&endpoint, "-m", "hello", "--until", "line", "-n", "50", "--json"]).expect(0);
    assert_eq!(report(&found)["bytes"]["out"], 50 * 6);
    server.stop();
}

#[test]
fn datagrams_and_unix_sockets() {
    let folder = tempfile::tempdir().expect("a folder");
    let unix = format!("unix:{}", folder.path().join("s").display());
    let server = Server::start(&["echo"], &["udp://127.0.0.1:0", &unix]);
    for scheme in ["udp", "unix"] {
        let endpoint = server.endpoint(scheme);
        let asked = [endpoint.as_str(), "--service", "echo", "-n", "300", "-c", "4", "--json"];
        let report = report(&bench(&asked).expect(0));
        assert_eq!(
            (&report["messages"]["replies"], &report["told"]["transport"]),
            (&300.into(), &scheme.into())
        );
        // Each datagram differs from the next, and is as long.
        assert_eq!(report["told"]["size"], 64, "{scheme}");
    }
    server.stop();
}

#[test]
fn a_url_is_a_web_server() {
    let server = Server::start(&["http", "--echo"], &["tcp://127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/some/page?q", server.port("tcp"));
    let asked = [url.as_str(), "-n", "200", "-c", "4", "--json"];
    let report = report(
        &bench(&[&asked[..], &["-X", "POST", "--body", "hi", "-H", "A: b"]].concat()).expect(0),
    );
    assert_eq!(
        (&report["messages"]["replies"], &report["told"]["transport"]),
        (&200.into(), &"http".into())
    );
    assert_eq!(report["connections"]["opened"], 4);
    server.stop();
}

#[test]
fn tls_is_trusted_as_it_is_by_every_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("cert.pem").display().to_string();
    let server = Server::start(&["echo", "--cert-out", &pem], &["tls://localhost:0"]);
    let endpoint = format!("tls://localhost:{}", server.port("tls"));
    let asked = [endpoint.as_str(), "--service", "echo", "-n", "100", "-c", "2", "--json"];
    let report = report(&bench(&[&asked[..], &["--ca", &pem]].concat()).expect(0));
    assert_eq!(
        (&report["messages"]["replies"], &report["connect"]["count"]),
        (&100.into(), &2.into())
    );
    let found = bench(&[&asked[..], &["--ca", &pem, "--tls-info"]].concat()).expect(0);
    // What was agreed on is told once, of two connections.
    assert_eq!(found.stderr.matches("TLS 1.3").count(), 1, "{}", found.stderr);
    // Whom nobody trusts is not talked to.
    let found = bench(&[&endpoint, "--service", "echo", "-n", "100"]).expect(7);
    assert!(found.stderr.contains("no TLS with tls://localhost"), "{}", found.stderr);
    server.stop();
}

#[test]
fn bulk_moves_bytes() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found = bench(&[&endpoint, "--bulk", "both", "-c", "2", "-d", "300ms", "--json"]).expect(0);
    let report = report(&found);
    assert_eq!(report["told"]["until"], serde_json::Value::Null);
    assert!(
        report["bytes"]["back"].as_u64() > Some(0)
            && report["throughput"]["out"].as_f64() > Some(0.0)
    );
    server.stop();
}

#[test]
fn bulk_into_a_server_that_only_reads_is_a_success() {
    let server = Server::start(&["discard"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let found = bench(&[&endpoint, "--bulk", "up", "-c", "2", "-d", "300ms"]).expect(0);
    let told = flowing(&found);
    // Whether its own core was the limit is up to the machine; nothing else is said against it.
    let verdicts = ["verdict the generator was not the limit", "verdict generator saturated: "];
    assert!(verdicts.iter().any(|verdict| told.contains(verdict)), "{told}");
    assert!(told.contains("errors none"), "{told}");
    assert!(!told.contains("has its reply"), "bulk has no replies: {told}");
    server.stop();
}

#[test]
fn bulk_into_a_server_that_never_reads_is_no_success() {
    // It takes connections, as every listener's queue does, and nobody reads.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    for (direction, why) in [
        ("up", "the server does not read: nothing more went to it while it was measured"),
        ("down", "the server sends nothing"),
        ("both", "the server neither reads nor sends"),
    ] {
        let found = bench(&[&endpoint, "--bulk", direction, "-c", "2", "-d", "300ms"]).expect(5);
        assert!(found.stderr.contains(why), "{direction}: {}", found.stderr);
        let told = flowing(&found);
        assert!(told.contains(why) && !told.contains("was not the limit"), "{direction}: {told}");
    }
}

#[test]
fn a_ring_loads_as_well() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = [endpoint.as_str(), "--service", "echo", "--engine", "uring", "-n", "500"];
    let found = bench(&[&asked[..], &["--json"]].concat()).expect(0);
    assert_eq!(report(&found)["messages"]["replies"], 500);
    server.stop();
}

#[test]
fn the_highest_rate_that_holds_is_looked_for() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked =
        [endpoint.as_str(), "--service", "echo", "--find-max", "--slo", "p50=10s", "-c", "2"];
    // Anything holds that: it ends where not all is answered any more, or where the search does.
    let found = bench(&[&asked[..], &["-d", "50ms", "--warmup", "0", "--json"]].concat());
    let steps: Vec<_> =
        events(&found).into_iter().filter(|event| event["event"] == "step").collect();
    assert!(steps.len() > 1 && steps.iter().any(|step| step["holds"] == true), "{steps:?}");
    let line = report(&found)["verdict"]["lines"][0].as_str().expect("a line").to_owned();
    assert!(line.contains("messages a second hold p50 = 10s"), "{line}");
    assert!(steps.iter().all(|step| step["lateness"].is_u64()), "{steps:?}");
    server.stop();
}
