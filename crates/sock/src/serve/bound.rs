//! Bound: a server whose sockets listen, and how it is run to its end.

use sock_proto::{Endpoint, What};

use super::Plan;
use crate::bind::Listener;
use crate::engine::crew::Counts;
use crate::engine::{Engine, Hub};
use crate::pin::Cpus;
use crate::tls::Presented;
use crate::{Error, Result, Run};

/// A server whose sockets listen.
#[derive(Debug)]
pub struct Bound {
    /// For each worker its listening sockets.
    pub(super) listeners: Vec<Vec<Listener>>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) is_pinned: bool,
    pub(super) engine: Engine,
    pub(super) presented: Option<Presented>,
    /// What is said when it listens.
    pub(super) sayings: Vec<(&'static str, String)>,
    pub(super) plan: Plan,
}

impl Bound {
    /// Where it listens, with the real ports.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// What it shows of itself where TLS is spoken.
    #[must_use]
    pub fn presented(&self) -> Option<&Presented> {
        self.presented.as_ref()
    }

    /// Says this, as a note, once it has said where it listens.
    #[must_use]
    pub fn saying(mut self, code: &'static str, text: impl Into<String>) -> Self {
        self.sayings.push((code, text.into()));
        self
    }

    /// The run of which it is part; its [`stop`](Run::stop) ends it.
    #[must_use]
    pub fn within(&self) -> &Run {
        &self.plan.run
    }

    /// Serves until the run is asked to stop, and tells what that came to.
    ///
    /// # Errors
    ///
    /// The system gives no thread, no descriptors to wait with, or no CPU of its own to a worker.
    pub fn run(mut self) -> Result<Counts> {
        let listeners = std::mem::take(&mut self.listeners);
        let (is_pinned, engine) = (self.is_pinned, self.engine);
        let hub = self.begin(engine);
        let cpus = is_pinned.then(Cpus::allowed).transpose()?;
        let serve = move |hub: &Hub, cpus: Option<&Cpus>, worker, mine| {
            let pinned = cpus.map(|cpus| cpus.pin(worker)).transpose();
            together(hub, pinned.map_err(Error::from).and_then(|_stays| hub.serve(mine)))
        };
        let mut listeners = listeners.into_iter();
        let first = listeners.next().unwrap_or_default();
        let others: Vec<_> = listeners
            .zip(1..)
            .map(|(mine, n)| {
                let (worker, cpus) = (hub.clone(), cpus.clone());
                std::thread::Builder::new()
                    .name("sock-worker".to_owned())
                    .spawn(move || serve(&worker, cpus.as_ref(), n, mine))
                    .inspect_err(|_| hub.plan().run.stop().ask())
            })
            .collect();
        let mut results = vec![serve(&hub, cpus.as_ref(), 0, first)];
        results.extend(others.into_iter().map(|worker| {
            // A panic of a worker is a bug that was reported where it happened.
            worker?.join().unwrap_or_else(|_| Ok(Counts::default()))
        }));
        end(&hub, results)
    }

    /// The same as [`Bound::run`] on the runtime of tokio that awaits it, whatever engine was set: its
    /// other tasks have their turn between any two of ours, and each further worker is a task; none of them is
    /// [pinned](crate::Server::pin). The
    /// runtime needs its I/O and its time. Dropping the future closes the sockets and all conversations.
    ///
    /// # Errors
    ///
    /// The system gives no descriptors to wait with.
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio, or it was built without I/O or time.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{Run, Server, Service};
    /// use sock_proto::protocols::Echo;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = Run::new();
    /// let server = Server::new(Service::each("echo", || Echo)).within(run.clone());
    /// let bound = server.listen("tcp://127.0.0.1:0".parse()?).bind()?;
    /// let port = bound.endpoints()[0].port().unwrap_or_default();
    /// let serving = tokio::spawn(bound.run_async());
    ///
    /// let mut client = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    /// client.write_all(b"hello").await?;
    /// let mut reply = [0; 5];
    /// client.read_exact(&mut reply).await?;
    /// assert_eq!(&reply, b"hello");
    ///
    /// drop(client);
    /// run.stop().ask();
    /// assert_eq!(serving.await??.conversations, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    pub async fn run_async(mut self) -> Result<Counts> {
        let listeners = std::mem::take(&mut self.listeners);
        let hub = self.begin(Engine::Tokio);
        let mut listeners = listeners.into_iter();
        let first = listeners.next().unwrap_or_default();
        let mut others = tokio::task::JoinSet::new();
        for mine in listeners {
            let worker = hub.clone();
            others.spawn(async move { together(&worker, worker.serve_async(mine).await) });
        }
        let mut results = vec![together(&hub, hub.serve_async(first).await)];
        while let Some(result) = others.join_next().await {
            results.push(result.unwrap_or_else(|_| Ok(Counts::default())));
        }
        end(&hub, results)
    }

    /// Says where it listens.
    fn begin(self, engine: Engine) -> Hub {
        let Self { endpoints, sayings, plan, .. } = self;
        let (engine, why) = engine.at_hand();
        let cx = plan.run.context();
        for endpoint in &endpoints {
            let (service, engine) = (plan.service.name(), engine.name());
            let wall = plan.run.wall();
            cx.emit(0, What::Listening { endpoint, service, engine, wall });
        }
        for (code, text) in sayings.into_iter().chain(why.map(|why| ("engine", why))) {
            cx.emit(0, What::Note { code, text: format_args!("{text}") });
        }
        Hub::new(engine, plan)
    }
}

/// A worker that fails ends the others too: half a server would look like a whole one.
fn together(hub: &Hub, served: Result<Counts>) -> Result<Counts> {
    served.inspect_err(|_| hub.plan().run.stop().ask())
}

/// Adds up what the workers came to, and says it.
fn end(hub: &Hub, results: Vec<Result<Counts>>) -> Result<Counts> {
    let mut counts = Counts::default();
    for result in results {
        counts += result?;
    }
    let mut cx = hub.plan().run.context();
    cx.now = hub.plan().run.now();
    let Counts { conversations, sent, received } = counts;
    cx.emit(0, What::Stopped { conversations, sent, received });
    Ok(counts)
}
