//! A close that ends nothing, because somebody else still holds the socket.

use sock_record::{Call, CallKind, Level};

use super::case::{Case, took};
use super::deadlock::is_unfinished;
use super::teller::Teller;
use crate::story::returned;

/// A peer that waits for the end so much longer, in ns, was kept waiting.
const LONG: u64 = 50_000_000;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in (0..case.story.socks.len()).filter(|&sock| case.story.is_connection(sock)) {
        for (n, call) in case.story.calls_on(sock) {
            let Some(&(holder, fd)) = case.story.holders(n).first() else { continue };
            let kept = kept_waiting(case, sock, n, call);
            let level = if kept.is_some() { Level::Warn } else { Level::Info };
            let own = holder == call.proc;
            // While nobody waits, two descriptors of one program are nobody's business, and neither are those of a pair,
            // which is there to be shared.
            if kept.is_none() && (own || !case.is_tcp(sock)) {
                continue;
            }
            teller.say("no-fin", level, n, (case.kind(call.proc), kept.is_some()), || {
                let who = case.who(n);
                let held = if own { "it".to_owned() } else { case.name(holder).to_owned() };
                let kept = kept.unwrap_or_default();
                let fd = fd.map(|fd| format!(" (fd {fd})")).unwrap_or_default();
                format!(
                    "{who} closed its descriptor, but {held} still holds the socket{fd}: no FIN goes out before the last is \
                     closed{kept}",
                )
            });
        }
    }
}

/// Whether the peer waited for an end that did not come, or came late.
fn kept_waiting(case: &Case<'_, '_>, sock: usize, close: usize, call: &Call) -> Option<String> {
    let mate = case.mate(sock)?;
    // Its conversation goes on through somebody else's descriptor, perhaps by a call that waited already.
    let closed = returned(call);
    let is_used = case.story.calls_on(sock).any(|(n, later)| n != close && goes_on(later, closed));
    if is_used {
        return None;
    }
    let peer = case.peer(sock);
    let waits =
        case.story.calls_on(mate).filter(|(_, wait)| wait.dir == Some(sock_record::Dir::In));
    let (_, last) = waits.last()?;
    let end = last.exit.unwrap_or(u64::MAX);
    if end <= closed {
        return None;
    }
    if last.exit.is_none() || last.err.as_deref() == Some("EINTR") {
        return Some(format!(
            ", and {peer} waits for the end in vain; close it in every process that has it"
        ));
    }
    // Who shuts its own socket down meets the end at once, whoever holds the other.
    let ends_itself = |own: &Call| {
        let is_read = matches!(own.args.how.as_deref(), Some("SHUT_RD" | "SHUT_RDWR"));
        own.call == CallKind::Shutdown && own.err.is_none() && is_read && own.enter <= end
    };
    if case.story.calls_on(mate).any(|(_, own)| ends_itself(own)) {
        return None;
    }
    let late = end - closed;
    let is_end = last.ret == Some(0);
    (is_end && late >= LONG).then(|| {
        format!(
            ", so {peer} had the end only {} later; close it in every process that has it",
            took(late)
        )
    })
}

/// Whether a call on the socket shows that who holds it still speaks through it: it moved something later, or waits to.
fn goes_on(call: &Call, closed: u64) -> bool {
    let is_later = call.exit.is_none_or(|exit| exit > closed);
    is_later && (call.moved().is_some() || (is_unfinished(call) && call.dir.is_some()))
}
