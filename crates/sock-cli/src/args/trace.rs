//! The arguments of `trace`, and where one program ends and the next begins.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, ValueEnum};
use sock_trace::{Program, Start};

use super::Plan;
use super::pictures::PaperArgs;
use super::screen::ScreenArgs;
use super::values::{duration, size};
use crate::status::Usage;
use crate::trace::{self, Form, Only, Output, When};

pub(super) const EXAMPLES: &str = "\
The lecture's two programs, as the lecture draws them:
  sock trace -- python3 TCPServer.py -- python3 TCPClient.py
A picture to keep, with every byte, and the record to draw again:
  sock trace --full -o story.txt -o story.jsonl -- ./server -- ./client
What comes out how often, of twenty runs:
  sock trace --repeat 20 -- ./server -- ./client
A line of the shell is a program, too:
  sock trace -c 'nc -l 9000' -c 'echo hi | nc -N 127.0.0.1 9000'
What stands where: stdin and stdout belong to the programs. On stderr stand the rows while they run (with -v a line for \
each call instead) and the ladder at the end; with --json instead of both the record (sock-record/1) as JSON Lines; -q leaves \
only errors. Files are written whatever stands there.
Limits: a program that is traced can be traced by nobody else, so debuggers and strace fail inside, and a setuid program gains \
no rights (which is said when one starts). Nothing is traced that ran before. In a child that was made with CLONE_UNTRACED, \
which is hidden from every tracer, reading, writing and calls on sockets fail (ENOSYS). Linux, on x86-64 and aarch64; no root needed.
Exit status: that of the last program, 128 + N for a signal; 125: it could not be traced, or what was to be written could \
not; 126: it cannot be run, 127: it is not there. Ctrl-C reaches the programs; where it ends them it ends sock in the same way.";

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that the user writes")]
pub(super) struct TraceArgs {
    /// A line for the shell, as a program; before those behind `--`
    #[arg(short = 'c', long = "command", value_name = "LINE")]
    commands: Vec<String>,
    /// What a program is called in the picture; once for each of them, in their order: `--name A --name B`
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// When the next program starts: `listen` (when the one before it listens, or calls one of
    /// the others), `now`, or a time after it
    #[arg(long, value_name = "listen|now|TIME", value_parser = start, default_value = "listen")]
    start: Start,
    /// When the last program has ended, the others get SIGTERM after so long, SIGKILL a second later; so it is without this
    /// option as well
    #[arg(long, value_name = "TIME", value_parser = duration, num_args = 0..=1, require_equals = true,
          default_value = "500ms", default_missing_value = "500ms", overrides_with_all = ["stop", "no_stop"])]
    stop: Duration,
    /// When the last program has ended, let the others go on; of this and `--stop` the latter counts
    #[arg(long, overrides_with_all = ["stop", "no_stop"])]
    no_stop: bool,
    /// End everything after so long
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Write to a file, by the end of its name: the ladder (.txt, .svg, .html, .mmd), the record (.jsonl), the record with what
    /// belongs together and what it means (.json); may be given several times
    #[arg(short = 'o', long = "output", value_name = "FILE", value_parser = output)]
    outputs: Vec<Output>,
    /// Keep every byte of each call
    #[arg(long, conflicts_with_all = ["preview", "no_data"])]
    full: bool,
    /// Keep so many bytes of each call
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64")]
    preview: usize,
    /// Keep no byte of what is sent
    #[arg(long)]
    no_data: bool,
    /// Hold a receiver so long for a sender that is at work, or tracing would take apart what arrives as one; 0: never
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "300us")]
    hold: Duration,
    /// Refuse `io_uring`, so that programs use calls that can be seen
    #[arg(long)]
    no_io_uring: bool,
    /// Let the programs run on all CPUs: tracing is slower then
    #[arg(long)]
    all_cpus: bool,
    /// Draw only the conversations of this port, or only calls of this name (and those at their other end)
    #[arg(long, value_name = "PORT|CALL")]
    only: Option<Only>,
    /// Run it all so many times, and tell how often each outcome came
    #[arg(long, value_name = "N")]
    repeat: Option<u32>,
    /// Draw calls that moved nothing as well
    #[arg(long)]
    all_calls: bool,
    /// Draw rows while the programs run, each when its call returns; what is drawn at the end explains them
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    live: Live,
    #[command(flatten)]
    paper: PaperArgs,
    #[command(flatten)]
    screen: ScreenArgs,
    /// Run nothing: say what a code in brackets behind a sentence means; without a code, list them all with a word on each
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "",
          conflicts_with_all = ["programs", "commands", "outputs", "repeat"])]
    explain: Option<String>,
    /// The programs, each behind a `--`
    #[arg(last = true, value_name = "PROGRAM")]
    programs: Vec<OsString>,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum Live {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}

impl Live {
    fn plan(self) -> When {
        match self {
            Self::Auto => When::Auto,
            Self::Always => When::Always,
            Self::Never => When::Never,
        }
    }
}

/// What to type instead, where a program stands without the `--` before it.
pub(super) fn without_dashes(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_program = error.kind() == ErrorKind::UnknownArgument && !wrong.starts_with('-');
    if words.get(1).is_none_or(|verb| verb != "trace") || !is_program {
        return None;
    }
    let at = words.iter().position(|word| word == wrong.as_str())?;
    let mut typed: Vec<String> = words.iter().map(quoted).collect();
    "sock".clone_into(&mut typed[0]);
    typed.insert(at, "--".to_owned());
    Some(format!("each program stands behind a `--`: {}", typed.join(" ")))
}

/// A word as a shell takes it.
fn quoted(word: &OsString) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    ["'", &word.replace('\'', "'\\''"), "'"].concat()
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "listen" => Ok(Start::Listen),
        "now" => Ok(Start::Now),
        other => duration(other).map(Start::After),
    }
}

fn output(text: &str) -> Result<Output, String> {
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let form =
        Form::ALL.into_iter().find(|form| form.extension() == extension).ok_or_else(|| {
            let known = Form::ALL.map(|form| format!(".{}", form.extension()));
            format!("the end of its name says what is written: {}", known.join(", "))
        })?;
    Ok(Output { path, form })
}

impl TraceArgs {
    pub(super) fn plan(self) -> Result<Plan> {
        if let Some(code) = &self.explain {
            return explanation(code).map(Plan::Page);
        }
        let shell = |line: &String| Program::new(["/bin/sh", "-c", line]).titled(first_word(line));
        let mut programs: Vec<Program> = self.commands.iter().map(shell).collect();
        let parts = self.programs.split(|word| word == "--");
        programs.extend(parts.filter(|words| !words.is_empty()).map(Program::new));
        if programs.is_empty() {
            let text = "which program? write it behind `--`: sock trace -- python3 server.py -- python3 client.py";
            return Err(Usage(text.to_owned()).into());
        }
        if self.names.len() > programs.len() {
            let (names, count) = (self.names.len(), programs.len());
            return Err(Usage(format!("{names} names for {count} programs")).into());
        }
        if let [name] = &self.names[..]
            && name.split(',').count() == programs.len()
            && programs.len() > 1
            && !name.contains(' ')
        {
            let all = name.replace(',', " --name ");
            return Err(Usage(format!("each program has a --name of its own: --name {all}")).into());
        }
        for (n, (program, name)) in programs.iter_mut().zip(self.names).enumerate() {
            let named = program.clone().named(name);
            // A shell may run it as its child.
            let shell = self.commands.get(n).map(|line| first_word(line));
            *program = if let Some(shell) = shell { named.run_by(shell) } else { named };
        }
        if self.repeat == Some(0) {
            return Err(Usage("--repeat 0 runs nothing; write at least 1".to_owned()).into());
        }
        let preview = if self.no_data { Some(0) } else { u64::try_from(self.preview).ok() };
        let programs = sock_trace::Plan::new(programs)
            .start(self.start)
            .stop((!self.no_stop).then_some(self.stop))
            .timeout(self.timeout)
            .hold(self.hold)
            .preview(preview.filter(|_| !self.full))
            .refuse_rings(self.no_io_uring)
            .one_cpu(!self.all_cpus);
        Ok(Plan::Trace(Box::new(trace::Plan {
            programs,
            outputs: self.outputs,
            only: self.only,
            repeat: self.repeat,
            all_calls: self.all_calls,
            live: self.live.plan(),
            paper: self.paper.plan(),
            screen: self.screen.plan(),
        })))
    }
}

/// What a code means, or which there are.
fn explanation(code: &str) -> Result<String> {
    // As it stands behind the sentence.
    let code = code.strip_prefix('[').and_then(|code| code.strip_suffix(']')).unwrap_or(code);
    let code = &code.to_lowercase();
    if code.is_empty() {
        return Ok(meanings(""));
    }
    sock_ladder::page(code).map(str::to_owned).ok_or_else(|| {
        let known: Vec<&str> = sock_ladder::codes().collect();
        Usage(format!("there is no code '{code}'; there are {}", known.join(", "))).into()
    })
}

/// All codes with what each means, a line for each, so far from the margin.
pub(super) fn meanings(margin: &str) -> String {
    let titles = sock_ladder::codes().filter_map(|code| sock_ladder::page(code)?.lines().next());
    let titles = titles.filter_map(|title| title.split_once(": "));
    titles.fold(String::new(), |all, (code, meaning)| format!("{all}{margin}{code:<16}{meaning}\n"))
}

/// What a shell line is called: its first word.
fn first_word(line: &str) -> String {
    let word = line.split_whitespace().next().unwrap_or("sh");
    word.rsplit('/').next().unwrap_or(word).to_owned()
}
