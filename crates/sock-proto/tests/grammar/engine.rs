//! Engine: drives a session as an engine does, and touches only the peers that are named.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use sock_proto::{By, Command, Context, How, Kind, Lent, Limits, Link, Peer, Reason, Session};

use crate::ledger::Ledger;
use crate::player::{Act, Player, acts, size};
use crate::rubbish::limits;

#[derive(Debug, Clone)]
enum Step {
    /// One more peer calls; or the next that was dialled answers, or refuses.
    Join,
    Answer(bool),
    Data(u8, usize),
    Eof(u8),
    Reset(u8),
    /// The kernel has room for so many bytes.
    Room(u8, usize),
    Advance(u64),
    Stop,
}

#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is about another thing, and all combine")]
pub(crate) struct Case {
    limits: Limits,
    calls: bool,
    shared: bool,
    datagrams: bool,
    lends: bool,
    acts: Vec<Vec<Act>>,
    steps: Vec<Step>,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let peer = || prop_oneof![2 => Just(0), 1 => 0..8_u8];
    let step = prop_oneof![
        2 => Just(Step::Join),
        3 => prop::bool::weighted(0.8).prop_map(Step::Answer),
        8 => (peer(), size()).prop_map(|(p, n)| Step::Data(p, n)),
        3 => peer().prop_map(Step::Eof),
        1 => peer().prop_map(Step::Reset),
        6 => (peer(), size()).prop_map(|(p, n)| Step::Room(p, n)),
        3 => (0..60_u64).prop_map(Step::Advance),
        1 => Just(Step::Stop),
    ];
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.2), any::<bool>());
    (limits(), flags, acts(), prop::collection::vec(step, 0..60)).prop_map(
        |(mut limits, (calls, shared, datagrams, lends), acts, steps)| {
            // With it every conversation comes to an end by time alone.
            limits.idle.get_or_insert(Duration::from_secs(10));
            Case { limits, calls, shared, datagrams, lends, acts, steps }
        },
    )
}

/// What an engine keeps of a connection.
#[derive(Debug, Default)]
struct Line {
    /// The kernel takes so many bytes more.
    room: usize,
    /// The engine listens for bytes to read.
    reads: bool,
    /// The end of the peer's direction was read.
    eof: bool,
    /// A piece that is being sent, and a copy of it.
    lent: Option<(Lent, Vec<u8>)>,
}

struct Engine {
    session: Session<Player>,
    cx: Context,
    kind: Kind,
    lines: BTreeMap<Peer, Line>,
    due: VecDeque<Peer>,
    conn: u64,
    several: bool,
    /// Sends are under way while the session goes on.
    lends: bool,
}

impl Engine {
    fn open(&mut self, peer: Peer, called: bool) {
        self.conn += 1;
        self.lines.insert(peer, Line { room: 100, ..Line::default() });
        let link = Link { kind: self.kind, called, ..Link::stream(self.conn) };
        self.session.open(peer, &link, &mut self.cx);
    }

    /// Flushes the peer that was spoken of and those that the session names.
    fn settle(&mut self, peer: Option<Peer>) -> TestCaseResult {
        let mut todo = VecDeque::from_iter(peer);
        loop {
            while let Some((peer, _)) = self.session.dial() {
                self.several = true;
                self.due.push_back(peer);
            }
            todo.extend(self.session.active());
            let Some(peer) = todo.pop_front() else { break };
            self.flush(peer)?;
        }
        self.forgets_nobody()
    }

    fn flush(&mut self, peer: Peer) -> TestCaseResult {
        let Some(line) = self.lines.get_mut(&peer) else { return Ok(()) };
        loop {
            let mut full = false;
            if self.lends && line.lent.is_none() {
                let copy = self.session.output(peer, &self.cx).map(<[u8]>::to_vec);
                line.lent = self.session.lend(peer, self.cx.now, &self.cx).zip(copy);
            }
            while let Some(bytes) = self.session.output(peer, &self.cx) {
                prop_assert!(line.lent.is_none(), "{:?} is sent more than is lent", peer);
                let whole = self.kind == Kind::Datagram;
                let n = if whole { bytes.len() } else { bytes.len().min(line.room) };
                full = n > line.room || (n == 0 && !whole);
                if full {
                    self.session.stalled(peer, &mut self.cx);
                    break;
                }
                line.room -= n;
                let now = self.cx.now;
                self.session.sent(peer, n, now, &mut self.cx);
            }
            match self.session.command(peer, &mut self.cx) {
                Some(Command::Close | Command::Abort) => {
                    prop_assert!(!self.session.is_open(peer));
                }
                Some(Command::Finish) if line.lent.is_some() => {
                    return Err(TestCaseError::fail(format!(
                        "{peer:?} ends before what it is owed"
                    )));
                }
                None if full || self.session.output(peer, &self.cx).is_none() => break,
                Some(Command::Finish) | None => {}
            }
        }
        prop_assert!(
            !self.session.is_open(peer) || self.session.is_lent(peer) == line.lent.is_some()
        );
        line.reads = self.session.wants_read(peer, &self.cx);
        if !self.session.is_open(peer) {
            self.let_go(peer);
        }
        Ok(())
    }

    /// Lets go of a peer; a piece that is under way comes back to nobody.
    fn let_go(&mut self, peer: Peer) {
        if let Some((lent, copy)) = self.lines.remove(&peer).and_then(|line| line.lent) {
            assert_eq!(lent.bytes(), copy);
            self.session.take_back(peer, lent, Some(copy.len()), &mut self.cx);
        }
    }

    /// What was under way has been taken as far as there is room.
    fn come_back(&mut self, peer: Peer) -> TestCaseResult {
        let Some(line) = self.lines.get_mut(&peer) else { return Ok(()) };
        let Some((lent, copy)) = line.lent.take() else { return Ok(()) };
        prop_assert_eq!(lent.bytes(), copy.clone(), "it lies where it lay");
        let whole = self.kind == Kind::Datagram;
        let n = if whole { copy.len() } else { copy.len().min(line.room) };
        let taken = n <= line.room && (n > 0 || whole);
        line.room -= if taken { n } else { 0 };
        self.session.take_back(peer, lent, taken.then_some(n), &mut self.cx);
        if !taken {
            self.session.stalled(peer, &mut self.cx);
        }
        if !taken || (n < copy.len() && !whole) {
            let rest = self.session.output(peer, &self.cx).map(<[u8]>::len);
            let owed = copy.len() - if taken { n } else { 0 };
            prop_assert!(rest.is_none_or(|rest| rest >= owed.min(1)), "{:?} of {}", rest, owed);
        }
        Ok(())
    }

    /// Whoever was not named is as it was: nothing to send that there is room for, and nothing to
    /// read but where the engine listens.
    fn forgets_nobody(&self) -> TestCaseResult {
        for (peer, line) in &self.lines {
            if !self.session.is_open(*peer) {
                continue;
            }
            if let Some(bytes) = self.session.output(*peer, &self.cx) {
                prop_assert!(!self.lends, "{:?} has {} B to send", peer, bytes.len());
                let least = if self.kind == Kind::Datagram { bytes.len() } else { 1 };
                prop_assert!(line.room < least, "{:?} has {} B to send", peer, bytes.len());
            }
            let wants = self.session.wants_read(*peer, &self.cx);
            prop_assert!(!wants || line.reads, "{:?} is not read any more", peer);
        }
        Ok(())
    }

    fn wait_until(&mut self, time: sock_proto::Time) -> TestCaseResult {
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= time) {
            self.cx.now = self.cx.now.max(deadline);
            self.session.tick(&mut self.cx);
            while let Some(peer) = self.session.expired(&mut self.cx) {
                self.let_go(peer);
            }
            self.settle((!self.several).then_some(Peer::FIRST))?;
        }
        self.cx.now = self.cx.now.max(time);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> TestCaseResult {
        let nth = |n: u8| {
            let open = self.lines.len().max(1);
            self.lines.keys().nth(usize::from(n) % open).copied()
        };
        let now = self.cx.now;
        match *step {
            Step::Join if self.several => {
                let peer = self.session.join();
                self.open(peer, false);
                self.settle(Some(peer))
            }
            Step::Join => Ok(()),
            Step::Answer(yes) => {
                let Some(peer) = self.due.pop_front() else { return Ok(()) };
                if yes {
                    self.open(peer, true);
                } else {
                    let refused = Reason { by: By::Peer, how: How::Refused };
                    self.session.closed(peer, refused, &mut self.cx);
                }
                self.settle(Some(peer))
            }
            Step::Data(n, size) => {
                let Some(peer) = nth(n).filter(|peer| {
                    let line = &self.lines[peer];
                    !line.eof && self.session.wants_read(*peer, &self.cx)
                }) else {
                    return Ok(());
                };
                self.session.data(peer, &vec![b'd'; size], now, &mut self.cx);
                self.settle(Some(peer))
            }
            Step::Eof(n) => {
                let Some(peer) = nth(n).filter(|_| self.kind == Kind::Stream) else {
                    return Ok(());
                };
                let wants = self.session.wants_read(peer, &self.cx);
                let line = self.lines.get_mut(&peer).unwrap();
                if line.eof || !wants {
                    return Ok(());
                }
                line.eof = true;
                self.session.eof(peer, &mut self.cx);
                self.settle(Some(peer))
            }
            Step::Reset(n) => {
                let Some(peer) = nth(n) else { return Ok(()) };
                let reset = Reason { by: By::Peer, how: How::Reset };
                self.session.closed(peer, reset, &mut self.cx);
                self.let_go(peer);
                self.settle(Some(peer))
            }
            Step::Room(n, size) => {
                let Some(peer) = nth(n) else { return Ok(()) };
                self.lines.get_mut(&peer).unwrap().room += size;
                self.come_back(peer)?;
                self.settle(Some(peer))
            }
            Step::Advance(ms) => self.wait_until(now + Duration::from_millis(ms)),
            Step::Stop => {
                self.session.stop(&mut self.cx);
                self.settle((!self.several).then_some(Peer::FIRST))
            }
        }
    }
}

pub(crate) fn run(case: &Case) -> TestCaseResult {
    let ledger = Arc::new(Ledger::default());
    let mut session = Player::session(case.acts.clone(), case.calls);
    let first = if case.shared { session.join() } else { Peer::FIRST };
    let mut engine = Engine {
        session,
        cx: Context::new(case.limits, Duration::ZERO, 1).observed_by(Some(ledger.clone())),
        kind: if case.datagrams { Kind::Datagram } else { Kind::Stream },
        lines: BTreeMap::new(),
        due: VecDeque::new(),
        conn: 0,
        several: case.shared,
        lends: case.lends,
    };
    engine.open(first, case.calls);
    engine.settle(Some(first))?;
    for step in &case.steps {
        engine.step(step)?;
        prop_assert_eq!(&engine.session.protocol().wrong, &None);
    }
    // What still happens happens by time alone: everybody idles out, and the session is done.
    while !engine.due.is_empty() {
        engine.step(&Step::Answer(false))?;
    }
    let end = engine.cx.now + Duration::from_secs(1000);
    engine.wait_until(end)?;
    while !engine.due.is_empty() {
        engine.step(&Step::Answer(false))?;
    }
    prop_assert!(engine.session.is_done(), "{:?} are left", engine.lines.keys());
    prop_assert_eq!(&engine.session.protocol().wrong, &None);
    let sums = ledger.sums();
    prop_assert_eq!(&sums.wrong, &None);
    prop_assert_eq!(sums.sent + sums.unsent + sums.noted, engine.session.protocol().queued);
    Ok(())
}
