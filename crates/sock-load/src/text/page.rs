//! A page of a width: rows with a name at the left, wrapped behind it.

use super::Style;
use crate::clean::{columns, cut};

/// The narrowest page that is kept to.
const NARROWEST: usize = 24;
/// The column in which values begin, where there is room for names beside them.
const VALUES: usize = 13;
/// Below this, values stand under their names.
const ROOMY: usize = 40;

/// Lines of text, none wider than the page.
#[derive(Debug)]
pub(crate) struct Page {
    style: Style,
    lines: Vec<String>,
}

impl Page {
    pub(crate) fn new(style: Style) -> Self {
        Self { style: Style { width: style.width.max(NARROWEST), ..style }, lines: Vec::new() }
    }

    pub(crate) fn ascii(&self) -> bool {
        self.style.ascii
    }

    pub(crate) fn width(&self) -> usize {
        self.style.width
    }

    /// How far values are indented.
    pub(crate) fn indent(&self) -> usize {
        if self.style.width < ROOMY { 2 } else { VALUES }
    }

    /// A line that begins at the left.
    pub(crate) fn line(&mut self, text: &str) {
        self.wrap("", 0, text);
    }

    /// A line that begins at a column, and goes on there.
    pub(crate) fn hanging(&mut self, indent: usize, text: &str) {
        self.wrap(&" ".repeat(indent), indent, text);
    }

    /// A line whose blanks are meant, cut where the page ends.
    pub(crate) fn exact(&mut self, indent: usize, text: &str) {
        let room = self.style.width.saturating_sub(indent);
        let line = " ".repeat(indent) + &cut(text, room, self.style.ascii);
        self.push(line);
    }

    /// A name and a value that is short, always beside each other.
    pub(crate) fn pair(&mut self, name: &str, value: &str) {
        let width = self.indent().max(10);
        self.exact(0, &format!("{name:<width$}{value}"));
    }

    /// A name and its value.
    pub(crate) fn row(&mut self, name: &str, value: &str) {
        let indent = self.indent();
        if columns(name) < indent {
            self.wrap(&format!("{name}{}", " ".repeat(indent - columns(name))), indent, value);
        } else {
            self.line(name);
            self.hanging(indent, value);
        }
    }

    /// A table with a head, the first column to the left, the others to the right; where it is wider than the page, each
    /// row is written as a paragraph.
    pub(crate) fn table<R: AsRef<[String]>>(&mut self, heads: &[String], rows: &[R]) {
        let wide = |n: usize| {
            let cells = rows.iter().map(|row| columns(&row.as_ref()[n]));
            cells.chain([columns(&heads[n])]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..heads.len()).map(wide).collect();
        let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        if total <= self.style.width {
            self.exact(0, &aligned(heads, &widths));
            for row in rows {
                self.exact(0, &aligned(row.as_ref(), &widths));
            }
            return;
        }
        for row in rows {
            let cells = row.as_ref();
            self.line(&cells[0]);
            for (head, cell) in heads.iter().zip(cells).skip(1).filter(|(_, cell)| !cell.is_empty())
            {
                let text = if head.is_empty() { cell.clone() } else { format!("{head}: {cell}") };
                self.hanging(2, &text);
            }
        }
    }

    /// An empty line, unless there is one or the page begins.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// The page, each line with its end.
    pub(crate) fn finish(self) -> String {
        self.lines.into_iter().map(|line| line + "\n").collect()
    }

    /// Breaks `text` between words, and within a word that is wider than a line.
    fn wrap(&mut self, first: &str, indent: usize, text: &str) {
        let mut line = first.to_owned();
        let mut bare = true;
        // Blanks at the beginning are meant.
        let lead = text.len() - text.trim_start().len();
        line.push_str(&text[..lead]);
        for word in words(text) {
            let needed = columns(&word) + usize::from(!bare);
            if !bare && columns(&line) + needed > self.style.width {
                self.push(std::mem::replace(&mut line, " ".repeat(indent)));
                bare = true;
            }
            if !bare {
                line.push(' ');
            }
            for c in word.chars() {
                let mut buf = [0; 4];
                if columns(&line) + columns(c.encode_utf8(&mut buf)) > self.style.width {
                    self.push(std::mem::replace(&mut line, " ".repeat(indent)));
                }
                line.push(c);
            }
            bare = false;
        }
        self.push(line);
    }

    fn push(&mut self, mut line: String) {
        line.truncate(line.trim_end().len());
        self.lines.push(line);
    }
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (n, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let pad = " ".repeat(width - columns(cell));
        let text = if n == 0 { format!("{cell}{pad}") } else { format!("  {pad}{cell}") };
        line.push_str(&text);
    }
    line
}

/// What a number is never parted from.
const UNITS: [&str; 17] = [
    "%", "h", "min", "s", "ms", "µs", "us", "ns", "B", "KiB", "MiB", "/s", "k/s", "M/s", "B/s",
    "KiB/s", "MiB/s",
];

/// The words of a text; a number and its unit are one.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text.split_whitespace().peekable();
    std::iter::from_fn(move || {
        let word = rest.next()?;
        let is_unit =
            |next: &&str| UNITS.contains(&next.trim_end_matches([',', ';', ':', ')', '.']));
        if word.ends_with(|c: char| c.is_ascii_digit())
            && let Some(unit) = rest.next_if(is_unit)
        {
            return Some(format!("{word} {unit}"));
        }
        Some(word.to_owned())
    })
}
