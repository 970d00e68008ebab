//! The ladder while it happens: rows for calls as they return, from the lines of a record that still grows.
//!
//! A ladder that is drawn afterwards knows everything; here a row, once drawn, stands. So a call that has another side is
//! kept *waiting* until that side returns as well, and then both are one row:
//!
//! ```text
//! lines ──► book      who holds which socket, who is at its other end
//!       ──► desk      calls that wait for their other side; what meets becomes a row
//!       ──► fold      rows that repeat are counted, and what comes too fast to be read
//!       ──► stand     lanes on the page, a line for each row
//! ```
//!
//! A call does not wait for ever. When its process goes on to something that is drawn, or after [`PATIENCE`], it is drawn
//! alone, as an arrow that ends in a number; where it arrives later, the same number stands before the rest of it. Rows
//! of a lane are therefore always in the order of its calls; a row that began before the one above it is marked. Memory is bounded: by what waits, what is open, and who is there.

mod book;
mod desk;
mod fold;
mod meet;
mod places;
mod post;
mod row;
mod stand;
mod stray;
mod tag;
#[cfg(test)]
mod tests;

use sock_record::{Call, CallKind, Dir, Level, Line};

use self::desk::Desk;
use self::fold::{Fold, Shown};
use self::row::Row;
use self::stand::Stand;
use super::Drawing;
use super::units::{count, duration};
use crate::story::is_unseen;

/// A send whose bytes nobody has taken for so long, in ns, is drawn without waiting for who does.
const PATIENCE: u64 = 100_000_000;

/// A ladder that is drawn while its record is written.
///
/// The lines have to come in the order in which calls returned, as a tracer tells them.
///
/// # Examples
///
/// ```
/// use sock_ladder::{Drawing, Live};
/// use sock_record::Reader;
///
/// let record = r#"
/// {"type":"proc","proc":1,"name":"client","t":0,"how":"start"}
/// {"type":"proc","proc":2,"name":"server","t":0,"how":"start"}
/// {"type":"sock","sock":1,"family":"inet","kind":"dgram","t":0,"from":"socket","local":"127.0.0.1:4000"}
/// {"type":"sock","sock":2,"family":"inet","kind":"dgram","t":0,"from":"socket","local":"127.0.0.1:7"}
/// {"type":"call","ev":2,"proc":1,"call":"send","sock":1,"args":{"addr":"127.0.0.1:7"},"enter":20000,"exit":21000,"ret":2,"dir":"out","data":"SGk="}
/// {"type":"call","ev":1,"proc":2,"call":"recv","sock":2,"args":{"addr":"127.0.0.1:4000"},"enter":10000,"exit":32000,"ret":2,"dir":"in","data":"SGk="}
/// "#;
/// let mut live = Live::new(&Drawing { width: 72, ..Drawing::default() });
/// for line in Reader::new(record.as_bytes()) {
///     live.hear(&line?);
/// }
/// let rows = live.take();
/// assert!(rows.lines().last().is_some_and(|row| row.contains("send 2 B   ├") && row.contains("\"Hi\"")));
/// # Ok::<(), sock_record::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Live {
    desk: Desk,
    fold: Fold,
    stand: Stand,
    only: Option<CallKind>,
    /// What is to be drawn by now.
    rows: Vec<Row>,
    text: String,
    #[cfg(test)]
    told: Vec<sock_record::Ev>,
}

impl Live {
    /// An empty ladder; of `drawing` it takes the width, the characters, and which calls are drawn.
    #[must_use]
    pub fn new(drawing: &Drawing) -> Self {
        Self {
            desk: Desk::new(drawing.all_calls, drawing.ascii),
            fold: Fold::new(drawing.fold),
            stand: Stand::new(drawing),
            only: drawing.only.clone(),
            rows: Vec::new(),
            text: String::new(),
            #[cfg(test)]
            told: Vec::new(),
        }
    }

    /// Takes in the next line of the record.
    pub fn hear(&mut self, line: &Line) {
        match line {
            Line::Proc(proc) => self.desk.book.meet(proc),
            Line::Sock(sock) => self.desk.book.learn(sock),
            Line::Call(call) => {
                self.desk.call(call, &mut self.rows);
                self.show();
            }
            Line::Note(note) if !matches!(note.level, Level::Info) => {
                self.settle();
                self.stand.note(&note.level, &note.text, &mut self.text);
            }
            Line::End(_) => {
                self.desk.finish(&mut self.rows);
                self.show();
                self.settle();
            }
            Line::Gap(gap) if is_unseen(gap, Dir::In) => self.desk.book.hide(gap.sock),
            // What else there is to say of a record is said of all of it.
            Line::Meta(_) | Line::Link(_) | Line::Note(_) | Line::Gap(_) | Line::Other(_) | _ => {}
        }
    }

    /// Takes in that a call has begun and does not return: who waits is shown while he waits.
    pub fn waits(&mut self, call: &Call) {
        if self.only.as_ref().is_none_or(|only| *only == call.call) {
            self.desk.waits(call, &mut self.rows);
            self.show();
            self.settle();
        }
    }

    /// Takes in that it is `now`, in ns since t0: to be told a few times a second.
    pub fn look(&mut self, now: u64) {
        self.desk.look(now, &mut self.rows);
        self.show();
        let shown = self.fold.look(now);
        self.draw(shown);
    }

    /// The lines that have been drawn since this was asked last, each with its end.
    #[must_use]
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn show(&mut self) {
        for row in std::mem::take(&mut self.rows) {
            #[cfg(test)]
            self.told.extend(row.told());
            if self.only.as_ref().is_some_and(|only| !row.is_about(only)) {
                continue;
            }
            let shown = self.fold.push(row);
            self.draw(shown);
        }
    }

    /// Draws what is held back, for what comes is no row.
    fn settle(&mut self) {
        let shown = self.fold.settle();
        self.draw(shown);
    }

    fn draw(&mut self, shown: Vec<Shown>) {
        let ascii = self.stand.ascii();
        for each in shown {
            match each {
                Shown::Row(row) => self.stand.row(&self.desk.book, &row, &mut self.text),
                Shown::Fold { times, median, goes_on } => {
                    let took = match median {
                        0 => String::new(),
                        median => format!(", median {}", duration(median, ascii)),
                    };
                    let so_far = if goes_on { " so far" } else { "" };
                    let sign = self.stand.times();
                    let said = format!("{sign} {} the same{so_far}{took}", count(times));
                    self.stand.fold(&said, &mut self.text);
                }
                Shown::Skipped(rows) => {
                    let said = format!("{} rows came too fast to be read", count(rows));
                    self.stand.fold(&said, &mut self.text);
                }
            }
        }
    }
}
