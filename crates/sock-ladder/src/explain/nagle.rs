//! Nagle's algorithm against delayed acknowledgements: 40 ms in which nobody does anything.

use sock_record::{CallKind, Dir, Level, LinkKind};

use super::case::{Case, took};
use super::teller::Teller;
use crate::story::returned;
use crate::text::count;

/// Linux delays an acknowledgement by 40 ms at least and 200 ms at most (`TCP_DELACK_MIN`, `TCP_DELACK_MAX`); in ns,
/// with room for the clock's tick and the scheduler.
const DELAYED: std::ops::RangeInclusive<u64> = 35_000_000..=260_000_000;

/// What fills a segment on no usual network goes at once.
const SMALL: u64 = 1_448;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in (0..case.story.socks.len()).filter(|&sock| case.is_tcp(sock)) {
        let mut before: Option<usize> = None;
        for (n, call) in case.story.calls_on(sock) {
            match call.dir {
                Some(Dir::Out) if call.moved().is_some() => {
                    if let Some(first) = before {
                        look(case, teller, sock, first, n);
                    }
                    before = Some(n);
                }
                // An answer acknowledges what came before.
                Some(Dir::In) if call.moved().is_some_and(|n| n > 0) => before = None,
                _ => {}
            }
        }
    }
}

fn look(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    sock: usize,
    first: usize,
    second: usize,
) -> Option<()> {
    let (one, two) = (case.line(first), case.line(second));
    let small = |n: Option<u64>| n.is_some_and(|n| n < SMALL);
    if !small(one.moved()) || !small(two.moved()) || two.enter - one.enter > *DELAYED.start() {
        return None;
    }
    // Where the kernel's queue is known, the first was not acknowledged yet.
    if two.outq.is_some_and(|queued| queued <= two.moved().unwrap_or(0)) {
        return None;
    }
    let taken = |send: usize| {
        case.from(send)
            .iter()
            .find(|join| join.kind == LinkKind::Bytes && !join.peek)
            .map(|join| join.to)
    };
    let (early, late) = (taken(first)?, taken(second)?);
    let gap =
        returned(case.line(late)).checked_sub(two.enter).filter(|gap| DELAYED.contains(gap))?;
    if early == late
        || returned(case.line(early)) > two.enter + *DELAYED.start() / 2
        || !was_waiting(case, late, two.enter, gap)
    {
        return None;
    }
    let off = ["TCP_NODELAY", "TCP_CORK"].iter().any(|name| case.has_option(sock, name, two.enter));
    if off {
        return None;
    }
    teller.say("nagle", Level::Warn, second, two.proc, || {
        format!(
            "these {} B came only {} later: Nagle's algorithm holds a small send until the {} B before it are acknowledged, and \
             an acknowledgement may be delayed; send both at once, or set TCP_NODELAY",
            count(two.moved().unwrap_or(0)),
            took(gap),
            count(one.moved().unwrap_or(0)),
        )
    });
    Some(())
}

/// Whether the receiver was waiting while the bytes did not come.
fn was_waiting(case: &Case<'_, '_>, receive: usize, t: u64, gap: u64) -> bool {
    let line = case.line(receive);
    let soon = t + gap / 4;
    if line.enter <= soon {
        return true;
    }
    let earlier = case.story.calls[..receive].iter().rev().take(64);
    let mut waits = earlier.filter(|wait| {
        wait.call == CallKind::Wait && (wait.proc, wait.tid) == (line.proc, line.tid)
    });
    waits.any(|wait| wait.enter <= soon && returned(wait) + gap / 4 >= line.enter)
}
