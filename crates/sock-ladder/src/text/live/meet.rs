//! Calls that wait for their other side, and how two of them become rows.

use sock_record::{Interval, SockId};

use super::book::Who;
use super::desk::Desk;
use super::row::{Load, Row, Side};
use crate::plan::rows::Share;
use crate::plan::steps::{Part, What};

/// So many calls wait at once at most; then the oldest is drawn alone.
const MOST: usize = 1024;

/// What a call does, of which another does the other half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Connect,
    Accept,
    /// Bytes of a stream, out and in.
    Sends,
    Takes,
    /// The end of a direction, and who met it.
    Ends,
    MeetsEnd,
    /// A datagram, out and in.
    Posts,
    Gets,
}

impl Role {
    fn other(self) -> Self {
        match self {
            Self::Connect => Self::Accept,
            Self::Accept => Self::Connect,
            Self::Sends => Self::Takes,
            Self::Takes => Self::Sends,
            Self::Ends => Self::MeetsEnd,
            Self::MeetsEnd => Self::Ends,
            Self::Posts => Self::Gets,
            Self::Gets => Self::Posts,
        }
    }

    fn leaves(self) -> bool {
        matches!(self, Self::Connect | Self::Sends | Self::Ends | Self::Posts)
    }
}

/// A call that waits for its other side.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) role: Role,
    pub(super) what: What,
    /// Whose direction it is about: the socket that connects, sends or ends; of datagrams the one that gets them.
    pub(super) key: SockId,
    pub(super) side: Side,
    /// Who is expected at the other end, and whether its calls are in the record.
    pub(super) other: (Who, bool),
    pub(super) t: u64,
    pub(super) arrive: u64,
    pub(super) whole: Interval,
    /// What of it has not met its other side.
    pub(super) rest: Interval,
    pub(super) data: Option<Box<[u8]>>,
    /// The number at which its arrow was cut, where it was drawn alone.
    pub(super) told: Option<u32>,
    pub(super) sock: Option<SockId>,
    /// Of a datagram: whom it names, how much room there was.
    pub(super) names: Option<Box<str>>,
    pub(super) room: Option<u64>,
}

impl Open {
    /// Those of its bytes that were kept of a part of it.
    fn kept(&self, off: Interval) -> Option<&[u8]> {
        let data = self.data.as_deref()?;
        let from = usize::try_from(off.start() - self.whole.start()).unwrap_or(usize::MAX);
        let len = usize::try_from(off.len()).unwrap_or(usize::MAX);
        let there = data.get(from..)?;
        Some(&there[..there.len().min(len)])
    }

    /// Whether it is a datagram to an address at which nobody is known.
    fn is_unaddressed(&self) -> bool {
        self.role == Role::Posts && !self.other.1 && Some(self.key) == self.sock
    }

    /// Which part of it this is.
    fn part(&self, off: Interval) -> Part {
        let (first, last) = (off.start() == self.whole.start(), off.end() >= self.whole.end());
        match (first, last) {
            (true, true) => Part::Only,
            (true, false) => Part::First,
            (false, true) => Part::Last,
            (false, false) => Part::Middle,
        }
    }

    fn side(&self, off: Interval) -> Side {
        Side { part: self.part(off), ..self.side.clone() }
    }

    /// The row of one whose other side is not drawn.
    pub(super) fn lonely(&self) -> Row {
        let is_stream = matches!(self.role, Role::Sends | Role::Takes);
        let what = if is_stream { What::Bytes(self.rest) } else { self.what };
        let own = if is_stream { self.side(self.rest) } else { self.side.clone() };
        let other = Side::bare(self.other.0.clone());
        let (from, to) = if self.role.leaves() { (own, other) } else { (other, own) };
        let load = Load::new(self.kept(self.rest), self.rest.len());
        // What comes is there when it has come, however long somebody waited for it.
        let t = if self.role.leaves() { self.t } else { self.arrive };
        Row { load, ..Row::arrow(what, from, to, (t, self.arrive)) }
    }

    /// Whether a datagram can be the one that was received.
    fn is_taken_by(&self, got: &Self) -> bool {
        let agree = match (self.data.as_deref(), got.data.as_deref()) {
            (Some(one), Some(other)) => one.iter().zip(other).all(|(a, b)| a == b),
            _ => true,
        };
        let (sent, taken) = (self.whole.len(), got.whole.len());
        agree && (sent == taken || (sent > taken && got.room == Some(taken)))
    }
}

impl Desk {
    /// Draws a call with its other side, or lets it wait for that.
    pub(super) fn meet(&mut self, mut new: Open, rows: &mut Vec<Row>) {
        while let Some((at, off)) = self.find(&new) {
            let mut old = self.waiting.remove(at);
            let (from, to) = if new.role.leaves() { (&new, &old) } else { (&old, &new) };
            self.join(from, to, off, rows);
            if new.role == Role::Posts || new.role == Role::Gets {
                return;
            }
            for each in [&mut new, &mut old] {
                each.rest = Interval::new(off.end().min(each.rest.end()), each.rest.end())
                    .unwrap_or(each.rest);
            }
            if !old.rest.is_empty() {
                self.waiting.insert(at.min(self.waiting.len()), old);
            }
            if new.rest.is_empty() {
                return;
            }
        }
        self.waiting.push(new);
        if self.waiting.len() > MOST {
            let mut oldest = self.waiting.remove(0);
            self.alone(&mut oldest, rows);
        }
    }

    /// The call at the other side of `new` that comes first, and the bytes that both are about.
    fn find(&self, new: &Open) -> Option<(usize, Interval)> {
        let wanted = new.role.other();
        let here = self.waiting.iter().enumerate();
        let mut those = here.filter(|(_, old)| old.role == wanted && old.key == new.key);
        match new.role {
            Role::Sends | Role::Takes => those.find_map(|(at, old)| {
                let (from, to) =
                    (old.rest.start().max(new.rest.start()), old.rest.end().min(new.rest.end()));
                Interval::new(from, to).filter(|off| !off.is_empty()).map(|off| (at, off))
            }),
            Role::Posts => {
                those.find(|(_, old)| new.is_taken_by(old)).map(|(at, _)| (at, new.rest))
            }
            Role::Gets => those.find(|(_, old)| old.is_taken_by(new)).map(|(at, _)| (at, new.rest)),
            Role::Connect | Role::Accept | Role::Ends | Role::MeetsEnd => {
                those.next().map(|(at, _)| (at, new.rest))
            }
        }
    }

    fn join(&mut self, from: &Open, to: &Open, off: Interval, rows: &mut Vec<Row>) {
        if from.told.is_none() {
            self.clear_way(&from.side, rows);
        }
        self.clear_way(&to.side, rows);
        if from.role == Role::Posts
            && let (Some(sock), Some(address)) = (from.sock, to.names.as_deref())
        {
            // A client that never asked for its own address learns it from who received its datagrams.
            self.book.locate_first(sock, address);
            self.readdress(sock, address);
        }
        let what = if from.role == Role::Sends { What::Bytes(off) } else { from.what };
        let is_stream = from.role == Role::Sends;
        let (one, other) = if is_stream {
            (from.side(off), to.side(off))
        } else {
            (from.side.clone(), to.side.clone())
        };
        let kept =
            [from.kept(off), to.kept(off)].into_iter().flatten().max_by_key(|kept| kept.len());
        let len = if is_stream { off.len() } else { to.whole.len() };
        let arrive = to.arrive.max(from.t);
        // Where it left stands further up: this row is where it arrives.
        let t = if from.told.is_some() { arrive } else { from.t };
        let arrow = Row::arrow(what, one, other, (t, arrive));
        let share = from.told.map_or(Share::Whole, Share::Arrives);
        rows.push(Row { share, load: Load::new(kept, len), ..arrow });
    }

    /// Whether a socket has got a datagram from whom this one is for, and the call that sent that is not known yet.
    pub(super) fn is_heard_from(&self, sock: SockId, posted: &Open) -> bool {
        let mut here = self.waiting.iter();
        here.any(|open| open.role == Role::Gets && open.key == sock && open.names == posted.names)
    }

    /// Whether an empty message for a socket waits to be received, and nothing before it.
    pub(super) fn is_posted_nothing(&self, sock: SockId) -> bool {
        let mut here = self.waiting.iter();
        let next = here.find(|open| open.role == Role::Posts && open.key == sock);
        next.is_some_and(|open| open.whole.is_empty())
    }

    /// It has become known where a socket is: what waits to be sent there is for it.
    fn readdress(&mut self, sock: SockId, address: &str) {
        let Some(holder) = self.book.holder(sock) else { return };
        for open in &mut self.waiting {
            if open.is_unaddressed() && open.names.as_deref() == Some(address) {
                (open.key, open.other) = (sock, (holder.clone(), true));
            }
        }
    }

    /// Draws what its process did before a call, and what still waits for its other side.
    pub(super) fn clear_way(&mut self, side: &Side, rows: &mut Vec<Row>) {
        let Some((ev, _)) = side.call else { return };
        self.draw_alone(rows, |open| {
            open.side.who == side.who && open.side.call.as_ref().is_some_and(|call| call.0 < ev)
        });
    }

    /// Draws those that wait and are meant; what has left goes on waiting for where it arrives.
    pub(super) fn draw_alone(&mut self, rows: &mut Vec<Row>, is_meant: impl Fn(&Open) -> bool) {
        if !self.waiting.iter().any(|open| open.told.is_none() && is_meant(open)) {
            return;
        }
        for mut open in std::mem::take(&mut self.waiting) {
            if open.told.is_some() || !is_meant(&open) {
                self.waiting.push(open);
                continue;
            }
            self.alone(&mut open, rows);
            if open.told.is_some() {
                self.waiting.push(open);
            }
        }
    }

    /// Draws a call without its other side.
    fn alone(&mut self, open: &mut Open, rows: &mut Vec<Row>) {
        if open.told.is_some() {
            return;
        }
        let mut row = open.lonely();
        if open.role.leaves() && !open.is_unaddressed() {
            self.cuts += 1;
            open.told = Some(self.cuts);
            row.share = Share::Departs(self.cuts);
        } else if open.role == Role::Takes
            && let Some(sender) = self.book.of(open.key)
        {
            // Its send is still to come, and is then a row of its own.
            sender.drawn = sender.drawn.max(open.rest.end());
        }
        rows.push(row);
    }

    /// Draws what is left when nothing comes any more.
    pub(super) fn finish(&mut self, rows: &mut Vec<Row>) {
        for open in std::mem::take(&mut self.waiting) {
            if open.told.is_none() {
                let is_awaited = matches!(open.role, Role::Connect | Role::Sends | Role::Posts);
                let unseen = open.role == Role::Sends && self.book.is_taken_unseen(open.key);
                let unmet = is_awaited && open.other.1 && !unseen;
                rows.push(Row { unmet, unseen, ..open.lonely() });
            }
        }
    }
}
