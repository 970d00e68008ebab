//! A conversation in a line: who spoke with whom, since when, and how much that was.

use sock_ladder::Conversation;
use sock_record::{Call, Dir, Line, SockId};

/// Who spoke with whom, since when, and how much that was, seen from the first of its sockets.
pub(super) fn title(one: &Conversation<'_>) -> String {
    let own = one.socks.first().map(|sock| End::new(one, *sock)).unwrap_or_default();
    let other = one.socks.get(1).map(|sock| End::new(one, *sock)).unwrap_or_default();
    // An end that is bound to every interface is known better by the address that the other one used.
    let local = own.named(other.peer.or(own.local));
    let peer = other.named(own.peer.or(other.local));
    let (ms, us) = (one.t / 1_000_000, one.t / 1_000 % 1_000);
    let (sent, received) = (own.sent, own.received);
    format!("{ms}.{us:03} ms  {local} with {peer}: sent {sent} B, received {received} B")
}

/// What a conversation tells of one of its sockets.
#[derive(Default)]
struct End<'a> {
    /// The program that used it.
    name: Option<&'a str>,
    local: Option<&'a str>,
    peer: Option<&'a str>,
    sent: u64,
    received: u64,
}

impl<'a> End<'a> {
    fn new(one: &Conversation<'a>, id: SockId) -> Self {
        let mut end = Self::default();
        // A connection may go from hand to hand: it is named by who moved something through it.
        let (mut user, mut mover) = (None, None);
        for line in &one.lines {
            // A later line about a socket adds what has become known since.
            if let Line::Sock(sock) = line
                && sock.sock == id
            {
                end.local = sock.local.as_deref().or(end.local);
                end.peer = sock.peer.as_deref().or(end.peer);
            }
            if let Line::Call(call) = line
                && call.sock == Some(id)
            {
                user = user.or(Some(call.proc));
                mover = mover.or(call.moved().map(|_| call.proc));
                end.peer = end.peer.or(call.args.addr.as_deref().filter(|_| call.dir.is_some()));
                end.count(call);
            }
        }
        let user = mover.or(user);
        end.name = one.lines.iter().rev().find_map(|line| {
            let Line::Proc(proc) = line else { return None };
            (Some(proc.proc) == user).then_some(&*proc.name)
        });
        end
    }

    fn count(&mut self, call: &Call) {
        // What was only looked at is received later.
        let is_peek = call.args.has_flag("MSG_PEEK");
        match (&call.dir, call.moved()) {
            (Some(Dir::Out), Some(moved)) => self.sent += moved,
            (Some(Dir::In), Some(moved)) if !is_peek => self.received += moved,
            _ => {}
        }
    }

    /// Its program and its address, as far as they are known.
    fn named(&self, address: Option<&str>) -> String {
        // A recording comes from anywhere: nothing in it reaches the terminal as a command.
        match (self.name.map(str::escape_debug), address.map(str::escape_debug)) {
            (Some(name), Some(address)) => format!("{name} {address}"),
            (Some(one), None) | (None, Some(one)) => one.to_string(),
            (None, None) => "?".to_owned(),
        }
    }
}
