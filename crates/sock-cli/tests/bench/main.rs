//! `sock bench`: what it loads, what it finds, and with which status it ends.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
#[path = "../support/mod.rs"]
mod support;

mod ends;
mod engines;
mod files;
mod loads;
mod owed;

use serde_json::Value;

use support::{Finished, Program, sock};

/// Runs `sock bench` to its end.
fn bench(arguments: &[&str]) -> Finished {
    Program::run(sock(&[&["bench"], arguments].concat()), b"")
}

/// The report for people, without its line breaks.
fn flowing(finished: &Finished) -> String {
    finished.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The report of a run with `--json`: the one line that has a schema.
fn report(finished: &Finished) -> Value {
    let reports: Vec<Value> = reports(finished);
    let [report] = &reports[..] else { panic!("one report: {reports:?}") };
    report.clone()
}

fn events(finished: &Finished) -> Vec<Value> {
    let text = finished.text();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect()
}

fn reports(finished: &Finished) -> Vec<Value> {
    events(finished).into_iter().filter(|event| event["schema"] == "sock-bench/1").collect()
}
