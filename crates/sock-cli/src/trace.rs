//! `trace`: runs programs and draws what their sockets did.
//!
//! stdout belongs to the programs; everything of ours goes to stderr or into files.

mod asked;
mod files;
mod footer;
mod forms;
mod live;
mod only;
mod outcomes;
mod rows;
mod unrun;

use std::cell::LazyCell;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use anyhow::{Context, Error, Result};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::emulate_default_handler;
use sock_ladder::Drawing;
use sock_record::{Level, Line, Note};
use sock_trace::{Ended, Outcome, Plan as Programs, TraceError, watch};

use self::asked::Asked;
use self::files::{Patience, Records};
pub(crate) use self::forms::{Form, Output};
pub(crate) use self::only::Only;
use self::outcomes::Seen;
use self::rows::{Rows, fresh_line};
use crate::drawing::Paper;
use crate::screen::{self, Detail, Screen};
use crate::status::{Status, Usage};

/// What is run, and how it is shown.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) programs: Programs,
    pub(crate) outputs: Vec<Output>,
    pub(crate) only: Option<Only>,
    pub(crate) repeat: Option<u32>,
    pub(crate) all_calls: bool,
    pub(crate) live: When,
    pub(crate) paper: Paper,
    pub(crate) screen: Screen,
}

/// When rows are drawn while the programs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Where somebody watches: on a terminal.
    Auto,
    Always,
    Never,
}

impl Plan {
    /// Whether the ladder is drawn as it grows.
    fn is_live(&self) -> bool {
        let is_ladder = !self.screen.json && self.screen.detail == Detail::Events;
        is_ladder
            && match self.live {
                When::Auto => io::stderr().is_terminal(),
                When::Always => true,
                When::Never => false,
            }
    }

    /// Whether somebody wants to see or to count what happened, when it is over.
    fn draws(&self) -> bool {
        let is_told = self.screen.detail != Detail::Quiet && !self.screen.json;
        let is_drawn = self.outputs.iter().any(|output| output.form != Form::Record);
        is_told || is_drawn || self.repeat.is_some()
    }
}

/// The tool itself has failed, at this.
#[derive(Debug)]
pub(crate) struct ToolFailed(String);

impl std::fmt::Display for ToolFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ToolFailed {}

/// Runs the programs and draws them.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let asked = Arc::new(Asked::default());
    let signals = asked::watch(plan.programs.control(), Arc::clone(&asked))?;
    let ended = match plan.repeat {
        None => once(plan, &asked),
        Some(times) => repeat(plan, times, &asked),
    };
    signals.close();
    if matches!(ended, Ok(Status::Signal(SIGINT))) && asked.latest() == SIGINT {
        // A shell that runs us in a script is to see that Ctrl-C ended us, or it would go on with its next line.
        emulate_default_handler(SIGINT)?;
    }
    ended
}

fn once(plan: &Plan, asked: &Arc<Asked>) -> Result<Status> {
    let drawing = drawing(plan);
    let is_live = plan.is_live();
    let rows = is_live.then(|| Rows::new(&drawing, plan.only.as_ref()));
    let patience = Patience::new(asked, plan.programs.time());
    let records = match Records::open(&plan.outputs, &patience) {
        // Whoever left before anything was begun wants to hear of nothing.
        Err(_) if asked.latest() != 0 => return Ok(Status::Signal(asked.latest())),
        opened => opened?,
    };
    let Traced { lines, outcome, told, failed } = traced(plan, rows, records)?;
    let shown = shown(plan, &lines);
    let footer = footer::footer(&plan.programs, &lines, &outcome);
    let wrapped = footer.lines().map(|line| sock_ladder::wrapped(line, &drawing));
    let wrapped: String = wrapped.collect();
    let draw = |drawing: &Drawing| {
        unmet(plan, &lines, &shown).unwrap_or_else(|| page(&shown, drawing)) + &wrapped
    };
    // To draw a long record takes a while, and not everybody wants to see it.
    let page = LazyCell::new(|| draw(&drawing));
    // Pictures say it as they say what is true of a whole record.
    let remark = |text: &str| {
        let (code, text) = ("traced".to_owned(), text.to_owned());
        Note { ev: None, code, level: Level::Info, text }.into()
    };
    let below: Vec<Line> = footer.lines().map(remark).collect();
    let drawn: Vec<&Line> = shown.iter().copied().chain(&below).collect();
    let patience = patience.after(outcome.timed_out);
    for output in &plan.outputs {
        output.write(&lines, &drawn, &drawing, &|| page.as_str(), &patience)?;
    }
    let is_run = !outcome.ended.iter().flatten().any(|end| matches!(end, Ended::NotRun(_)));
    if plan.screen.detail != Detail::Quiet && !plan.screen.json && is_run {
        let before = if io::stderr().is_terminal() { fresh_line() } else { String::new() };
        // The rows above were drawn while it happened; below stands what is known in the end.
        let gap = if is_live { "\n" } else { "" };
        let anew = (!told.is_empty()).then(|| draw(&Drawing { told, ..drawing.clone() }));
        let page = anew.as_deref().unwrap_or_else(|| page.as_str());
        tell([&before, gap, page].concat().as_bytes())?;
    }
    tell_ends(plan, &outcome)?;
    failed.map_or_else(|| Ok(status(&outcome)), Err)
}

fn drawing(plan: &Plan) -> Drawing {
    let drawing = plan.paper.drawing_on(io::stderr());
    let only = plan.only.as_ref().and_then(Only::call).cloned();
    let is_part = matches!(plan.only, Some(Only::Port(_)));
    Drawing { all_calls: plan.all_calls || only.is_some(), explain: true, only, is_part, ..drawing }
}

/// Writes to stderr. Whoever read that may have gone, which changes nothing of the programs' status.
fn tell(text: &[u8]) -> Result<()> {
    match io::stderr().write_all(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        told => told.with_context(cannot_tell),
    }
}

fn cannot_tell() -> ToolFailed {
    ToolFailed("cannot write to stderr".to_owned())
}

/// What came of a run.
struct Traced {
    lines: Vec<Line>,
    outcome: Outcome,
    /// What is true of the whole, and was said while it happened.
    told: Vec<Note>,
    /// Why the record was not written.
    failed: Option<Error>,
}

/// Runs them once, and collects the record.
fn traced(plan: &Plan, rows: Option<Rows>, records: Records<'_>) -> Result<Traced> {
    let mut kept = live::Kept { lines: Vec::new(), draws: plan.draws(), records };
    let mut live = live::Live::new(plan.screen, rows, &mut kept);
    let outcome = watch(&plan.programs, &mut live).map_err(untraced)?;
    let (told, untold) = live.end();
    let live::Kept { lines, records, .. } = kept;
    let failed = records.end();
    let failed = failed.or(untold.map(|error| Error::from(error).context(cannot_tell())));
    Ok(Traced { lines, outcome, told, failed })
}

/// Why there is no trace, each word of it once.
fn untraced(error: TraceError) -> Error {
    match error {
        TraceError::Refused { program, source, cure } => {
            let why = screen::told(&source.into());
            ToolFailed(format!("cannot trace {program}: {why}; {cure}")).into()
        }
        other @ (TraceError::Broken(_) | _) => {
            Error::from(other).context(ToolFailed("cannot trace".to_owned()))
        }
    }
}

/// What of the record is drawn.
fn shown<'a>(plan: &Plan, lines: &'a [Line]) -> Vec<&'a Line> {
    match &plan.only {
        None if plan.all_calls => lines.iter().collect(),
        None => only::conversations(lines),
        Some(Only::Port(port)) => only::at_port(lines, *port),
        // What is said of a call needs the others; which are drawn is the drawing's business.
        Some(Only::Call(_)) => lines.iter().collect(),
    }
}

/// What is said instead of a ladder, where calls were traced and none of them is what was asked for.
fn unmet(plan: &Plan, lines: &[Line], shown: &[&Line]) -> Option<String> {
    let is_call = |line: &Line| matches!(line, Line::Call(_));
    let wanted = plan.only.as_ref().and_then(Only::call);
    let is_wanted = |line: &Line| {
        let Line::Call(call) = line else { return false };
        wanted.is_none_or(|wanted| call.call == *wanted)
    };
    let is_unmet = lines.iter().any(is_call) && !shown.iter().any(|line| is_wanted(line));
    plan.only.as_ref().filter(|_| is_unmet).map(|only| only.unmet(lines))
}

/// The ladder as text.
fn page(shown: &[&Line], drawing: &Drawing) -> String {
    let ladder = sock_ladder::ladder(shown.iter().copied(), drawing);
    let mut page = ladder.text;
    if !shown.iter().any(|line| matches!(line, Line::Call(_))) {
        page += &sock_ladder::wrapped("no socket was used", drawing);
    }
    if ladder.is_crowded {
        let sentence = "several share a lane: write the record with -o FILE.jsonl, and see sock show --list FILE.jsonl";
        page += &sock_ladder::wrapped(sentence, drawing);
    }
    page
}

/// Says how programs ended that did not end well.
fn tell_ends(plan: &Plan, outcome: &Outcome) -> Result<()> {
    let programs = plan.programs.programs();
    for (program, ended) in programs.iter().zip(&outcome.ended) {
        if let Some(Ended::NotRun(errno)) = ended {
            let name = program.words().into_iter().next().unwrap_or_default();
            screen::warn(&unrun::told(&name, *errno))?;
        }
    }
    if outcome.timed_out {
        screen::warn("the time was over: the programs were ended")?;
    }
    Ok(())
}

/// What the last program leaves.
fn status(outcome: &Outcome) -> Status {
    let failed = outcome.ended.iter().flatten().find(|ended| matches!(ended, Ended::NotRun(_)));
    match failed.or(outcome.ended.last().and_then(Option::as_ref)) {
        Some(Ended::Exit(status)) => Status::Program(u8::try_from(*status).unwrap_or(u8::MAX)),
        Some(Ended::Signal(signal)) => Status::Signal(*signal),
        Some(Ended::NotRun(errno)) if *errno == rustix::io::Errno::NOENT.raw_os_error() => {
            Status::NotThere
        }
        Some(Ended::NotRun(_)) => Status::CannotRun,
        // A signal came before it was started.
        None => Status::Signal(SIGINT),
    }
}

/// Runs them again and again, and counts what came of it; until `asked` hears of one who asks for an end.
fn repeat(plan: &Plan, times: u32, asked: &Asked) -> Result<Status> {
    if !plan.outputs.is_empty() {
        let text = "--repeat tells how often each outcome came, and writes no files: leave -o away";
        return Err(Usage(text.to_owned()).into());
    }
    let mut seen = Seen::default();
    let mut last = Status::Done;
    for n in 1..=times {
        let Traced { lines, outcome, .. } = traced(plan, None, Records::none())?;
        tell_ends(plan, &outcome)?;
        last = status(&outcome);
        seen.add(plan.programs.programs(), &lines, &outcome);
        if outcome.ended.iter().any(Option::is_none)
            || matches!(last, Status::NotThere | Status::CannotRun)
        {
            break;
        }
        let asked = asked.latest();
        if asked != 0 && n < times {
            // However well this run ended, the others are missing.
            let ended_well = matches!(last, Status::Done | Status::Program(0));
            last = if ended_well { Status::Signal(asked) } else { last };
            break;
        }
    }
    tell(seen.table(&drawing(plan)).as_bytes())?;
    Ok(last)
}
