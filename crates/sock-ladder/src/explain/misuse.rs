//! Calls that a socket is not ready for, or never will be: the errors that a first program meets.

use sock_record::{Call, CallKind, Family, Level, Origin};

use super::case::{Case, called};
use super::places::written;
use super::teller::Teller;
use crate::place::Place;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for (n, call) in case.story.calls.iter().enumerate() {
        let (Some(err), Some(sock)) = (call.err.as_deref(), case.story.on(n)) else { continue };
        match (&call.call, err) {
            (CallKind::Accept, "EINVAL") => not_listening(case, teller, n, sock),
            (CallKind::Bind, "EADDRNOTAVAIL") => not_here(case, teller, n),
            (_, "ENOTCONN" | "EPIPE" | "EDESTADDRREQ") => not_connected(case, teller, n, sock),
            _ => {}
        }
    }
}

fn not_listening(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, n: usize, sock: usize) {
    let line = case.line(n);
    // One that listened and was shut down has another story, and so has the end of a connection.
    let done = |kind: &CallKind| case.first(sock, kind).is_some_and(|(first, _)| first < n);
    if done(&CallKind::Listen) || case.story.is_connection(sock) {
        return;
    }
    teller.say("not-listening", Level::Error, n, (line.proc, sock), || {
        let cure = if done(&CallKind::Bind) {
            "call listen after bind, and then accept"
        } else {
            "call bind, then listen, and then accept"
        };
        format!(
            "{} called accept on a socket that does not listen, and so nobody can call it: {cure}",
            case.who(n)
        )
    });
}

fn not_here(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, n: usize) {
    let line = case.line(n);
    let Some(place) = line.args.addr.as_deref().and_then(Place::new) else { return };
    teller.say("not-here", Level::Error, n, (line.proc, &place), || {
        let (ip, all) = match &place {
            Place::Inet(ip, _) if ip.is_ipv4() => (ip.to_string(), "0.0.0.0"),
            Place::Inet(ip, _) => (ip.to_string(), "[::]"),
            Place::Name(name) => (name.to_string(), "0.0.0.0"),
        };
        format!(
            "{} cannot be at {}: no interface of this machine has the address {ip}; bind one that it has (ip addr shows them), \
             or {all}, which is all of them; the address of the other side belongs to connect",
            case.who(n),
            written(&place),
        )
    });
}

fn not_connected(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, n: usize, sock: usize) {
    let (story, line) = (case.story, case.line(n));
    let socket = &story.socks[sock];
    let is_of_internet = matches!(socket.family, Family::Inet | Family::Inet6);
    let was_connected = story.facts(sock).connect.is_some()
        || socket.peer.is_some()
        || socket.from != Origin::Socket;
    let Some(how) = verb(line).filter(|_| is_of_internet && !was_connected) else { return };
    teller.say("not-connected", Level::Error, n, (line.proc, sock, line.dir), || {
        let who = case.who(n);
        if story.is_listener(sock) {
            return format!(
                "{who} called {how} on the socket that listens: that one only takes calls, and bytes come and go through the \
                 socket that accept returns: call {how} on that one"
            );
        }
        if story.is_dgram(sock) {
            return format!(
                "{who} called {how} and did not say to whom: give the address with it (sendto), or connect the socket first"
            );
        }
        match story.facts(sock).refused {
            Some(_) => format!(
                "{who} called {how} on a socket whose connect had failed: look at what connect returned, and take a new socket \
                 for the next try"
            ),
            None => format!(
                "{who} called {how} on a socket that is connected to nobody: call connect first, or use the socket that accept \
                 returns"
            ),
        }
    });
}

/// The word for what a call wanted.
fn verb(call: &Call) -> Option<&str> {
    let is_meant = call.dir.is_some() || call.call == CallKind::Shutdown;
    is_meant.then(|| called(call))
}
