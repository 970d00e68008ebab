//! What stands beside a lane and on an arrow, in words.

use sock_record::{Call, CallKind, Interval};

use super::preview::{columns, plain, preview};
use super::units::{count, duration};
use crate::pair::{Joined, part, urgent};
use crate::plan::steps::{Part, Step, Touch, Untold, What};
use crate::scene::Scene;
use crate::story::{Fate, Story, is_by_end, is_eof, is_peek, is_unreturned, returned};
use crate::waits::{Vain, signal};

/// In less room, in columns, a preview shows nothing: its quotes, its sign for more, a letter.
const LEAST: usize = 4;
/// Behind a size, a preview that is cut to less is left away.
const HINT: usize = 7;
/// Longer labels would push the lanes together.
const LABEL: usize = 24;

/// What stands beside a lane: a call, what came of it, and what there is to say of how long that took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Label {
    pub(crate) words: String,
    /// Stands behind the words where there is room, else below them, each on a line of its own.
    pub(crate) more: Vec<String>,
    /// What is between both on one line.
    joint: &'static str,
}

impl Label {
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// All of it on one line.
    pub(crate) fn line(&self) -> String {
        if self.more.is_empty() {
            return self.words.clone();
        }
        [&*self.words, self.joint, &self.more.join(" ")].concat()
    }

    /// On one line, or on a few where one would be longer than `most`.
    pub(crate) fn lines(&self, most: usize) -> Vec<String> {
        let whole = self.line();
        if self.is_empty() || columns(&whole) <= most {
            return if self.is_empty() { Vec::new() } else { vec![whole] };
        }
        let more = (!self.more.is_empty()).then(|| self.more.join(" "));
        std::iter::once(self.words.clone()).chain(more).collect()
    }

    /// Adds by how much its call was later, in ns, than the time at which its row stands.
    pub(super) fn later(mut self, by: Option<u64>, ascii: bool) -> Self {
        let Some(by) = by.filter(|_| !self.is_empty()) else { return self };
        let later = format!("{} later", duration(by, ascii));
        if self.more.is_empty() {
            self.joint = if ascii { ", " } else { " · " };
            self.more.push(later);
        } else {
            self.more.insert(0, later + ",");
        }
        self
    }

    /// How many columns it takes where it may have several lines.
    pub(super) fn narrow(&self) -> usize {
        let more = self.more.iter().map(|line| columns(line));
        more.chain([columns(&self.words)]).max().unwrap_or(0)
    }
}

impl From<&str> for Label {
    fn from(words: &str) -> Self {
        Self { words: words.to_owned(), ..Self::default() }
    }
}

/// The label of a lane in a row. Nothing where another row of the same call says it.
pub(crate) fn label(scene: &Scene<'_, '_>, touch: &Touch, leaves: bool, ascii: bool) -> Label {
    let story = scene.story;
    // A send says at once how much it sent, a receive when it has it all.
    let speaks = match touch.part {
        Part::Only => true,
        Part::First => leaves,
        Part::Last => !leaves,
        Part::Middle => false,
    };
    let Some(n) = touch.call else {
        return touch.word.map(Untold::as_str).unwrap_or_default().into();
    };
    if !speaks {
        return Label::default();
    }
    let call = story.calls[n];
    if is_by_end(call) && story.is_stopped(call.proc) {
        return "ended by sock".into();
    }
    if story.is_by_sigpipe(n) {
        return "ended by SIGPIPE".into();
    }
    let fate = is_unreturned(call).then(|| story.fate(call.proc));
    let nothing = if story.is_empty_message(n) {
        Nothing::Message
    } else if story.is_own_end(n) {
        Nothing::OwnEnd
    } else {
        Nothing::End
    };
    let (vain, pending) = (story.vain(n), story.pending(n));
    let waited = Waited { vain, pending, long: story.waits.long(n, call), fate, nothing };
    let mut label = of_call(call, waited, ascii);
    if let Some(tag) = story.on(n).and_then(|sock| scene.tags.of(sock)) {
        label.words = format!("{} {tag}", label.words);
    }
    label
}

/// What is known of how a call waited.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waited {
    pub(super) vain: Option<Vain>,
    /// What a wait that never returned was for.
    pub(super) pending: Option<Vain>,
    pub(super) long: Option<u64>,
    /// How it was over, where it never returned.
    pub(super) fate: Option<Fate>,
    /// What it means that it received nothing.
    pub(super) nothing: Nothing,
}

/// What a receive of nothing met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Nothing {
    /// The peer's end.
    #[default]
    End,
    /// The end that its own side had made of receiving.
    OwnEnd,
    /// A message without content.
    Message,
}

/// The label of a call.
pub(super) fn of_call(call: &Call, waited: Waited, ascii: bool) -> Label {
    let plain = |text: &str| plain(text, LABEL, ascii);
    if let Some(vain) = waited.vain {
        let took = duration(waited.long.unwrap_or_else(|| returned(call) - call.enter), ascii);
        let (words, lack) = (format!("{} gave up", vain.call()), vain.lack());
        return Label { words, more: vec![format!("after {took}:"), lack.to_owned()], joint: " " };
    }
    let can_wait = call.dir.is_some() || call.call == CallKind::Accept || waited.pending.is_some();
    let name: &str = match waited.pending {
        Some(pending) => pending.call(),
        None => call.call.as_str(),
    };
    if is_unreturned(call) && can_wait {
        let more = match waited.fate {
            Some(Fate::Stopped) => "when sock ended it",
            Some(Fate::Ended) if let Some(signal) = signal(call) => &format!("when {signal} came"),
            Some(Fate::Ended) => "when it was ended",
            Some(Fate::Open) => "when the trace ended",
            None => return Label::from(&*plain(&format!("{name} still waiting"))),
        };
        let words = plain(&format!("{name} still waiting"));
        return Label { words, more: vec![more.to_owned()], joint: " " };
    }
    let words = words(call, waited.nothing == Nothing::End);
    if columns(&words) > LABEL
        && let Some((done, asked)) = words.split_once(" of ")
    {
        // Cut at its end it would tell another number.
        let took = waited.long.map(|long| format!("(waited {})", duration(long, ascii)));
        let more = std::iter::once(format!("of {asked}")).chain(took).collect();
        return Label { words: format!("{done} B"), more, joint: " " };
    }
    let words = plain(&words);
    if waited.nothing == Nothing::OwnEnd {
        let took = waited.long.map(|long| format!("(waited {})", duration(long, ascii)));
        let more = std::iter::once("its own shutdown".to_owned()).chain(took).collect();
        return Label { words, more, joint: ": " };
    }
    match waited.long {
        Some(long) => {
            let joint = if ascii { ", " } else { " · " };
            Label { words, more: vec![format!("waited {}", duration(long, ascii))], joint }
        }
        None => Label { words, ..Label::default() },
    }
}

/// A call and what came of it; `is_end` where nothing received is the peer's end.
fn words(call: &Call, is_end: bool) -> String {
    let name = match (&call.call, call.sys.as_deref()) {
        _ if is_peek(call) => "peek",
        (CallKind::Wait, Some("select" | "pselect6")) => "select",
        (CallKind::Wait, Some("poll" | "ppoll")) => "poll",
        (CallKind::Wait, Some(sys)) if sys.starts_with("epoll") => "epoll_wait",
        _ => call.call.as_str(),
    };
    if let Some(err) = &call.err {
        let signal =
            signal(call).filter(|_| **err == *"EINTR").map(|signal| format!(" ({signal})"));
        return format!("{name} {err}{}", signal.unwrap_or_default());
    }
    // No call closed it: its program ended.
    if let Some(by) = call.args.more.get("by").filter(|_| call.call == CallKind::Close) {
        return match call.args.more.get("by_signal").and_then(|signal| signal.as_str()) {
            Some(signal) => format!("ended by {signal}"),
            None if by == "kill" => "killed".to_owned(),
            None => "exit".to_owned(),
        };
    }
    if is_end && is_eof(call) && call.args.addr.is_none() {
        return format!("{name} 0 B: end");
    }
    if let Some(n) = urgent(call) {
        return format!("{name} {} B urgent", count(n));
    }
    match (&call.call, call.moved(), call.args.len) {
        (CallKind::Send, Some(n), Some(len)) if n < len => {
            format!("{name} {} of {} B", count(n), count(len))
        }
        (_, Some(n), _) => format!("{name} {} B", count(n)),
        (CallKind::Shutdown, None, _) => {
            let how = call.args.how.as_deref().unwrap_or_default();
            format!("{name} {}", how.strip_prefix("SHUT_").unwrap_or(how)).trim_end().to_owned()
        }
        (CallKind::Bind | CallKind::Listen, None, _) => {
            format!("{name} {}", call.args.addr.as_deref().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        _ => name.to_owned(),
    }
}

/// What stands on an arrow, in at most `room` columns.
pub(crate) fn caption(
    story: &Story<'_>,
    joined: &Joined,
    step: &Step,
    room: usize,
    ascii: bool,
) -> String {
    let unmet = step.to.is_some_and(|to| to.missing && to.call.is_none());
    let is_late = unmet && may_be_met_later(story, joined, step);
    let text = match step.what {
        What::Bytes(off) if off.is_empty() => "1 B urgent".into(),
        What::Bytes(off) => {
            // Where the labels beside the lanes say another number, the arrow has to say its own.
            let parted = step.from.part != Part::Only
                || step.to.is_some_and(|to| to.part != Part::Only)
                || unmet
                || step.from.missing;
            let unseen = step.to.is_some_and(|to| to.unseen);
            let parted = parted || unseen;
            let after = match (unmet, unseen) {
                (true, _) if is_late => " not read by then",
                (true, _) => " never read",
                (_, true) => " not seen",
                _ => "",
            };
            let bytes = stream_bytes(story, joined, step, off);
            sized(bytes, off.len(), parted, after, room, ascii)
        }
        What::Datagram(len) => {
            let after = match (unmet, is_late) {
                (_, true) => " not received by then",
                (true, _) => " never received",
                _ => "",
            };
            sized(dgram_bytes(story, step), len, false, after, room, ascii)
        }
        What::Connect if is_late => longest(["not accepted by then", "not accepted"], room),
        What::Connect if unmet => "never accepted".into(),
        What::Connect if !step.from.is_event() => "connect".into(),
        What::Connect | What::Local => String::new(),
        What::Refused => "refused".into(),
        What::Fin => "FIN".into(),
        What::HalfClose => longest(["FIN (half-close)", "half-close", "FIN"], room),
        What::Rst => longest(["RST (reset)", "RST"], room),
    };
    if columns(&text) <= room { text } else { fit(&text, room, ascii) }
}

/// Whether what nobody met may have been met after the last line of the record: who was to do so had not closed its end by then.
fn may_be_met_later(story: &Story<'_>, joined: &Joined, step: &Step) -> bool {
    let mate = step.from.call.and_then(|n| joined.mates[story.on(n)?]);
    story.is_cut_off() && mate.is_none_or(|mate| story.facts(mate).last_close.is_none())
}

/// Where a step went that nobody is known to have met.
pub(crate) fn goal<'a>(story: &'a Story<'_>, step: &Step) -> &'a str {
    let address = |n: usize| {
        let named = story.calls[n].args.addr.as_deref();
        named.or_else(|| story.peer_text(story.on(n)?))
    };
    step.from.call.and_then(address).unwrap_or("nobody")
}

/// `5 B "Hello" after`, with as much of the bytes as there is room for; the size alone where no bytes were kept.
pub(super) fn sized(
    bytes: Option<(&[u8], bool)>,
    len: u64,
    parted: bool,
    after: &str,
    room: usize,
    ascii: bool,
) -> String {
    let size = format!("{} B", count(len));
    let Some((bytes, more)) = bytes else { return size + after };
    let room = room.saturating_sub(after.len());
    let left = if parted { room.saturating_sub(size.len() + 1) } else { room };
    let shown = preview(bytes, more, left, ascii);
    // Quotes around nothing say less than how much it was, and behind that a letter or two say nothing.
    let is_cut = parted && columns(&shown) < HINT && !shown.ends_with('"');
    let is_empty = !bytes.is_empty() && (shown.starts_with("\"\"") || is_cut);
    if is_empty || (!after.is_empty() && left < LEAST && size.len() <= room) {
        // What did not arrive is seen without words as well.
        let has_room = size.len() <= room;
        return if has_room { size + after } else { size };
    }
    let before = if parted { size + " " } else { String::new() };
    before + &shown + after
}

/// The first that there is room for, else the last.
pub(super) fn longest<const N: usize>(words: [&str; N], room: usize) -> String {
    let fitting = words.into_iter().find(|words| words.len() <= room);
    fitting.or(words.last().copied()).unwrap_or_default().to_owned()
}

/// A harmless text cut to `room` columns; nothing where that would make another number of its first one.
fn fit(text: &str, room: usize, ascii: bool) -> String {
    let dots = if ascii { "..." } else { "…" };
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        if columns(&shown) + dots.chars().count() > room {
            shown.pop();
            break;
        }
    }
    let is_digit = |c: char| c.is_ascii_digit() || c == ',';
    let is_number = shown.ends_with(is_digit) && text[shown.len()..].starts_with(is_digit);
    if room < dots.len() || is_number { String::new() } else { shown + dots }
}

/// The bytes of a stream that a step shows, from the end that kept more of them, and whether there are more.
fn stream_bytes<'a>(
    story: &Story<'a>,
    joined: &Joined,
    step: &Step,
    off: Interval,
) -> Option<(&'a [u8], bool)> {
    let kept = |call: Option<usize>| {
        let call = call?;
        part(story.calls[call], joined.spans[call]?, off)
    };
    let ends = [kept(step.from.call), kept(step.to.and_then(|to| to.call))];
    let bytes = ends.into_iter().flatten().max_by_key(|bytes| bytes.len())?;
    (!bytes.is_empty()).then_some((bytes, (bytes.len() as u64) < off.len()))
}

fn dgram_bytes<'a>(story: &Story<'a>, step: &Step) -> Option<(&'a [u8], bool)> {
    let calls = [step.from.call, step.to.and_then(|to| to.call)].into_iter().flatten();
    let line = calls.map(|call| story.calls[call]).find(|call| call.data.is_some())?;
    let bytes = line.data.as_deref()?;
    Some((bytes, line.cut || line.moved().is_some_and(|n| (bytes.len() as u64) < n)))
}
