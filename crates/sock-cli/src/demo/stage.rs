//! The stage of the demo: a server on an engine, its clients, and the record of what they said.

use std::io;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};
use rustix::thread::gettid;
use serde_json::{Value, json};
use sock::observe::{Record, Source};
use sock::{Caller, Endpoint, Engine, Run, Server, Service, converse};
use sock_proto::Observer;
use sock_proto::protocols::{self, Settings};
use sock_record::{Line, ProcId};

use super::client::Script;
use super::teller::Teller;

/// A conversation by which a lecture's program is shown.
pub(crate) struct Stage {
    clock: Run,
    sides: Vec<Record>,
    /// How many clients have begun.
    clients: usize,
    on: Threads,
    /// What the record's writer has written.
    paper: Paper,
    server: Option<JoinHandle<sock::Result<()>>>,
    stop: Option<Run>,
}

#[derive(Debug, Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was played.
pub(crate) struct Played {
    /// What the engines tell of it.
    pub(crate) lines: Vec<Line>,
    pub(crate) threads: Threads,
}

/// On which threads each side acted: a client's by its number; all others are the server's, which is the last.
#[derive(Debug, Clone)]
pub(crate) struct Threads {
    pub(crate) names: Vec<String>,
    clients: Arc<Mutex<Vec<(u32, usize)>>>,
}

impl Threads {
    fn new(names: &[&str]) -> Self {
        Self { names: names.iter().map(ToString::to_string).collect(), clients: Arc::default() }
    }

    /// This thread acts for that side.
    fn act(&self, side: usize) {
        let thread = gettid().as_raw_nonzero().get().unsigned_abs();
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).push((thread, side));
    }

    /// As one program tells another.
    pub(crate) fn to_json(&self) -> Value {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({ "names": self.names, "clients": clients })
    }

    /// What the other one has told.
    pub(crate) fn from_json(value: &Value) -> Result<Self> {
        let (names, clients) = (value["names"].clone(), value["clients"].clone());
        let names = serde_json::from_value(names)?;
        Ok(Self { names, clients: Arc::new(Mutex::new(serde_json::from_value(clients)?)) })
    }

    /// As whom a thread is drawn; the numbers begin with 1.
    pub(crate) fn side(&self, thread: Option<u32>) -> ProcId {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let found = clients.iter().find(|(client, _)| Some(*client) == thread);
        let side = found.map_or(self.names.len().saturating_sub(1), |(_, side)| *side);
        // A stage has a handful of sides.
        ProcId(u32::try_from(side + 1).unwrap_or(u32::MAX))
    }
}

/// A client that is on its way.
pub(crate) struct Cast {
    pub(crate) heard: Receiver<Vec<u8>>,
    expected: String,
    timeless: fn(&[u8]) -> Vec<u8>,
    thread: JoinHandle<sock::Result<sock::Ending>>,
}

impl Stage {
    /// A stage for these sides, of which the server, where it keeps a record, is the last.
    pub(crate) fn new<const N: usize>(names: [&str; N]) -> Result<Self> {
        let paper = Paper::default();
        let clock = Run::new();
        let source = Source {
            source: "demo".to_owned(),
            began: Some(clock.wall_origin()),
            ..Source::default()
        };
        let on = Threads::new(&names);
        let sides = Record::sides(paper.clone(), source, names)?.into_iter().collect();
        Ok(Self { clock, sides, clients: 0, on, paper, server: None, stop: None })
    }

    /// The side that is next, from the left.
    fn next_side(&mut self) -> Result<Arc<dyn Observer>> {
        ensure!(!self.sides.is_empty(), "a conversation with more sides than it has lanes");
        Ok(Arc::new(self.sides.remove(0)))
    }

    /// The next side that calls: what it is a part of, and its number.
    fn caller(&mut self) -> Result<(Run, usize)> {
        let number = self.clients;
        self.clients += 1;
        Ok((self.clock.clone().observed_by(self.next_side()?), number))
    }

    /// Does something as a client that no script describes, on a thread of its own.
    pub(crate) fn act<T: Send>(&mut self, act: impl FnOnce(Run) -> Result<T> + Send) -> Result<T> {
        let ((run, number), on) = (self.caller()?, self.on.clone());
        std::thread::scope(|scope| {
            let client = scope.spawn(move || {
                on.act(number);
                act(run)
            });
            client.join().map_err(|_| anyhow!("the client failed"))?
        })
    }

    /// What tells the record of a server that no engine runs.
    pub(crate) fn teller(&mut self) -> Result<Teller> {
        let side = self.sides.pop().context("a server that keeps a record has a lane")?;
        Ok(Teller::new(self.clock.clone(), Arc::new(side)))
    }

    /// Serves one of the built-in protocols, on a port that the system chooses.
    pub(crate) fn serve(
        &mut self,
        engine: Engine,
        service: &str,
        settings: &Settings,
        at: &str,
    ) -> Result<Endpoint> {
        let side = self.sides.pop().context("a server that keeps a record has a lane")?;
        let run = self.clock.clone().observed_by(Arc::new(side));
        let service = Service::of_row(protocols::find(service)?, settings)?;
        let server = Server::new(service).engine(engine).within(run.clone()).listen(at.parse()?);
        let bound = server.bind()?;
        let endpoint = bound.endpoints().first().context("a server listens somewhere")?.clone();
        self.stop = Some(run);
        self.server = Some(std::thread::spawn(move || bound.run().map(drop)));
        Ok(endpoint)
    }

    /// Lets a client begin.
    pub(crate) fn cast(
        &mut self,
        endpoint: &Endpoint,
        script: Script,
        from: &Caller,
    ) -> Result<Cast> {
        let ((run, number), on) = (self.caller()?, self.on.clone());
        let (expected, timeless) = (script.answers(), script.timeless);
        let (client, heard) = script.cast();
        let service = Service::each("client", move || client.clone());
        let (from, endpoint) = (from.clone(), endpoint.clone());
        let thread = std::thread::spawn(move || {
            on.act(number);
            let socket = from.call(&endpoint)?;
            converse(&run, service, &socket, None)
        });
        Ok(Cast { heard, expected, timeless, thread })
    }

    /// Lets a client say all that it has to say, and checks what it hears.
    pub(crate) fn play(&mut self, endpoint: &Endpoint, script: Script) -> Result<()> {
        self.cast(endpoint, script, &Caller::new())?.join()
    }

    /// Ends the server and tells the record.
    pub(crate) fn finish(mut self) -> Result<Played> {
        if let (Some(run), Some(server)) = (self.stop.take(), self.server.take()) {
            run.stop().ask();
            server.join().map_err(|_| anyhow!("the server failed"))??;
        }
        drop((self.sides, self.clock));
        let bytes = self.paper.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lines: Result<Vec<Line>, _> = sock_record::Reader::new(&bytes[..]).collect();
        Ok(Played { lines: lines?, threads: self.on })
    }
}

impl Cast {
    /// Waits until the conversation is over, and checks every byte of it.
    pub(crate) fn join(self) -> Result<()> {
        self.join_after(b"")
    }

    /// The same for a client of whom `before` was heard already.
    pub(crate) fn join_after(self, before: &[u8]) -> Result<()> {
        self.thread.join().map_err(|_| anyhow!("the client failed"))??;
        // Each time all that it heard so far.
        let heard = self.heard.try_iter().last().unwrap_or_else(|| before.to_vec());
        let heard = (self.timeless)(&heard);
        ensure!(
            heard == self.expected.as_bytes(),
            "expected {:?}, and {:?} came",
            self.expected,
            String::from_utf8_lossy(&heard)
        );
        Ok(())
    }
}
