//! The record: every event as `sock-record/1`, from which pictures are drawn.

mod book;
mod calls;
mod numbers;

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use sock_proto::{Event, Interest, Observer, What};

use self::calls::Calls;
use super::appetite::Appetite;
use super::outlet::{Outlet, through_outlet};

/// How much may wait to be written, in bytes: what a disk that pauses for a tenth of a second holds up.
const LIMIT: usize = 16 << 20;

/// What a record says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Source {
    /// What made it: the program's verb.
    pub source: String,
    /// The engine.
    pub backend: Option<String>,
    /// The time of day at which the run began, since the Unix epoch.
    pub began: Option<Duration>,
    /// How many bytes of each call are kept; none: all.
    pub preview: Option<usize>,
}

/// Writes a record.
///
/// Each conversation is a socket, each thing that an engine did to it a call: `accept` or `connect`, `send`, `recv`
/// (of nothing, where the peer ended), `shutdown`, `close`. Conversations of datagrams between the same two addresses
/// are one socket. What is not a socket (standard input and output) is not recorded.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sock::observe::{Record, Source};
/// use sock_proto::{Endpoint, Event, Kind, Observer, Time, What};
///
/// # use std::io::Read;
/// let (mut reader, writer) = std::io::pipe()?;
/// let record = Record::queued(writer, Source { source: "serve".into(), ..Source::default() })?;
/// let (local, remote): (Endpoint, Endpoint) = ("127.0.0.1:7".parse()?, "127.0.0.1:4000".parse()?);
/// let (local, remote) = (&local, &remote);
/// let what = What::Open { kind: Kind::Stream, called: false, transient: false, local, remote };
/// record.event(&Event { time: Time::ZERO, conn: 1, what });
/// record.close()?;
/// drop(record);
///
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// let types: Vec<_> = text.lines().map(|line| line.split('"').nth(3)).collect();
/// assert_eq!(types, ["meta", "proc", "sock", "call", "end"].map(Some));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Record {
    outlet: Arc<Outlet>,
    side: usize,
    lag: Duration,
}

impl Record {
    /// Writes from a thread of its own.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn queued(to: impl io::Write + Send + 'static, source: Source) -> io::Result<Self> {
        let name = source.source.clone();
        let [record] = Self::sides(to, source, [&name])?;
        Ok(record)
    }

    /// Writes each event at once, in one piece, for an engine that forks.
    ///
    /// Lines of several processes do not mix if the file was opened to append. Each process that is forked becomes a
    /// process of the record with its first conversation, and numbers its calls in a range of its own.
    pub fn direct(to: impl AsFd + Send + 'static, source: Source) -> Self {
        let appetite = appetite(&source);
        let names = vec![source.source.clone()];
        let outlet = Outlet::direct(Calls::new(source, names, true), to, appetite);
        Self { outlet: Arc::new(outlet), side: 0, lag: Duration::ZERO }
    }

    /// One record of several runs of this process, such as a client's and a server's, each under its own name.
    ///
    /// It ends when all of them are dropped, or any of them is closed.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn sides<const N: usize>(
        to: impl io::Write + Send + 'static,
        source: Source,
        names: [&str; N],
    ) -> io::Result<[Self; N]> {
        let appetite = appetite(&source);
        let names = names.map(str::to_owned).to_vec();
        let outlet = Outlet::queued(Calls::new(source, names, false), to, appetite, LIMIT)?;
        let outlet = Arc::new(outlet);
        Ok(std::array::from_fn(|side| {
            let outlet = Arc::clone(&outlet);
            Self { outlet, side, lag: Duration::ZERO }
        }))
    }

    /// Says how long after the record this side's run began: so all sides have one time.
    #[must_use]
    pub fn after(mut self, lag: Duration) -> Self {
        self.lag = lag;
        self
    }
}

through_outlet!(Record);

impl Observer for Record {
    fn event(&self, event: &Event<'_>) {
        self.outlet.event(self.side, &later(event, self.lag));
    }

    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

fn appetite(source: &Source) -> Appetite {
    let keep = Some(source.preview.unwrap_or(usize::MAX));
    Appetite {
        events: true,
        ends: true,
        transient: true,
        stream: keep,
        datagram_in: keep,
        datagram_out: keep,
    }
}

/// The same event in the record's time.
fn later<'a>(event: &Event<'a>, lag: Duration) -> Event<'a> {
    let mut event = *event;
    event.time = event.time + lag;
    if let What::Received { since, .. } | What::Sent { since, .. } = &mut event.what {
        *since = *since + lag;
    }
    event
}
