//! Numbers: of processes, sockets and calls, unique in a record without a word between processes that fork.
//!
//! ```text
//! process   1 …              the sides             sides + N    the child that has conversation N
//! socket    conversation N of side S of n          n (N - 1) + S + 1: the same number where there is one side
//! call      1 … 2²² - 1, then from 2⁵² on          N 2²² …      those of that child
//! ```
//!
//! Conversations are numbered before a child is made, so what is made of their numbers is the child's alone; and all
//! stays below 2⁵³, where readers that know no integers begin to round.

use sock_record::{Ev, ProcId, SockId};

/// How many calls a child may record.
const RANGE: u64 = 1 << 22;
/// Where the first process goes on when its range is full, behind those of two thousand million children.
const BEYOND: u64 = 1 << 52;

#[derive(Debug)]
pub(super) struct Numbers {
    sides: u64,
    /// The conversation for which this process was forked; 0 in the one that began the record.
    child: u64,
    next: u64,
    end: u64,
}

impl Numbers {
    pub(super) fn new(sides: usize, has_children: bool) -> Self {
        let end = if has_children { RANGE } else { u64::MAX };
        Self { sides: sides as u64, child: 0, next: 1, end }
    }

    /// From here on this is the child that has conversation `conn`.
    pub(super) fn fork(&mut self, conn: u64) {
        self.child = conn;
        self.next = conn.saturating_mul(RANGE);
        self.end = self.next.saturating_add(RANGE);
    }

    /// The number of the next call; none when a child has used up its range.
    pub(super) fn ev(&mut self) -> Option<Ev> {
        if self.next == self.end {
            if self.child != 0 {
                return None;
            }
            (self.next, self.end) = (BEYOND, u64::MAX);
        }
        let ev = Ev(self.next);
        self.next += 1;
        Some(ev)
    }

    pub(super) fn proc(&self, side: usize) -> ProcId {
        let own = if self.child == 0 { side as u64 + 1 } else { self.sides + self.child };
        ProcId(u32::try_from(own).unwrap_or(u32::MAX))
    }

    pub(super) fn sock(&self, side: usize, conn: u64) -> SockId {
        let before = conn.saturating_sub(1).saturating_mul(self.sides);
        SockId(u32::try_from(before + side as u64 + 1).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    //! That no number is given twice.

    use super::*;

    #[test]
    fn one_side_has_the_numbers_of_its_conversations() {
        let numbers = Numbers::new(1, false);
        assert_eq!([1, 2, 3].map(|conn| numbers.sock(0, conn).0), [1, 2, 3]);
    }

    #[test]
    fn two_sides_share_no_socket() {
        let numbers = Numbers::new(2, false);
        let socks = [(0, 1), (1, 1), (0, 2), (1, 2)].map(|(side, conn)| numbers.sock(side, conn).0);
        assert_eq!(socks, [1, 2, 3, 4]);
        assert_eq!((numbers.proc(0), numbers.proc(1)), (ProcId(1), ProcId(2)));
    }

    #[test]
    fn children_share_no_call_with_anybody() {
        let mut parent = Numbers::new(1, true);
        let (mut first, mut second) = (Numbers::new(1, true), Numbers::new(1, true));
        first.fork(1);
        second.fork(2);
        assert_eq!(first.ev(), Some(Ev(RANGE)));
        assert_eq!(second.ev(), Some(Ev(2 * RANGE)));
        assert_eq!((first.proc(0), second.proc(0)), (ProcId(2), ProcId(3)));
        first.next = first.end;
        assert_eq!(first.ev(), None, "the next belongs to the second");
        parent.next = RANGE - 1;
        assert_eq!(parent.ev(), Some(Ev(RANGE - 1)));
        assert_eq!(parent.ev(), Some(Ev(BEYOND)));
    }
}
