//! What the tests of the generator share: a server that ends with its test, and one that misbehaves.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use sock::load::{Length, Loader};
use sock::{Endpoint, Run, Server, Service};
use sock_load::{Cause, Report};
use sock_proto::protocols::{Settings, find};

/// A server of the library, which ends with the test.
pub(crate) struct Served {
    pub(crate) endpoint: Endpoint,
    pub(crate) run: Run,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn of(server: Server) -> Self {
        let bound = server.bind().expect("it can listen");
        let (endpoint, run) = (bound.endpoints()[0].clone(), bound.within().clone());
        let thread = std::thread::spawn(move || {
            bound.run().expect("it runs");
        });
        Self { endpoint, run, thread: Some(thread) }
    }

    /// A service of the table at this endpoint.
    pub(crate) fn row(name: &str, endpoint: &str) -> Self {
        let server = Server::new(service(name)).listen(endpoint.parse().expect("an endpoint"));
        Self::of(server.grace(Duration::from_millis(200)))
    }

    pub(crate) fn loader(&self) -> Loader {
        Loader::new(self.endpoint.clone()).connections(4).length(Length::Messages(1000))
    }
}

pub(crate) fn service(name: &str) -> Service {
    let row = find(name).expect("a row of the table");
    Service::of_row(row, &Settings::default()).expect("no settings")
}

impl Drop for Served {
    fn drop(&mut self) {
        self.run.stop().ask();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

/// A server of one thread that treats each connection like this, for as long as the test lasts.
pub(crate) fn treats(each: impl Fn(TcpStream) + Send + 'static) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            each(stream);
        }
    });
    format!("tcp:127.0.0.1:{port}").parse().expect("an endpoint")
}

/// Reads one message of so many bytes.
pub(crate) fn hear(stream: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    stream.read_exact(&mut bytes).map_or_else(|_| Vec::new(), |()| bytes)
}

/// How often each thing went wrong.
pub(crate) fn causes(report: &Report) -> Vec<(Cause, u64)> {
    report.errors.iter().map(|error| (error.cause, error.count)).collect()
}

/// Every message has come to one end.
pub(crate) fn check_sum(report: &Report) {
    let due = report.messages.due.unwrap_or(report.messages.sent).max(report.messages.sent);
    assert_eq!(report.verdict.missing, due - report.messages.replies, "{report:?}");
    assert_eq!(report.latency.count, report.messages.replies);
    let timeline: u64 = report.timeline.iter().map(|second| second.replies).sum();
    assert!(timeline <= report.messages.replies);
}
