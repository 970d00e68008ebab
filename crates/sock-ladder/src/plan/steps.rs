//! Steps: everything that a ladder shows, from a call on one lane to a call on another.

use std::collections::HashMap;

use sock_record::{CallKind, Interval, LinkHow, LinkKind, Origin};

use super::lanes::{Lanes, Peer};
use crate::pair::Joined;
use crate::story::{Story, is_not_yet, is_peek, is_unreturned, returned};
use crate::waits::signal;

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Connect,
    /// Nobody took the connection.
    Refused,
    /// Bytes of a stream.
    Bytes(Interval),
    /// A datagram of so many bytes.
    Datagram(u64),
    Fin,
    /// The end of one direction by `shutdown`: the other goes on.
    HalfClose,
    Rst,
    /// A call that concerns its own lane only.
    Local,
}

/// Where a step touches a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Touch {
    pub(crate) lane: usize,
    /// The call, where the record has it.
    pub(crate) call: Option<usize>,
    /// What happened where no call says so.
    pub(crate) word: Option<Untold>,
    /// Which of the call's steps this is.
    pub(crate) part: Part,
    /// The record would have the call if there had been one.
    pub(crate) missing: bool,
    /// Somebody may have taken what came, by ways that the record does not have.
    pub(crate) unseen: bool,
}

/// What happened where no call says so: an engine tells of connections, not of the calls that made them, and a system
/// answers without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Untold {
    Connect,
    Accept,
    /// What a system did by itself.
    Answer,
}

impl Untold {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Answer => "",
        }
    }
}

/// Which of its call's steps a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Only,
    First,
    Middle,
    Last,
}

/// One thing to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) what: What,
    pub(crate) from: Touch,
    /// None for what stays on its lane, and for what went where nobody is known.
    pub(crate) to: Option<Touch>,
    pub(crate) depart: u64,
    pub(crate) arrive: u64,
    pub(crate) peek: bool,
    /// Which call of the other side it belongs to is not certain.
    pub(crate) guess: bool,
}

impl Step {
    /// The offset of its first byte; 0 where it has none.
    pub(crate) fn start(&self) -> u64 {
        let What::Bytes(off) = self.what else { return 0 };
        off.start()
    }

    /// Whether it went somewhere, and nobody is known there.
    pub(crate) fn is_stray(&self) -> bool {
        self.to.is_none() && self.what != What::Local
    }

    /// When its bytes were taken: of the bytes of one send, those that never were come last.
    pub(crate) fn taken(&self) -> u64 {
        self.to.and_then(|to| to.call).map_or(u64::MAX, |_| self.arrive)
    }
}

impl Touch {
    fn call(lane: usize, call: usize) -> Self {
        Self { call: Some(call), ..Self::bare(lane) }
    }

    pub(super) fn word(lane: usize, word: Untold) -> Self {
        Self { word: Some(word), ..Self::bare(lane) }
    }

    pub(super) fn peer(peer: Peer) -> Self {
        Self { missing: peer.seen, ..Self::bare(peer.lane) }
    }

    /// A lane at which no call is shown.
    pub(crate) fn bare(lane: usize) -> Self {
        Self { lane, call: None, word: None, part: Part::Only, missing: false, unseen: false }
    }

    /// Whether something stands beside the lane here, so that its place among the lane's events matters.
    pub(crate) fn is_event(&self) -> bool {
        self.call.is_some() || self.word.is_some()
    }
}

pub(super) struct Maker<'s, 'a> {
    pub(super) story: &'s Story<'a>,
    pub(super) joined: &'s Joined,
    pub(super) lanes: &'s Lanes,
    pub(super) steps: Vec<Step>,
    pub(super) shown: Vec<bool>,
    /// How many of each call's bytes have their other side in the record.
    pub(super) met: Vec<u64>,
    /// When the last of each socket's bytes was received.
    landed: Vec<u64>,
    /// Which bytes those are, where they are neither all nor none.
    pub(super) partly: HashMap<usize, Vec<Interval>>,
}

/// The steps of a story; `all` adds the calls that only prepare.
pub(crate) fn steps(story: &Story<'_>, joined: &Joined, lanes: &Lanes, all: bool) -> Vec<Step> {
    let mut met = vec![0; story.calls.len()];
    for join in joined.joins.iter().filter(|join| !join.peek) {
        let len = join.off.map_or(0, Interval::len);
        met[join.from] += len;
        met[join.to] += len;
    }
    let mut partly: HashMap<usize, Vec<Interval>> = HashMap::new();
    for join in joined.joins.iter().filter(|join| !join.peek) {
        for call in [join.from, join.to] {
            if joined.spans[call].is_some_and(|whole| met[call] < whole.len()) {
                partly.entry(call).or_default().extend(join.off);
            }
        }
    }
    let mut landed = vec![0; story.socks.len()];
    // A reset that answers a later send is no part of what was sent before the end.
    let is_before_end = |kind: &LinkKind| !matches!(kind, LinkKind::Fin | LinkKind::Rst);
    for join in joined.joins.iter().filter(|join| is_before_end(&join.kind) && !join.peek) {
        if let Some(sock) = story.on(join.from) {
            landed[sock] = landed[sock].max(returned(story.calls[join.to]));
        }
    }
    let shown = vec![false; story.calls.len()];
    let mut maker = Maker { story, joined, lanes, steps: Vec::new(), shown, met, landed, partly };
    maker.joins();
    for sock in 0..story.socks.len() {
        if story.is_dgram(sock) {
            maker.lone_datagrams(sock);
        } else if story.is_connection(sock) {
            maker.opening(sock);
            if story.is_seqpacket(sock) {
                maker.lone_datagrams(sock);
            } else {
                maker.lone_bytes(sock);
            }
            maker.ends(sock);
        }
    }
    maker.locals(all);
    maker.steps
}

impl Maker<'_, '_> {
    pub(super) fn add(&mut self, what: What, from: Touch, to: Option<Touch>, peek: bool) {
        let calls = &self.story.calls;
        let depart = from.call.map(|n| calls[n].enter);
        let arrive = to.and_then(|to| to.call).map(|n| returned(calls[n]));
        let at = depart.or(arrive).unwrap_or(0);
        for call in [from.call, to.and_then(|to| to.call)].into_iter().flatten() {
            self.shown[call] = true;
        }
        let arrive = arrive.unwrap_or(at);
        self.steps.push(Step { what, from, to, depart: at, arrive, peek, guess: false });
    }

    pub(super) fn touch(&self, call: usize) -> Touch {
        Touch::call(self.lanes.of_call(self.story, call), call)
    }

    fn joins(&mut self) {
        for join in &self.joined.joins {
            let (from, to) = (self.touch(join.from), self.touch(join.to));
            let what = match join.kind {
                LinkKind::Connect => What::Connect,
                LinkKind::Fin => self.fin(join.from),
                LinkKind::Rst => {
                    if let Some(send) = self.answered(join.from, join.to) {
                        self.answer(send, join.from, to);
                        continue;
                    }
                    What::Rst
                }
                LinkKind::Bytes => match join.off {
                    Some(off) => What::Bytes(off),
                    None => What::Datagram(self.story.calls[join.to].moved().unwrap_or(0)),
                },
                LinkKind::Dgram => What::Datagram(self.story.calls[join.to].moved().unwrap_or(0)),
                // Descriptors travel with bytes, which have a step already.
                LinkKind::Passed | LinkKind::Other(_) | _ => continue,
            };
            self.add(what, from, Some(to), join.peek);
            let guess = join.kind == LinkKind::Bytes && join.how == LinkHow::Guess;
            self.steps.last_mut().into_iter().for_each(|step| step.guess = guess);
        }
    }

    fn fin(&self, call: usize) -> What {
        let both = self.story.calls[call].args.how.as_deref() == Some("SHUT_RDWR");
        let half = self.story.calls[call].call == CallKind::Shutdown && !both;
        if half { What::HalfClose } else { What::Fin }
    }

    pub(super) fn peer(&self, sock: usize) -> Option<Peer> {
        self.lanes.peer_of(self.story, self.joined, sock)
    }

    /// How a connection began, where that is not a link already.
    fn opening(&mut self, sock: usize) {
        let (story, joined) = (self.story, self.joined);
        let lane = self.lanes.of(sock);
        if story.socks[sock].from == Origin::Accept {
            if joined.mates[sock].is_some() {
                return;
            }
            let Some(peer) = self.peer(sock) else { return };
            let from = Touch { missing: false, ..Touch::peer(peer) };
            let to = joined.accepts[sock].map(|call| self.touch(call));
            self.add(
                What::Connect,
                from,
                Some(to.unwrap_or(Touch::word(lane, Untold::Accept))),
                false,
            );
            self.stamp(sock, to.is_none(), None);
            return;
        }
        if story.nowhere(sock).is_some() {
            return;
        }
        let failed = story.facts(sock).refused;
        if let Some(call) = failed {
            let to = self.peer(sock).map(|peer| Touch { missing: false, ..Touch::peer(peer) });
            self.add(What::Refused, self.touch(call), to, false);
        }
        let connect = story.facts(sock).connect;
        let connected =
            story.socks[sock].from == Origin::Socket && story.socks[sock].peer.is_some();
        if connect.is_none() && (failed.is_some() || !connected) {
            return;
        }
        let from = connect.map_or(Touch::word(lane, Untold::Connect), |call| self.touch(call));
        let mate = joined.mates[sock].filter(|&mate| mate != sock);
        let accept = mate.and_then(|mate| joined.accepts[mate]);
        if connect.is_some() && accept.is_some() {
            return;
        }
        let Some(peer) = self.peer(sock) else {
            self.add(What::Connect, from, None, false);
            return;
        };
        let accepted = mate.filter(|&mate| story.socks[mate].from == Origin::Accept);
        let to = match (accept, accepted) {
            (Some(call), _) => self.touch(call),
            (None, Some(_)) => Touch::word(peer.lane, Untold::Accept),
            (None, None) => Touch { missing: peer.seen && mate.is_none(), ..Touch::peer(peer) },
        };
        self.add(What::Connect, from, Some(to), false);
        self.stamp(sock, connect.is_none(), accepted.filter(|_| accept.is_none()));
    }

    /// Gives the step just added the times at which its sockets were born, where no call tells them.
    fn stamp(&mut self, sock: usize, own: bool, accepted: Option<usize>) {
        let Some(step) = self.steps.last_mut() else { return };
        if own {
            let born = self.story.socks[sock].t;
            step.depart = born;
            step.arrive =
                if step.to.is_some_and(|to| to.call.is_some()) { step.arrive } else { born };
        }
        if let Some(accepted) = accepted {
            step.arrive = self.story.socks[accepted].t.max(step.depart);
        }
    }

    /// Ends that no call of the record met, and ends that came from where the record does not look.
    fn ends(&mut self, sock: usize) {
        let Some(peer) = self.peer(sock) else { return };
        let peer = Touch { missing: false, ..Touch::peer(peer) };
        let facts = *self.story.facts(sock);
        let ended = facts.fin().map(|call| (self.fin(call), call));
        for (what, call) in ended.into_iter().chain(facts.torn().map(|call| (What::Rst, call))) {
            if self.shown[call] {
                continue;
            }
            self.add(what, self.touch(call), Some(peer), false);
            // An end is the last thing that arrives, also where nobody met it.
            let last = self.landed[sock];
            if let Some(step) = self.steps.last_mut() {
                step.arrive = step.arrive.max(last);
            }
        }
        for (what, call) in [(What::Fin, facts.eof), (What::Rst, facts.reset())] {
            if let Some(call) = call.filter(|&call| !self.shown[call]) {
                self.add(what, peer, Some(self.touch(call)), false);
            }
        }
    }

    /// Calls that concern their own lane only: what failed, what ended something that had ended, and preparations.
    fn locals(&mut self, all: bool) {
        for call in 0..self.story.calls.len() {
            if self.shown[call] {
                continue;
            }
            let line = self.story.calls[call];
            // What takes no part has no lane but its program's, and little to say.
            let is_probe = self.story.on(call).is_some_and(|sock| self.story.is_probe(sock));
            if is_probe && !(all && self.lanes.has(line.proc)) {
                continue;
            }
            let talks = self.story.on(call).is_some_and(|sock| {
                self.story.is_connection(sock)
                    || (self.story.is_dgram(sock) && line.call == CallKind::Close)
            });
            let ends = matches!(line.call, CallKind::Close | CallKind::Shutdown) || is_peek(line);
            // Programs try options that a system may not have, and go on without.
            let tries = matches!(line.call, CallKind::Setsockopt | CallKind::Getsockopt);
            let failed = line.err.is_some() && !is_not_yet(line) && !tries;
            // Who waited to the end of the run, or until a signal, waited for something.
            let interrupted = line.err.as_deref() == Some("EINTR")
                && ((line.dir.is_some() && talks)
                    || (signal(line).is_some() && self.story.on(call).is_some()));
            let unfinished = is_unreturned(line)
                && (line.dir.is_some()
                    || line.call == CallKind::Accept
                    || self.story.pending(call).is_some())
                && self.story.on(call).is_some();
            let vain = self.story.vain(call).is_some();
            // What is said of a call stands beside it.
            let told = self.story.has_to_be_told(call) || self.story.is_own_end(call);
            if !(all || failed || (talks && ends) || interrupted || unfinished || vain || told) {
                continue;
            }
            self.add(What::Local, self.touch(call), None, false);
            // Who gives up does so at the end.
            if let Some(step) = self.steps.last_mut().filter(|_| vain) {
                (step.depart, step.arrive) = (returned(line), returned(line));
            }
        }
    }
}
