//! Kernel: the sockets of the made-up world: what has arrived, what is under way, what is over.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::wire::Cut;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::peers::{Kind, Peer};
use crate::time::Time;

/// The two ends of one conversation: 0 is the caller's.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) ends: [End; 2],
    pub(super) kind: Kind,
    /// Where the call goes.
    pub(super) place: Endpoint,
    /// Where it comes from.
    pub(super) from: Endpoint,
}

/// A socket.
#[derive(Debug)]
pub(super) struct End {
    /// The node that it belongs to; none at the far end of a call to nobody.
    pub(super) node: Option<usize>,
    /// What the node's session calls it.
    pub(super) peer: Peer,
    pub(super) life: Life,
    inbox: VecDeque<Vec<u8>>,
    /// Bytes in the inbox.
    unread: usize,
    /// The other end has ended its direction.
    pub(super) eof: Eof,
    /// Our end of the direction is on its way.
    pub(super) finished: bool,
    /// Bytes on their way from here, or unread at the other end as far as is known here.
    pub(super) under_way: usize,
    /// There was no room: the node wants to know when there is.
    pub(super) blocked: bool,
    /// The node reads when something arrives.
    pub(super) armed: bool,
    /// Bytes that were read since the beginning, and where the next cut is.
    read: u64,
    cut: u64,
    /// When the last bytes, and the last word of room, on their way to here arrive; a key of what
    /// is due.
    pub(super) last_bytes: Option<(Time, u64)>,
    pub(super) last_room: Option<(Time, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Being called.
    Due,
    Open,
    /// The node has let go of it.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eof {
    No,
    Arrived,
    Heard,
}

/// What travels.
#[derive(Debug)]
pub(super) enum Packet {
    /// A call.
    Syn,
    /// The call is answered.
    SynAck,
    /// The answer has come.
    Ack,
    /// Nobody listens there.
    Refused,
    Bytes(Vec<u8>),
    Fin,
    Reset,
    /// So many bytes were read: there is room for as many more.
    Room(usize),
}

/// No read takes more: what the engines' read buffers hold.
const READ: usize = 64 * 1024;

impl End {
    pub(super) fn new(node: Option<usize>, peer: Peer) -> Self {
        Self {
            node,
            peer,
            life: Life::Due,
            inbox: VecDeque::new(),
            unread: 0,
            eof: Eof::No,
            finished: false,
            under_way: 0,
            blocked: false,
            armed: true,
            read: 0,
            cut: 0,
            last_bytes: None,
            last_room: None,
        }
    }

    /// Keeps what has arrived until it is read.
    pub(super) fn arrive(&mut self, bytes: Vec<u8>) {
        self.unread += bytes.len();
        self.inbox.push_back(bytes);
    }

    pub(super) fn unread(&self) -> usize {
        self.unread
    }

    /// Takes what one read returns: a datagram, or bytes up to the next cut.
    pub(super) fn take(&mut self, kind: Kind, cut: &Cut, dice: &mut Context) -> Option<Vec<u8>> {
        let mut piece = self.inbox.pop_front()?;
        if kind == Kind::Stream {
            if self.read >= self.cut {
                self.cut = cut.behind(self.read, dice);
            }
            let most = usize::try_from(self.cut - self.read).map_or(READ, |n| n.min(READ));
            while piece.len() < most
                && let Some(more) = self.inbox.pop_front()
            {
                piece.extend_from_slice(&more);
            }
            if piece.len() > most {
                self.inbox.push_front(piece.split_off(most));
            }
        }
        self.unread -= piece.len();
        self.read += piece.len() as u64;
        Some(piece)
    }

    /// Forgets what has arrived.
    pub(super) fn clear(&mut self) {
        self.inbox.clear();
        self.unread = 0;
    }
}
