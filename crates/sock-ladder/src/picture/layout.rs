//! A picture: boxes, arrows and words, each at its place on the page.

use std::collections::HashMap;

use sock_record::{Dir, Level, Note};

use super::beside::Beside;
use super::captions::{Caption, Captions, Forms, Line};
use super::marks::Heights;
use super::paint::NAME;
use super::stretch::{Half, LABEL, Stretch, moments, stretches};
use crate::plan::fold::Shown;
use crate::plan::rows::Row;
use crate::scene::Scene;
use crate::story::is_unreturned;
use crate::text::{Unit, columns, duration, folded, label, span, with_code, wrap};
use crate::waits::Vain;

/// What a character of the font is wide, in tenths of a pixel: 12 px high, and 0.6 of that, as monospaced fonts are.
pub(super) const CHAR: usize = 72;
/// How far lanes are apart where there is room: two have more between them than many.
const GAPS: [i32; 3] = [290, 240, 200];
/// Closer together they have no room for the words between them.
const CLOSEST: i32 = 150;
/// What a window of 1280 pixels shows: without the edges of a page and what it is scrolled with.
const WINDOW: i32 = 1_230;
/// Half the width of a box.
pub(super) const HALF: i32 = 5;
/// From a lane to the words beside it.
const BESIDE: i32 = 12;
/// From a line of words beside a lane to the next.
const WORD_LINE: i32 = 14;
/// Where the lanes begin.
pub(super) const TOP: i32 = 52;
/// How wide the sentences are, in characters, beside few lanes and beside many; and how high a line of them is.
const NOTE: usize = 44;
const NARROW_NOTE: usize = 34;
const MANY: usize = 5;
pub(super) const NOTE_LINE: i32 = 15;

/// How a line is drawn, so that it is told from others without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Style {
    Bytes,
    Datagram,
    Peek,
    Guess,
    Connect,
    Fin,
    Reset,
    /// Sent, and never received.
    Lost,
}

#[derive(Debug)]
pub(super) struct Post {
    pub(super) x: i32,
    pub(super) name: String,
    pub(super) under: String,
}

#[derive(Debug)]
pub(super) struct Deed {
    pub(super) call: usize,
    pub(super) x: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
    pub(super) dir: Option<Dir>,
    /// It never returned.
    pub(super) is_open: bool,
}

#[derive(Debug)]
pub(super) struct Arrow {
    pub(super) from: (i32, i32),
    pub(super) to: (i32, i32),
    pub(super) style: Style,
    pub(super) caption: Caption,
    pub(super) calls: [Option<usize>; 2],
    /// Its end is here: it did not go on elsewhere.
    pub(super) has_head: bool,
    /// Its other half stands elsewhere.
    pub(super) is_cut: bool,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) is_right: bool,
    pub(super) text: String,
    pub(super) call: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) y: i32,
    /// The same in one line.
    pub(super) text: String,
    pub(super) lines: Vec<String>,
    pub(super) level: Level,
    pub(super) code: String,
    pub(super) call: Option<usize>,
    /// From where a line leads to it, if one does.
    pub(super) lane: Option<i32>,
}

/// One page of a ladder.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) ascii: bool,
    /// Boxes stand beside each other.
    pub(super) has_threads: bool,
    pub(super) lanes: Vec<Post>,
    pub(super) deeds: Vec<Deed>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) words: Vec<Word>,
    pub(super) sentences: Vec<Sentence>,
    /// Times, at the left.
    pub(super) times: Vec<(i32, String)>,
    pub(super) breaks: Vec<(i32, String)>,
    pub(super) folds: Vec<(i32, String)>,
    /// Where the sentences begin.
    pub(super) aside: i32,
    pub(super) remarks: Vec<String>,
}

pub(super) struct Builder<'p, 's, 'a> {
    pub(super) scene: &'p Scene<'s, 'a>,
    pub(super) picture: Picture,
    pub(super) heights: Heights,
    pub(super) gap: i32,
    pub(super) beside: Beside,
    /// What the arrows say.
    pub(super) words: Vec<Forms>,
    /// How wide its sentences are, in characters; none where it has none.
    note: Option<usize>,
    unit: Unit,
    zero: u64,
}

impl Picture {
    /// Lays out the rows that are `shown`.
    pub(super) fn new(scene: &Scene<'_, '_>, shown: &[Shown], ascii: bool) -> Self {
        let (zero, span) = span(scene);
        let picture = Self { ascii, ..Self::default() };
        let heights = Heights::new(TOP);
        let count = scene.lanes.all.len();
        let gap = GAPS[count.clamp(2, 4) - 2];
        let note = if count < MANY { NOTE } else { NARROW_NOTE };
        let note = (!scene.story.notes.is_empty()).then_some(note);
        let unit = Unit::of(span);
        let (beside, words) = (Beside::new(scene, shown), Vec::new());
        let mut builder = Builder { scene, picture, heights, gap, beside, words, note, unit, zero };
        builder.posts(shown);
        // Between two folds time is one piece.
        for (rows, fold) in stretches(scene, shown) {
            builder.stretch(&rows, fold.is_none());
            if let Some(Shown::Fold { first, len, times }) = fold {
                let y = builder.heights.room(44);
                builder.picture.folds.push((y, folded(scene, first, len, times, ascii)));
            }
        }
        builder.finish()
    }
}

impl Builder<'_, '_, '_> {
    /// Where the lanes stand: as far from the edge as the words beside them need.
    fn posts(&mut self, shown: &[Shown]) {
        let ascii = self.picture.ascii;
        let lanes = &self.scene.lanes.all;
        let (mut left, mut right) = (0, 0);
        for each in shown {
            let Shown::Row(n) = *each else { continue };
            let step = &self.scene.steps[self.scene.rows[n].step];
            for moment in moments(self.scene, step, Half::Both) {
                let label = label(self.scene, &moment.touch, moment.leaves, ascii);
                let broken = label.lines(LABEL);
                let width = broken.iter().map(|text| columns(text)).max().unwrap_or(0);
                if moment.touch.lane == 0 && !moment.is_right {
                    left = left.max(width);
                } else if moment.touch.lane + 1 == lanes.len() && moment.is_right {
                    right = right.max(width);
                }
            }
        }
        let names = |lane: Option<&crate::plan::lanes::Lane>| {
            lane.map_or(0, |lane| columns(&lane.name).max(columns(&lane.under)).min(NAME)) / 2
        };
        let time = columns(&self.unit.show(span(self.scene).1, ascii)) + 2;
        let first = 8 + pixels(time) + BESIDE + pixels(left.max(names(lanes.first())));
        let deep = self.beside.most(lanes.len().saturating_sub(1));
        let right = pixels(right.max(names(lanes.last())));
        let beside = deep + BESIDE + right.max(self.stray_room(shown)) + 28;
        let gaps = i32::try_from(lanes.len()).unwrap_or(1).saturating_sub(1).max(1);
        let fits = (WINDOW - first - beside - self.aside()) / gaps;
        // Boxes beside each other leave as much room between the lanes.
        let inner = (0..lanes.len().saturating_sub(1)).map(|lane| self.beside.most(lane));
        let closest = CLOSEST + inner.max().unwrap_or(0);
        self.gap = self.gap.min(fits).max(closest);
        for (n, lane) in (0..).zip(lanes) {
            let post = Post {
                x: first + n * self.gap,
                name: lane.name.clone(),
                under: lane.under.clone(),
            };
            self.picture.lanes.push(post);
        }
        let last = self.picture.lanes.last().map_or(first, |post| post.x);
        self.picture.aside = last + beside;
    }

    /// Lays out rows that follow each other.
    fn stretch(&mut self, rows: &[Row], is_last: bool) {
        let (scene, ascii) = (self.scene, self.picture.ascii);
        let (placed, breaks) = (self.heights.len(), self.heights.breaks.len());
        let stretch = Stretch::new(scene, rows, [placed == 0, is_last]);
        let width = self.note.unwrap_or(NOTE);
        let lines = |note: &Note| wrap(&with_code(note, true), width, ascii);
        let high = |lines: usize| NOTE_LINE * i32::try_from(lines).unwrap_or(1) + 8;
        self.heights.place(stretch.marks(scene, ascii, |note| high(lines(note).len())));
        self.draw(&stretch, placed);
        let mut used: (u64, i32) = (0, 0);
        for &(t, call, note) in &stretch.notes {
            used = if used.0 == t { used } else { (t, 0) };
            let (lines, y) = (lines(note), self.heights.of(t, placed) + used.1);
            let lane = call.map(|call| scene.lanes.of_call(scene.story, call));
            // Words stand right of the last lane: the line begins behind them.
            let is_last = lane.is_some_and(|lane| lane + 1 == self.picture.lanes.len());
            let behind = self.picture.aside - 26;
            let lane = lane.map(|lane| if is_last { behind } else { self.x(lane) + HALF + 1 });
            let lane = lane.filter(|_| used.1 == 0);
            used.1 += high(lines.len());
            let (level, code, text) =
                (note.level.clone(), note.code.clone(), with_code(note, true));
            self.picture.sentences.push(Sentence { y, text, lines, level, code, call, lane });
        }
        let long = |&(y, wait): &(i32, u64)| (y, duration(wait, ascii));
        self.picture.breaks.extend(self.heights.breaks[breaks..].iter().map(long));
    }

    fn draw(&mut self, stretch: &Stretch<'_>, placed: usize) {
        let (scene, ascii) = (self.scene, self.picture.ascii);
        for &call in &stretch.calls {
            let (done, (enter, exit)) = (scene.story.calls[call], stretch.spans[&call]);
            let lane = scene.lanes.of_call(scene.story, call);
            let x = self.x(lane) + self.beside.of(Some(call));
            let top = self.heights.of(enter, placed);
            let bottom = self.heights.of(exit, placed).max(top + 4);
            let is_open = is_unreturned(done);
            // A wait in vain stands for the receive that never came.
            let dir = scene.story.vain(call).map_or(done.dir, Vain::dir);
            self.picture.deeds.push(Deed { call, x, top, bottom, dir, is_open });
        }
        let mut last: HashMap<(usize, bool), i32> = HashMap::new();
        for &n in &stretch.steps {
            let (step, half) = (&scene.steps[n], stretch.half(n));
            for moment in moments(scene, step, half) {
                let lines = label(scene, &moment.touch, moment.leaves, ascii).lines(LABEL);
                let Some(below) = lines.len().checked_sub(1) else { continue };
                let y = self.heights.of(moment.t, placed);
                let lane = self.x(moment.touch.lane);
                let used = last
                    .get(&(moment.touch.lane, moment.is_right))
                    .copied()
                    .unwrap_or(i32::MIN / 2);
                // Only what stands at the same height has to give way; an earlier one lower down does not push.
                let y = if (used - y).abs() < 13 { used + WORD_LINE } else { y };
                let end = y + WORD_LINE * i32::try_from(below).unwrap_or(0);
                last.insert((moment.touch.lane, moment.is_right), end);
                let (is_right, call) = (moment.is_right, moment.touch.call);
                let beside = self.beside.most(moment.touch.lane) + BESIDE;
                let x = if is_right { lane + beside } else { lane - BESIDE };
                for (n, text) in (0..).zip(lines) {
                    self.picture.words.push(Word { x, y: y + WORD_LINE * n, is_right, text, call });
                }
                self.picture
                    .times
                    .push((y, self.unit.show(moment.t.saturating_sub(self.zero), ascii)));
            }
            self.arrow(step, half, placed);
        }
    }

    /// Gives all arrows their words, now that every line is known.
    fn captions(&mut self) {
        let lines: Vec<Line> =
            self.picture.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        let posts = self.picture.lanes.iter().map(|post| post.x);
        // Boxes of threads stand right of their lane.
        let right = posts.clone().enumerate().map(|(n, x)| x + HALF + self.beside.most(n));
        let mut captions = Captions::new(right.zip(posts.skip(1).map(|x| x - HALF)));
        for word in &self.picture.words {
            let wide = if word.is_right { 0 } else { pixels(columns(&word.text)) };
            captions.take(&word.text, word.x - wide, word.y);
        }
        let captions = captions.all(std::mem::take(&mut self.words), &lines);
        for (arrow, caption) in self.picture.arrows.iter_mut().zip(captions) {
            arrow.caption = caption;
        }
    }

    pub(super) fn x(&self, lane: usize) -> i32 {
        self.picture.lanes.get(lane).map_or(0, |post| post.x)
    }

    fn finish(mut self) -> Picture {
        self.captions();
        self.picture.times.sort();
        // One time for a height is enough.
        self.picture.times.dedup_by(|next, before| next.0 - before.0 < 12);
        self.picture.height = self.heights.end() + 24;
        self.picture.has_threads = self.beside.is_used();
        let has_notes = !self.picture.sentences.is_empty();
        self.picture.width = self.picture.aside + if has_notes { self.aside() } else { 0 };
        self.picture
    }

    /// How wide the column of sentences is.
    fn aside(&self) -> i32 {
        self.note.map_or(0, |note| pixels(note + 3))
    }
}

/// What a text of so many columns is wide.
pub(super) fn pixels(columns: usize) -> i32 {
    i32::try_from((columns * CHAR).div_ceil(10)).unwrap_or(i32::MAX / 4)
}
