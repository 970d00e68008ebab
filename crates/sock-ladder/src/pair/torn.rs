//! Sends of several threads at once that the kernel takes piece by piece: only the bytes can tell whose they are.
//!
//! A send that has to wait for room lets go of the socket, and another one may put its bytes in between. So the stream is some
//! interleaving of them all. It is followed byte by byte for as long as only one of those that can be next has the byte that
//! was received; where two have it, or it was not kept, nobody knows any more, and the rest has no links.

use std::collections::{BTreeMap, VecDeque};

use sock_record::{Interval, LinkHow, LinkKind, ProcId};

use super::Join;
use super::stream::{Move, Place, part};
use crate::story::returned;

/// How often a byte is compared before the rest is left open, in all the pieces of one direction.
const TRIES: usize = 50_000_000;

/// The sends of one thread that are left, and how much of the first has been met.
type Queues<'m, 'a> = BTreeMap<(ProcId, Option<u32>), (VecDeque<&'m Move<'a>>, u64)>;

/// Adds the links of torn sends, as far as the bytes prove them. Says which sends are torn.
pub(super) fn joins(
    sends: &[Move<'_>],
    receives: &[Move<'_>],
    joins: &mut Vec<Join>,
) -> Vec<Vec<usize>> {
    let mut tries = TRIES;
    let rows = sends.chunk_by(|one, other| one.place == other.place);
    let torn = rows.filter(|row| row.iter().any(|each| each.place == Place::Torn));
    torn.map(|row| {
        follow(row, receives, joins, &mut tries);
        row.iter().map(|each| each.call).collect()
    })
    .collect()
}

fn follow(row: &[Move<'_>], receives: &[Move<'_>], joins: &mut Vec<Join>, tries: &mut usize) {
    let (Some(first), Some(last)) = (row.first(), row.last()) else { return };
    let whole = Interval::at(first.off.start(), last.off.end() - first.off.start());
    let mut queues: Queues<'_, '_> = BTreeMap::new();
    let mut in_turn: Vec<&Move<'_>> = row.iter().collect();
    in_turn.sort_by_key(|each| (each.line.enter, each.call));
    for each in in_turn {
        queues.entry((each.line.proc, each.line.tid)).or_default().0.push_back(each);
    }
    let near = receives.partition_point(|got| got.off.end() <= whole.start());
    let mut at = whole.start();
    for got in &receives[near..] {
        let Some(off) = got.off.meet(whole) else { return };
        if off.start() != at || matches!(got.place, Place::Torn | Place::Guessed) {
            return;
        }
        while at < off.end() {
            let Some((from, len)) =
                piece(&mut queues, got, Interval::at(at, off.end() - at), tries)
            else {
                return;
            };
            joins.push(Join {
                kind: LinkKind::Bytes,
                from,
                to: got.call,
                off: Some(Interval::at(at, len)),
                how: LinkHow::Content,
                peek: false,
            });
            at += len;
        }
    }
}

/// Whose the next bytes of a receive are, and how many, where only one can have sent them.
fn piece(
    queues: &mut Queues<'_, '_>,
    got: &Move<'_>,
    off: Interval,
    tries: &mut usize,
) -> Option<(usize, u64)> {
    let kept = part(got.line, got.off, off).unwrap_or_default();
    let mut found: Option<((ProcId, Option<u32>), usize)> = None;
    let mut len = 0;
    while len < off.len() {
        let byte = usize::try_from(len).ok().and_then(|n| kept.get(n)).copied();
        let mut able = able(queues, returned(got.line)).into_iter().filter(|thread| {
            let (row, met) = &queues[thread];
            let line = row[0].line;
            let own = line.data.as_deref();
            let own = usize::try_from(*met).ok().and_then(|n| own?.get(n)).copied();
            byte.zip(own).is_none_or(|(one, other)| one == other)
        });
        *tries = tries.checked_sub(queues.len())?;
        let (Some(thread), None) = (able.next(), able.next()) else { break };
        let (row, met) = queues.get_mut(&thread)?;
        let send = row.front()?;
        if *found.get_or_insert((thread, send.call)) != (thread, send.call) {
            break;
        }
        (*met, len) = (*met + 1, len + 1);
        if *met == send.off.len() {
            row.pop_front();
            *met = 0;
            if row.is_empty() {
                queues.remove(&thread);
            }
        }
    }
    found.filter(|_| len > 0).map(|(_, call)| (call, len))
}

/// The threads whose next send may have its bytes next: it had begun, and none that is not yet met was over before that.
fn able(queues: &Queues<'_, '_>, until: u64) -> Vec<(ProcId, Option<u32>)> {
    let over = queues.values().map(|(row, _)| returned(row[0].line)).min().unwrap_or(u64::MAX);
    let is_able =
        |row: &VecDeque<&Move<'_>>| row[0].line.enter <= until && row[0].line.enter <= over;
    queues.iter().filter(|(_, (row, _))| is_able(row)).map(|(thread, _)| *thread).collect()
}
