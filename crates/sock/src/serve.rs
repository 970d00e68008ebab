//! Server: a service on endpoints, run by an engine.

mod bound;

use std::sync::Arc;
use std::time::Duration;

pub use self::bound::Bound;

use sock_proto::{Endpoint, Transport};

use crate::access::Access;
use crate::bind::bind_all;
use crate::engine::{Complaints, Engine, crew::Counts};
use crate::options::SocketOptions;
use crate::service::{Datagrams, Service, Sharing};
use crate::tls::{Layer, ServerTls};
use crate::{Error, ErrorKind, Result, Run};

/// A service, the endpoints where it listens, and how it is run.
///
/// # Examples
///
/// A server of one's own, whole:
///
/// ```no_run
/// use sock::{Input, Out, Protocol, Server, Service};
///
/// struct Shout;
///
/// impl Protocol for Shout {
///     fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
///         match input {
///             Input::Data(bytes) => out.send(&bytes.to_ascii_uppercase()),
///             Input::Eof => out.finish(),
///             _ => {}
///         }
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     Server::new(Service::each("shout", || Shout)).listen("tcp://127.0.0.1:12000".parse()?).run()?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    endpoints: Vec<Endpoint>,
    workers: usize,
    is_pinned: bool,
    engine: Engine,
    tls: ServerTls,
    plan: Plan,
}

/// What every worker of a server, and every thread and child of it, knows.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) run: Run,
    pub(crate) service: Service,
    pub(crate) access: Access,
    pub(crate) max_conns: usize,
    pub(crate) once: bool,
    pub(crate) grace: Duration,
    pub(crate) pause_accept: Duration,
    /// Spin for so long after the last event before going to sleep.
    pub(crate) busy_poll: Option<Duration>,
    pub(crate) options: SocketOptions,
    pub(crate) stdio: Option<Stdio>,
    pub(crate) complaints: Complaints,
}

impl Plan {
    pub(crate) fn new(run: Run, service: Service) -> Self {
        Self {
            run,
            service,
            access: Access::default(),
            max_conns: usize::MAX,
            once: false,
            // Long enough for a reply that is under way, short for whoever waits for the end.
            grace: Duration::from_secs(5),
            pause_accept: Duration::ZERO,
            busy_poll: None,
            options: SocketOptions::default(),
            stdio: None,
            complaints: Complaints::default(),
        }
    }
}

/// Opens the program's standard input and output as one stream socket.
#[derive(Clone)]
pub struct Stdio(Arc<dyn Fn() -> std::io::Result<std::os::fd::OwnedFd> + Send + Sync>);

impl Stdio {
    /// `open` is called when a protocol dials [`Endpoint::Stdio`].
    pub fn new(
        open: impl Fn() -> std::io::Result<std::os::fd::OwnedFd> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }

    pub(crate) fn open(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        (self.0)()
    }
}

impl std::fmt::Debug for Stdio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stdio")
    }
}

impl Server {
    /// A server of `service` that listens nowhere yet, on the fastest engine that works here.
    #[must_use]
    pub fn new(service: Service) -> Self {
        let plan = Plan::new(Run::new(), service);
        let (engine, tls) = (Engine::default(), ServerTls::default());
        Self { endpoints: Vec::new(), workers: 1, is_pinned: false, engine, tls, plan }
    }

    /// Listens at one more endpoint.
    #[must_use]
    pub fn listen(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Waits in another way.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Runs so many engine threads, each with its own listening sockets (`SO_REUSEPORT`).
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Keeps each worker on a CPU of its own: the first on the first CPU that this program may run on, and so
    /// on; with more workers than CPUs some share one.
    #[must_use]
    pub fn pin(mut self) -> Self {
        self.is_pinned = true;
        self
    }

    /// Is part of `run`: its clock, its observer, its limits, its stop.
    #[must_use]
    pub fn within(mut self, run: Run) -> Self {
        self.plan.run = run;
        self
    }

    /// Sets who may connect.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.plan.access = access;
        self
    }

    /// Accepts nobody while so many conversations are open (in each worker).
    #[must_use]
    pub fn max_conns(mut self, most: usize) -> Self {
        self.plan.max_conns = most.max(1);
        self
    }

    /// Ends after the first conversation, or the first datagram.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.plan.once = true;
        self
    }

    /// Sets how long conversations may go on after the run was asked to stop; at first 5 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.plan.grace = grace;
        self
    }

    /// Waits so long before each accept, for teaching.
    #[must_use]
    pub fn pause_accept(mut self, pause: Duration) -> Self {
        self.plan.pause_accept = pause;
        self
    }

    /// Spins for so long after the last event instead of sleeping, so that the next message wakes
    /// nobody; [`Duration::MAX`]: always. It costs a processor for each thread or child that holds
    /// conversations. At first it sleeps at once.
    #[must_use]
    pub fn busy_poll(mut self, time: Duration) -> Self {
        self.plan.busy_poll = Some(time);
        self
    }

    /// Sets the options of its sockets.
    #[must_use]
    pub fn options(mut self, options: SocketOptions) -> Self {
        self.plan.options = options;
        self
    }

    /// Sets how TLS is spoken at `tls://` endpoints; at first with a certificate made on the spot.
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets what a protocol gets that dials [`Endpoint::Stdio`].
    #[must_use]
    pub fn stdio(mut self, stdio: Stdio) -> Self {
        self.plan.stdio = Some(stdio);
        self
    }

    /// Binds and listens, so that the real endpoints are known.
    ///
    /// # Errors
    ///
    /// An endpoint is in use (the message names the holder where the system tells), not permitted
    /// or not known here; the engine cannot run the service; there is no endpoint.
    pub fn bind(self) -> Result<Bound> {
        let Self { endpoints, workers, is_pinned, engine, tls, mut plan } = self;
        if endpoints.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "no endpoint to listen at"));
        }
        if plan.service.sharing == Sharing::All && !(engine.can_share() && workers == 1) {
            let name = plan.service.name();
            let can = Engine::ALL.into_iter().filter(|engine| engine.can_share());
            let can: Vec<&str> = can.map(Engine::name).collect();
            let many = if workers == 1 { "worker" } else { "workers" };
            let text = format!(
                "{name} is one session for everybody, which {engine} with {workers} {many} \
                 cannot hold; use --engine {}, with one worker",
                can.join(" or ")
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        plan.run.stop().check()?;
        if engine == Engine::Fork && plan.stdio.is_some() {
            let text = "the children of fork cannot hold this program's input and output; use \
                        another engine";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if engine == Engine::Fork && workers > 1 {
            let text = "fork has one parent for all its children; use it with one worker";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if is_pinned && !engine.can_share() {
            let text = format!(
                "{engine} hands its conversations over, and all who take them would stay on one CPU; \
                 leave --pin out, or use --engine epoll"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if plan.service.datagrams == Datagrams::None
            && let Some(endpoint) = endpoints.iter().find(|endpoint| !endpoint.is_stream())
        {
            let text = format!("{} needs a stream, which {endpoint} is not", plan.service.name());
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let sealed = endpoints.iter().filter(|at| at.transport() == Transport::Tls).count();
        if plan.service.sharing == Sharing::All && sealed > 0 && sealed < endpoints.len() {
            let name = plan.service.name();
            let text = format!(
                "{name} is one session for everybody, which speaks TLS with all of them or with nobody; \
                 serve tls:// endpoints alone"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        // One conversation keeps one worker busy; the others would wait for ever.
        let workers = if plan.once { 1 } else { workers };
        let (listeners, endpoints) = bind_all(&endpoints, workers, &plan.options)?;
        let mut presented = None;
        if sealed > 0 {
            let loaded = tls.usually(plan.service.alpn).load(&endpoints)?;
            plan.service = plan.service.answering(Layer::answering(&loaded));
            presented = Some(loaded.presented);
        }
        let sayings = Vec::new();
        Ok(Bound { listeners, endpoints, is_pinned, engine, presented, sayings, plan })
    }

    /// Binds and runs until the run is asked to stop.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`] and [`Bound::run`].
    pub fn run(self) -> Result<Counts> {
        self.bind()?.run()
    }
}
