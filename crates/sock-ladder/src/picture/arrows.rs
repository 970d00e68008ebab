//! Arrows: from lane to lane, to an address at which nobody is known, and those of which one half stands elsewhere.

use super::captions::Caption;
use super::layout::{Arrow, Builder, CHAR, HALF, Style, Word, pixels};
use super::stretch::Half;
use crate::plan::fold::Shown;
use crate::plan::steps::{Step, What};
use crate::text::{caption, columns, goal, plain, port};

/// How wide what an arrow says is where there is no room to say more: `65,536 B`.
const SHORT: i32 = 66;

/// How far below the last bytes an end arrives that nobody met.
const BEHIND: i32 = 10;

/// How long an arrow is that leads nowhere, and no shorter; and how far from its end the address stands.
const STRAY: i32 = 150;
const STUB: i32 = 44;
const NEXT: i32 = 8;

impl Builder<'_, '_, '_> {
    pub(super) fn arrow(&mut self, step: &Step, half: Half, placed: usize) {
        if step.is_stray() {
            return self.stray(step, placed);
        }
        let Some(to) = step.to.filter(|to| to.lane != step.from.lane) else { return };
        let a = self.x(step.from.lane) + self.beside.of(step.from.call);
        let b = self.x(to.lane) + self.beside.of(to.call);
        let side = if b > a { HALF } else { -HALF };
        let y = self.heights.of(step.depart, placed);
        let end = self.heights.of(step.arrive.max(step.depart), placed);
        let is_lost = to.missing && to.call.is_none() && is_load(step);
        let style = if is_lost { Style::Lost } else { style(step) };
        let calls = [step.from.call, to.call];
        // What nobody met arrives behind what it follows.
        let behind = if to.call.is_none() && step.arrive > step.depart { BEHIND } else { 0 };
        let (from, to) = ((a + side, y), (b - side, end + behind));
        let line = |from, to, has_head| {
            let caption = Caption::default();
            Arrow { from, to, style, caption, calls, has_head, is_cut: half != Half::Both }
        };
        let way = |part: i32| from.0 + (to.0 - from.0) * part / 8;
        let (arrow, number) = match half {
            Half::Both => (line(from, to, true), None),
            Half::Leaves(n) => (line(from, (way(4), y), false), Some((way(4), y, b > a, n))),
            Half::Comes(n) => (line((way(4), to.1), to, true), Some((way(4), to.1, b < a, n))),
        };
        self.say(step, if number.is_some() { self.gap / 2 } else { self.gap });
        self.picture.arrows.push(arrow);
        if let Some((x, y, is_right, n)) = number {
            let x = x + if is_right { NEXT } else { -NEXT };
            let call = calls.into_iter().flatten().next();
            self.picture.words.push(Word { x, y, is_right, text: format!("({n})"), call });
        }
    }

    /// Keeps what an arrow says, where it has so much room from lane to lane.
    fn say(&mut self, step: &Step, room: i32) {
        let words = |room: i32| {
            let room = usize::try_from(room).unwrap_or(0) * 10 / CHAR;
            caption(self.scene.story, self.scene.joined, step, room, self.picture.ascii)
        };
        self.words.push([room - 60, room - 90, SHORT].map(words));
    }

    /// An arrow that ends on the way, beside the address that it was for.
    fn stray(&mut self, step: &Step, placed: usize) {
        let (scene, lane) = (self.scene, step.from.lane);
        let rightward = scene.strays_right(lane);
        let side = if rightward { 1 } else { -1 };
        // Boxes of threads stand right of their lane.
        let own = self.beside.of(step.from.call);
        let x = self.x(lane) + own + side * HALF;
        let is_alone = scene.lanes.all.len() == 1;
        let room = if is_alone { i32::MAX / 4 } else { self.gap - own - 2 * HALF - 2 * NEXT };
        let whole = plain(goal(scene.story, step), usize::MAX, self.picture.ascii);
        let long = |text: &str, line: i32| pixels(columns(text)) + NEXT + line <= room;
        let text = if long(&whole, STRAY / 2) { &*whole } else { port(&whole, 0) };
        let text = if long(text, STUB) { text } else { "" };
        let behind = if text.is_empty() { room / 3 } else { pixels(columns(text)) + NEXT };
        let length = if is_alone { STRAY } else { (room - behind).max(STUB) };
        let y = self.heights.of(step.depart, placed);
        let (from, to) = ((x, y), (x + side * length, y));
        let (style, caption, calls) = (style(step), Caption::default(), [step.from.call, None]);
        self.say(step, length + 40);
        let has_head = step.what != What::Connect;
        let is_cut = false;
        self.picture.arrows.push(Arrow { from, to, style, caption, calls, has_head, is_cut });
        if !text.is_empty() {
            let (x, text) = (to.0 + side * NEXT, text.to_owned());
            let call = step.from.call;
            self.picture.words.push(Word { x, y, is_right: rightward, text, call });
        }
    }

    /// How much room arrows to nowhere need behind a lane that is alone.
    pub(super) fn stray_room(&self, shown: &[Shown]) -> i32 {
        if self.scene.lanes.all.len() != 1 || !self.scene.has_strays {
            return 0;
        }
        let strays = shown.iter().filter_map(|each| match *each {
            Shown::Row(n) => Some(&self.scene.steps[self.scene.rows[n].step]),
            Shown::Fold { .. } => None,
        });
        let story = self.scene.story;
        let wide = |step: &Step| columns(&plain(goal(story, step), usize::MAX, self.picture.ascii));
        let most = strays.filter(|step| step.is_stray()).map(wide).max().unwrap_or(0);
        HALF + STRAY + NEXT + pixels(most)
    }
}

/// Whether it carries something that is to be received.
fn is_load(step: &Step) -> bool {
    let is_load = matches!(step.what, What::Bytes(_) | What::Datagram(_) | What::Local);
    is_load && !(step.peek || step.guess)
}

/// How a step is drawn that is not lost.
fn style(step: &Step) -> Style {
    match step.what {
        _ if step.peek => Style::Peek,
        _ if step.guess => Style::Guess,
        What::Connect => Style::Connect,
        What::Fin | What::HalfClose => Style::Fin,
        What::Rst | What::Refused => Style::Reset,
        What::Bytes(_) | What::Local => Style::Bytes,
        What::Datagram(_) => Style::Datagram,
    }
}
