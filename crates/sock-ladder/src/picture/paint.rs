//! A picture as SVG.

use std::collections::BTreeSet;
use std::fmt::Write;

use sock_record::{Dir, Level};

use super::captions::Caption;
use super::escape::escape;
use super::layout::{Arrow, HALF, NOTE_LINE, Picture, Sentence, Style, TOP};

/// How everything looks; a page has it once for all its pictures.
pub(super) const LOOK: &str = include_str!("picture.css");

/// The longest name of a lane, in characters.
pub(super) const NAME: usize = 36;

/// How high the head of a page is: the names of the lanes.
const HEAD: i32 = 40;

/// What the parts of a picture are called by a script: the numbers of calls. A picture that stands alone has none.
pub(super) type Names<'n> = &'n dyn Fn(usize) -> Option<u64>;

struct Pen<'p> {
    svg: String,
    picture: &'p Picture,
    name: Names<'p>,
    /// A page stands around it.
    is_page: bool,
}

/// Higher than this, in pixels, the names of the lanes are needed at the foot as well.
const TALL: i32 = 800;

/// A picture that stands alone.
pub(super) fn whole(picture: &Picture) -> String {
    let mut pen = Pen { svg: String::new(), picture, name: &|_| None, is_page: false };
    let width = picture.width.max(640);
    let room = usize::try_from(width - 24).unwrap_or(0) * 10 / 72;
    let legend = legend(picture);
    let wrapped = |text: &str| crate::text::wrap(text, room, picture.ascii);
    let mut below: Vec<(&str, String)> = Vec::new();
    for remark in &picture.remarks {
        below.extend(wrapped(remark).into_iter().map(|line| ("remark", line)));
    }
    below.extend(wrapped(&legend).into_iter().map(|line| ("legend", line)));
    let foot = if picture.height > TALL { HEAD } else { 0 };
    let mut y = picture.height + foot + 18;
    let height = y + 16 * i32::try_from(below.len()).unwrap_or(0);
    pen.open((0, width, height), "A ladder of what was said between sockets");
    pen.put(format_args!("<style>\n{LOOK}</style>\n"));
    pen.put(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"));
    pen.names(28);
    pen.body();
    if foot > 0 {
        pen.names(picture.height + 16);
    }
    for (class, line) in below {
        pen.text(class, 12, y, &line);
        y += 16;
    }
    pen.close()
}

/// The names of the lanes only: they stay in sight while the rest moves.
pub(super) fn head(picture: &Picture) -> String {
    let mut pen = Pen { svg: String::new(), picture, name: &|_| None, is_page: true };
    pen.open((0, picture.width, HEAD), "The programs");
    pen.names(16);
    pen.close()
}

/// A picture beneath its head; `name` says by which numbers a script knows its calls.
pub(super) fn body(picture: &Picture, name: Names<'_>) -> String {
    let mut pen = Pen { svg: String::new(), picture, name, is_page: true };
    let top = TOP - 10;
    pen.open((top, picture.width, picture.height - top), "What they said");
    pen.body();
    pen.close()
}

/// What the lines of a picture mean, those that it has.
pub(super) fn legend(picture: &Picture) -> String {
    let styles: BTreeSet<Style> = picture.arrows.iter().map(|arrow| arrow.style).collect();
    let means = |style: &Style| match style {
        Style::Bytes => "solid for bytes of a stream",
        Style::Datagram => "hollow head for a datagram",
        Style::Peek => "dashed for bytes that were looked at and not taken",
        Style::Guess => {
            "long dashes for bytes that are likely, but not certainly, those of this call"
        }
        Style::Connect => "thin for a connect",
        Style::Fin => "finely dotted for an end (FIN)",
        Style::Reset => "dash and dot with a cross for a reset or a refusal",
        Style::Lost => "widely dotted for what was sent and never received",
    };
    let open = if picture.deeds.iter().any(|deed| deed.is_open) {
        ", dashed where it never returned"
    } else {
        ""
    };
    let beside = if picture.has_threads { ", side by side for calls at the same time" } else { "" };
    let boxes = format!(
        "boxes: grey for a receive, white for any other call, the taller the longer it took{open}{beside}"
    );
    let is_cut = picture.arrows.iter().any(|arrow| arrow.is_cut);
    let cut = is_cut.then_some("a number where one goes on further down, under the same number");
    let arrows: Vec<&str> = styles.iter().map(means).chain(cut).collect();
    if arrows.is_empty() { boxes } else { format!("{boxes}; arrows: {}", arrows.join(", ")) }
}

impl Pen<'_> {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.svg.write_fmt(what);
    }

    fn open(&mut self, (top, width, height): (i32, i32, i32), title: &str) {
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ladder\" role=\"img\" \
             viewBox=\"0 {top} {width} {height}\" width=\"{width}\" height=\"{height}\">\n<title>{title}</title>\n"
        ));
    }

    fn close(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }

    fn text(&mut self, class: &str, x: i32, y: i32, text: &str) {
        let text = escape(text, self.picture.ascii);
        self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>\n"));
    }

    fn names(&mut self, y: i32) {
        let lanes = &self.picture.lanes;
        let gap = lanes.get(1).map_or(i32::MAX, |second| second.x - lanes[0].x);
        // A letter is 8 pixels wide where it is bold, and two names stand a letter apart.
        let room = usize::try_from(gap / 8 - 1).unwrap_or(0).min(NAME);
        for post in lanes {
            let short = |text: &str| {
                crate::text::plain(crate::text::port(text, room), room, self.picture.ascii)
            };
            let (name, under) = (short(&post.name), short(&post.under));
            self.text("name", post.x, y, &name);
            if !under.is_empty() {
                self.text("under", post.x, y + 15, &under);
            }
        }
    }

    fn body(&mut self) {
        let picture = self.picture;
        for post in &picture.lanes {
            let (x, bottom) = (post.x, picture.height - 4);
            let top = TOP - 6;
            self.put(format_args!(
                "<line class=\"lane\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>\n"
            ));
        }
        for (y, wait) in &picture.breaks {
            self.breaks(*y, wait);
        }
        // Beneath everything else: they cross the whole picture.
        for sentence in &picture.sentences {
            let Some(lane) = sentence.lane else { continue };
            let (from, to, y) = (lane, picture.aside - 8, sentence.y);
            self.put(format_args!(
                "<line class=\"leader\" x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>\n"
            ));
        }
        for deed in &picture.deeds {
            let class = match deed.dir {
                Some(Dir::In) => "box in",
                Some(Dir::Out) | None => "box",
            };
            let open = if deed.is_open { " open" } else { "" };
            let (x, y) = (deed.x - HALF, deed.top);
            let (width, height) = (2 * HALF, deed.bottom - deed.top);
            let ev = self.about(&[Some(deed.call)]);
            self.put(format_args!(
                "<rect class=\"{class}{open}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{ev}/>\n"
            ));
        }
        for arrow in &picture.arrows {
            self.arrow(arrow);
        }
        for word in &picture.words {
            let class = if word.is_right { "word" } else { "word end" };
            let ev = self.about(&[word.call]);
            let (x, y, text) = (word.x, word.y + 4, escape(&word.text, picture.ascii));
            self.put(format_args!(
                "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{ev}>{text}</text>\n"
            ));
        }
        let right = picture.lanes.first().map_or(0, |post| post.x);
        let edge =
            picture.times.iter().map(|(_, time)| crate::text::columns(time)).max().unwrap_or(0);
        let edge = (i32::try_from(edge * 72).unwrap_or(0) / 10 + 8).min(right);
        for (y, time) in &picture.times {
            self.text("time", edge, y + 4, time);
        }
        for (y, text) in &picture.folds {
            self.fold(*y, text);
        }
        for (n, sentence) in (1..).zip(&picture.sentences) {
            self.sentence(n, sentence);
        }
    }

    fn about(&self, calls: &[Option<usize>]) -> String {
        about(self.name, calls)
    }

    fn breaks(&mut self, y: i32, wait: &str) {
        for post in &self.picture.lanes {
            let x = post.x;
            let (a, b) = (y - 4, y + 4);
            self.put(format_args!(
                "<line class=\"gap\" x1=\"{x}\" y1=\"{a}\" x2=\"{x}\" y2=\"{b}\"/>\n"
            ));
            for y in [y - 4, y + 4] {
                let (left, right, up, down) = (x - 6, x + 6, y + 2, y - 2);
                self.put(format_args!("<line class=\"lane\" x1=\"{left}\" y1=\"{up}\" x2=\"{right}\" y2=\"{down}\"/>\n"));
            }
        }
        let x = self.picture.lanes.first().map_or(80, |post| post.x) - 14;
        let text =
            if self.picture.ascii { format!("... {wait} ...") } else { format!("⋯ {wait} ⋯") };
        self.text("break word", x, y + 4, &text);
    }

    fn arrow(&mut self, arrow: &Arrow) {
        let class = match arrow.style {
            Style::Bytes => "bytes",
            Style::Datagram => "datagram",
            Style::Peek => "peek",
            Style::Guess => "guess",
            Style::Connect => "connect",
            Style::Fin => "fin",
            Style::Reset => "reset",
            Style::Lost => "lost",
        };
        let ev = self.about(&arrow.calls);
        let ((x1, y1), (x2, y2)) = (arrow.from, arrow.to);
        // What never arrived ends on the way.
        let part =
            |a: i32, b: i32| if arrow.style == Style::Lost { a + (b - a) * 3 / 4 } else { b };
        let (x2, y2) = (part(x1, x2), part(y1, y2));
        self.put(format_args!("<g class=\"arrow {class}\"{ev}>\n"));
        self.put(format_args!(
            "<line class=\"line\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n"
        ));
        let (dx, dy) = (f64::from(x2 - x1), f64::from(y2 - y1));
        let length = dx.hypot(dy).max(1.0);
        // A point so far behind the tip and so far beside the line.
        let point = |back: f64, side: f64| {
            let x = f64::from(x2) - (dx * back + dy * side) / length;
            let y = f64::from(y2) - (dy * back - dx * side) / length;
            format!("{x:.1} {y:.1}")
        };
        match arrow.style {
            _ if !arrow.has_head => {}
            Style::Reset => {
                let [a, b, c, d] =
                    [point(12.0, 5.0), point(2.0, -5.0), point(12.0, -5.0), point(2.0, 5.0)];
                self.put(format_args!("<path class=\"head cross\" d=\"M{a} L{b} M{c} L{d}\"/>\n"));
            }
            Style::Lost => {
                let [a, b] = [point(0.0, 5.0), point(0.0, -5.0)];
                self.put(format_args!("<path class=\"head cross\" d=\"M{a} L{b}\"/>\n"));
            }
            Style::Bytes
            | Style::Datagram
            | Style::Peek
            | Style::Guess
            | Style::Connect
            | Style::Fin => {
                let hollow = if arrow.style == Style::Datagram { " hollow" } else { "" };
                let [a, b] = [point(10.0, 4.0), point(10.0, -4.0)];
                self.put(format_args!(
                    "<path class=\"head{hollow}\" d=\"M{x2} {y2} L{a} L{b} Z\"/>\n"
                ));
            }
        }
        self.caption(&arrow.caption);
        self.put(format_args!("</g>\n"));
    }

    fn caption(&mut self, caption: &Caption) {
        if caption.text.is_empty() {
            return;
        }
        let text = escape(&caption.text, self.picture.ascii);
        let (x, y, angle) = (caption.x, caption.y + 4.0, caption.angle);
        let turn = if angle.abs() < 0.5 {
            String::new()
        } else {
            format!(" transform=\"rotate({angle:.1} {:.1} {:.1})\"", caption.x, caption.y)
        };
        self.put(format_args!(
            "<text class=\"caption\" x=\"{x:.1}\" y=\"{y:.1}\"{turn}>{text}</text>\n"
        ));
    }

    fn fold(&mut self, y: i32, text: &str) {
        let lanes = &self.picture.lanes;
        let (Some(first), Some(last)) = (lanes.first(), lanes.last()) else { return };
        let (middle, top) = (i32::midpoint(first.x, last.x), y - 20);
        for post in lanes {
            let (x, bottom) = (post.x, y + 12);
            self.put(format_args!(
                "<line class=\"gap\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>\n"
            ));
            self.put(format_args!(
                "<line class=\"leader\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>\n"
            ));
        }
        self.text("fold word", middle, y, text);
    }

    fn sentence(&mut self, number: usize, sentence: &Sentence) {
        let x = self.picture.aside;
        let level = level(&sentence.level);
        let lines = i32::try_from(sentence.lines.len()).unwrap_or(1);
        let (top, high) = (sentence.y - 9, NOTE_LINE * lines);
        let (bottom, rule) = (top + high, x - 6);
        let code = escape(&sentence.code, self.picture.ascii);
        let ev = self.about(&[sentence.call]);
        self.put(format_args!("<g class=\"sentence\" data-code=\"{code}\"{ev}>\n"));
        // Whatever is beneath it, the text is read on paper.
        let wide = self.picture.width - rule;
        self.put(format_args!(
            "<rect class=\"paper\" x=\"{rule}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"/>\n"
        ));
        self.put(format_args!(
            "<line class=\"rule{level}\" x1=\"{rule}\" y1=\"{top}\" x2=\"{rule}\" y2=\"{bottom}\"/>\n"
        ));
        for (n, line) in (0..).zip(&sentence.lines) {
            self.text(&format!("note{level}"), x, sentence.y + 4 + NOTE_LINE * n, line);
        }
        if self.is_page {
            self.text("mark", x, sentence.y + 4, &format!("({number})"));
        }
        self.put(format_args!("</g>\n"));
    }
}

/// What a sentence is besides a sentence.
pub(super) fn level(level: &Level) -> &'static str {
    match level {
        Level::Warn => " warn",
        Level::Error => " error",
        Level::Info | Level::Other(_) | _ => "",
    }
}

/// The numbers of calls, where a script wants to know them.
pub(super) fn about(name: Names<'_>, calls: &[Option<usize>]) -> String {
    let calls = calls.iter().flatten().filter_map(|&call| name(call));
    let evs: Vec<String> = calls.map(|ev| ev.to_string()).collect();
    if evs.is_empty() { String::new() } else { format!(" data-ev=\"{}\"", evs.join(" ")) }
}
