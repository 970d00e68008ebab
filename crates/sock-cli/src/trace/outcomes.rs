//! The outcome of a run in a line, so that runs can be told apart and counted.

use std::collections::BTreeMap;

use sock_record::{Dir, Line, ProcId};
use sock_trace::{Ended, Outcome};

/// How the programs ended, and in how many sends and receives each of them moved how much.
pub(crate) fn tell(lines: &[Line], outcome: &Outcome) -> String {
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
