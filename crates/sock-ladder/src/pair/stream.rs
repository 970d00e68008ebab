//! Streams: two rows of intervals over the same numbered bytes, merged in one pass.

use sock_record::{Call, CallKind, Dir, Interval, LinkHow, LinkKind, Origin};

use super::Join;
use super::order::settle;
use super::urgent::{is_inline, urgent};
use crate::story::{Story, is_peek, returned};

/// One call's bytes in one direction.
#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) call: usize,
    pub(super) line: &'a Call,
    pub(super) off: Interval,
    pub(super) place: Place,
}

/// How certain a place in the stream is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Written in the record, or counted from the first byte, and nothing went unseen.
    Certain,
    /// Certain where the bytes of both ends agree.
    Likely,
    /// Another would do as well.
    Guessed,
    /// None: its bytes may lie in pieces among those of others.
    Torn,
}

/// One direction at one socket.
#[derive(Default)]
struct Flow<'a> {
    moves: Vec<Move<'a>>,
    peeks: Vec<Move<'a>>,
}

/// The links of all streams, the interval of each call that moved bytes, and the sends that have none: those that were taken
/// piece by piece, by the rows that they are in.
pub(super) fn joins(
    story: &Story<'_>,
    mates: &[Option<usize>],
) -> (Vec<Join>, Vec<Option<Interval>>, Vec<Vec<usize>>) {
    let (mut joins, mut spans) = (Vec::new(), vec![None; story.calls.len()]);
    let mut torn: Vec<Vec<usize>> = Vec::new();
    let mut flows: Vec<[Flow<'_>; 2]> = Vec::with_capacity(story.socks.len());
    for (sock, mate) in mates.iter().enumerate() {
        if story.is_dgram(sock) || story.is_seqpacket(sock) {
            flows.push(Default::default());
            continue;
        }
        let both = both(story, sock, *mate);
        flows.push(both);
    }
    for (sock, mate) in mates.iter().enumerate() {
        let Some(mate) = *mate else { continue };
        let mut sends = std::mem::take(&mut flows[sock][0].moves);
        let receives = &mut flows[mate][1];
        settle(&mut sends, &receives.moves, chunk(story, sock));
        settle(&mut receives.moves, &sends, u64::MAX);
        merge(&sends, &receives.moves, &mut joins);
        torn.extend(super::torn::joins(&sends, &receives.moves, &mut joins));
        for peek in &receives.peeks {
            let first = sends.partition_point(|send| send.off.end() <= peek.off.start());
            let met = sends[first..].iter().take_while(|send| send.off.start() < peek.off.end());
            joins.extend(met.filter_map(|send| join(send, peek, true)));
        }
        flows[sock][0].moves = sends;
    }
    for each in flows.iter().flatten().flat_map(|flow| flow.moves.iter().chain(&flow.peeks)) {
        spans[each.call] = Some(each.off);
    }
    for &send in torn.iter().flatten() {
        spans[send] = None;
    }
    (joins, spans, torn)
}

/// How much of a send the kernel of a socket takes at once, whoever else sends: Linux takes what there is room for, and a unix
/// socket never more than half its buffer. The least, where that was made small.
fn chunk(story: &Story<'_>, sock: usize) -> u64 {
    let is_set = |call: &Call| {
        let name = call.args.more.get("name").and_then(|name| name.as_str());
        call.call == CallKind::Setsockopt && call.err.is_none() && name == Some("SO_SNDBUF")
    };
    if story.calls_on(sock).any(|(_, call)| is_set(call)) { LEAST } else { USUAL }
}

/// Half the smallest buffer that Linux allows (`SOCK_MIN_SNDBUF`), without what it keeps for itself.
const LEAST: u64 = 2_240;

/// With what TCP begins (`net.ipv4.tcp_wmem`); that of unix sockets is larger.
const USUAL: u64 = 16_384;

/// What went out at a socket, and what came in.
fn both<'a>(story: &Story<'a>, sock: usize, mate: Option<usize>) -> [Flow<'a>; 2] {
    let (mut out, mut come) = (Vec::new(), Vec::new());
    for (n, call) in story.calls_on(sock) {
        if call.call == CallKind::Send && urgent(call).is_some() {
            out.push((n, call));
        } else if call.moved().is_some_and(|n| n > 0) {
            match call.dir {
                Some(Dir::Out) => out.push((n, call)),
                Some(Dir::In) => come.push((n, call)),
                None => {}
            }
        }
    }
    // Of two receives at once, the one that returned first has the earlier bytes.
    come.sort_by_key(|(_, call)| returned(call));
    [flow(story, (sock, mate), out), flow(story, (sock, mate), come)]
}

fn flow<'a>(
    story: &Story<'a>,
    (sock, mate): (usize, Option<usize>),
    calls: Vec<(usize, &'a Call)>,
) -> Flow<'a> {
    let counted = story.socks[sock].from != Origin::Passed;
    let dir = calls.iter().find_map(|(_, line)| line.dir);
    let is_whole = dir.is_none_or(|dir| !story.has_unseen(sock, dir));
    let (mut flow, mut at) = (Flow::default(), 0);
    // Who counts the bytes of a stream counts none that were sent with the urgent ones.
    let mut beside = 0;
    let has_urgent = calls.iter().any(|(_, line)| urgent(line).is_some());
    let inline = has_urgent && mate.is_some_and(|mate| is_inline(story, mate));
    for (call, line) in calls {
        if let Some(n) = urgent(line) {
            let off = Interval::at(at, if inline { n } else { n - 1 });
            (at, beside) = (off.end(), beside + off.len());
            if !off.is_empty() {
                flow.moves.push(Move {
                    call,
                    line,
                    off,
                    place: if is_whole && counted { Place::Certain } else { Place::Likely },
                });
            }
            continue;
        }
        let told = line.off.map(|off| Interval::at(off.start() + beside, off.len()));
        let off = told.unwrap_or(Interval::at(at, line.moved().unwrap_or(0)));
        let is_certain = is_whole && (counted || line.off.is_some());
        let place = if is_certain { Place::Certain } else { Place::Likely };
        let each = Move { call, line, off, place };
        if is_peek(line) {
            flow.peeks.push(each);
        } else {
            at = off.end();
            flow.moves.push(each);
        }
    }
    flow.moves.sort_by_key(|each| each.off);
    flow
}

/// Joins every send with every receive that shares a byte with it.
fn merge(sends: &[Move<'_>], receives: &[Move<'_>], joins: &mut Vec<Join>) {
    let (mut s, mut r) = (0, 0);
    while let (Some(send), Some(receive)) = (sends.get(s), receives.get(r)) {
        joins.extend(join(send, receive, false));
        let (send_end, receive_end) = (send.off.end(), receive.off.end());
        s += usize::from(send_end <= receive_end);
        r += usize::from(receive_end <= send_end);
    }
}

fn join(send: &Move<'_>, receive: &Move<'_>, peek: bool) -> Option<Join> {
    let off = send.off.meet(receive.off)?;
    let places = [send.place, receive.place];
    if places.contains(&Place::Torn) {
        return None;
    }
    let is_certain = places == [Place::Certain; 2];
    let is_after = !is_certain && is_before(receive, send);
    let how = match agree(send, receive, off) {
        // Nobody receives what is sent only later.
        Some(false) | None if is_after => return None,
        Some(false) if places.contains(&Place::Guessed) => return None,
        Some(false) => LinkHow::Guess,
        _ if is_after => LinkHow::Guess,
        _ if places.contains(&Place::Guessed) => LinkHow::Guess,
        _ if is_certain => LinkHow::Offset,
        Some(true) => LinkHow::Content,
        None => LinkHow::Guess,
    };
    Some(Join {
        kind: LinkKind::Bytes,
        from: send.call,
        to: receive.call,
        off: Some(off),
        how,
        peek,
    })
}

/// Whether a receive was over before a send began.
pub(super) fn is_before(receive: &Move<'_>, send: &Move<'_>) -> bool {
    returned(receive.line) < send.line.enter
}

/// Whether what was kept of the bytes is the same at both ends; None where nothing was kept at one of them.
pub(super) fn agree(send: &Move<'_>, receive: &Move<'_>, off: Interval) -> Option<bool> {
    let (one, other) = (kept(send, off)?, kept(receive, off)?);
    let n = one.len().min(other.len());
    (n > 0).then(|| one[..n] == other[..n])
}

fn kept<'a>(each: &Move<'a>, off: Interval) -> Option<&'a [u8]> {
    part(each.line, each.off, off)
}

/// What a call whose bytes are `whole` kept of the bytes `off`.
pub(crate) fn part(call: &Call, whole: Interval, off: Interval) -> Option<&[u8]> {
    let data = call.data.as_deref()?;
    let skip = usize::try_from(off.start().checked_sub(whole.start())?).ok()?;
    let rest = data.get(skip..)?;
    let len = usize::try_from(off.len()).unwrap_or(usize::MAX);
    Some(&rest[..rest.len().min(len)])
}
