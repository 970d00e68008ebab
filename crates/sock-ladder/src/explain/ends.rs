//! The end of a direction, as the receiver meets it.

use sock_record::{Call, CallKind, Level, LinkKind};

use super::case::{Case, text, took};
use super::teller::Teller;
use crate::story::{is_by_end, is_eof, is_peek, returned};

/// Who receives nothing so often has not understood that it is the end; buffered readers ask two or three times.
const STUBBORN: usize = 5;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in (0..case.story.socks.len()).filter(|&sock| case.story.is_connection(sock)) {
        let Some(end) = case.story.facts(sock).eof else { continue };
        let proc = case.line(end).proc;
        teller.say("end", Level::Info, end, "every conversation has one", || {
            let ender = case.linked(end, &LinkKind::Fin);
            let why = match ender {
                Some(ender) => because(case, ender, returned(case.line(end))),
                None => format!("{} sends no more", case.peer(sock)),
            };
            format!("0 B received is the end and no empty message: {why}")
        });
        let ends = case.story.calls_on(sock).filter(|(_, call)| is_eof(call) && !is_peek(call));
        let times = ends.filter(|(n, _)| !case.story.is_empty_message(*n)).count();
        if times >= STUBBORN {
            teller.say("end-ignored", Level::Warn, end, proc, || {
                format!(
                    "{} received 0 B {times} times: after the end every receive returns 0 at once; leave the loop at the \
                     first",
                    case.who(end),
                )
            });
        }
    }
}

/// Who ended the direction, and how long before `t`.
fn because(case: &Case<'_, '_>, ender: usize, t: u64) -> String {
    let call = case.line(ender);
    let when = match t.checked_sub(call.enter) {
        Some(ago) => format!(" {} earlier", took(ago)),
        None => String::new(),
    };
    format!("{} {}{when}{}", case.who(ender), deed(case, call), still(call))
}

/// What a call did to its socket.
pub(super) fn deed(case: &Case<'_, '_>, call: &Call) -> String {
    if is_by_end(call) && case.story.is_stopped(call.proc) {
        return "was ended by sock, which closed its socket,".to_owned();
    }
    match (&call.call, text(call, "by")) {
        (CallKind::Shutdown, _) => {
            format!("called shutdown({})", call.args.how.as_deref().unwrap_or("SHUT_WR"))
        }
        (_, Some("exit")) => "ended, which closed its socket,".to_owned(),
        (_, Some("kill")) => {
            let how = text(call, "by_signal").map(|signal| format!("ended by {signal}"));
            let how = how.as_deref().unwrap_or("killed");
            format!("was {how}, which closed its socket,")
        }
        _ => "closed its socket".to_owned(),
    }
}

fn still(call: &Call) -> &'static str {
    let half = call.call == CallKind::Shutdown && call.args.how.as_deref() == Some("SHUT_WR");
    if half { "; it can still receive" } else { "" }
}
