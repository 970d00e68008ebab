//! Urgent bytes (`MSG_OOB`): of what one call sends so the last is urgent, and comes beside the stream; the others are bytes of
//! the stream like any.

use serde_json::Value;
use sock_record::{Call, CallKind, Interval, LinkHow, LinkKind};

use super::Join;
use crate::story::{Story, returned};

/// How many bytes a call moved of which the last is urgent.
pub(crate) fn urgent(call: &Call) -> Option<u64> {
    let is_move = matches!(call.call, CallKind::Send | CallKind::Recv);
    let n = call.ret.filter(|_| is_move && call.dir.is_none() && call.args.has_flag("MSG_OOB"))?;
    u64::try_from(n).ok().filter(|n| *n > 0)
}

/// Whether a receiver has asked for urgent bytes in their place, as bytes of the stream like any (`SO_OOBINLINE`).
pub(super) fn is_inline(story: &Story<'_>, sock: usize) -> bool {
    let asks = |call: &Call| {
        let name = call.args.more.get("name").and_then(Value::as_str);
        call.call == CallKind::Setsockopt && name == Some("SO_OOBINLINE") && call.err.is_none()
    };
    story.calls_on(sock).any(|(_, call)| asks(call))
}

/// The links of the urgent bytes themselves: each to the receive that asked for it, at its place in the stream, of which it is
/// no part. A later one takes the place of one that nobody has received.
pub(super) fn joins(
    story: &Story<'_>,
    mates: &[Option<usize>],
    spans: &[Option<Interval>],
) -> Vec<Join> {
    let mut joins = Vec::new();
    for (sock, mate) in mates.iter().enumerate() {
        let Some(mate) = *mate else { continue };
        let of = |sock: usize, kind: CallKind| {
            let own = story.calls_on(sock);
            own.filter(move |(_, call)| call.call == kind && urgent(call).is_some())
        };
        let mut at = 0;
        let places = story.calls_on(sock).filter_map(|(n, call)| {
            let end = spans[n].filter(|_| call.call == CallKind::Send).map(Interval::end);
            at = end.unwrap_or(at);
            urgent(call).filter(|_| call.call == CallKind::Send).map(|_| (n, call, at))
        });
        let sends: Vec<(usize, &Call, u64)> = places.collect();
        let mut next = 0;
        for (to, got) in of(mate, CallKind::Recv) {
            let near = sends[next..].iter().take_while(|send| send.1.enter <= returned(got));
            let several = near.count();
            let Some(&(from, _, at)) = several.checked_sub(1).and_then(|n| sends.get(next + n))
            else {
                continue;
            };
            next += several;
            let how = if several == 1 { LinkHow::Offset } else { LinkHow::Guess };
            let off = Some(Interval::at(at, 0));
            joins.push(Join { kind: LinkKind::Bytes, from, to, off, how, peek: false });
        }
    }
    joins
}
