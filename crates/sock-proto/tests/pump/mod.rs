//! A pump: drives a session as an engine does, with no socket, and keeps what came out.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeMap;
use std::time::Duration;

use sock_proto::{Command, Context, Endpoint, Kind, Limits, Link, Peer, Protocol, Session};

/// What one peer was sent, and how its conversation went on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Heard {
    /// The bytes of a stream in one piece; of datagrams each.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Pump<P> {
    pub(crate) session: Session<P>,
    pub(crate) cx: Context,
    pub(crate) heard: BTreeMap<Peer, Heard>,
    /// What was dialled, in order.
    pub(crate) dialled: Vec<(Peer, Endpoint)>,
    /// These peers take no more than so many bytes in all.
    pub(crate) takes: BTreeMap<Peer, usize>,
    kinds: BTreeMap<Peer, Kind>,
}

/// Tuesday, 22 February 1983, 17:37:43 UTC.
pub(crate) const WALL: Duration = Duration::from_secs(414_783_463);

impl<P: Protocol> Pump<P> {
    pub(crate) fn new(protocol: P) -> Self {
        Self {
            session: Session::answer(protocol),
            cx: Context::new(Limits::default(), WALL, 7),
            heard: BTreeMap::new(),
            dialled: Vec::new(),
            takes: BTreeMap::new(),
            kinds: BTreeMap::new(),
        }
    }

    /// A pump whose first peer is an open stream.
    pub(crate) fn stream(protocol: P) -> Self {
        let mut pump = Self::new(protocol);
        pump.open(Peer::FIRST, Kind::Stream);
        pump
    }

    /// A pump whose first peer sends datagrams.
    pub(crate) fn datagrams(protocol: P) -> Self {
        let mut pump = Self::new(protocol);
        pump.open(Peer::FIRST, Kind::Datagram);
        pump
    }

    pub(crate) fn open(&mut self, peer: Peer, kind: Kind) {
        let link = match kind {
            Kind::Stream => Link::stream(1),
            Kind::Datagram => Link::datagram(1),
        };
        self.heard.entry(peer).or_default();
        self.kinds.insert(peer, kind);
        self.session.open(peer, &link, &mut self.cx);
        self.flush();
    }

    /// One more peer, open.
    pub(crate) fn join(&mut self) -> Peer {
        let peer = self.session.join();
        self.open(peer, Kind::Stream);
        peer
    }

    pub(crate) fn data(&mut self, peer: Peer, bytes: &[u8]) {
        self.session.data(peer, bytes, self.cx.now, &mut self.cx);
        self.flush();
    }

    pub(crate) fn eof(&mut self, peer: Peer) {
        self.session.eof(peer, &mut self.cx);
        self.flush();
    }

    pub(crate) fn stop(&mut self) {
        self.session.stop(&mut self.cx);
        self.flush();
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.cx.now = self.cx.now + time;
        self.session.tick(&mut self.cx);
        self.flush();
    }

    /// What this stream was sent so far.
    pub(crate) fn text(&self, peer: Peer) -> String {
        String::from_utf8_lossy(&self.heard[&peer].sent.concat()).into_owned()
    }

    /// What this stream was sent since the last call.
    pub(crate) fn news(&mut self, peer: Peer) -> String {
        let text = self.text(peer);
        self.heard.entry(peer).or_default().sent.clear();
        text
    }

    pub(crate) fn commands(&self, peer: Peer) -> &[Command] {
        &self.heard[&peer].commands
    }

    pub(crate) fn flush(&mut self) {
        while let Some((peer, endpoint)) = self.session.dial() {
            self.dialled.push((peer, endpoint));
            self.open(peer, Kind::Stream);
        }
        let mut moved = true;
        while moved {
            moved = false;
            for peer in self.kinds.keys().copied().collect::<Vec<_>>() {
                moved |= self.flush_peer(peer);
            }
        }
    }

    fn flush_peer(&mut self, peer: Peer) -> bool {
        let heard = self.heard.entry(peer).or_default();
        let mut moved = false;
        loop {
            let room = self.takes.get(&peer).copied().unwrap_or(usize::MAX);
            while let Some(bytes) = self.session.output(peer, &self.cx).filter(|_| room > 0) {
                let n = bytes.len().min(room);
                match (self.kinds[&peer], heard.sent.last_mut()) {
                    (Kind::Stream, Some(all)) => all.extend_from_slice(&bytes[..n]),
                    _ => heard.sent.push(bytes[..n].to_vec()),
                }
                self.session.sent(peer, n, self.cx.now, &mut self.cx);
                moved = true;
                if let Some(left) = self.takes.get_mut(&peer) {
                    *left -= n;
                    break;
                }
            }
            match self.session.command(peer, &mut self.cx) {
                Some(command) => heard.commands.push(command),
                None if self.session.output(peer, &self.cx).is_none() => return moved,
                None if self.takes.get(&peer) == Some(&0) => return moved,
                None => {}
            }
        }
    }
}
