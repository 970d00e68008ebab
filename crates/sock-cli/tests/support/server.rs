//! `sock serve` with its events: the ports are the system's choice, told by `listening`.

use rustix::process::Signal;
use serde_json::Value;

use super::{Program, sock};

/// A server under test that listens.
#[derive(Debug)]
pub(crate) struct Server {
    program: Program,
    endpoints: Vec<String>,
}

impl Server {
    /// Runs `sock serve --json SERVICE… ENDPOINT…` and waits until every endpoint is open.
    pub(crate) fn start(service: &[&str], endpoints: &[&str]) -> Self {
        let arguments = [&["serve", "--json"], service, endpoints].concat();
        let mut server = Self { program: Program::start(sock(&arguments)), endpoints: Vec::new() };
        while server.endpoints.len() < endpoints.len() {
            let event = server.event_named("listening");
            server.endpoints.push(event["endpoint"].as_str().expect("an endpoint").into());
        }
        server
    }

    /// The endpoint that the server said it listens at, of one scheme: `tcp://127.0.0.1:40000`.
    pub(crate) fn endpoint(&self, scheme: &str) -> String {
        let found = self.endpoints.iter().find(|e| e.split(':').next() == Some(scheme));
        found.unwrap_or_else(|| panic!("no {scheme} among {:?}", self.endpoints)).clone()
    }

    /// The port of that endpoint, as text.
    pub(crate) fn port(&self, scheme: &str) -> String {
        let endpoint = self.endpoint(scheme);
        endpoint.rsplit(':').next().expect("a port").into()
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> Value {
        let line = self.program.line();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    /// The next event of that name; those before it are dropped.
    pub(crate) fn event_named(&mut self, name: &str) -> Value {
        loop {
            let event = self.event();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> i32 {
        self.program.pid()
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.program.signal(signal);
    }

    /// Tells the server to stop, as a service manager does, and expects that it ends well.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        self.ended();
    }

    /// Waits for the end of a server that was told to stop, which is a good one.
    pub(crate) fn ended(self) {
        self.program.finish().expect(0);
    }
}
