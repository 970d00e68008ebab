//! Engines: the ways to wait.
//!
//! All of them run the same loop (`reactor`) over the same sessions. They differ in two things:
//! how they wait for readiness, and who holds a conversation once it is accepted.
//!
//! | engine | waits with | a conversation is held |
//! |---|---|---|
//! | `iterative` | poll | here, one at a time, while others wait to be accepted |
//! | `threads` | poll | by a thread of its own |
//! | `fork` | poll | by a child process of its own |
//! | `select` | poll | here, all together |
//! | `epoll` | epoll | here, all together |
//! | `uring` | io_uring, which also receives, accepts and sends | here, all together |
//! | `tokio` | epoll, awaited | here, all together, beside other tasks |

mod batch;
mod calls;
mod complaints;
mod conn;
pub mod crew;
mod datagrams;
mod dialer;
mod epoll;
mod group;
mod key;
mod moves;
mod port;
mod ranges;
mod reactor;
mod replies;
mod select;
mod sender;
mod settling;
mod spin;
mod stopping;
mod timers;
#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "uring")]
mod uring;
mod wait;

use std::fmt;
use std::os::fd::OwnedFd;
use std::str::FromStr;
use std::sync::Arc;

use sock_proto::What;

pub(crate) use self::calls::{Call, Campaign, Next};
pub(crate) use self::complaints::Complaints;
use self::crew::{Counts, Crew};
use self::epoll::Epoll;
use self::reactor::{Hand, Reactor};
use self::select::Select;
use self::wait::Wait;
use crate::bind::Listener;
use crate::serve::Plan;
use crate::{Error, Result};

/// A way to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Engine {
    /// One client at a time, as in the first server of the lectures.
    Iterative,
    /// A thread for each client.
    Threads,
    /// A child process for each client.
    Fork,
    /// One thread that asks about all descriptors at every wait.
    Select,
    /// One thread, and a list of descriptors that the kernel keeps.
    #[default]
    Epoll,
    /// One thread, and a kernel that is told what to do for many sockets at once (Linux 6.1).
    Uring,
    /// The same list, awaited on a runtime of tokio, where other tasks may run beside it (with the
    /// feature `tokio`).
    #[cfg(feature = "tokio")]
    Tokio,
}

const COUNT: usize = if cfg!(feature = "tokio") { 7 } else { 6 };

impl Engine {
    /// Every engine.
    pub const ALL: [Self; COUNT] = [
        Self::Iterative,
        Self::Threads,
        Self::Fork,
        Self::Select,
        Self::Epoll,
        Self::Uring,
        #[cfg(feature = "tokio")]
        Self::Tokio,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iterative => "iterative",
            Self::Threads => "threads",
            Self::Fork => "fork",
            Self::Select => "select",
            Self::Epoll => "epoll",
            Self::Uring => "uring",
            #[cfg(feature = "tokio")]
            Self::Tokio => "tokio",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Iterative => "one client at a time; the others wait",
            Self::Threads => "a thread for each client",
            Self::Fork => "a child process for each client",
            Self::Select => "one thread that asks about all sockets at every wait",
            Self::Epoll => "one thread; the kernel keeps the list of sockets",
            Self::Uring => "one thread; the kernel receives, accepts and sends for it (io_uring)",
            #[cfg(feature = "tokio")]
            Self::Tokio => "the same on a runtime of tokio, beside other tasks",
        }
    }

    /// Tells whether conversations can share one session, as a room needs.
    #[must_use]
    pub const fn can_share(self) -> bool {
        match self {
            Self::Select | Self::Epoll | Self::Uring => true,
            #[cfg(feature = "tokio")]
            Self::Tokio => true,
            Self::Iterative | Self::Threads | Self::Fork => false,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|engine| engine.name()).collect();
            let text = format!("no engine '{text}'; there are {}", names.join(", "));
            Error::new(crate::ErrorKind::InvalidArgument, text)
        })
    }
}

/// A ring, or why there is none and what can be done about it.
#[cfg(feature = "uring")]
fn ring() -> std::result::Result<uring::Uring, String> {
    uring::Uring::fresh().map_err(|error| uring::refusal(&error))
}

#[cfg(not(feature = "uring"))]
fn ring() -> std::result::Result<Epoll, String> {
    Err("io_uring is not part of this build: it takes the feature `uring`".to_owned())
}

/// What is said when another engine takes the place of one that is not to be had.
fn fallen_back(why: &str) -> String {
    format!("{why}; going on with epoll")
}

fn say_fallen_back(plan: &Plan, why: &str) {
    let text = fallen_back(why);
    plan.run.context().emit(0, What::Note { code: "engine", text: format_args!("{text}") });
}

impl Engine {
    /// The engine that runs when this one is asked for, and what is to be said where it is another.
    pub(crate) fn at_hand(self) -> (Self, Option<String>) {
        match self {
            Self::Uring => match ring() {
                Ok(_) => (self, None),
                Err(why) => (Self::Epoll, Some(fallen_back(&why))),
            },
            Self::Iterative | Self::Threads | Self::Fork | Self::Select | Self::Epoll => {
                (self, None)
            }
            #[cfg(feature = "tokio")]
            Self::Tokio => (self, None),
        }
    }
}

/// The number of the conversation that [`hold`] holds.
pub(crate) const HELD: u64 = 1;

/// Holds one conversation that we have called, to its end.
pub(crate) fn hold(engine: Engine, plan: Plan, fd: OwnedFd, is_stream: bool) -> Result<Counts> {
    let plan = Arc::new(plan);
    Ok(match engine {
        Engine::Uring => match ring() {
            Ok(ring) => Reactor::new(plan, ring, Hand::Keep)?.hold(fd, is_stream)?,
            Err(why) => {
                say_fallen_back(&plan, &why);
                Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.hold(fd, is_stream)?
            }
        },
        Engine::Epoll => Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.hold(fd, is_stream)?,
        // Nobody else has tasks on the thread that waits for the end of this one.
        #[cfg(feature = "tokio")]
        Engine::Tokio => Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.hold(fd, is_stream)?,
        Engine::Iterative | Engine::Threads | Engine::Fork | Engine::Select => {
            Reactor::new(plan, Select::default(), Hand::Keep)?.hold(fd, is_stream)?
        }
    })
}

/// Makes the calls that `campaign` wants and holds the conversations that come of them, to the end.
pub(crate) fn load(engine: Engine, plan: Plan, campaign: Box<dyn Campaign>) -> Result<Counts> {
    let plan = Arc::new(plan);
    Ok(match engine {
        Engine::Uring => match ring() {
            Ok(ring) => Reactor::new(plan, ring, Hand::Keep)?.load_by(campaign)?,
            Err(why) => {
                say_fallen_back(&plan, &why);
                Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.load_by(campaign)?
            }
        },
        Engine::Epoll => Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.load_by(campaign)?,
        #[cfg(feature = "tokio")]
        Engine::Tokio => Reactor::new(plan, Epoll::fresh()?, Hand::Keep)?.load_by(campaign)?,
        Engine::Iterative | Engine::Threads | Engine::Fork | Engine::Select => {
            Reactor::new(plan, Select::default(), Hand::Keep)?.load_by(campaign)?
        }
    })
}

/// Where the workers of a server find what they share.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    engine: Engine,
    plan: Arc<Plan>,
}

impl Hub {
    pub(crate) fn new(engine: Engine, plan: Plan) -> Self {
        Self { engine, plan: Arc::new(plan) }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Serves on this thread until the run is asked to stop and every conversation is over.
    pub(crate) fn serve(&self, listeners: Vec<Listener>) -> Result<Counts> {
        let poll = Select::default;
        match self.engine {
            Engine::Iterative => self.react(poll(), Hand::Over(Crew::iterative()), listeners),
            Engine::Threads => self.react(poll(), Hand::Over(Crew::threads()?), listeners),
            Engine::Fork => self.react(poll(), Hand::Over(self.forks(&listeners)?), listeners),
            Engine::Select => self.react(poll(), Hand::Keep, listeners),
            Engine::Epoll => self.react(Epoll::fresh()?, Hand::Keep, listeners),
            Engine::Uring => match ring() {
                Ok(ring) => self.react(ring, Hand::Keep, listeners),
                Err(why) => {
                    // There was one a moment ago, when it was tried.
                    say_fallen_back(&self.plan, &why);
                    self.react(Epoll::fresh()?, Hand::Keep, listeners)
                }
            },
            #[cfg(feature = "tokio")]
            Engine::Tokio => {
                let mut runtime = ::tokio::runtime::Builder::new_current_thread();
                runtime.enable_io().enable_time().build()?.block_on(self.serve_async(listeners))
            }
        }
    }

    /// The same as [`Hub::serve`] with the engine `tokio`, on the runtime that awaits it.
    #[cfg(feature = "tokio")]
    pub(crate) async fn serve_async(&self, listeners: Vec<Listener>) -> Result<Counts> {
        let mut reactor = Reactor::new(Arc::clone(&self.plan), Epoll::fresh()?, Hand::Keep)?;
        reactor.listen(listeners)?;
        Ok(reactor.run_async().await?)
    }

    fn react<W: Wait>(&self, wait: W, hand: Hand, listeners: Vec<Listener>) -> Result<Counts> {
        let mut reactor = Reactor::new(Arc::clone(&self.plan), wait, hand)?;
        reactor.listen(listeners)?;
        Ok(reactor.run()?)
    }

    /// Children that hold no listening socket: a relaunch must not find it taken by them.
    fn forks(&self, listeners: &[Listener]) -> Result<Crew> {
        let copies = crate::sys::process::Copies::of(listeners);
        let stop = self.plan.run.stop().clone();
        let first = move || {
            copies.close_in_child();
            stop.in_child();
        };
        Crew::fork(first)
    }
}
