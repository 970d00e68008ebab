//! The outcomes of runs: each told so that it can be told apart from others and counted, and what made the difference.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use signal_hook::low_level::signal_name;
use sock_ladder::{Drawing, is_probe, wrapped};
use sock_record::{Dir, Level, Line, ProcId};
use sock_trace::{Ended, Outcome, Program};

/// How far what is said of an outcome stands behind how often it came.
const FURTHER: usize = 7;
/// So many columns its lines have at the least.
const LEAST: usize = 12;

/// The outcomes of several runs.
#[derive(Debug, Default)]
pub(super) struct Seen {
    runs: u32,
    outcomes: BTreeMap<Vec<String>, Kind>,
}

/// Runs with the same outcome.
#[derive(Debug)]
struct Kind {
    count: u32,
    /// What there was to say of the first of them, by its code.
    said: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn add(&mut self, programs: &[Program], lines: &[Line], outcome: &Outcome) {
        self.runs += 1;
        let kind = self.outcomes.entry(tell(programs, lines, outcome)).or_insert_with(|| {
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

    /// How often each outcome came, the most frequent first; beneath it a line for each process, and what was not
    /// said of every outcome. Where there is but one outcome, what was said of it.
    pub(super) fn table(&self, drawing: &Drawing) -> String {
        let mut rows: Vec<(&Vec<String>, &Kind)> = self.outcomes.iter().collect();
        rows.sort_by_key(|(outcome, kind)| (Reverse(kind.count), *outcome));
        let room = drawing.width.saturating_sub(FURTHER + 2).max(LEAST);
        let inner = Drawing { width: room, ..drawing.clone() };
        let mut table = String::new();
        let say = |table: &mut String, first: &str, words: &str| {
            for (n, line) in wrapped(words, &inner).lines().enumerate() {
                let mark = if n == 0 { first } else { "  " };
                table.extend([&*" ".repeat(FURTHER), mark, line, "\n"]);
            }
        };
        for (outcome, kind) in &rows {
            let (count, runs) = (kind.count, self.runs);
            let share = f64::from(count) * 100.0 / f64::from(runs);
            let often = format!("{count:>5} of {runs} ({share:.0} %)");
            table.extend([&*often, "\n"]);
            for line in *outcome {
                say(&mut table, "", line);
            }
            for (code, text) in &kind.said {
                let with_it = rows.iter().filter(|(_, kind)| kind.said.contains_key(code)).count();
                if rows.len() == 1 {
                    // An end has every conversation.
                    if code == "end" {
                        continue;
                    }
                    say(&mut table, "* ", &format!("{text} [{code}]"));
                } else if with_it < rows.len() {
                    // What is said of every outcome makes no difference.
                    let place = match with_it - 1 {
                        0 => "only here".to_owned(),
                        1 => "here and in 1 other".to_owned(),
                        others => format!("here and in {others} others"),
                    };
                    say(&mut table, "* ", &format!("{place}: {text} [{code}]"));
                }
            }
        }
        table
    }
}

/// What a process did, and how it ended where that is known.
#[derive(Debug, Default)]
struct Deeds {
    name: String,
    /// It is one of the programs, and no child of one.
    is_started: bool,
    /// Calls and bytes.
    sent: (u64, u64),
    received: (u64, u64),
    errors: BTreeMap<String, u64>,
}

/// A line for each process: in how many sends and receives it moved how much, what failed, and how it ended.
fn tell(programs: &[Program], lines: &[Line], outcome: &Outcome) -> Vec<String> {
    let mut all: BTreeMap<ProcId, Deeds> = BTreeMap::new();
    for line in lines {
        if let Line::Proc(proc) = line {
            let deeds = all.entry(proc.proc).or_default();
            deeds.name.clone_from(&proc.name);
            deeds.is_started |= proc.how == "start".into();
        }
        let Line::Call(call) = line else { continue };
        let deeds = all.entry(call.proc).or_default();
        if let (Some(dir), Some(n)) = (call.dir, call.moved().filter(|n| *n > 0)) {
            let (calls, bytes) = if dir == Dir::In { &mut deeds.received } else { &mut deeds.sent };
            *calls += 1;
            *bytes += n;
        }
        // Not yet is no outcome, and neither is a question that the program never asked.
        let err = call.err.as_deref().filter(|_| !is_probe(call));
        if let Some(err) = err.filter(|err| !matches!(*err, "EAGAIN" | "EINPROGRESS" | "EINTR")) {
            *deeds.errors.entry(format!("{} {err}", call.call)).or_default() += 1;
        }
    }
    let mut names = Names::default();
    let mut told = Vec::new();
    let mut started = all.values().filter(|deeds| deeds.is_started);
    for (program, ended) in programs.iter().zip(&outcome.ended) {
        let ran = !matches!(ended, None | Some(Ended::NotRun(_)));
        let nothing = Deeds { name: program.name().to_owned(), ..Deeds::default() };
        let deeds = if ran { started.next() } else { None }.unwrap_or(&nothing);
        let mut words = deeds.words();
        words.push(how(ended.as_ref()));
        told.push(format!("{}: {}", names.of(&deeds.name), words.join(", ")));
    }
    for child in all.values().filter(|deeds| !deeds.is_started) {
        let words = child.words();
        if !words.is_empty() {
            told.push(format!("{}: {}", names.of(&child.name), words.join(", ")));
        }
    }
    told
}

impl Deeds {
    fn words(&self) -> Vec<String> {
        let moved = [(self.sent, "send"), (self.received, "receive")];
        let moved = moved.into_iter().filter(|((calls, _), _)| *calls > 0);
        let moved = moved.map(|((calls, bytes), what)| {
            let s = if calls == 1 { "" } else { "s" };
            format!("{calls} {what}{s} ({bytes} B)")
        });
        let errors = self.errors.iter();
        let errors =
            errors.map(|(error, n)| if *n == 1 { error.clone() } else { format!("{error} × {n}") });
        moved.chain(errors).collect()
    }
}

/// How a program ended.
fn how(ended: Option<&Ended>) -> String {
    match ended {
        Some(Ended::Exit(status)) => format!("exit {status}"),
        Some(Ended::Signal(number)) => signal(*number),
        Some(Ended::NotRun(_)) => "not run".to_owned(),
        None => "not started".to_owned(),
    }
}

/// What a signal is called.
pub(super) fn signal(number: i32) -> String {
    signal_name(number).map_or_else(|| format!("signal {number}"), str::to_owned)
}

/// Names that tell their bearers apart: the second `client` is `client 2`.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, u32>);

impl Names {
    pub(super) fn of(&mut self, name: &str) -> String {
        let times = self.0.entry(name.to_owned()).or_default();
        *times += 1;
        if *times == 1 { name.to_owned() } else { format!("{name} {times}") }
    }
}
