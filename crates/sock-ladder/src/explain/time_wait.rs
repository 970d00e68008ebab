//! Who closed first, and has `TIME_WAIT` to keep; the option that makes it harmless.

use std::collections::HashMap;

use sock_record::{CallKind, Level};

use super::case::Case;
use super::teller::Teller;
use crate::place::{Door, Place};
use crate::story::{is_by_end, returned};

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    let mut kept: HashMap<usize, usize> = HashMap::new();
    for sock in (0..case.story.socks.len()).filter(|&sock| case.is_tcp(sock)) {
        let line = &case.story.socks[sock];
        let Some(listener) = line.listener.and_then(|id| case.story.sock_of(id)) else { continue };
        let Some(first) = closed_first(case, sock) else { continue };
        kept.entry(listener).or_insert(first);
        let listens = case.story.socks[listener].local.as_deref().unwrap_or("its port");
        let call = case.line(first);
        let is_set = case.has_option(listener, "SO_REUSEADDR", call.enter);
        let is_set = if is_set { ", which it has set" } else { "" };
        teller.say("time-wait", Level::Info, first, (call.proc, listener), || {
            format!(
                "{} ended first, so its side keeps TIME_WAIT for 60 s: until then {listens} can be bound again only with \
                 SO_REUSEADDR{is_set}",
                case.who(first),
            )
        });
    }
    let mut kept: Vec<(usize, usize)> = kept.into_iter().collect();
    kept.sort_unstable();
    for (listener, _) in kept {
        let Some((bind, call)) = case.first(listener, &CallKind::Bind) else { continue };
        if case.has_option(listener, "SO_REUSEADDR", call.enter) {
            continue;
        }
        teller.say("no-reuseaddr", Level::Warn, bind, call.proc, || {
            let port = case.story.local(listener).map(|place| match Place::door(&place) {
                Door::Port(port) => format!("port {port}"),
                Door::Name(name) => name.into(),
            });
            format!(
                "{} did not set SO_REUSEADDR before bind, and ends connections first: started again within 60 s, it finds {} \
                 in use (TIME_WAIT); set the option before bind",
                case.who(bind),
                port.unwrap_or_else(|| "its address".into()),
            )
        });
    }
}

/// The call by which the accepted end of a connection ended it first, and properly.
fn closed_first(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    let mate = case.mate(sock)?;
    let (own, other) = (case.story.facts(sock), case.story.facts(mate));
    if own.reset().is_some() || other.reset().is_some() {
        return None;
    }
    let (fin, theirs) = (own.fin()?, other.fin()?);
    // The last of its holders ends it.
    let held = |call: usize| !case.story.holders(call).is_empty();
    let torn = |call: Option<usize>| {
        call.is_some_and(|call| {
            let line = case.line(call);
            super::case::number(line, "unread").unwrap_or(0) > 0
                || super::case::number(line, "linger_s") == Some(0)
        })
    };
    // Whom sock ended would not have ended there.
    if is_by_end(case.line(fin)) && case.story.is_stopped(case.line(fin).proc) {
        return None;
    }
    let is_first = returned(case.line(fin)) < case.line(theirs).enter;
    (is_first && !held(fin) && !torn(own.last_close) && !torn(other.last_close)).then_some(fin)
}
