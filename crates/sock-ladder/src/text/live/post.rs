//! Messages: each is whole, and goes to one receive.

use sock_record::{Call, CallKind, Dir, Interval, SockId};

use super::book::{Who, counted, ghost};
use super::desk::Desk;
use super::meet::Role;
use super::row::Row;
use crate::plan::steps::What;
use crate::story::is_peek;

impl Desk {
    /// A datagram, or a message of a connection that keeps them apart.
    pub(super) fn datagram(
        &mut self,
        call: &Call,
        sock: SockId,
        dir: Dir,
        n: u64,
        rows: &mut Vec<Row>,
    ) {
        let Some(known) = self.book.of(sock) else { return };
        let named = call.args.addr.clone().or_else(|| known.peer.clone()).unwrap_or_default();
        let (mate, what) = (known.mate, What::Datagram(n));
        let (is_first, is_seqpacket) = (known.sent + known.got == 0, known.is_seqpacket());
        counted(known, dir, 1);
        let taker = mate.or_else(|| self.book.taker(&named));
        let holder = taker.and_then(|taker| self.book.holder(taker));
        let other = match holder {
            _ if is_seqpacket || mate.is_some() => self.book.peer(sock),
            Some(who) => (who, true),
            None => (ghost(&named), false),
        };
        if is_first {
            self.book.plays(&Who::Proc(call.proc), &other.0, dir == Dir::Out);
        }
        if dir == Dir::In && !other.1 {
            self.book.hears(&other.0);
        }
        let (role, key) = match dir {
            Dir::Out => (Role::Posts, taker.unwrap_or(sock)),
            Dir::In => (Role::Gets, sock),
        };
        let mut open = self.open(role, what, key, other, call);
        (open.whole, open.rest) = (Interval::at(0, n), Interval::at(0, n));
        open.names = Some(named);
        // Who it is for may be about to be known: its own datagram has come, and its call is told next.
        let is_promised = taker.is_none() && dir == Dir::Out && self.is_heard_from(sock, &open);
        if is_promised {
            self.waiting.push(open);
        } else if dir == Dir::Out && taker.is_none() || is_peek(call) {
            self.clear_way(&open.side, rows);
            let row = Row { peek: is_peek(call), ..open.lonely() };
            let is_stray = dir == Dir::Out && !open.other.1 && !self.book.is_heard(&open.other.0);
            let goal = open.names.as_deref().unwrap_or_default();
            rows.push(if is_stray { row.stray(goal) } else { row });
        } else {
            self.meet(open, rows);
        }
    }

    /// An urgent byte: it comes beside the stream, to who asks for it.
    pub(super) fn urgent(&mut self, call: &Call, sock: SockId, rows: &mut Vec<Row>) {
        let Some(known) = self.book.of(sock) else { return };
        let (mate, place) = (known.mate, Interval::at(known.sent, 0));
        let (role, key) = if call.call == CallKind::Send {
            (Role::Posts, mate.unwrap_or(sock))
        } else {
            (Role::Gets, sock)
        };
        let peer = self.book.peer(sock);
        let mut open = self.open(role, What::Bytes(place), key, peer, call);
        (open.whole, open.rest) = (Interval::at(0, 1), Interval::at(0, 1));
        if mate.is_some() {
            self.meet(open, rows);
        } else {
            self.clear_way(&open.side, rows);
            rows.push(open.lonely());
        }
    }
}
