//! Connections that were torn down, and why: the reason is always at the other end.

use sock_record::{Call, CallKind, Dir, Level};

use super::backlog::ended_unaccepted;
use super::case::{Case, number, took};
use super::deadlock::{both_send, nothing_under_way};
use super::ends::deed;
use super::short::{Short, short};
use super::teller::Teller;
use crate::pair::urgent;
use crate::story::{ends_sending, is_by_end, is_peek, returned};
use crate::text::count;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in (0..case.story.socks.len()).filter(|&sock| case.story.is_connection(sock)) {
        let met = |err: &str| {
            let mut calls = case.story.calls_on(sock);
            calls.find(|(_, call)| call.err.as_deref() == Some(err)).map(|(n, _)| n)
        };
        if !case.story.failed(sock) {
            unread(case, teller, sock);
            continue;
        }
        let (reset, broken) = (met("ECONNRESET"), met("EPIPE"));
        let matter = |call: usize| {
            (case.line(call).proc, case.mate(sock).and_then(|mate| case.story.proc(mate)))
        };
        if let Some(call) = reset {
            teller.say("reset", Level::Warn, call, matter(call), || why_reset(case, sock, call));
        }
        // Who never was connected has broken nothing.
        let facts = case.story.facts(sock);
        let was_connected = facts.connect.is_some() || facts.refused.is_none();
        if let Some(call) = broken.filter(|_| was_connected) {
            teller.say("broken-pipe", Level::Warn, call, matter(call), || {
                why_broken(case, sock, call)
            });
        }
        if reset.is_none() && broken.is_none() {
            unread(case, teller, sock);
        }
    }
}

/// Which call at the other end tore the connection down: with bytes unread, or by an option.
fn torn_by(case: &Case<'_, '_>, sock: usize) -> Option<(usize, String)> {
    let close = case.story.facts(case.mate(sock)?).last_close?;
    let line = case.line(close);
    let who = case.who(close);
    let unread = number(line, "unread").unwrap_or(0);
    if number(line, "linger_s") == Some(0) {
        return Some((
            close,
            format!("{who} had set SO_LINGER to 0 s, so its close sent RST instead of FIN"),
        ));
    }
    (unread > 0).then(|| {
        let what = deed(case, line);
        let what = what.trim_end_matches(',');
        let sent = format!("{who} {what} with {} B unread", count(unread));
        let why = match case.mate(sock).and_then(|mate| short(case, mate)) {
            Some(part) => format!(
                "{sent} ({}), so the kernel sent RST instead of FIN; {}",
                part.part(),
                Short::cure(who)
            ),
            None => format!("{sent}, so the kernel sent RST instead of FIN; {}", cure(case, line)),
        };
        (close, why)
    })
}

/// What would have helped where somebody closed before it had read all.
fn cure(case: &Case<'_, '_>, close: &Call) -> String {
    match case.failure(close.proc).filter(|_| is_by_end(close)) {
        Some(status) => {
            let why = match status {
                129..=192 => format!("signal {}", status - 128),
                _ => format!("status {status}"),
            };
            format!("look first at why {} ended ({why})", case.name(close.proc))
        }
        None => "read to the end before closing".to_owned(),
    }
}

fn why_reset(case: &Case<'_, '_>, sock: usize, call: usize) -> String {
    if let Some((_, why)) = torn_by(case, sock) {
        return format!("reset: {why}");
    }
    let peer = case.peer(sock);
    if let Some(why) = why_deaf(case, sock, call, &peer) {
        return why;
    }
    let Some(close) = case.mate(sock).and_then(|mate| case.story.facts(mate).last_close) else {
        if let Some(close) = ended_unaccepted(case, sock, returned(case.line(call))) {
            return format!(
                "reset: {} {} without having accepted this connection, so its kernel sent RST to all that waited in the backlog; \
                 call accept, in a loop",
                case.who(close),
                deed(case, case.line(close)),
            );
        }
        return format!("reset by {peer}: it closed with bytes unread, or was gone when more came");
    };
    let line = case.line(close);
    let what = deed(case, line);
    let part = case.mate(sock).and_then(|mate| short(case, mate));
    if let Some(part) = part {
        return format!(
            "reset: {peer} {} with {}, and its system answered what came later with RST; {}",
            what.trim_end_matches(','),
            part.part(),
            Short::cure(&peer),
        );
    }
    match sent_after(case, sock, line.enter, call) {
        Some(send) => format!(
            "reset: {peer} {what} {} before {} sent {} B, so the kernel answered with RST; receive 0 B (the end) before you \
             send on",
            took(send.enter.saturating_sub(line.enter)),
            case.who(call),
            count(send.moved().unwrap_or(0)),
        ),
        None if is_urgent_left(case, sock, line.enter) => format!(
            "reset: {peer} {} with the urgent byte (MSG_OOB) that {} had sent still in its buffer, so the kernel sent RST \
             instead of FIN; receive to the end (0 B) before closing",
            what.trim_end_matches(','),
            case.who(call),
        ),
        None if nothing_under_way(case, sock, case.mate(sock).unwrap_or(sock)) => {
            format!(
                "reset: {peer} {what}, and its system sent RST; the calls of this record do not say why"
            )
        }
        None => format!(
            "reset: {peer} {what} while bytes were on their way to it; {}",
            cure(case, line),
        ),
    }
}

/// Whether the last that a socket had sent by `t` was an urgent byte, and its peer's last receive stopped before it, as one does
/// that has got something: who asks for the byte gets a copy, and only the next receive passes over it.
fn is_urgent_left(case: &Case<'_, '_>, sock: usize, t: u64) -> bool {
    let sends = case.story.calls_on(sock).map(|(_, call)| call);
    let sent = sends.filter(|call| call.call == CallKind::Send && call.enter < t).last();
    let Some(mate) = case.mate(sock).filter(|_| sent.is_some_and(|send| urgent(send).is_some()))
    else {
        return false;
    };
    let takes = |call: &Call| call.dir == Some(Dir::In) && !is_peek(call);
    let last = case.story.calls_on(mate).filter(|(_, call)| takes(call)).last();
    let is_seen = case.is_tcp(sock) && !case.story.has_unseen(mate, Dir::In);
    is_seen && last.is_none_or(|(_, call)| call.moved() > Some(0))
}

/// What was sent to who had ended receiving itself.
fn why_deaf(case: &Case<'_, '_>, sock: usize, call: usize, peer: &str) -> Option<String> {
    let deaf = case.line(case.story.facts(sock).deaf?);
    let sent = sent_after(case, case.mate(sock)?, deaf.enter, call)?;
    Some(format!(
        "reset: {} had called shutdown({}) itself, which ends receiving too, so its system answered the {} B that {peer} sent \
         with RST; shutdown(SHUT_WR) ends sending alone, and the answer can still come",
        case.who(call),
        deaf.args.how.as_deref().unwrap_or("SHUT_RD"),
        count(sent.moved().unwrap_or(0)),
    ))
}

/// The first send after `t` that is no later than the call that met the reset.
fn sent_after<'a>(case: &Case<'_, 'a>, sock: usize, t: u64, until: usize) -> Option<&'a Call> {
    let calls = case.story.calls_on(sock).map(|(_, call)| call);
    let mut sends = calls
        .filter(|call| call.dir == Some(Dir::Out) && call.enter >= t && call.moved().is_some());
    let limit = returned(case.line(until));
    sends.next().filter(|send| send.enter <= limit)
}

fn why_broken(case: &Case<'_, '_>, sock: usize, call: usize) -> String {
    let line = case.line(call);
    let who = case.who(call);
    let own = case.story.calls_on(sock).find(|(n, earlier)| *n < call && ends_sending(earlier));
    if let Some((_, own)) = own {
        return format!(
            "broken pipe: {who} had ended this direction itself with shutdown {} earlier; send first, then shut down",
            took(line.enter.saturating_sub(own.enter)),
        );
    }
    let peer = case.peer(sock);
    let cure = "take EPIPE as the end of the conversation";
    let close = case.mate(sock).and_then(|mate| case.story.facts(mate).last_close);
    // What closed later was no reason.
    let Some(close) = close.filter(|&close| case.line(close).enter <= returned(line)) else {
        return format!("broken pipe: {peer} takes no more, so nobody can receive this; {cure}");
    };
    let closed = case.line(close);
    let what = deed(case, closed);
    let ago = took(line.enter.saturating_sub(closed.enter));
    let first = sent_after(case, sock, closed.enter, call).filter(|_| case.is_tcp(sock));
    if let Some(part) = case.mate(sock).and_then(|mate| short(case, mate)) {
        let did = what.trim_end_matches(',');
        let then = match first {
            Some(first) => format!(
                "; the first send after that ({} B) went and was answered by RST, this one fails",
                count(first.moved().unwrap_or(0))
            ),
            None => ", so nobody can receive this".to_owned(),
        };
        let (part, cure) = (part.part(), Short::cure(&peer));
        return format!("broken pipe: {peer} {did} {ago} earlier with {part}{then}; {cure}");
    }
    match first {
        Some(first) => format!(
            "broken pipe: {peer} {what} {ago} earlier; the first send after that ({} B) went and was answered by RST, this \
             one fails; {cure}",
            count(first.moved().unwrap_or(0)),
        ),
        None => {
            format!("broken pipe: {peer} {what} {ago} earlier, so nobody can receive this; {cure}")
        }
    }
}

/// A close that tore the connection down, where the other end did not notice itself.
fn unread(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, sock: usize) {
    let Some(close) = case.story.facts(sock).last_close else { return };
    let (line, n) = (case.line(close), number(case.line(close), "unread").unwrap_or(0));
    let is_over = matches!(
        super::case::text(line, "state"),
        Some("CLOSE" | "TIME_WAIT" | "LAST_ACK" | "CLOSING")
    );
    let noticed = |mate: usize| case.story.facts(mate).reset().is_some();
    let mate = case.mate(sock);
    let gone = mate.and_then(|mate| case.story.facts(mate).last_close);
    let peer_is_gone = gone.is_some_and(|gone| case.line(gone).enter <= returned(line));
    if is_over || !case.is_tcp(sock) || mate.is_some_and(noticed) {
        return;
    }
    if n == 0 {
        return unheard(case, teller, sock, close);
    }
    // What is wrong where both only send is said there.
    if mate.is_some_and(|mate| both_send(case, sock, mate).is_some()) {
        return;
    }
    if !case.story.holders(close).is_empty() || line.call != CallKind::Close {
        return;
    }
    let is_stopped = is_by_end(line) && case.story.is_stopped(line.proc);
    let part = short(case, sock).filter(|_| !is_stopped);
    let is_ordinary = is_stopped || (peer_is_gone && part.is_none());
    let level = if is_ordinary { Level::Info } else { Level::Warn };
    teller.say("closed-unread", level, close, (line.proc, peer_is_gone), || {
        let did = if is_by_end(line) { deed(case, line) } else { "closed".to_owned() };
        let (who, did, n, peer) = (case.who(close), did.trim_end_matches(','), count(n), case.peer(sock));
        if is_stopped {
            return format!("{who} {did} with {n} B unread: it had not received them by then");
        }
        if let Some(part) = part.filter(|_| peer_is_gone) {
            return format!(
                "{who} {did} with {n} B unread ({}): the rest is lost; {}",
                part.part(),
                Short::cure(who),
            );
        }
        if let Some(part) = part {
            return format!(
                "{who} {did} with {n} B unread ({}): the kernel sends RST instead of FIN, and {peer} may lose what is on its \
                 way to it; {}",
                part.part(),
                Short::cure(who),
            );
        }
        let cure = cure(case, line);
        if peer_is_gone {
            return format!(
                "{who} {did} with {n} B unread: they are lost, and {peer}, which had closed before, never hears of it; {cure}"
            );
        }
        format!(
            "{who} {did} with {n} B unread: the kernel sends RST instead of FIN, and {peer} may lose what is on its way to it; \
             {cure}"
        )
    });
}

/// A close after a part of the message, where the rest came later and nobody heard of it.
fn unheard(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, sock: usize, close: usize) {
    let line = case.line(close);
    let Some(part) = short(case, sock).filter(|_| case.story.holders(close).is_empty()) else {
        return;
    };
    teller.say("closed-unread", Level::Warn, close, (line.proc, "later"), || {
        let did = if is_by_end(line) { deed(case, line) } else { "closed".to_owned() };
        let who = case.who(close);
        format!(
            "{who} {} with {}: nobody reads the rest, which came later; {}",
            did.trim_end_matches(','),
            part.part(),
            Short::cure(who),
        )
    });
}
