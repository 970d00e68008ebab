//! Sim: sessions over a virtual wire with a virtual clock; no socket, no thread, no chance.
//!
//! A [`Sim`] drives [`Session`]s exactly as an engine does, but the kernel between them is made up:
//! what one sends arrives a [`Wire::delay`] later, cut where [`Wire::cut`] says, as long as the
//! [`Wire::window`] has room. Everything happens in the order of (time, sequence), so the same
//! sessions, wire and seed tell the same [`Story`], to the byte and to the nanosecond.
//!
//! ```
//! use sock_proto::Session;
//! use sock_proto::protocols::Echo;
//! use sock_proto::sim::{Script, Sim};
//!
//! let client = Session::call(Script::new().send("hello").finish());
//! let server = Session::answer(Echo);
//! let story = Sim::new(1).run(client, server);
//! assert_eq!(
//!     story.transcript(),
//!     "\
//! 0.002000  client -- server  open
//! 0.003000  server -- client  open
//! 0.003000  client -> server  5 B  \"hello\"
//! 0.003000  client -> server  FIN
//! 0.003000  server -- client  closed by peer (FIN)
//! 0.004000  server -> client  5 B  \"hello\"
//! 0.004000  server -> client  FIN
//! 0.004000  client -- server  closed by us (FIN)
//! "
//! );
//! ```
//!
//! # What the wire imitates
//!
//! - A call takes the three trips of TCP's handshake: the caller opens after two, who is called
//!   after three. A call to nobody is refused after two.
//! - Who closes with bytes unread, or is sent bytes after it has closed, answers with a reset; a reset
//!   takes with it what was not yet read.
//! - There is no bandwidth: any number of bytes takes the same time, and the bytes of a stream that
//!   leave at one moment arrive as one. Streams lose nothing.
//! - Datagrams need no call: who sends first opens the conversation at the other end.
//!
//! # Strictness
//!
//! A node is told no more than an engine would tell it. A peer that did not want to be read is not
//! asked again because more has arrived, and a peer that could send everything not because there is
//! room: only if the session itself says so ([`Session::active`], [`Session::deadline`]). A
//! wake-up that a session forgets is therefore a run that ends [`Outcome::Quiet`].

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::context::{Context, Limits};
use crate::endpoint::{Endpoint, Host};
use crate::event::{Observer, Reason};
use crate::out::Out;
use crate::peers::Peer;
use crate::session::Session;
use crate::time::Time;
use crate::{Input, Protocol};

mod files;
mod kernel;
mod script;
mod story;
mod wire;
mod world;

pub use files::Files;
pub use script::Script;
pub use story::{Outcome, Side, Story};
pub use wire::{Cut, Wire};

/// A run that lasts longer than an hour will not end by itself.
const UNTIL: Time = Time::from_nanos(3_600_000_000_000);

/// Nodes, a wire between them, and a seed.
#[derive(Debug)]
pub struct Sim<'a> {
    seed: u64,
    wire: Wire,
    wall: Duration,
    until: Time,
    nodes: Vec<Node<'a>>,
}

impl<'a> Sim<'a> {
    /// Makes an empty world; all that happens by chance follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (wire, wall, nodes) = (Wire::default(), Duration::ZERO, Vec::new());
        Self { seed, wire, wall, until: UNTIL, nodes }
    }

    /// Joins the nodes by this wire.
    #[must_use]
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Sets what the time of day is at the beginning, since the Unix epoch.
    #[must_use]
    pub fn wall(mut self, since_epoch: Duration) -> Self {
        self.wall = since_epoch;
        self
    }

    /// Cuts the run off at this moment; without it after an hour.
    #[must_use]
    pub fn until(mut self, time: Time) -> Self {
        self.until = time;
        self
    }

    /// Adds a node.
    #[must_use]
    pub fn node(mut self, node: Node<'a>) -> Self {
        self.nodes.push(node);
        self
    }

    /// Runs a client that calls a server, until nothing more happens.
    ///
    /// They are called `client` and `server`, and meet at port 7 of TCP, where they do not say
    /// otherwise.
    #[must_use]
    pub fn run(self, client: impl Into<Node<'a>>, server: impl Into<Node<'a>>) -> Story {
        let (mut client, mut server) = (client.into(), server.into());
        client.name = client.name.or_else(|| Some("client".to_string()));
        server.name = server.name.or_else(|| Some("server".to_string()));
        let place = server.listens.get_or_insert(Endpoint::Tcp(Host::Loopback, 7));
        client.calls.get_or_insert(place.clone());
        self.node(client).node(server).play()
    }

    /// Runs the nodes that were added, until nothing more happens.
    #[must_use]
    pub fn play(self) -> Story {
        let Self { seed, wire, wall, until, nodes } = self;
        world::World::new(seed, wire, wall, nodes).play(until)
    }
}

/// A session, and the machine that it runs on.
///
/// ```
/// use sock_proto::protocols::Echo;
/// use sock_proto::sim::{Node, Sim};
/// use sock_proto::{Session, Time};
///
/// let deaf = Node::from(Session::answer(Echo)).deaf(Time::ZERO, Time::from_nanos(9_000_000));
/// # let _ = deaf;
/// ```
pub struct Node<'a> {
    session: Session<Tap<'a>>,
    name: Option<String>,
    listens: Option<Endpoint>,
    calls: Option<Endpoint>,
    serving: Serving,
    limits: Limits,
    observer: Option<Arc<dyn Observer>>,
    starts: Time,
    stops: Option<Time>,
    deaf: Vec<(Time, Time)>,
}

/// How a node that listens holds those who call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serving {
    /// One conversation; whoever comes after is refused.
    One,
    /// One session for all.
    Shared,
    /// One session for all datagrams, and nothing kept between two of them.
    Stateless,
}

impl<'a> Node<'a> {
    /// Gives a session a name and a place in the world.
    #[must_use]
    pub fn new(name: &str, session: Session<impl Protocol + 'a>) -> Self {
        Self { name: Some(name.to_string()), ..Self::from(session) }
    }

    /// Listens at `endpoint`: to the first that calls, and to no other.
    #[must_use]
    pub fn listens(mut self, endpoint: Endpoint) -> Self {
        self.listens = Some(endpoint);
        self
    }

    /// Listens to all that call: the session is shared.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.serving = Serving::Shared;
        self
    }

    /// Answers each datagram as if there had been none before.
    #[must_use]
    pub fn stateless(mut self) -> Self {
        self.serving = Serving::Stateless;
        self
    }

    /// Calls `endpoint` when it starts; the peer is [`Peer::FIRST`].
    #[must_use]
    pub fn calls(mut self, endpoint: Endpoint) -> Self {
        self.calls = Some(endpoint);
        self
    }

    /// Sets what the session is told about time and size.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Tells every event of the session to `observer`.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Makes its call at this moment and not at the beginning.
    #[must_use]
    pub fn starts(mut self, time: Time) -> Self {
        self.starts = time;
        self
    }

    /// Is asked to stop at this moment: [`Session::stop`].
    #[must_use]
    pub fn stops(mut self, time: Time) -> Self {
        self.stops = Some(time);
        self
    }

    /// Reads nothing from one moment until another, whatever arrives.
    #[must_use]
    pub fn deaf(mut self, from: Time, until: Time) -> Self {
        self.deaf.push((from, until));
        self
    }
}

impl<'a, P: Protocol + 'a> From<Session<P>> for Node<'a> {
    fn from(session: Session<P>) -> Self {
        let tap = |inner| Tap { inner: Box::new(inner), heard: false, closed: Vec::new() };
        Self {
            session: session.map(tap),
            name: None,
            listens: None,
            calls: None,
            serving: Serving::One,
            limits: Limits::default(),
            observer: None,
            starts: Time::ZERO,
            stops: None,
            deaf: Vec::new(),
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name)
            .field("listens", &self.listens)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Stands before a protocol and sees what the session tells it.
struct Tap<'a> {
    inner: Box<dyn Protocol + 'a>,
    /// Whether data was passed on since this was last cleared: what comes late is discarded.
    heard: bool,
    closed: Vec<(Peer, Reason)>,
}

impl Protocol for Tap<'_> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(_) => self.heard = true,
            Input::Closed(reason) => self.closed.push((out.peer(), reason)),
            Input::Open | Input::Eof | Input::Drained | Input::Timeout | Input::Stop => {}
        }
        self.inner.handle(input, out);
    }
}

impl Node<'_> {
    fn is_deaf(&self, now: Time) -> bool {
        self.deaf.iter().any(|(from, until)| (*from..*until).contains(&now))
    }

    fn context(&self, wall: Duration, seed: u64) -> Context {
        Context::new(self.limits, wall, seed).observed_by(self.observer.clone())
    }
}
