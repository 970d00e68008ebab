//! The live ladder on its way to the terminal, which the programs write to as well.
//!
//! A row is written whole and at once, before the program whose call it shows goes on: what a program prints after a
//! call stands below the row of that call. A program may have left a line open, as a prompt does; a row then begins on
//! a line of its own, and the open line stays.

use std::io::{self, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;
use sock_ladder::Drawing;
use sock_record::{Call, Line};

use super::only::{Filter, Only};

/// A terminal that takes nothing (Ctrl-S) must not stop the programs: so many bytes wait for it.
const MOST: usize = 1 << 16;

/// Rows as they come.
pub(super) struct Rows {
    ladder: sock_ladder::Live,
    filter: Filter,
    paper: Paper,
}

/// Where they are written.
struct Paper {
    is_terminal: bool,
    waiting: String,
    lost: usize,
}

impl Rows {
    /// Rows on stderr, of what is wanted.
    pub(super) fn new(drawing: &Drawing, only: Option<&Only>) -> Self {
        let ladder = sock_ladder::Live::new(drawing);
        let is_terminal = io::stderr().is_terminal();
        let paper = Paper { is_terminal, waiting: String::new(), lost: 0 };
        Self { ladder, filter: Filter::new(only, drawing.all_calls), paper }
    }

    pub(super) fn hear(&mut self, line: &Line) {
        if self.filter.lets_pass(line) {
            self.ladder.hear(line);
            self.paper.write(&self.ladder.take(), matches!(line, Line::End(_)));
        }
    }

    pub(super) fn waits(&mut self, call: &Call) {
        if self.filter.is_wanted(call) {
            self.ladder.waits(call);
            self.paper.write(&self.ladder.take(), false);
        }
    }

    pub(super) fn look(&mut self, now: u64) {
        self.ladder.look(now);
        self.paper.write(&self.ladder.take(), false);
    }
}

impl Paper {
    fn write(&mut self, text: &str, is_last: bool) {
        if self.waiting.len() + text.len() <= MOST {
            self.waiting.push_str(text);
        } else {
            self.lost += text.lines().count();
        }
        if self.waiting.is_empty() || !(is_last || self.has_room()) {
            return;
        }
        let mut text = if self.is_terminal { fresh_line() } else { String::new() };
        text += &std::mem::take(&mut self.waiting);
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            text.extend([&lost.to_string(), " rows were not shown: the terminal took none\n"]);
        }
        // Nobody to tell: stderr has gone, and the programs go on all the same.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Whether the terminal takes something now.
    fn has_room(&self) -> bool {
        let stderr = io::stderr();
        let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        !self.is_terminal || poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

/// What takes a terminal to the beginning of an empty line, wherever it is. A line of blanks that begins at an edge ends
/// before the next line begins, and the return goes back to where it began; any other goes on into the next line.
pub(super) fn fresh_line() -> String {
    let columns = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { String::new() } else { " ".repeat(columns) + "\r" }
}
