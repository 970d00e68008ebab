//! `trace`: runs programs and draws what their sockets did.
//!
//! stdout belongs to the programs; everything of ours goes to stderr or into files.

mod forms;
mod live;
mod only;
mod outcomes;
mod rows;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use anyhow::{Context, Error, Result};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use sock_ladder::Drawing;
use sock_record::{Level, Line, Note, Writer};
use sock_trace::{Control, Ended, Outcome, Plan as Programs, watch};

pub(crate) use self::forms::{Form, Output};
pub(crate) use self::only::Only;
use self::outcomes::Seen;
use self::rows::{Rows, fresh_line};
use crate::drawing::Paper;
use crate::screen::{Detail, Screen};
use crate::signals::ignores;
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
    let asked = Arc::new(AtomicI32::new(0));
    let signals = watch_signals(plan.programs.control(), Arc::clone(&asked))?;
    let ended = match plan.repeat {
        None => once(plan),
        Some(times) => repeat(plan, times, &asked),
    };
    signals.close();
    if matches!(ended, Ok(Status::Signal(SIGINT))) && asked.load(Ordering::SeqCst) == SIGINT {
        // A shell that runs us in a script is to see that Ctrl-C ended us, or it would go on with its next line.
        emulate_default_handler(SIGINT)?;
    }
    ended
}

fn once(plan: &Plan) -> Result<Status> {
    let drawing = drawing(plan);
    let is_live = plan.is_live();
    let rows = is_live.then(|| Rows::new(&drawing, plan.only.as_ref()));
    let Traced { lines, outcome, failed } = traced(plan, rows, true)?;
    let shown = shown(plan, &lines);
    let page = unmet(plan, &lines, &shown).unwrap_or_else(|| page(&shown, &drawing));
    let footer = footer(&lines, &outcome);
    let wrapped = footer.lines().map(|line| sock_ladder::wrapped(line, &drawing));
    let page = page + &wrapped.collect::<String>();
    // Pictures say it as they say what is true of a whole record.
    let remark = |text: &str| {
        let (code, text) = ("traced".to_owned(), text.to_owned());
        Note { ev: None, code, level: Level::Info, text }.into()
    };
    let below: Vec<Line> = footer.lines().map(remark).collect();
    let drawn: Vec<&Line> = shown.iter().copied().chain(&below).collect();
    for output in &plan.outputs {
        output.write(&lines, &drawn, &drawing, &page)?;
    }
    let is_run = !outcome.ended.iter().flatten().any(|end| matches!(end, Ended::NotRun(_)));
    if plan.screen.detail != Detail::Quiet && !plan.screen.json && is_run {
        let before = if io::stderr().is_terminal() { fresh_line() } else { String::new() };
        // The rows above were drawn while it happened; below stands what is known in the end.
        let gap = if is_live { "\n" } else { "" };
        tell([&before, gap, &page].concat().as_bytes())?;
    }
    tell_ends(plan, &outcome)?;
    failed.map_or_else(|| Ok(status(&outcome)), Err)
}

fn drawing(plan: &Plan) -> Drawing {
    let drawing = plan.paper.drawing_on(io::stderr());
    let only = plan.only.as_ref().and_then(Only::call).cloned();
    Drawing { all_calls: plan.all_calls || only.is_some(), explain: true, only, ..drawing }
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
    /// Why the record was not written.
    failed: Option<Error>,
}

/// Runs them once, and collects the record.
fn traced(plan: &Plan, rows: Option<Rows>, writes: bool) -> Result<Traced> {
    let mut files = Vec::new();
    for output in &plan.outputs {
        let Output { path, form } = output;
        if *form == Form::Record && writes {
            let file = File::create(path).with_context(|| cannot_write(path))?;
            files.push((path, Writer::new(BufWriter::new(file))));
        }
    }
    let (mut lines, mut failed) = (Vec::new(), None);
    let mut keep = |line: Line| {
        for (path, file) in &mut files {
            if failed.is_none() {
                failed = file.write(&line).err().map(|error| (error, path.as_path()));
            }
        }
        lines.push(line);
    };
    let mut live = live::Live::new(plan.screen, rows, &mut keep);
    let outcome =
        watch(&plan.programs, &mut live).with_context(|| ToolFailed("cannot trace".to_owned()))?;
    let untold = live.untold();
    for (path, file) in files {
        let flushed = file.into_inner().into_inner().map_err(io::IntoInnerError::into_error);
        failed = failed.or(flushed.err().map(|error| (error, path.as_path())));
    }
    let failed = failed.map(|(error, path)| Error::from(error).context(cannot_write(path)));
    let failed = failed.or(untold.map(|error| Error::from(error).context(cannot_tell())));
    Ok(Traced { lines, outcome, failed })
}

fn cannot_write(path: &Path) -> ToolFailed {
    ToolFailed(format!("cannot write {}", path.display()))
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
    let mut say = |sentence: &str| page += &sock_ladder::wrapped(sentence, drawing);
    if !shown.iter().any(|line| matches!(line, Line::Call(_))) {
        say("no socket was used");
    }
    if ladder.is_crowded {
        say(
            "several share a lane: write the record with -o FILE.jsonl, and see sock show --list FILE.jsonl",
        );
    }
    page
}

/// What the tracer did to what it saw.
fn footer(lines: &[Line], outcome: &Outcome) -> String {
    let calls = lines.iter().filter(|line| matches!(line, Line::Call(_))).count();
    let mut text = format!(
        "traced: {calls} socket calls; being watched, each takes a little longer than alone\n"
    );
    // Whoever compares with a run without sock wants to know what else was done.
    let receives = match outcome.held.0 {
        0 => return text,
        1 => "1 receive waited until its sender paused, so that it got".to_owned(),
        n => format!("{n} receives waited until their senders paused, so that they got"),
    };
    text += &receives;
    text + " as much at once as without sock\n"
}

/// Says how programs ended that did not end well.
fn tell_ends(plan: &Plan, outcome: &Outcome) -> Result<()> {
    let programs = plan.programs.programs();
    for (program, ended) in programs.iter().zip(&outcome.ended) {
        if let Some(Ended::NotRun(errno)) = ended {
            let error = sock::Error::from_errno("", *errno);
            let name = program.words().into_iter().next().unwrap_or_default();
            crate::screen::warn(&format!("cannot run {name}: {error}"))?;
        }
    }
    if outcome.timed_out {
        crate::screen::warn("the time was over: the programs were ended")?;
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

/// Runs them again and again, and counts what came of it; `asked` is the signal that asks for an end, or 0.
fn repeat(plan: &Plan, times: u32, asked: &AtomicI32) -> Result<Status> {
    if !plan.outputs.is_empty() {
        let text = "--repeat tells how often each outcome came, and writes no files: leave -o away";
        return Err(Usage(text.to_owned()).into());
    }
    let mut seen = Seen::default();
    let mut last = Status::Done;
    for n in 1..=times {
        let Traced { lines, outcome, .. } = traced(plan, None, false)?;
        tell_ends(plan, &outcome)?;
        last = status(&outcome);
        seen.add(plan.programs.programs(), &lines, &outcome);
        if outcome.ended.iter().any(Option::is_none)
            || matches!(last, Status::NotThere | Status::CannotRun)
        {
            break;
        }
        let asked = asked.load(Ordering::SeqCst);
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

/// Hands signals on to the programs; those that the terminal sends reach them without us. The latest that asks for an end
/// is kept in `kept`.
fn watch_signals(control: Control, kept: Arc<AtomicI32>) -> Result<signal_hook::iterator::Handle> {
    // What we were started to ignore, the programs ignore as well.
    let heard = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|signal| !ignores(*signal));
    let mut signals = Signals::new(heard)?;
    let handle = signals.handle();
    std::thread::Builder::new().name("sock-signals".to_owned()).spawn(move || {
        let mut asked = 0;
        for signal in signals.forever() {
            // A program may do anything with this one, and go on: it is no wish that it end.
            if signal != SIGQUIT {
                asked += 1;
                kept.store(signal, Ordering::SeqCst);
            }
            match signal {
                SIGQUIT if is_in_front() => {}
                SIGQUIT => control.pass(SIGQUIT),
                // Who is asked a second time does not ask any more.
                _ if asked > 1 => control.signal(rustix::process::Signal::KILL.as_raw()),
                SIGTERM => control.signal(SIGTERM),
                SIGINT | SIGHUP if is_in_front() => control.close(),
                other => control.signal(other),
            }
        }
    })?;
    Ok(handle)
}

/// Whether the terminal sends its signals to our process group.
fn is_in_front() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}
