//! The outcomes of runs: each in a line, so that they can be told apart and counted, and what made the difference.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sock_record::{Dir, Level, Line, ProcId};
use sock_trace::{Ended, Outcome};

/// The outcomes of several runs.
#[derive(Debug, Default)]
pub(super) struct Seen {
    runs: u32,
    outcomes: BTreeMap<String, Kind>,
}

/// Runs with the same outcome.
#[derive(Debug)]
struct Kind {
    count: u32,
    /// What there was to say of the first of them, by its code.
    said: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn add(&mut self, lines: &[Line], outcome: &Outcome) {
        self.runs += 1;
        let kind = self.outcomes.entry(tell(lines, outcome)).or_insert_with(|| {
            let notes = sock_ladder::explain(lines).into_iter();
            let own = lines
                .iter()
                .filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None });
            let own = own.filter(|note| note.level != Level::Info).cloned();
            let mut said = BTreeMap::new();
            for note in own.chain(notes) {
                said.entry(note.code).or_insert(note.text);
            }
            Kind { count: 0, said }
        });
        kind.count += 1;
    }

    /// How often each outcome came, the most frequent first, and beneath it what was said of no other.
    pub(super) fn table(&self) -> String {
        let mut rows: Vec<(&String, &Kind)> = self.outcomes.iter().collect();
        rows.sort_by_key(|(outcome, kind)| (Reverse(kind.count), *outcome));
        let mut table = String::new();
        for (outcome, kind) in &rows {
            let (count, runs) = (kind.count, self.runs);
            let share = f64::from(count) * 100.0 / f64::from(runs);
            table += &[&format!("{count:>5} of {runs} ({share:.0} %)  "), *outcome, "\n"].concat();
            let others = || rows.iter().filter(|(other, _)| other != outcome);
            for (code, text) in &kind.said {
                if others().next().is_some()
                    && others().all(|(_, kind)| !kind.said.contains_key(code))
                {
                    table.extend(["       * only here: ", text, " [", code, "]\n"]);
                }
            }
        }
        table
    }
}

/// How the programs ended, and in how many sends and receives each of them moved how much.
fn tell(lines: &[Line], outcome: &Outcome) -> String {
    let names: BTreeMap<ProcId, &str> = lines
        .iter()
        .filter_map(
            |line| if let Line::Proc(proc) = line { Some((proc.proc, &*proc.name)) } else { None },
        )
        .collect();
    let mut moved: BTreeMap<(ProcId, bool), (u64, u64)> = BTreeMap::new();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines {
        let Line::Call(call) = line else { continue };
        if let (Some(dir), Some(n)) = (call.dir, call.moved().filter(|n| *n > 0)) {
            let (calls, bytes) = moved.entry((call.proc, dir == Dir::In)).or_default();
            *calls += 1;
            *bytes += n;
        }
        // Not yet is no outcome.
        if let Some(err) =
            call.err.as_deref().filter(|err| !matches!(*err, "EAGAIN" | "EINPROGRESS" | "EINTR"))
        {
            *errors.entry(format!("{} {err}", call.call)).or_default() += 1;
        }
    }
    let mut words: Vec<String> = Vec::new();
    for ((proc, is_in), (calls, bytes)) in moved {
        let name = names.get(&proc).copied().unwrap_or("?");
        let (what, s) = (if is_in { "receive" } else { "send" }, if calls == 1 { "" } else { "s" });
        words.push(format!("{name}: {calls} {what}{s}, {bytes} B"));
    }
    words.extend(
        errors.into_iter().map(|(error, n)| if n == 1 { error } else { format!("{error} × {n}") }),
    );
    let ends = outcome.ended.iter().map(|ended| match ended {
        Some(Ended::Exit(status)) => status.to_string(),
        Some(Ended::Signal(signal)) => format!("signal {signal}"),
        Some(Ended::NotRun(_)) => "not run".to_owned(),
        None => "not started".to_owned(),
    });
    words.push(format!("exit {}", ends.collect::<Vec<_>>().join(", ")));
    words.join("; ")
}
