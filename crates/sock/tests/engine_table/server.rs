//! The server program of the engine table, under a leash.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;

use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;
use super::{DEADLINE, Transport};

pub(crate) struct ServerProcess {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    pub(crate) endpoint: String,
    _dir: tempfile::TempDir,
}

fn program() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    path.pop();
    path.pop();
    path.join("examples/engine_server")
}

impl ServerProcess {
    pub(crate) fn start(engine: &str, service: &str, transport: Transport, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let endpoint = match transport {
            Transport::Tcp4 => "tcp://127.0.0.1:0".to_owned(),
            Transport::Tcp6 => "tcp://[::1]:0".to_owned(),
            Transport::Udp4 => "udp://127.0.0.1:0".to_owned(),
            Transport::Udp6 => "udp://[::1]:0".to_owned(),
            Transport::Unix => format!("unix:{}", path.display()),
            Transport::Unixgram => format!("unixgram:{}", path.display()),
        };
        Self::run(engine, service, &endpoint, more, dir)
    }

    fn run(engine: &str, service: &str, at: &str, more: &[&str], dir: tempfile::TempDir) -> Self {
        let mut child = Command::new(program())
            .args([engine, service])
            .args(more)
            .arg(at)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo builds the examples beside the tests");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut endpoint = String::new();
        stdout.read_line(&mut endpoint).unwrap();
        let endpoint = endpoint.trim().to_owned();
        assert!(!endpoint.is_empty(), "{engine} {service} {at} did not listen");
        Self { child, stdout: Some(stdout), endpoint, _dir: dir }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks it to end, as a user does.
    pub(crate) fn ask(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits until connections are refused: it has seen that it was asked.
    pub(crate) fn no_longer_listens(&self, transport: Transport) {
        let began = super::now();
        while !Client::is_refused(transport, &self.endpoint) {
            assert!(began.elapsed() < DEADLINE, "{} listens on", self.endpoint);
            std::thread::yield_now();
        }
    }

    pub(crate) fn stop(self) {
        self.ask();
        self.wait();
    }

    /// Waits for its end, which must be a good one and come in time.
    pub(crate) fn wait(mut self) {
        let mut stdout = self.stdout.take().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let mut rest = String::new();
            let read = stdout.read_to_string(&mut rest).map(|_| rest);
            // The receiver is gone only if the deadline has passed.
            let _ = tell.send(read);
        });
        let rest = told.recv_timeout(DEADLINE).expect("the server ends when it is asked to");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {rest:?}");
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
