//! What stands beside a lane and on an arrow, in words.

use sock_record::{Call, CallKind, Interval};

use super::preview::{columns, plain, preview};
use super::units::count;
use crate::pair::{Joined, part};
use crate::plan::steps::{Part, Step, Touch, Untold, What};
use crate::story::{Story, is_eof, is_peek, is_unreturned};

/// Longer labels would push the lanes together.
const LABEL: usize = 24;

/// What stands beside a lane: the call and what came of it. Nothing where another row of the same call says it.
pub(crate) fn label(story: &Story<'_>, touch: &Touch, leaves: bool, ascii: bool) -> String {
    // A send says at once how much it sent, a receive when it has it all.
    let speaks = match touch.part {
        Part::Only => true,
        Part::First => leaves,
        Part::Last => !leaves,
        Part::Middle => false,
    };
    match touch.call {
        Some(call) if speaks => plain(&of_call(story.calls[call]), LABEL, ascii),
        Some(_) => String::new(),
        None => touch.word.map(Untold::as_str).unwrap_or_default().to_owned(),
    }
}

pub(super) fn of_call(call: &Call) -> String {
    let name = if is_peek(call) { "peek" } else { call.call.as_str() };
    if let Some(err) = &call.err {
        return format!("{name} {err}");
    }
    if is_unreturned(call) && call.dir.is_some() {
        return format!("{name} never returned");
    }
    if is_eof(call) && call.args.addr.is_none() {
        return format!("{name} 0 B: end");
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
    let text = match step.what {
        What::Bytes(off) => {
            // Where the labels beside the lanes say another number, the arrow has to say its own.
            let parted = step.from.part != Part::Only
                || step.to.is_some_and(|to| to.part != Part::Only)
                || unmet
                || step.from.missing;
            let after = if unmet { " never read" } else { "" };
            let bytes = stream_bytes(story, joined, step, off);
            sized(bytes, off.len(), parted, after, room, ascii)
        }
        What::Datagram(len) => {
            let after = if unmet { " never received" } else { "" };
            sized(dgram_bytes(story, step), len, false, after, room, ascii)
        }
        What::Connect if unmet => "never accepted".into(),
        What::Connect if !step.from.is_event() => "connect".into(),
        What::Connect | What::Local => String::new(),
        What::Refused => "refused".into(),
        What::Fin => "FIN".into(),
        What::HalfClose => longest(["FIN (half-close)", "half-close"], room),
        What::Rst => longest(["RST (reset)", "RST"], room),
    };
    if columns(&text) <= room { text } else { fit(&text, room, ascii) }
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
    let before = if parted { size + " " } else { String::new() };
    let left = room.saturating_sub(before.len() + after.len());
    format!("{before}{}{after}", preview(bytes, more, left, ascii))
}

/// The longer one where there is room for it.
pub(super) fn longest([long, short]: [&str; 2], room: usize) -> String {
    if long.len() <= room { long.into() } else { short.into() }
}

/// A harmless text cut to `room` columns.
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
    if room < dots.len() { String::new() } else { shown + dots }
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
