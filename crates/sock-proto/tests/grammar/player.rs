//! Player: a protocol that answers each input with given actions, and checks the call grammar.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use sock_proto::{Endpoint, Input, Out, Peer, Protocol, Session};

/// Something that a protocol does; `to` counts the peers that exist, or is the one that spoke.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    to: Option<u8>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Send(usize),
    Say(u32),
    Compose(usize),
    Finish,
    Close,
    Abort,
    NotifyDrained,
    WakeIn(u64),
    Sleep,
    Dial,
    Feeds(u8),
    /// Dials, and feeds both ways: a relay.
    Relay,
    Note,
}

/// Sizes about the edges of pieces, and small ones.
pub(crate) fn size() -> impl Strategy<Value = usize> {
    prop_oneof![20 => 0..40_usize, 1 => 65_530..65_540_usize, 1 => 130_000..140_000_usize]
}

fn act() -> impl Strategy<Value = Act> {
    let what = prop_oneof![
        8 => size().prop_map(What::Send),
        1 => any::<u32>().prop_map(What::Say),
        1 => size().prop_map(What::Compose),
        2 => Just(What::Finish),
        1 => Just(What::Close),
        1 => Just(What::Abort),
        4 => Just(What::NotifyDrained),
        2 => (0..200_u64).prop_map(What::WakeIn),
        1 => Just(What::Sleep),
        1 => Just(What::Dial),
        2 => (0..6_u8).prop_map(What::Feeds),
        2 => Just(What::Relay),
        1 => Just(What::Note),
    ];
    (prop_oneof![2 => Just(None), 1 => (0..6_u8).prop_map(Some)], what)
        .prop_map(|(to, what)| Act { to, what })
}

/// What a player does, input by input.
pub(crate) fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    prop::collection::vec(prop::collection::vec(act(), 0..4), 0..30)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Ended,
    Closed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    closed: bool,
    aborted: bool,
    drained: u32,
}

#[derive(Debug)]
pub(crate) struct Player {
    acts: VecDeque<Vec<Act>>,
    peers: Vec<Peer>,
    stages: BTreeMap<Peer, Stage>,
    told: BTreeMap<Peer, Told>,
    stopped: bool,
    /// Every byte that it tried to send.
    pub(crate) queued: u64,
    /// What broke the grammar, if anything did.
    pub(crate) wrong: Option<String>,
}

/// Numbers that a session may give to its peers.
pub(crate) fn peers() -> Vec<Peer> {
    let mut scratch = Session::answer(Player::new(Vec::new()));
    (0..8).map(|_| scratch.join()).collect()
}

impl Player {
    pub(crate) fn new(acts: Vec<Vec<Act>>) -> Self {
        Self {
            acts: acts.into(),
            peers: vec![Peer::FIRST],
            stages: BTreeMap::new(),
            told: BTreeMap::new(),
            stopped: false,
            queued: 0,
            wrong: None,
        }
    }

    pub(crate) fn session(acts: Vec<Vec<Act>>, calls: bool) -> Session<Self> {
        let player = Self::new(acts);
        if calls { Session::call(player) } else { Session::answer(player) }
    }

    fn check(&mut self, peer: Peer, input: Input<'_>) {
        let stage = self.stages.get(&peer).copied();
        let told = self.told.entry(peer).or_default();
        let right = match input {
            // The place of a datagram's sender serves the next one: a new conversation.
            Input::Open => matches!(stage, None | Some(Stage::Closed)),
            Input::Data(_) | Input::Eof => {
                stage == Some(Stage::Open) && !told.closed && !told.aborted
            }
            Input::Drained => {
                told.drained = told.drained.wrapping_sub(1);
                matches!(stage, Some(Stage::Open | Stage::Ended))
                    && told.drained < 1_000
                    && !told.aborted
            }
            Input::Closed(_) => stage != Some(Stage::Closed),
            Input::Timeout => peer == Peer::FIRST,
            Input::Stop => !core::mem::replace(&mut self.stopped, true),
        };
        if !right {
            self.wrong = Some(format!("{input:?} for {peer:?} in {stage:?}, {told:?}"));
        }
        let next = match input {
            Input::Open => Stage::Open,
            Input::Eof => Stage::Ended,
            Input::Closed(_) => Stage::Closed,
            Input::Data(_) | Input::Drained | Input::Timeout | Input::Stop => return,
        };
        if next == Stage::Open {
            *told = Told::default();
        }
        self.stages.insert(peer, next);
    }

    fn act(&mut self, act: &Act, out: &mut Out<'_>) {
        let at = |n: u8| self.peers[usize::from(n) % self.peers.len()];
        let mut out = out.to(act.to.map_or(out.peer(), at));
        let open = matches!(self.stages.get(&out.peer()), Some(Stage::Open | Stage::Ended));
        let mut told = open.then(|| self.told.entry(out.peer()).or_default());
        match &act.what {
            What::Send(n) => {
                self.queued += *n as u64;
                out.send(&vec![b'.'; *n]);
            }
            What::Say(n) => {
                self.queued += n.to_string().len() as u64;
                out.say(format_args!("{n}"));
            }
            What::Compose(n) => {
                self.queued += *n as u64;
                out.compose(|buf| buf.resize(*n, b','));
            }
            What::Finish => out.finish(),
            What::Close => {
                out.close();
                if let Some(told) = &mut told {
                    told.closed = true;
                }
            }
            What::Abort => {
                out.abort();
                if let Some(told) = &mut told {
                    told.aborted = true;
                }
            }
            What::NotifyDrained => {
                out.notify_drained();
                if let Some(told) = &mut told {
                    told.drained += 1;
                }
            }
            What::WakeIn(ms) => out.wake_at(out.now() + Duration::from_millis(*ms)),
            What::Sleep => out.sleep(),
            What::Dial => {
                let peer = out.dial(Endpoint::Stdio);
                self.peers.push(peer);
            }
            What::Feeds(n) => {
                let from = out.peer();
                out.feeds(from, at(*n));
            }
            What::Relay => {
                let from = out.peer();
                let into = out.dial(Endpoint::Stdio);
                out.feeds(from, into);
                out.feeds(into, from);
                self.peers.push(into);
            }
            What::Note => out.note("note", format_args!("a note")),
        }
    }
}

impl Protocol for Player {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let peer = out.peer();
        self.check(peer, input);
        if input == Input::Open && !self.peers.contains(&peer) {
            self.peers.push(peer);
        }
        for act in self.acts.pop_front().unwrap_or_default() {
            self.act(&act, out);
        }
    }
}
