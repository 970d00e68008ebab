//! One line of a ladder, drawn cell by cell.

use unicode_width::UnicodeWidthChar;

/// The characters that a ladder is drawn with.
#[derive(Debug)]
pub(super) struct Ink {
    pub(super) bar: char,
    pub(super) fold: char,
    pub(super) line: char,
    pub(super) dash: char,
    pub(super) over: char,
    /// Where an arrow leaves a lane, to the right and to the left.
    pub(super) leave: [char; 2],
    /// How an arrow ends, to the right and to the left.
    pub(super) head: [char; 2],
    pub(super) reset: char,
    /// Brackets beside a lane: first, middle, last; left of it, then right of it.
    pub(super) bracket: [[char; 3]; 2],
    pub(super) arrow: &'static str,
    pub(super) times: &'static str,
    /// Stands behind the time of a row that began before the one above it.
    pub(super) late: char,
}

pub(super) const UNICODE: Ink = Ink {
    bar: '│',
    fold: '┊',
    line: '─',
    dash: '╌',
    over: '┼',
    leave: ['├', '┤'],
    head: ['►', '◄'],
    reset: '╳',
    bracket: [['╭', '│', '╰'], ['╮', '│', '╯']],
    arrow: "→",
    times: "×",
    late: '↑',
};

pub(super) const ASCII: Ink = Ink {
    bar: '|',
    fold: ':',
    line: '-',
    dash: '.',
    over: '+',
    leave: ['|', '|'],
    head: ['>', '<'],
    reset: 'X',
    bracket: [['/', '|', '\\'], ['\\', '|', '/']],
    arrow: "->",
    times: "x",
    late: '^',
};

/// A line of a fixed number of columns.
#[derive(Debug)]
pub(super) struct Canvas {
    /// None is the right half of a wide character.
    cells: Vec<Option<char>>,
}

impl Canvas {
    pub(super) fn new(width: usize) -> Self {
        Self { cells: vec![Some(' '); width] }
    }

    /// Writes harmless text from column `x` on; what lies beyond the edge is left out.
    pub(super) fn put(&mut self, x: usize, text: &str) {
        let mut x = x;
        for c in text.chars() {
            let width = c.width().unwrap_or(0);
            if width == 0 || x + width > self.cells.len() {
                return;
            }
            self.clear(x);
            self.cells[x] = Some(c);
            if width == 2 {
                self.clear(x + 1);
                self.cells[x + 1] = None;
            }
            x += width;
        }
    }

    pub(super) fn dot(&mut self, x: usize, c: char) {
        if x < self.cells.len() {
            self.clear(x);
            self.cells[x] = Some(c);
        }
    }

    /// A wide character loses both halves when one is overwritten.
    fn clear(&mut self, x: usize) {
        if self.cells[x].is_none() && x > 0 {
            self.cells[x - 1] = Some(' ');
        }
        if self.cells.get(x + 1) == Some(&None) {
            self.cells[x + 1] = Some(' ');
        }
    }

    pub(super) fn finish(self, page: &mut String) {
        let start = page.len();
        page.extend(self.cells.into_iter().flatten());
        page.truncate(start + page[start..].trim_end().len());
        page.push('\n');
    }
}
