//! Who closes a connection after a part of what was sent: mostly who took one receive for one message.

use sock_record::{Call, CallKind, Dir};

use super::case::{Case, counted};
use crate::story::{is_by_end, is_peek, returned};
use crate::text::count;

/// What somebody had received of a stream when it closed it.
#[derive(Clone, Copy)]
pub(super) struct Short {
    got: u64,
    sent: u64,
    receives: usize,
}

impl Short {
    /// How much had come: `12 of 20 B received in 1 receive`.
    pub(super) fn part(&self) -> String {
        let (got, sent) = (count(self.got), count(self.sent));
        format!("{got} of {sent} B received in {}", counted(self.receives, "receive"))
    }

    /// What `who` has to do.
    pub(super) fn cure(who: &str) -> String {
        format!(
            "one receive is not one message: to have all of it, {who} receives in a loop until it is whole"
        )
    }
}

/// What the owner of a socket had received when it closed it, where that was a part only of what its peer had sent by then
/// without having been answered in between.
pub(super) fn short(case: &Case<'_, '_>, sock: usize) -> Option<Short> {
    let (story, mate) = (case.story, case.mate(sock)?);
    let facts = story.facts(sock);
    let close = facts.last_close?;
    let line = case.line(close);
    let was_stopped = is_by_end(line) && story.is_stopped(line.proc);
    let is_unseen = story.has_unseen(sock, Dir::In) || story.has_unseen(mate, Dir::Out);
    // Who met the end had all, and who tore it down on purpose wanted no more.
    let is_whole =
        facts.eof.is_some() || facts.deaf.is_some() || story.facts(sock).reset().is_some();
    if !case.is_stream(sock) || was_stopped || is_unseen || is_whole {
        return None;
    }
    let moved = |sock: usize, dir: Dir| {
        story.calls_on(sock).filter_map(move |(_, call)| {
            let moved =
                call.moved().filter(|n| *n > 0 && call.dir == Some(dir) && !is_peek(call))?;
            Some((call, moved))
        })
    };
    let taken: Vec<u64> = moved(sock, Dir::In).map(|(_, n)| n).collect();
    let got: u64 = taken.iter().sum();
    // Who had all that there was when it closed may have wanted no more.
    let was_sent = |(call, _): &(&Call, u64)| call.enter < returned(line);
    let sends: Vec<(&Call, u64)> = moved(mate, Dir::Out).filter(was_sent).collect();
    let sent: u64 = sends.iter().map(|(_, n)| n).sum();
    if got == 0 || sent <= got || line.call != CallKind::Close {
        return None;
    }
    // What was sent after an answer, or after the peer's end was seen, is a message of its own.
    let mut at = 0;
    let first_missed = sends.iter().position(|(_, n)| {
        at += n;
        at > got
    })?;
    let is_cut = at - sends[first_missed].1 < got;
    let between = |answer: &Call| {
        let before = sends[first_missed - 1].0;
        returned(answer) > before.enter && returned(answer) < sends[first_missed].0.enter
    };
    let is_answered = !is_cut
        && story
            .calls_on(mate)
            .any(|(_, call)| call.dir == Some(Dir::In) && call.moved().is_some() && between(call));
    (!is_answered).then_some(Short { got, sent, receives: taken.len() })
}
