//! Messages over a connection (`SOCK_SEQPACKET`): in order, none lost, each taken by one receive, which may cut it.

use sock_record::{Call, Dir, LinkHow, LinkKind};

use super::Join;
use crate::story::{Story, is_peek, returned};

/// How far a receive looks for its message past the one whose turn it is: senders at the same time are numbered in any order.
const DEPTH: usize = 64;

/// The links of all messages.
pub(super) fn joins(story: &Story<'_>, mates: &[Option<usize>]) -> Vec<Join> {
    let mut joins = Vec::new();
    let ends = mates.iter().enumerate().filter(|(sock, _)| story.is_seqpacket(*sock));
    for (sock, mate) in ends.filter_map(|(sock, mate)| Some((sock, (*mate)?))) {
        let calls = |sock: usize, dir: Dir| {
            let own = story.calls_on(sock);
            own.filter(move |(_, call)| call.dir == Some(dir) && call.moved().is_some())
        };
        let sends: Vec<(usize, &Call)> = calls(sock, Dir::Out).collect();
        let mut receives: Vec<(usize, &Call)> = calls(mate, Dir::In).collect();
        receives.sort_by_key(|(n, call)| (returned(call), *n));
        let mut taken = vec![false; sends.len()];
        let mut first = 0;
        for (to, got) in receives {
            while taken.get(first) == Some(&true) {
                first += 1;
            }
            // Nothing received is the end, but where an empty message is next.
            let depth = if got.moved() == Some(0) { 1 } else { DEPTH };
            let near = first..sends.len().min(first + depth);
            let Some(n) = near.into_iter().find(|&n| !taken[n] && fits(sends[n].1, got)) else {
                continue;
            };
            let peek = is_peek(got);
            taken[n] = !peek;
            let how = if n == first { LinkHow::Offset } else { LinkHow::Content };
            joins.push(Join { kind: LinkKind::Dgram, from: sends[n].0, to, off: None, how, peek });
        }
    }
    joins
}

/// The receives that took an empty message, and met no end.
pub(crate) fn empty_messages(story: &Story<'_>) -> impl Iterator<Item = usize> {
    let joins = joins(story, &super::mates::mates(story));
    let taken = joins.into_iter().map(|join| (join.from, join.to));
    let empty: Vec<usize> =
        taken.filter(|&(from, _)| story.calls[from].moved() == Some(0)).map(|(_, to)| to).collect();
    empty.into_iter()
}

/// Whether the one can be the other: by its length, and by what was kept.
fn fits(sent: &Call, got: &Call) -> bool {
    let agree = match (sent.data.as_deref(), got.data.as_deref()) {
        (Some(one), Some(other)) => one.iter().zip(other).all(|(a, b)| a == b),
        _ => true,
    };
    let is_cut =
        sent.moved() > got.moved() && got.args.len.is_none_or(|room| Some(room) == got.moved());
    agree && (sent.moved() == got.moved() || is_cut)
}
