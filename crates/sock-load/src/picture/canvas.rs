//! SVG as it is written: elements, the one place that escapes, and the sheet that pictures are put on.

use std::fmt::{Display, Write};

use super::WIDTH;
use crate::clean::{columns, cut, escaped};

/// Every rule of the pictures; colours come in pairs for light and dark, and nothing depends on them alone.
pub(super) const STYLE: &str = "\
.s-paper{fill:#fff}.s-text{fill:#1b1f24;font:12px system-ui,'DejaVu Sans',sans-serif}\
.s-soft{fill:#57606a}.s-title{font-size:17px;font-weight:600}.s-head{font-size:13px;font-weight:600}\
.s-grid{stroke:#dde2e7;fill:none}.s-axis{stroke:#57606a;fill:none}\
.s-line{fill:none;stroke-width:2;stroke-linejoin:round}\
.s-0{stroke:#0b5fae;color:#0b5fae}.s-1{stroke:#b4451f;color:#b4451f;stroke-dasharray:8 4}\
.s-2{stroke:#2b7a3d;color:#2b7a3d;stroke-dasharray:2 3}.s-3{stroke:#7d3c98;color:#7d3c98;stroke-dasharray:12 3 2 3}\
.s-4{stroke:#8a6100;color:#8a6100;stroke-dasharray:5 2}.s-5{stroke:#0f7c80;color:#0f7c80;stroke-dasharray:14 5}\
.s-6{stroke:#44505c;color:#44505c;stroke-dasharray:8 3 2 3 2 3}\
.s-solid{stroke-dasharray:none}.s-dot{fill:currentColor;stroke:none}.s-ring{fill:#fff;stroke-width:1.5}\
.s-bar{fill:#8fb8de;stroke:#0b5fae}.s-run{fill:#1b1f24;stroke:#fff;stroke-width:.5}.s-cross{stroke:#b3261e;stroke-width:1.6;fill:none}\
@media (prefers-color-scheme:dark){.s-paper{fill:#14181d}.s-text{fill:#e6e9ec}.s-soft{fill:#a5aeb8}\
.s-grid{stroke:#2c333b}.s-axis{stroke:#a5aeb8}.s-0{stroke:#6cb2f5;color:#6cb2f5}.s-1{stroke:#f0936f;color:#f0936f}\
.s-2{stroke:#7cc98d;color:#7cc98d}.s-3{stroke:#cf9be4;color:#cf9be4}.s-4{stroke:#e0b64f;color:#e0b64f}\
.s-5{stroke:#5fcbd0;color:#5fcbd0}.s-6{stroke:#b4bfca;color:#b4bfca}.s-ring{fill:#14181d}\
.s-bar{fill:#1f4468;stroke:#6cb2f5}.s-run{fill:#e6e9ec;stroke:#14181d}.s-cross{stroke:#ff8a80}}";

/// How wide a column of text is, in pixels at 12 px, generously.
const COLUMN: f64 = 7.0;

/// How wide a text is, in pixels.
pub(super) fn text_width(text: &str) -> f64 {
    small(columns(text)) * COLUMN
}

/// A number of things on a picture.
#[allow(clippy::cast_precision_loss, reason = "what is drawn is few")]
pub(super) fn small(n: usize) -> f64 {
    n as f64
}

/// On which side of its point a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A piece of a picture: elements one after the other, and how high it is.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    body: String,
    pub(super) height: f64,
}

impl Canvas {
    pub(super) fn new(height: f64) -> Self {
        Self { body: String::new(), height }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let side = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.put(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{side}" class="s-text {class}">{}</text>"#,
            escaped(text)
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        ));
    }

    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str) {
        let ((x, y), (width, height)) = (at, size);
        self.put(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" class="{class}"/>"#
        ));
    }

    /// A line from point to point.
    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let mut steps = String::new();
        for (n, (x, y)) in points.iter().enumerate() {
            let step = if n == 0 { 'M' } else { 'L' };
            let _ = write!(steps, "{step}{x:.1} {y:.1}"); // A String takes every write.
        }
        self.put(format_args!(r#"<path d="{steps}" class="s-line {class}"/>"#));
    }

    /// A dot that says what it stands for when it is pointed at.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, class: &str, says: &str) {
        let says = escaped(says);
        self.put(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" class="{class}"><title>{says}</title></circle>"#
        ));
    }

    /// A cross that says what it stands for when it is pointed at.
    pub(super) fn cross(&mut self, (x, y): (f64, f64), says: &str) {
        let (left, right, up, down) = (x - 3.5, x + 3.5, y - 3.5, y + 3.5);
        let says = escaped(says);
        self.put(format_args!(
            r#"<path d="M{left:.1} {up:.1}L{right:.1} {down:.1}M{left:.1} {down:.1}L{right:.1} {up:.1}" class="s-cross"><title>{says}</title></path>"#
        ));
    }

    /// The picture as an element of a page whose style sheet is [`STYLE`].
    pub(super) fn element(&self, title: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH:.0} {:.0}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
            self.height,
            escaped(title),
            self.body
        )
    }

    fn put(&mut self, element: impl Display) {
        let _ = writeln!(self.body, "{element}"); // A String takes every write.
    }
}

/// A whole picture: a title, what is said beneath it, and pieces below each other.
#[derive(Debug)]
pub(super) struct Sheet {
    title: String,
    head: Canvas,
    pieces: Vec<Canvas>,
}

/// The margin at the left of titles.
const MARGIN: f64 = 24.0;
/// How many columns of text the sheet is wide.
const WIDE: usize = 138;

impl Sheet {
    pub(super) fn new(title: &str) -> Self {
        let mut head = Canvas::new(40.0);
        head.text(MARGIN, 32.0, Anchor::Start, "s-title", &cut(title, 90, false));
        Self { title: title.to_owned(), head, pieces: Vec::new() }
    }

    /// A line beneath the title, as many as it takes.
    pub(super) fn says(&mut self, text: &str) {
        self.write(text, "s-soft");
    }

    /// As [`says`](Self::says), for what must not be overlooked.
    pub(super) fn warns(&mut self, text: &str) {
        self.write(&format!("▸ {text}"), "");
    }

    fn write(&mut self, text: &str, class: &str) {
        let text = crate::clean::plain(text, false);
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > WIDE {
                self.flush(&std::mem::take(&mut line), class);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&cut(word, WIDE, false));
        }
        self.flush(&line, class);
    }

    fn flush(&mut self, line: &str, class: &str) {
        if !line.is_empty() {
            self.head.height += 17.0;
            self.head.text(MARGIN, self.head.height, Anchor::Start, class, line);
        }
    }

    pub(super) fn put(&mut self, piece: Canvas) {
        self.pieces.push(piece);
    }

    pub(super) fn finish(self) -> String {
        let head = self.head.height + 14.0;
        let height = head + self.pieces.iter().map(|piece| piece.height).sum::<f64>();
        let title = escaped(&self.title);
        let mut file = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" class=\"s-paper\"/>\n{}",
            self.head.body
        );
        let mut top = head;
        for piece in self.pieces {
            // A String takes every write.
            let _ = writeln!(file, "<g transform=\"translate(0 {top:.1})\">\n{}</g>", piece.body);
            top += piece.height;
        }
        file + "</svg>\n"
    }
}
