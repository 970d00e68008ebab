//! Load: a load generator, which runs on the engines like everything else.
//!
//! What one connection says is a protocol ([`sock_proto::load`]), what all of them found is a
//! [`Report`]; here are the threads between them.
//!
//! ```text
//! Loader --Course--> worker: engine + Lanes --call--> Session { Load + Probe } --> Tally
//!    ^                                                                               |
//!    +-------- once a second: Second, and in the end the Report <--------------------+
//! ```
//!
//! # How time is taken
//!
//! The clock is read once for each piece that is received, right behind the call that received it: one
//! reading for all connections that were ready at once would add to one reply the work for those in
//! front of it. A reading costs about 25 ns, a message at least 4 µs. In an open loop the thread's timers have a
//! slack of 1 ns and not the usual 50 µs, and how late the generator itself was is part of the report.

mod cell;
mod grip;
mod lanes;
mod places;
mod probe;
mod report;
mod serving;
mod tally;
mod trouble;
mod watch;
mod work;

use std::net::IpAddr;

pub use self::places::loopback;
use std::sync::Arc;
use std::time::Duration;

use sock_load::{Report, Second};
use sock_proto::load::{Check, Direction, Message, Until};
use sock_proto::{Endpoint, Kind};

use crate::options::SocketOptions;
use crate::tls::ClientTls;
use crate::{Engine, Result, Run};

/// When messages leave, on all connections together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// On each connection the next one when a reply has come, so that so many are under way.
    Closed {
        /// How many; at least 1.
        depth: u32,
    },
    /// So many a second, whatever has come; latency counts from when each should have left.
    Open {
        /// How many a second; more than 0.
        rate: f64,
        /// At most so many are under way on a connection.
        most: u32,
    },
    /// No messages: as many bytes as go.
    Bulk(Direction),
}

/// How long a load lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So long.
    Time(Duration),
    /// So many messages.
    Messages(u64),
}

/// A load on one endpoint.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sock::load::{Length, Loader};
/// use sock::{Run, Server, Service};
/// use sock_proto::protocols::Echo;
///
/// let server = Server::new(Service::each("echo", || Echo)).listen("tcp:127.0.0.1:0".parse()?).bind()?;
/// let (endpoint, run) = (server.endpoints()[0].clone(), server.within().clone());
/// let serving = std::thread::spawn(move || server.run());
///
/// let report = Loader::new(endpoint).connections(2).length(Length::Messages(100)).run()?;
/// assert_eq!(report.messages.replies, 100);
/// assert_eq!(report.error_count(), 0);
///
/// run.stop().ask();
/// serving.join().expect("it does not panic")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Loader {
    pub(crate) endpoint: Endpoint,
    pub(crate) name: Option<String>,
    pub(crate) run: Run,
    /// None: the cheapest that this machine has.
    pub(crate) engine: Option<Engine>,
    /// Why it is not the one that was asked for.
    pub(crate) fallen_back: Option<String>,
    pub(crate) workers: usize,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) length: Length,
    pub(crate) warm_up: Duration,
    pub(crate) ramp: Duration,
    pub(crate) message: Message,
    pub(crate) until: Until,
    pub(crate) check: Check,
    pub(crate) checked: Option<String>,
    pub(crate) transport: Option<&'static str>,
    pub(crate) new_connection: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) sources: Vec<IpAddr>,
    pub(crate) options: SocketOptions,
    pub(crate) tls: ClientTls,
    pub(crate) busy_poll: Option<Duration>,
}

/// A message of this size is the size of a small request.
const SIZE: usize = 64;

impl Loader {
    /// A load of one second: one connection, one message of 64 bytes at a time, and a reply as long.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            name: None,
            run: Run::new(),
            engine: None,
            fallen_back: None,
            workers: 1,
            connections: 1,
            pace: Pace::Closed { depth: 1 },
            length: Length::Time(Duration::from_secs(1)),
            warm_up: Duration::ZERO,
            ramp: Duration::ZERO,
            message: Message::bytes(&[b'x'; SIZE]),
            until: Until::Same,
            check: Check::Nothing,
            checked: None,
            transport: None,
            new_connection: false,
            timeout: Some(Duration::from_secs(5)),
            connect_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(1),
            sources: Vec::new(),
            options: SocketOptions::default(),
            tls: ClientTls::default(),
            busy_poll: None,
        }
    }

    /// Is part of `run`: its clock, its limits, its stop.
    #[must_use]
    pub fn within(mut self, run: Run) -> Self {
        self.run = run;
        self
    }

    /// Waits in this way; those that block wait like `select`. At first `uring` where the kernel has
    /// rings, and `epoll` elsewhere.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Runs on so many threads.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Keeps so many connections open at once.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets when messages leave.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets how long it lasts, warm-up and ramp not counted.
    #[must_use]
    pub fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// Loads for so long before measuring begins.
    #[must_use]
    pub fn warm_up(mut self, time: Duration) -> Self {
        self.warm_up = time;
        self
    }

    /// Opens the connections over so long, one after the other.
    #[must_use]
    pub fn ramp(mut self, time: Duration) -> Self {
        self.ramp = time;
        self
    }

    /// Sets what is sent.
    #[must_use]
    pub fn message(mut self, message: Message) -> Self {
        self.message = message;
        self
    }

    /// Sets when a reply is whole.
    #[must_use]
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// Sets what each reply has to be, and what the service is called that says so.
    #[must_use]
    pub fn check(mut self, check: Check, service: &str) -> Self {
        (self.check, self.checked) = (check, Some(service.to_owned()));
        self
    }

    /// Names whom it loads, in the report, where the endpoint does not say it all: a URL.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Names how messages travel, in the report, where the endpoint does not say it.
    #[must_use]
    pub fn transport(mut self, transport: &'static str) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Gives each message a connection of its own.
    #[must_use]
    pub fn new_connection(mut self, each: bool) -> Self {
        self.new_connection = each;
        self
    }

    /// Waits so long for a reply; none: as long as it takes. At first 5 s.
    #[must_use]
    pub fn timeout(mut self, time: Option<Duration>) -> Self {
        self.timeout = time;
        self
    }

    /// Waits so long for a connection. At first 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// Waits so long for replies that are under way at the end. At first 1 s.
    #[must_use]
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }

    /// Calls from these addresses in turn: each has ports of its own.
    #[must_use]
    pub fn sources(mut self, sources: Vec<IpAddr>) -> Self {
        self.sources = sources;
        self
    }

    /// Sets the options of its sockets.
    #[must_use]
    pub fn options(mut self, options: SocketOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how TLS is spoken with a `tls://` endpoint.
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = tls;
        self
    }

    /// Spins for so long after the last event instead of sleeping.
    #[must_use]
    pub fn busy_poll(mut self, time: Option<Duration>) -> Self {
        self.busy_poll = time;
        self
    }

    /// Loads, and tells what was found.
    ///
    /// # Errors
    ///
    /// As [`run_telling`](Self::run_telling).
    pub fn run(self) -> Result<Report> {
        self.run_telling(&mut |_| {})
    }

    /// Loads, calls `tell` after each second that was measured, and tells what was found.
    ///
    /// # Errors
    ///
    /// The name is not known; there are not descriptors enough, or threads; a file of the TLS settings
    /// is not what it has to be. What goes wrong with connections and replies is in the report.
    pub fn run_telling(mut self, tell: &mut dyn FnMut(&Second)) -> Result<Report> {
        let (engine, fallen_back) = self.engine.unwrap_or(Engine::Uring).at_hand();
        self.fallen_back = fallen_back.filter(|_| self.engine.is_some());
        self.engine = Some(engine);
        work::run(&Arc::new(self), tell)
    }

    pub(crate) fn waits_with(&self) -> Engine {
        self.engine.unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.endpoint.is_stream() { Kind::Stream } else { Kind::Datagram }
    }
}
