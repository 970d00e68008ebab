//! Whether two sets of runs can be compared at all: what was told, where it ran, how it went.

use serde_json::Value;

use crate::clean::plain;
use crate::report::Report;
use crate::units::{as_f64, count, percent};

/// What may differ: whom to load is what is compared, and how long matters little.
const FREE: [&str; 3] = ["endpoint", "duration", "number"];

/// What stands against comparing the runs of A and B, as sentences.
pub(super) fn warnings(a: &[Report], b: &[Report]) -> Vec<String> {
    let mut found = Vec::new();
    let (Some(first), Some(other)) = (a.first(), b.first()) else { return found };
    for (name, runs) in [("A", a), ("B", b)] {
        if runs.iter().any(|run| !differences(&runs[0], run).is_empty()) {
            found.push(format!(
                "the runs of {name} were not told the same: compare repetitions of one run"
            ));
        }
    }
    for (name, left, right) in differences(first, other) {
        found.push(format!("told different things: {name} is {left} in A and {right} in B"));
    }
    let machine = |report: &Report| {
        let machine = &report.machine;
        [machine.cpu.clone(), machine.kernel.clone(), machine.cores.map(|n| n.to_string())]
    };
    for (name, (left, right)) in ["processor", "kernel", "number of cores"]
        .into_iter()
        .zip(machine(first).into_iter().zip(machine(other)))
    {
        if let (Some(left), Some(right)) = (left, right)
            && left != right
        {
            let (left, right) = (plain(&left, false), plain(&right, false));
            found.push(format!(
                "ran on different machines: the {name} is {left} for A and {right} for B"
            ));
        }
    }
    for (name, runs) in [("A", a), ("B", b)] {
        let saturated = runs.iter().filter(|run| run.verdict.saturated == Some(true)).count();
        if saturated > 0 {
            found.push(format!(
                "the generator was saturated in {saturated} of {} runs of {name}: its own limit hides a difference",
                runs.len()
            ));
        }
        let errors: u64 = runs.iter().map(Report::error_count).fold(0, u64::saturating_add);
        let sent: u64 = runs.iter().map(|run| run.messages.sent).fold(0, u64::saturating_add);
        if errors > 0 {
            let part = percent(as_f64(errors) / as_f64(sent.max(errors)));
            found.push(format!(
                "{name} has {} errors ({part} of its messages): a failure may be quick",
                count(errors)
            ));
        }
    }
    found
}

/// The orders that are not the same: name, A's, B's.
fn differences(a: &Report, b: &Report) -> Vec<(String, String, String)> {
    let fields = |report: &Report| match serde_json::to_value(&report.told) {
        Ok(Value::Object(fields)) => fields,
        // What was told is an object; what cannot be written cannot be compared.
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (a, b) = (fields(a), fields(b));
    let mut found = Vec::new();
    for (name, left) in &a {
        let right = b.get(name).unwrap_or(&Value::Null);
        if left != right && !FREE.contains(&name.as_str()) {
            found.push((name.replace('_', " "), shown(left), shown(right)));
        }
    }
    found
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "not told".into(),
        Value::String(text) => plain(text, false),
        Value::Object(fields) => {
            let parts: Vec<String> = fields.values().map(shown).collect();
            parts.join(" ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => plain(&value.to_string(), false),
    }
}
