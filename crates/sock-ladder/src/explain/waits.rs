//! Calls that failed because nothing was there yet, and what woke the program then.

use sock_record::{Call, CallKind, Dir, Family, Level, LinkKind, Origin, SockId};

use super::case::{Case, called, list, took};
use super::teller::Teller;
use crate::place::Place;
use crate::story::returned;
use crate::text::count;
use crate::waits::Vain;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for (n, call) in case.story.calls.iter().enumerate() {
        let Some(sock) = case.story.on(n) else { continue };
        if let Some(vain) = case.story.vain(n) {
            let late = if vain == Vain::Recv { late(case, n, sock) } else { None };
            teller.say("timed-out", Level::Info, n, (case.kind(call.proc), late.is_some()), || {
                gave_up(case, n, vain) + &late.unwrap_or_default()
            });
            continue;
        }
        match call.err.as_deref() {
            // A library wakes itself through a pair of its own.
            Some("EAGAIN" | "EWOULDBLOCK") if is_own_pair(case, sock) => {}
            Some("EAGAIN" | "EWOULDBLOCK") => {
                let died = died(case, n);
                let matter = (case.kind(call.proc), call.call.as_str(), died);
                teller.say("would-block", Level::Info, n, matter, || {
                    would_block(case, (n, sock), died)
                });
            }
            Some("EINPROGRESS") if call.call == CallKind::Connect => {
                teller.say("would-block", Level::Info, n, (case.kind(call.proc), "goes on"), || {
                    let then = woken(case, n, sock).map(|text| format!("; {text}"));
                    format!(
                        "connect goes on by itself (EINPROGRESS, which is no failure), because the socket of {} is \
                         non-blocking{}",
                        case.who(n),
                        then.unwrap_or_default(),
                    )
                });
            }
            _ => {}
        }
    }
}

/// Whether one program has both ends of a pair, and nobody else any.
fn is_own_pair(case: &Case<'_, '_>, sock: usize) -> bool {
    let is_pair = case.story.socks[sock].from == Origin::Pair;
    case.mate(sock).filter(|_| is_pair).is_some_and(|mate| {
        let calls = case.story.calls_on(sock).chain(case.story.calls_on(mate));
        let mut procs = calls.map(|(_, call)| call.proc);
        procs.next().is_some_and(|one| procs.all(|other| other == one))
    })
}

/// A time that was set for a call was over: by an option of the socket, or by a wait before the call.
fn gave_up(case: &Case<'_, '_>, n: usize, vain: Vain) -> String {
    let (call, who) = (case.line(n), case.who(n));
    let waited = took(returned(call).saturating_sub(call.enter));
    if call.call == CallKind::Wait {
        let sys = called(call);
        let python = if sys == "poll" { "in Python: settimeout; " } else { "" };
        return format!(
            "{} for {waited}, and that is all the time that {who} had set ({python}{sys} with a timeout, before the call itself): \
             {} was given up, and may be tried again",
            vain.lack(),
            vain.call(),
        );
    }
    let option = if vain == Vain::Send { "SO_SNDTIMEO" } else { "SO_RCVTIMEO" };
    let what = if vain == Vain::Send { "the buffer stayed full" } else { vain.lack() };
    format!(
        "{what} for {waited}: {who} had set {option}, so {} failed with EAGAIN instead of waiting on",
        called(call),
    )
}

/// What came after a receive had given up, when nobody received there any more.
fn late(case: &Case<'_, '_>, n: usize, sock: usize) -> Option<String> {
    let story = case.story;
    let mut later = story.calls_of[sock].iter().rev().copied().take_while(|&later| later > n);
    if later.any(|later| story.dir(later).is_some()) {
        return None;
    }
    let end = returned(case.line(n));
    let is_late =
        |call: &Call| call.dir == Some(Dir::Out) && call.moved() > Some(0) && call.enter >= end;
    let send = if story.is_dgram(sock) && case.partner(sock).is_none() {
        let own = case.place(sock)?;
        let is_here = |call: &Call| {
            call.args.addr.as_deref().and_then(Place::new).is_some_and(|to| own.covers(&to))
        };
        let is_own = |call: &Call| call.proc == case.line(n).proc;
        let mut later = story.calls[n + 1..].iter().copied().take(FAR);
        later.find(|call| is_late(call) && is_here(call) && !is_own(call))?
    } else {
        story.calls_on(case.partner(sock)?).map(|(_, call)| call).find(|call| is_late(call))?
    };
    Some(format!(
        "; {} sent {} B {} later, when nobody received there any more: wait longer for it",
        case.name(send.proc),
        count(send.moved().unwrap_or(0)),
        took(send.enter - end),
    ))
}

/// A connect that did not even begin: that of a unix socket needs a place in the backlog.
fn not_begun(case: &Case<'_, '_>, call: usize, sock: usize) -> String {
    let to = case.line(call).args.addr.as_deref().or_else(|| case.story.peer_text(sock));
    let of = to.filter(|to| !to.is_empty()).map(|to| format!(" of {to}")).unwrap_or_default();
    let who = case.who(call);
    if case.story.socks[sock].family != Family::Unix {
        return format!(
            "connect by {who} could not begin now (EAGAIN), and nothing goes on: call connect again later"
        );
    }
    format!(
        "the backlog{of} is full; the socket of {who} is non-blocking, so connect returned at once with EAGAIN: nothing was \
         begun and nothing goes on; call connect again when the listener has accepted some of those that wait",
    )
}

/// Why there is no room for what is to be sent.
fn no_room(case: &Case<'_, '_>, call: usize, sock: usize) -> String {
    let has_read = |mate: usize| {
        case.story.has_unseen(mate, Dir::In)
            || case
                .story
                .calls_on(mate)
                .take_while(|(n, _)| *n < call)
                .any(|(_, line)| line.dir == Some(Dir::In) && line.moved().is_some())
    };
    let peer = case.peer(sock);
    match case.partner(sock) {
        Some(mate) if !has_read(mate) => {
            format!("the buffer is full: {peer} had received nothing of it yet")
        }
        _ => format!("the buffer is full: {peer} reads more slowly"),
    }
}

/// The status with which a program ended that did nothing more after a call.
fn died(case: &Case<'_, '_>, call: usize) -> Option<i32> {
    let proc = case.line(call).proc;
    let status = case.failure(proc).filter(|status| *status < 128)?;
    let goes_on = |later: &&Call| later.proc == proc && later.call != CallKind::Close;
    (!case.story.calls[call + 1..].iter().any(goes_on)).then_some(status)
}

fn would_block(case: &Case<'_, '_>, (call, sock): (usize, usize), died: Option<i32>) -> String {
    let line = case.line(call);
    if line.call == CallKind::Connect {
        return not_begun(case, call, sock);
    }
    let who = case.who(call);
    let name = called(line);
    let reason = if line.args.has_flag("MSG_DONTWAIT") {
        format!("{who} asked not to wait (MSG_DONTWAIT)")
    } else {
        format!("the socket of {who} is non-blocking")
    };
    let told = told_before(case, call, sock);
    let what = match (&line.call, line.dir, told) {
        (CallKind::Accept, _, None) => "nobody waits to be accepted".to_owned(),
        (CallKind::Accept, _, Some(_)) => "nobody waits to be accepted any more".to_owned(),
        (_, Some(Dir::Out), _) => no_room(case, call, sock),
        (_, _, None) => "nothing to receive yet".to_owned(),
        (_, _, Some(_)) => "nothing to receive any more".to_owned(),
    };
    let told = told.filter(|_| line.dir != Some(Dir::Out));
    let told = told
        .map(|sys| format!(", though {sys} had told that there was: another may have been faster"));
    if let Some(status) = died {
        return format!(
            "{what}; {reason}, so {name} returned at once with EAGAIN (in Python: BlockingIOError), which only says: not yet; {who} \
             ended then (status {status}): wait with select or poll, and call {name} again"
        );
    }
    let then = woken(case, call, sock).or_else(|| next(case, call, sock));
    let then = then.map(|text| format!("; {text}")).unwrap_or_default();
    format!(
        "{what}{}; {reason}, so {name} returned at once with EAGAIN, which is no failure{then}",
        told.unwrap_or_default(),
    )
}

/// The wait, just before a call in its thread, that told of something to be had on its socket.
fn told_before<'a>(case: &Case<'_, 'a>, call: usize, sock: usize) -> Option<&'a str> {
    let line = case.line(call);
    let id = case.story.socks[sock].sock;
    let is_own = |other: &&&Call| (other.proc, other.tid) == (line.proc, line.tid);
    let before = case.story.calls[..call].iter().rev().take(NEAR).find(is_own)?;
    (before.call == CallKind::Wait && is_ready(before, id)).then(|| called(before))
}

/// Whether a wait told of a socket.
fn is_ready(wait: &Call, id: SockId) -> bool {
    let told = |one: &serde_json::Value| one.get("sock").and_then(serde_json::Value::as_u64);
    list(wait, "ready").iter().any(|one| told(one) == Some(u64::from(id.0)))
}

/// So many calls back nobody looks for what a thread did before.
const NEAR: usize = 1_000;

/// Which wait told the program that it can go on, and why it could.
fn woken(case: &Case<'_, '_>, call: usize, sock: usize) -> Option<String> {
    let line = case.line(call);
    let after = returned(line);
    let id = case.story.socks[sock].sock;
    let wakes = |wait: &Call| {
        wait.call == CallKind::Wait
            && (wait.proc, wait.tid) == (line.proc, line.tid)
            && is_ready(wait, id)
    };
    let later = case.story.calls[call + 1..].iter();
    let wait = later.take(FAR).find(|wait| wait.enter >= after && wakes(wait))?;
    let name = called(wait);
    let when = took(returned(wait).saturating_sub(after));
    let why = next_bytes(case, call, sock).map(|text| format!(", when {text}")).unwrap_or_default();
    Some(format!("{name} woke it {when} later{why}"))
}

/// So many calls further on nobody looks for the end of a wait.
const FAR: usize = 10_000;

fn next(case: &Case<'_, '_>, call: usize, sock: usize) -> Option<String> {
    let text = next_bytes(case, call, sock)?;
    Some(format!("later {text}"))
}

/// Whose bytes the next receive had.
fn next_bytes(case: &Case<'_, '_>, call: usize, sock: usize) -> Option<String> {
    (case.line(call).dir == Some(Dir::In)).then_some(())?;
    let mut later = case.story.calls_on(sock).filter(|(n, _)| *n > call);
    let (receive, line) =
        later.find(|(_, line)| line.dir == Some(Dir::In) && line.err.is_none())?;
    match line.moved()? {
        0 => Some(format!("{} had ended", case.peer(sock))),
        n => {
            let send = case
                .to(receive)
                .find(|join| matches!(join.kind, LinkKind::Bytes | LinkKind::Dgram))?;
            Some(format!("{} had sent {} B", case.who(send.from), count(n)))
        }
    }
}
