//! `demo`: every program of the lectures, for real, on loopback ports that the system chooses.

mod client;
mod rows;
mod stage;
mod teller;
mod traced;
mod web;

use std::fmt::Write;
use std::os::fd::RawFd;

use anyhow::{Context, Result};
use sock_record::Line;

use self::stage::Played;
use self::traced::Seen;
use crate::drawing::Paper;
use crate::screen;
use crate::status::Status;

/// How the demo is shown.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) paper: Paper,
    /// Whether the programs are traced, where that is allowed.
    pub(crate) traces: bool,
    /// Plays this row alone, and tells by this descriptor which thread was whom.
    pub(crate) acts: Option<(String, RawFd)>,
}

/// One program of the lectures.
struct Row {
    deck: &'static str,
    /// What it is.
    title: &'static str,
    /// What is to be seen.
    lesson: &'static str,
    /// Plays it, checks every byte and tells the record.
    play: fn() -> Result<Played>,
    /// Its conversations have nothing to do with each other: a picture each.
    apart: bool,
}

/// Plays every row and draws it.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    if let Some((deck, tell)) = &plan.acts {
        let row = rows::ROWS.iter().find(|row| row.deck == deck);
        let row = row.with_context(|| format!("the lectures have no {deck}"))?;
        traced::act(row, *tell).with_context(|| not_as_said(row))?;
        return Ok(Status::Done);
    }
    let run = sock::Run::new();
    let drawing = plan.paper.drawing();
    let (mut bytes, mut traces) = (0, plan.traces);
    for row in rows::ROWS {
        let Row { deck, title, lesson, apart, .. } = row;
        let lines = match seen(row, &mut traces).with_context(|| not_as_said(row))? {
            Seen::Lines(lines) => lines,
            Seen::Failed(status) => return Ok(status),
        };
        bytes += moved(&lines);
        let mut page = format!("{deck:<4}{title}\n");
        for line in wrapped(lesson, drawing.width.saturating_sub(4)) {
            writeln!(page, "    {line}")?;
        }
        page.push('\n');
        let pictures = if *apart {
            let each = sock_ladder::conversations(&lines);
            each.iter().map(|one| one.text(&drawing)).collect()
        } else {
            vec![sock_ladder::text(&lines, &drawing)]
        };
        for picture in pictures {
            writeln!(page, "{}", picture.trim_end())?;
        }
        screen::answer(&format!("{page}\n"))?;
    }
    let (rows, seconds) = (rows::ROWS.len(), run.now().as_secs_f64());
    screen::answer(&format!(
        "{rows} programs of the lectures, {bytes} B as they must be, {seconds:.2} s.\n\
         Now you: `sock serve chat` here, `sock connect 50008` in two other terminals;\n\
         or `sock serve http`, and http://localhost:8000/ in a browser.\n",
    ))
}

/// What a row did, as it was seen; or, where nobody may be traced, as the engines tell it. In `traces` stands whether the
/// next row is traced.
fn seen(row: &Row, traces: &mut bool) -> Result<Seen> {
    if *traces {
        if let Some(seen) = traced::play(row)? {
            return Ok(seen);
        }
        *traces = false;
        screen::warn(
            "no program may be traced here (`sock trace -- true` says why): the ladders show what the engines tell",
        )?;
    }
    Ok(Seen::Lines((row.play)()?.lines))
}

/// A text in lines of at most `room` characters, broken at spaces.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn not_as_said(row: &Row) -> String {
    format!("{} is not what the lecture says", row.deck)
}

/// Bytes that arrived, at both ends.
fn moved(lines: &[Line]) -> u64 {
    let calls =
        lines.iter().filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None });
    calls
        .filter(|call| call.dir == Some(sock_record::Dir::In))
        .filter_map(sock_record::Call::moved)
        .sum()
}
