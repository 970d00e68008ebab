//! Calls at the same time on one socket: in which order the kernel took them.
//!
//! Threads that send at once are numbered in the order in which their returns were heard, and that need not be the order in
//! which the kernel took their bytes. The other end tells: an order is possible where every call stands behind those that
//! were over before it began, and its bytes are those that were met there. The one nearest to the order heard is taken. Where
//! two neighbours could change places and nobody would notice, both are guesses. Where no order agrees, or a send may have been
//! taken piece by piece, there is none to be found: [`super::torn`].

use sock_record::{Call, Dir, Interval};

use super::stream::{Move, Place, agree, is_before};
use crate::story::returned;

/// So many calls are under way at once at most, as far as anybody looks.
const WINDOW: usize = 32;

/// How many places are tried, beside a few for each call, before all of them are guesses: a long row that cannot be put in
/// order takes no longer than reading it.
const TRIES: usize = 4_096;

/// A receive takes its bytes when it returns: so long before, in ns, is as far as the stops of a tracer can be apart.
const SLOW: u64 = 5_000_000;

/// A send that took longer, in ns, even under a tracer, may have waited for room.
const SWIFT: u64 = 5_000_000;

/// Puts the calls of one end in the order that agrees with those of the other; both are in the order of their bytes. A send of
/// more than `chunk` bytes may be taken piece by piece.
pub(super) fn settle(moves: &mut [Move<'_>], others: &[Move<'_>], chunk: u64) {
    if !has_threads(moves) {
        return;
    }
    // When the first of all that come later may have begun: one that is numbered last may have begun long before.
    let mut soonest: Vec<u64> = moves.iter().map(|each| begun(each.line)).collect();
    for n in (1..soonest.len()).rev() {
        soonest[n - 1] = soonest[n - 1].min(soonest[n]);
    }
    let mut first = 0;
    while first < moves.len() {
        let mut until = returned(moves[first].line);
        let mut end = first + 1;
        while end < moves.len() && soonest[end] < until {
            until = until.max(returned(moves[end].line));
            end += 1;
        }
        let group = &mut moves[first..end];
        if has_threads(group) && is_row(group) {
            if group.iter().any(|each| is_pieces(each, chunk)) {
                for each in group.iter_mut() {
                    each.place = Place::Torn;
                }
            } else {
                arrange(group, others);
            }
        }
        first = end;
    }
    // Whoever counted some of them in wrong places has them received before they were sent.
    let is_whole =
        |each: &&mut Move<'_>| each.line.dir == Some(Dir::Out) && each.place != Place::Torn;
    for each in moves.iter_mut().filter(is_whole) {
        let near = others.partition_point(|other| other.off.end() <= each.off.start());
        let mut met = others[near..].iter().take_while(|got| got.off.start() < each.off.end());
        if met.any(|got| is_before(got, each)) {
            each.place = Place::Guessed;
        }
    }
}

/// Since when a call may have moved its bytes.
fn begun(line: &Call) -> u64 {
    match line.dir {
        Some(Dir::In) => line.enter.max(returned(line).saturating_sub(SLOW)),
        Some(Dir::Out) | None => line.enter,
    }
}

/// Whether the calls are by several threads, which is known of all.
fn has_threads(group: &[Move<'_>]) -> bool {
    let thread = |each: &Move<'_>| (each.line.proc, each.line.tid);
    group.first().is_some_and(|first| group.iter().any(|each| thread(each) != thread(first)))
        && group.iter().all(|each| each.line.tid.is_some())
}

/// Whether others may have put their bytes between those of a send.
fn is_pieces(each: &Move<'_>, chunk: u64) -> bool {
    let took = returned(each.line).saturating_sub(each.line.enter);
    each.line.dir == Some(Dir::Out) && (each.off.len() > chunk || took >= SWIFT)
}

/// Whether each begins where the one before it ends.
fn is_row(group: &[Move<'_>]) -> bool {
    group.windows(2).all(|two| two[0].off.end() == two[1].off.start())
}

fn arrange(group: &mut [Move<'_>], others: &[Move<'_>]) {
    let Some(order) = order(group, others) else {
        for each in group {
            each.place = Place::Torn;
        }
        return;
    };
    let mut at = group[0].off.start();
    let mut places = vec![0; group.len()];
    for (place, &n) in order.iter().enumerate() {
        places[n] = place;
        let off = Interval::at(at, group[n].off.len());
        if off != group[n].off {
            (group[n].off, group[n].place) = (off, Place::Likely);
        }
        at = off.end();
    }
    for two in order.windows(2) {
        let (one, other) = (&group[two[0]], &group[two[1]]);
        let begin = one.off.start();
        let may_swap = begun(other.line) < returned(one.line)
            && begun(one.line) < returned(other.line)
            && fits(other, begin, others)
            && fits(one, begin + other.off.len(), others);
        if may_swap {
            for &n in two {
                group[n].place = Place::Guessed;
            }
        }
    }
    group.sort_by_key(|each| each.off);
}

/// An order in which all agree with what the other end met.
fn order(group: &[Move<'_>], others: &[Move<'_>]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(group.len());
    // Of each place the call that was tried last.
    let mut tried: Vec<Option<usize>> = vec![None];
    let mut taken = vec![false; group.len()];
    let mut at = group[0].off.start();
    // Before this one all are taken.
    let mut low = 0;
    for _ in 0..TRIES.saturating_add(group.len().saturating_mul(4)) {
        if order.len() == group.len() {
            return Some(order);
        }
        let last = tried.last().copied().flatten();
        while taken[low] {
            low += 1;
        }
        if let Some(n) = next(group, (&taken, low), last, at, others) {
            if let Some(place) = tried.last_mut() {
                *place = Some(n);
            }
            tried.push(None);
            order.push(n);
            taken[n] = true;
            at += group[n].off.len();
        } else {
            tried.pop();
            let n = order.pop()?;
            taken[n] = false;
            low = low.min(n);
            at -= group[n].off.len();
        }
    }
    (order.len() == group.len()).then_some(order)
}

/// The next call that may stand at a place: none that is left was over before it began, and its bytes were met there.
fn next(
    group: &[Move<'_>],
    (taken, low): (&[bool], usize),
    last: Option<usize>,
    at: u64,
    others: &[Move<'_>],
) -> Option<usize> {
    let near: Vec<usize> = (low..group.len()).filter(|&n| !taken[n]).take(WINDOW).collect();
    let over = near.iter().map(|&n| returned(group[n].line)).min()?;
    let mut left = near.into_iter().filter(|&n| last.is_none_or(|last| n > last));
    left.find(|&n| begun(group[n].line) <= over && fits(&group[n], at, others))
}

/// Whether nothing that is known of its bytes speaks against a place.
fn fits(each: &Move<'_>, at: u64, others: &[Move<'_>]) -> bool {
    let off = Interval::at(at, each.off.len());
    let there = Move { off, ..*each };
    let first = others.partition_point(|other| other.off.end() <= at);
    let met = others[first..].iter().take_while(|other| other.off.start() < off.end());
    let mut parts = met.filter_map(|other| Some((other, other.off.meet(off)?)));
    parts.all(|(other, part)| agree(&there, other, part) != Some(false))
}
