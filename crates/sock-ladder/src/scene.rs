//! Scenes: a record paired, planned and folded; all that a drawing has to know.

use std::collections::BTreeMap;

use sock_record::{Ev, Line, Note};

use crate::pair::Joined;
use crate::plan::fold::{Shapes, Shown, fold};
use crate::plan::lanes::Lanes;
use crate::plan::parts::number;
use crate::plan::rows::{Row, Share, number_cuts, rows};
use crate::plan::steps::{Part, Step, Touch, What, steps};
use crate::story::Story;
use crate::tags::Tags;
use crate::text::Drawing;
use crate::waits::LONG;

/// Everything that a drawing shows.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Scene<'s, 'a> {
    pub(crate) story: &'s Story<'a>,
    pub(crate) joined: &'s Joined,
    pub(crate) lanes: &'s Lanes,
    /// Which socket a call is on, where it could be taken for one on another.
    pub(crate) tags: Tags,
    pub(crate) steps: &'s [Step],
    pub(crate) rows: &'s [Row],
    /// The rows in their order, with what repeats put together.
    pub(crate) shown: Vec<Shown>,
    /// What is said of calls that are not drawn.
    pub(crate) untold: Vec<&'a Note>,
    /// What is not said again.
    pub(crate) told: &'s [Note],
    /// Codes stand behind what is said.
    pub(crate) explains: bool,
    /// Several share a lane.
    pub(crate) is_crowded: bool,
    /// Something went where nobody is known.
    pub(crate) has_strays: bool,
    /// Not everything that the programs did is here.
    pub(crate) is_part: bool,
}

impl Scene<'_, '_> {
    /// Whether what goes nowhere leaves a lane to the right: between two lanes there is room for it.
    pub(crate) fn strays_right(&self, lane: usize) -> bool {
        let count = self.lanes.all.len();
        count == 1 || lane + 1 < count
    }

    /// Whether the words of what stays on a lane stand right of it: on the outside, where nothing leaves it. Between two
    /// lanes they stand where the others of their lane do.
    pub(crate) fn stands_right(&self, lane: usize) -> bool {
        let all = &self.lanes.all;
        if lane + 1 == all.len() {
            return lane > 0 || !self.has_strays;
        }
        lane > 0 && !all[lane].only_asks()
    }
}

/// Sets the scene of a record, on at most `most` lanes, and draws it.
pub(crate) fn stage<'a, T>(
    lines: impl IntoIterator<Item = &'a Line>,
    drawing: &Drawing,
    most: usize,
    draw: impl FnOnce(&Scene<'_, '_>) -> T,
) -> T {
    let said: Vec<Note>;
    let mut story = Story::new(lines);
    let mut joined = Joined::new(&story);
    if drawing.explain {
        said = crate::explain::notes(&story, &joined);
        story.hear(&said);
    }
    let mut posts = Lanes::new(&story, &joined);
    let asked = posts.all.len();
    posts.gather(most);
    let is_crowded = posts.all.len() < asked;
    let tags = Tags::new(&story, &joined, &posts);
    let mut steps = steps(&story, &joined, &posts, drawing.all_calls);
    let untold = untold(&story, &steps);
    if let Some(only) = &drawing.only {
        let is_meant = |touch: &Touch| touch.call.is_some_and(|n| story.calls[n].call == *only);
        steps.retain(|step| is_meant(&step.from) || step.to.as_ref().is_some_and(is_meant));
    }
    // The steps say what the links said, and a long record has millions of them.
    joined.joins = Vec::new();
    number(&mut steps);
    let mut rows = rows(&steps, posts.all.len());
    let shown = if drawing.fold {
        fold(&shapes(&story, &steps, &rows))
    } else {
        (0..rows.len()).map(Shown::Row).collect()
    };
    let drawn = shown.iter().filter_map(|each| match *each {
        Shown::Row(n) => Some(n),
        Shown::Fold { .. } => None,
    });
    number_cuts(&mut rows, drawn);
    draw(&Scene {
        story: &story,
        joined: &joined,
        lanes: &posts,
        tags,
        steps: &steps,
        rows: &rows,
        shown,
        untold,
        told: &drawing.told,
        explains: drawing.explain,
        is_crowded,
        is_part: drawing.is_part || drawing.only.is_some(),
        has_strays: steps.iter().any(Step::is_stray),
    })
}

/// The notes about calls that have no step.
fn untold<'a>(story: &Story<'a>, steps: &[Step]) -> Vec<&'a Note> {
    let mut left: BTreeMap<Ev, &Vec<&'a Note>> =
        story.notes.iter().map(|(ev, notes)| (*ev, notes)).collect();
    for step in steps {
        if left.is_empty() {
            break;
        }
        let calls = [step.from.call, step.to.and_then(|to| to.call)];
        for call in calls.into_iter().flatten() {
            left.remove(&story.calls[call].ev);
        }
    }
    left.into_values().flatten().copied().collect()
}

/// A number for each row; rows with the same number look the same but for their content and time.
fn shapes(story: &Story<'_>, steps: &[Step], rows: &[Row]) -> Vec<u32> {
    let mut shapes = Shapes::new();
    let number = |row: &Row| {
        let step = &steps[row.step];
        // Equal bytes of a stream at other offsets are the same to a reader.
        let (what, len) = match step.what {
            What::Bytes(off) => (None, off.len()),
            What::Connect
            | What::Refused
            | What::Datagram(_)
            | What::Fin
            | What::HalfClose
            | What::Rst
            | What::Local => (Some(step.what), 0),
        };
        let side = |n: Option<usize>, part: Part| {
            let call = n.map(|n| story.calls[n]);
            let notes = call
                .and_then(|call| story.notes.get(&call.ev))
                .map(|notes| notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>());
            let is_long = n.is_some_and(|n| story.waits.long(n, story.calls[n]).is_some());
            let seen = call.map(|call| (&call.call, call.ret, call.err.as_deref(), call.proc));
            (seen, is_long, part, notes)
        };
        let to =
            step.to.map(|to| (to.lane, to.word, (to.missing, to.unseen), side(to.call, to.part)));
        let from = (
            step.from.lane,
            step.from.word,
            step.from.missing,
            side(step.from.call, step.from.part),
        );
        let split = match row.share {
            Share::Whole => 0_u8,
            Share::Departs(_) => 1,
            Share::Arrives(_) => 2,
        };
        // Datagrams into the void are told apart by where they went.
        let is_posted = step.is_stray() && matches!(step.what, What::Datagram(_));
        let goal = is_posted.then(|| crate::text::goal(story, step));
        let is_late = row.later(step).is_some_and(|by| by >= LONG);
        (what, len, from, to, split, (step.peek, step.guess, is_late), goal)
    };
    rows.iter().map(|row| shapes.number(number(row))).collect()
}
