//! One row of a live ladder, with everything that it needs to be drawn later.

use std::hash::{DefaultHasher, Hash, Hasher};

use sock_record::{Call, CallKind, Ev};

use super::super::words::{Label, longest, sized};
use super::book::Who;
use crate::plan::rows::{LATE, Share};
use crate::plan::steps::{Part, What};
use crate::story::returned;
use crate::waits::LONG;

/// So many of its bytes a row keeps: no arrow is longer.
const KEPT: usize = 128;

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) what: What,
    pub(super) from: Side,
    /// None for what stays on its lane, and for what went where nobody is known.
    pub(super) to: Option<Side>,
    /// Where it went, if nobody is known there.
    pub(super) goal: Option<Box<str>>,
    pub(super) share: Share,
    pub(super) peek: bool,
    /// The other side is in the record, and did not take it to the end.
    pub(super) unmet: bool,
    /// The other side may have taken it by ways that are not in the record.
    pub(super) unseen: bool,
    pub(super) load: Load,
    /// When it began, and when it was over, in ns since t0.
    pub(super) t: u64,
    pub(super) arrive: u64,
}

/// A row at one of its lanes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Side {
    pub(super) who: Who,
    pub(super) label: Label,
    pub(super) part: Part,
    pub(super) call: Option<(Ev, CallKind)>,
    pub(super) tag: Tag,
}

/// The port by which a connection is told from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tag {
    pub(super) port: Option<u16>,
    /// There are others between the same two programs.
    pub(super) is_one_of_several: bool,
}

/// What an arrow carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    pub(super) bytes: Option<Box<[u8]>>,
    pub(super) more: bool,
    pub(super) len: u64,
}

impl Side {
    /// A call at a lane.
    pub(super) fn of(who: Who, call: &Call, label: Label) -> Self {
        let call = Some((call.ev, call.call.clone()));
        Self { who, label, part: Part::Only, call, tag: Tag::default() }
    }

    /// A lane at which no call is drawn.
    pub(super) fn bare(who: Who) -> Self {
        Self { who, label: Label::default(), part: Part::Only, call: None, tag: Tag::default() }
    }

    /// Its words, with its port where that is asked for.
    fn label(&self, is_tagged: bool) -> Label {
        let mut label = self.label.clone();
        if let Some(port) = self.tag.port.filter(|_| is_tagged && !label.is_empty()) {
            label.words = format!("{} :{port}", label.words);
        }
        label
    }

    /// As far as the call's own number goes, it is the same.
    fn shape(&self, hash: &mut impl Hasher) {
        let kind = self.call.as_ref().map(|call| &call.1);
        // Who waited waited as long as it did: no two waits are the same.
        let waited = !self.label.more.is_empty();
        (&self.who, &self.label.words, waited, self.part, kind).hash(hash);
    }
}

impl Load {
    /// Those of `bytes` that an arrow can show, of `len` that it carries.
    pub(super) fn new(bytes: Option<&[u8]>, len: u64) -> Self {
        let kept = bytes.map(|bytes| &bytes[..bytes.len().min(KEPT)]);
        let more = kept.is_some_and(|kept| (kept.len() as u64) < len);
        Self { bytes: kept.map(Into::into), more, len }
    }
}

impl Row {
    /// What a call did on its own lane.
    pub(super) fn local(side: Side, call: &Call) -> Self {
        Self {
            what: What::Local,
            from: side,
            to: None,
            goal: None,
            share: Share::Whole,
            peek: false,
            unmet: false,
            unseen: false,
            load: Load::default(),
            t: call.enter,
            arrive: returned(call),
        }
    }

    /// An arrow.
    pub(super) fn arrow(what: What, from: Side, to: Side, (t, arrive): (u64, u64)) -> Self {
        Self {
            what,
            from,
            to: Some(to),
            goal: None,
            share: Share::Whole,
            peek: false,
            unmet: false,
            unseen: false,
            load: Load::default(),
            t,
            arrive,
        }
    }

    /// An arrow to an address at which nobody is known.
    pub(super) fn stray(self, goal: &str) -> Self {
        let goal = if goal.is_empty() { "nobody" } else { goal };
        Self { to: None, goal: Some(goal.into()), ..self }
    }

    /// Rows of the same shape look the same but for their times and contents.
    pub(super) fn shape(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        std::mem::discriminant(&self.what).hash(&mut hash);
        std::mem::discriminant(&self.share).hash(&mut hash);
        let is_late = self.later().is_some_and(|by| by >= LONG);
        (self.peek, self.load.len, is_late).hash(&mut hash);
        // Datagrams into the void are told apart by where they went.
        let goal = self.goal.as_ref().filter(|_| matches!(self.what, What::Datagram(_)));
        goal.hash(&mut hash);
        self.from.shape(&mut hash);
        if let Some(to) = &self.to {
            to.shape(&mut hash);
        }
        hash.finish()
    }

    /// Both sides, of which a row whose other half stands elsewhere has one.
    pub(super) fn sides(&self) -> impl Iterator<Item = (&Side, bool)> {
        let from = (!matches!(self.share, Share::Arrives(_))).then_some((&self.from, true));
        let to = self.to.as_ref().filter(|_| !matches!(self.share, Share::Departs(_)));
        from.into_iter().chain(to.map(|to| (to, false)))
    }

    /// Whether it could be about one connection as well as about another.
    pub(super) fn is_one_of_several(&self) -> bool {
        self.sides().any(|(side, _)| side.tag.is_one_of_several)
    }

    pub(super) fn is_about(&self, kind: &CallKind) -> bool {
        let sides = [Some(&self.from), self.to.as_ref()].into_iter().flatten();
        sides.filter_map(|side| side.call.as_ref()).any(|call| call.1 == *kind)
    }

    /// The words of one of its sides, with what there is to say of when that was.
    pub(super) fn label(
        &self,
        (side, leaves): (&Side, bool),
        is_tagged: bool,
        ascii: bool,
    ) -> Label {
        side.label(is_tagged).later(self.later().filter(|_| !leaves), ascii)
    }

    /// By how much later than the row's time what it shows was met by a call, in ns, where that is worth a word.
    pub(super) fn later(&self) -> Option<u64> {
        let is_met =
            self.from.call.is_some() && self.to.as_ref().is_some_and(|to| to.call.is_some());
        let by = self.arrive.saturating_sub(self.t);
        (is_met && self.share == Share::Whole && by >= LATE).then_some(by)
    }

    /// The calls that this row is the first to name, or the last to.
    #[cfg(test)]
    pub(super) fn told(&self) -> Vec<Ev> {
        let named = self.sides().filter(|(side, leaves)| speaks(side.part, *leaves));
        named.filter_map(|(side, _)| side.call.as_ref()).map(|call| call.0).collect()
    }

    /// What stands on the arrow, in `room` columns.
    pub(super) fn caption(&self, room: usize, ascii: bool) -> String {
        let unmet = |word: &str| if self.unmet { format!(" {word}") } else { String::new() };
        let Load { bytes, more, len } = &self.load;
        let bytes = bytes.as_deref().filter(|bytes| !bytes.is_empty()).map(|bytes| (bytes, *more));
        let text = match self.what {
            What::Bytes(off) if off.is_empty() && *len > 0 => "1 B urgent".into(),
            What::Bytes(_) => {
                let sides = [Some(&self.from), self.to.as_ref()].into_iter().flatten();
                let parted =
                    self.unmet || self.unseen || sides.clone().any(|side| side.part != Part::Only);
                let after = if self.unseen { " not seen".into() } else { unmet("never read") };
                return sized(bytes, *len, parted, &after, room, ascii);
            }
            What::Datagram(_) => {
                return sized(bytes, *len, false, &unmet("never received"), room, ascii);
            }
            What::Connect if self.unmet => "never accepted".into(),
            What::Connect if self.from.label.is_empty() => "connect".into(),
            What::Connect | What::Local => String::new(),
            What::Refused => "refused".into(),
            What::Fin => "FIN".into(),
            What::HalfClose => longest(["FIN (half-close)", "half-close", "FIN"], room),
            What::Rst => longest(["RST (reset)", "RST"], room),
        };
        if text.len() <= room { text } else { String::new() }
    }
}

/// Whether a part of a call bears its name: a send says at once how much it sent, a receive when it has it all.
pub(super) fn speaks(part: Part, leaves: bool) -> bool {
    match part {
        Part::Only => true,
        Part::First => leaves,
        Part::Last => !leaves,
        Part::Middle => false,
    }
}
