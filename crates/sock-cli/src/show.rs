//! `show`: draws a recording again.

mod title;

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow};
use sock_ladder::{Conversation, Drawing};
use sock_record::{Line, ReadError, Reader};

use self::title::title;
use crate::drawing::Paper;
use crate::screen;
use crate::status::{Status, Usage};

/// What is drawn of which recordings.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All of them become one picture.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) what: What,
    pub(crate) all_calls: bool,
    pub(crate) paper: Paper,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// Everything, in one picture.
    All,
    /// One conversation, by its number in the list, from 1.
    One(usize),
    /// A line for each conversation.
    List,
}

/// Reads the recordings and draws them.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let (mut recordings, mut is_whole) = (Vec::new(), true);
    for file in &plan.files {
        let read = read(file)?;
        is_whole &= read.is_whole;
        recordings.extend(read.recordings);
    }
    let lines = sock_record::merge(recordings);
    screen::answer(&page(plan, &lines)?)?;
    Ok(if is_whole { Status::Done } else { Status::CutShort })
}

fn page(plan: &Plan, lines: &[Line]) -> Result<String> {
    let drawing = Drawing { all_calls: plan.all_calls, explain: true, ..plan.paper.drawing() };
    match plan.what {
        What::All => {
            let ladder = sock_ladder::ladder(lines, &drawing);
            let mut page = ladder.text;
            if ladder.is_crowded {
                page += &sock_ladder::wrapped(CROWDED, &drawing);
            }
            Ok(page)
        }
        What::One(number) => {
            let all = sock_ladder::conversations(lines);
            let index = number.checked_sub(1);
            let one = index
                .and_then(|index| all.get(index))
                .ok_or_else(|| Usage(no_conversation(number, &all)))?;
            Ok(one.text(&drawing))
        }
        What::List => {
            let mut page = String::new();
            for (index, one) in sock_ladder::conversations(lines).iter().enumerate() {
                writeln!(page, "{:>4}  {}", index + 1, title(one))?;
            }
            Ok(page)
        }
    }
}

/// Why there is none of this number; where it is a port, which there are with it.
fn no_conversation(number: usize, all: &[Conversation<'_>]) -> String {
    let port = format!(":{number}");
    let has_it = |line: &&Line| {
        let Line::Sock(sock) = line else { return false };
        let mut ends = [&sock.local, &sock.peer].into_iter().flatten();
        ends.any(|end| end.ends_with(&port))
    };
    let with_it = all.iter().enumerate().filter(|(_, one)| one.lines.iter().any(has_it));
    let numbers: Vec<String> = with_it.map(|(index, _)| (index + 1).to_string()).collect();
    let count = all.len();
    match &numbers[..] {
        [] => format!("there is no conversation {number}; --list shows the {count} there are"),
        [one] => format!(
            "there is no conversation {number}; it is a port, and --only {one} draws the one that has it"
        ),
        [first, ..] => format!(
            "there is no conversation {number}; it is a port, and {} of {count} have it, the first of them --only {first}: \
             see --list",
            numbers.len()
        ),
    }
}

/// Where several share a lane, who said what cannot be seen.
const CROWDED: &str =
    "several share a lane: --list shows the conversations, --only N draws one of them";

/// What could be read of a file.
struct Tape {
    recordings: Vec<Vec<Line>>,
    /// Nothing is missing that the file promised.
    is_whole: bool,
}

/// A record may be long, and asking the system for little of it at a time takes long.
const READ_AT_ONCE: usize = 1 << 17;

/// What a recording that was cut still tells is drawn, and the rest is said.
fn read(file: &Path) -> Result<Tape> {
    let name = if file.as_os_str() == "-" { "stdin".into() } else { file.display().to_string() };
    let about = || format!("cannot read {name}");
    let source: Box<dyn io::Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| Usage(about()))?)
    };
    let (mut count, mut ends, mut broken) = (0_usize, 0_usize, 0_usize);
    let (mut foreign, mut warned) = (None, Ok(()));
    // Split while they are read: a long record has no room for two copies of its lines.
    let source = BufReader::with_capacity(READ_AT_ONCE, source);
    let lines = Reader::new(source).map_while(|line| match line {
        Ok(line) => {
            count += 1;
            ends += usize::from(matches!(line, Line::End(_)));
            Some(Some(line))
        }
        Err(error @ (ReadError::Io { .. } | ReadError::Line { .. } | ReadError::Long { .. }))
            if count == 0 =>
        {
            foreign = Some(error);
            None
        }
        Err(error) => {
            broken += 1;
            if broken <= TOLD_BROKEN {
                warned = screen::warn(&format!("{name}: {}", screen::told(&error.into())));
            }
            warned.is_ok().then_some(None)
        }
    });
    let recordings = sock_record::split(lines.flatten());
    warned?;
    let mut is_whole = broken == 0;
    if let Some(more) = broken.checked_sub(TOLD_BROKEN).filter(|more| *more > 0) {
        let lines = if more == 1 { "1 more line".to_owned() } else { format!("{more} more lines") };
        screen::warn(&format!("{name}: {lines} cannot be understood"))?;
    }
    if let Some(error) = foreign {
        let is_unread = matches!(error, ReadError::Io { .. });
        let error = unreadable(error);
        // What is read and is something else is no mistake of the command line alone.
        return Err(if is_unread { error.context(Usage(about())) } else { error.context(about()) });
    }
    if is_whole && count == 0 {
        return Err(anyhow!("it is empty; {CURE}")).with_context(about);
    }
    let begun = recordings.iter().filter(|lines| matches!(lines.first(), Some(Line::Meta(_))));
    if is_whole && ends < begun.count() {
        is_whole = false;
        screen::warn(&format!(
            "{name}: the recording has no end: its writer was stopped, or goes on still; what is there is drawn"
        ))?;
    }
    if is_whole {
        for why in recordings.iter().filter_map(|lines| missing(lines)) {
            is_whole = false;
            screen::warn(&format!("{name}: {why}; what is there is drawn"))?;
        }
    }
    Ok(Tape { recordings, is_whole })
}

/// A file that is torn in many places says the same of each.
const TOLD_BROKEN: usize = 3;

/// What a recording lacks, as far as that can be seen: the tracer numbers its calls from 1, and leaves no number out.
fn missing(lines: &[Line]) -> Option<String> {
    let Some(Line::Meta(meta)) = lines.first() else {
        return Some("the recording has no beginning: its first lines were lost".to_owned());
    };
    let evs = lines
        .iter()
        .filter_map(|line| if let Line::Call(call) = line { Some(call.ev.0) } else { None });
    let (count, most) = evs.fold((0_u64, 0_u64), |(count, most), ev| (count + 1, most.max(ev)));
    match most.saturating_sub(count) {
        0 => None,
        _ if meta.source != "trace" => None,
        1 => Some("1 call is missing in the middle of the recording: its line was lost".to_owned()),
        n => Some(format!(
            "{n} calls are missing in the middle of the recording: their lines were lost"
        )),
    }
}

/// How to come by what can be drawn.
const CURE: &str = "sock trace -o FILE.jsonl or sock serve --record FILE writes one";

/// Why not even the first line could be read.
fn unreadable(error: ReadError) -> Error {
    match error {
        ReadError::Io { source, .. } => source.into(),
        ReadError::Line { line, source } => {
            let why = source.to_string();
            // The place within the line says nothing about a file that is something else.
            let why = why.rsplit_once(" at line ").map_or(&*why, |(why, _)| why);
            anyhow!("this is no recording (line {line}: {why}); {CURE}")
        }
        error @ ReadError::Long { .. } => anyhow!("this is no recording ({error}); {CURE}"),
        error @ (ReadError::Cut { .. } | _) => error.into(),
    }
}
