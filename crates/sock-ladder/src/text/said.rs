//! What is said about rows rather than drawn: notes, folds, what the record lacks.

use sock_record::Note;

use super::canvas;
use super::preview::{columns, plain};
use super::units::{count, duration};
use crate::plan::fold;
use crate::plan::rows::{Row, Share};
use crate::plan::steps::Part;
use crate::scene::Scene;

/// When the first row is, and how long all take, in ns.
pub(crate) fn span(scene: &Scene<'_, '_>) -> (u64, u64) {
    let first = scene.rows.iter().map(|row| row.t).min().unwrap_or(0);
    let last = scene.rows.iter().map(|row| row.t).max().unwrap_or(0);
    (first, last - first)
}

/// The notes about the calls that a row shows for the last time.
pub(crate) fn notes_of<'a>(scene: &Scene<'_, 'a>, row: &Row) -> Vec<&'a Note> {
    let step = &scene.steps[row.step];
    let from = (step.from.call, step.from.part, !matches!(row.share, Share::Arrives(_)));
    let to = step.to.map(|to| (to.call, to.part, !matches!(row.share, Share::Departs(_))));
    [Some(from), to]
        .into_iter()
        .flatten()
        .filter(|(_, part, here)| *here && matches!(part, Part::Only | Part::Last))
        .filter_map(|(call, ..)| scene.story.notes.get(&scene.story.calls[call?].ev))
        .flatten()
        .copied()
        .collect()
}

/// A sentence, and behind it in brackets the code under which a page says more.
pub(crate) fn with_code(note: &Note, explains: bool) -> String {
    let has_page = explains && crate::page(&note.code).is_some();
    if has_page { format!("{} [{}]", note.text, note.code) } else { note.text.clone() }
}

/// What stands for rows that are not shown: how many there were, and how long one took where that is known.
pub(crate) fn folded(
    scene: &Scene<'_, '_>,
    first: usize,
    len: usize,
    times: usize,
    ascii: bool,
) -> String {
    let arrive = |row: &Row| scene.steps[row.step].arrive;
    let took = match fold::median(&scene.rows[first..], arrive, len, times) {
        0 => String::new(),
        median => format!(", median {}", duration(median, ascii)),
    };
    let ink = if ascii { &canvas::ASCII } else { &canvas::UNICODE };
    format!("{} {} the same{took}", ink.times, count(times as u64))
}

/// What a number behind a call means.
pub(super) const TAGGED: &str =
    "a port behind a call tells which socket: of a connection, that of who connected";

/// What is to be said below the ladder: what no row shows, and what the record lacks.
pub(crate) fn remarks(scene: &Scene<'_, '_>) -> Vec<String> {
    let whole = scene.story.remarks.iter().filter(|note| !scene.told.contains(note));
    let notes = scene.untold.iter().chain(whole);
    let mut lines: Vec<String> = notes.map(|note| with_code(note, scene.explains)).collect();
    let code = if scene.explains { " [gap]" } else { "" };
    if !scene.tags.is_empty() {
        lines.push(TAGGED.to_owned());
    }
    for gap in &scene.story.gaps {
        let missed = |kernel: Option<u64>, seen: Option<u64>| {
            kernel.zip(seen).map(|(kernel, seen)| kernel.saturating_sub(seen)).filter(|n| *n > 0)
        };
        let directions = [
            (missed(gap.kernel_out, gap.seen_out), "sent"),
            (missed(gap.kernel_in, gap.seen_in), "received"),
        ];
        let what: Vec<String> = directions
            .into_iter()
            .filter_map(|(n, how)| Some(format!("{} B {how}", count(n?))))
            .collect();
        let what = if what.is_empty() { "something".into() } else { what.join(" and ") };
        let why = gap.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(format!("not seen on socket {}: {what}{why}{code}", gap.sock.0));
    }
    if !scene.is_part && !scene.lanes.all.is_empty() {
        lines.extend(idle(&scene.story.idle()));
    }
    if let Some(dropped) = scene.story.end.map(|end| end.dropped).filter(|n| *n > 0) {
        lines.push(format!(
            "{} events were lost: they came faster than they were written",
            count(dropped)
        ));
    }
    lines
}

/// Why a program has no lane.
fn idle(names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("{one} used no socket")),
        [first @ .., last] => Some(format!("{} and {last} used no socket", first.join(", "))),
    }
}

/// Harmless text in lines of at most `room` columns, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, room: usize, ascii: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    // A sentence counts with this sign; in ASCII it has a letter for it.
    let text = if ascii { &text.replace('×', canvas::ASCII.times) } else { text };
    for word in words(&plain(text, usize::MAX, ascii)) {
        for piece in pieces(word, room.max(2), ascii) {
            let last = lines.last_mut().map(|line| (columns(line), line));
            match last {
                Some((0, line)) => line.push_str(&piece),
                Some((used, line)) if used + 1 + columns(&piece) <= room => {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

/// The units that stand behind a number, on the same line.
const UNITS: [&str; 6] = ["B", "s", "ms", "µs", "us", "ns"];

/// The words of a text, each number with its unit or with the sign before it.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut from): (Vec<&str>, usize) = (Vec::new(), 0);
    for (at, _) in text.match_indices(' ') {
        let word = &text[from..at];
        let next = text[at + 1..].split(' ').next().unwrap_or_default();
        let next = next.trim_end_matches([':', ',', ';', '.', ')']);
        let is_digit = |c: char| c.is_ascii_digit();
        let is_unit = UNITS.contains(&next) && word.ends_with(is_digit);
        let is_factor = word.ends_with('×') || word == "x" || word.ends_with("(x");
        if !(is_unit || (is_factor && next.starts_with(is_digit))) {
            words.push(word);
            from = at + 1;
        }
    }
    words.push(&text[from..]);
    words
}

/// A word in pieces of at most `room` columns. A number is never in two of them: either half would be another number.
fn pieces(word: &str, room: usize, ascii: bool) -> Vec<String> {
    let dots = if ascii { &"..."[..room.min(3)] } else { "…" };
    let mut pieces = vec![String::new()];
    for part in parts(word) {
        let is_number = part.starts_with(|c: char| c.is_ascii_digit());
        let part = if is_number && columns(part) > room { dots } else { part };
        let has_room = |piece: &String, part: &str| columns(piece) + columns(part) <= room;
        match pieces.last_mut() {
            Some(piece) if has_room(piece, part) => piece.push_str(part),
            _ => pieces.push(part.to_owned()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The numbers of a word, and the letters between them one by one.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        let is_of_number = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let len = if c.is_ascii_digit() {
            let end = rest.find(|c: char| !is_of_number(c)).unwrap_or(rest.len());
            // What stands behind a number belongs to the sentence.
            rest[..end].trim_end_matches([',', '.']).len()
        } else {
            c.len_utf8()
        };
        let (part, behind) = rest.split_at(len);
        rest = behind;
        Some(part)
    })
}
