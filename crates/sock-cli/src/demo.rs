//! `demo`: every program of the lectures, for real, on loopback ports that the system chooses.

mod client;
mod rows;
mod stage;
mod teller;
mod web;

use std::fmt::Write;

use anyhow::{Context, Result};
use sock_record::Line;

use crate::drawing::Paper;
use crate::screen;
use crate::status::Status;

/// How the demo is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) paper: Paper,
}

/// One program of the lectures.
struct Row {
    deck: &'static str,
    /// What it is.
    title: &'static str,
    /// What is to be seen.
    lesson: &'static str,
    /// Plays it, checks every byte and tells the record.
    play: fn() -> Result<Vec<Line>>,
    /// Its conversations have nothing to do with each other: a picture each.
    apart: bool,
}

/// Plays every row and draws it.
pub(crate) fn run(plan: Plan) -> Result<Status> {
    let run = sock::Run::new();
    let drawing = plan.paper.drawing();
    let mut bytes = 0;
    for row in rows::ROWS {
        let Row { deck, title, lesson, play, apart } = row;
        let lines = play().with_context(|| format!("{deck} is not what the lecture says"))?;
        bytes += moved(&lines);
        let mut page = format!("{deck:<4}{title}\n    {lesson}\n\n");
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

/// Bytes that arrived, at both ends.
fn moved(lines: &[Line]) -> u64 {
    let calls =
        lines.iter().filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None });
    calls
        .filter(|call| call.dir == Some(sock_record::Dir::In))
        .filter_map(sock_record::Call::moved)
        .sum()
}
