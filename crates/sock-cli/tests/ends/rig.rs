//! One program between our two pipes and a peer that we play: every byte and every end is ours to give.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::net::sockopt::set_socket_linger;

use crate::support::{LIMIT, Leash, sock};

/// Which program is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Connect,
    Serve,
}

/// What is between it and its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Tcp,
    Unix,
}

/// A pipe that takes nothing for so long is full.
const FULL: Duration = Duration::from_millis(150);

pub(crate) struct Rig {
    what: String,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    /// What it says on stderr, once that has ended.
    errors: JoinHandle<String>,
    peer: Peer,
    leash: Leash,
    /// Where a unix socket lives.
    _folder: tempfile::TempDir,
}

enum Peer {
    Tcp(TcpStream),
    Unix(UnixStream),
    Gone,
}

impl Rig {
    pub(crate) fn start(side: Side, over: Over) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let unix = format!("unix:{}", path.display());
        let what = format!("{side:?} over {over:?}");
        match (side, over) {
            (Side::Connect, Over::Tcp) => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
                let (launched, _) = launch(&["connect", &endpoint]);
                let peer = Peer::Tcp(listener.accept().unwrap().0);
                Self::new(what, launched, peer, folder)
            }
            (Side::Connect, Over::Unix) => {
                let listener = UnixListener::bind(path).unwrap();
                let (launched, _) = launch(&["connect", &unix]);
                let peer = Peer::Unix(listener.accept().unwrap().0);
                Self::new(what, launched, peer, folder)
            }
            (Side::Serve, Over::Tcp) => {
                let (launched, endpoint) = launch(&["serve", "stdio", "tcp:127.0.0.1:0"]);
                let peer = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
                Self::new(what, launched, Peer::Tcp(peer), folder)
            }
            (Side::Serve, Over::Unix) => {
                let (launched, _) = launch(&["serve", "stdio", &unix]);
                let peer = UnixStream::connect(path).unwrap();
                Self::new(what, launched, Peer::Unix(peer), folder)
            }
        }
    }

    fn new(what: String, launched: Launched, peer: Peer, folder: tempfile::TempDir) -> Self {
        let Launched { input, output, errors, leash } = launched;
        let rig = Self { what, input, output, errors, peer, leash, _folder: folder };
        // So that a wait for the program can fail with it.
        let limit = Some(LIMIT);
        match &rig.peer {
            Peer::Tcp(peer) => peer.set_read_timeout(limit).unwrap(),
            Peer::Unix(peer) => peer.set_read_timeout(limit).unwrap(),
            Peer::Gone => {}
        }
        rig
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.input.as_mut().expect("our input is open").write_all(bytes).unwrap();
    }

    /// Says something until nobody takes it any more.
    pub(crate) fn keep_saying(&mut self, bytes: &[u8]) {
        while self.input.as_mut().expect("our input is open").write_all(bytes).is_ok() {}
    }

    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// The next bytes of stdout are these.
    pub(crate) fn output_is(&mut self, expected: &[u8]) {
        let mut came = vec![0; expected.len()];
        let output = self.output.as_mut().expect("our output is open");
        output.read_exact(&mut came).unwrap_or_else(|e| panic!("{}: stdout: {e}", self.what));
        same(&self.what, &came, expected);
    }

    /// These are the last bytes of stdout, which then ends.
    pub(crate) fn output_ends(&mut self, expected: &[u8]) {
        let mut came = Vec::new();
        self.output.as_mut().expect("our output is open").read_to_end(&mut came).unwrap();
        same(&self.what, &came, expected);
    }

    pub(crate) fn leave_output(&mut self) {
        self.output = None;
    }

    pub(crate) fn peer_says(&mut self, bytes: &[u8]) {
        self.peer.writer().write_all(bytes).unwrap();
    }

    /// The peer talks until nobody is there. Once is not enough: a program that another test starts at
    /// this moment holds a copy of our end of the pipe until it is itself.
    pub(crate) fn peer_talks_to_the_end(&mut self, bytes: &[u8]) {
        while self.peer.writer().write_all(bytes).is_ok() {}
    }

    pub(crate) fn peer_ends(&mut self) {
        match &self.peer {
            Peer::Tcp(peer) => peer.shutdown(Shutdown::Write).unwrap(),
            Peer::Unix(peer) => peer.shutdown(Shutdown::Write).unwrap(),
            Peer::Gone => panic!("the peer is gone"),
        }
    }

    /// How much of what the peer said has not arrived at the other end (`proc_net_tcp(5)`).
    pub(crate) fn peer_still_owes(&self) -> usize {
        let Peer::Tcp(peer) = &self.peer else { panic!("only TCP has bytes on the way") };
        let port = format!(":{:04X}", peer.local_addr().unwrap().port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let connected = |fields: &Vec<&str>| fields[1].ends_with(&port) && fields[3] == "01";
        let row = table.lines().map(|line| line.split_whitespace().collect()).find(connected);
        let queues = row.expect("the connection is in the table")[4];
        usize::from_str_radix(queues.split(':').next().unwrap(), 16).unwrap()
    }

    /// Closes the peer so that it sends a reset.
    pub(crate) fn peer_resets(&mut self) {
        set_socket_linger(self.peer.as_fd(), Some(Duration::ZERO)).unwrap();
        self.peer = Peer::Gone;
    }

    pub(crate) fn peer_hears(&mut self, expected: &[u8]) {
        let mut came = vec![0; expected.len()];
        let read = self.peer.reader().read_exact(&mut came);
        read.unwrap_or_else(|e| panic!("{}: the peer: {e}", self.what));
        same(&self.what, &came, expected);
    }

    pub(crate) fn peer_hears_the_end(&mut self, expected: &[u8]) {
        let mut came = Vec::new();
        self.peer.reader().read_to_end(&mut came).unwrap();
        same(&self.what, &came, expected);
    }

    /// The peer reads until there is nothing more, be it an end or a reset.
    pub(crate) fn peer_sees_us_gone(&mut self) {
        let mut buf = vec![0; 1 << 16];
        while let Ok(1..) = self.peer.reader().read(&mut buf) {}
    }

    /// Fills both directions while nobody reads; tells what was put in, ours and theirs.
    pub(crate) fn fill(&mut self) -> (Vec<u8>, Vec<u8>) {
        // What is full may take a little more once the other direction is full as well.
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let input = self.input.as_mut().expect("our input is open");
        loop {
            let before = ours.len() + theirs.len();
            fill(input.as_fd(), b'a', &mut ours);
            fill(self.peer.as_fd(), b'A', &mut theirs);
            if ours.len() + theirs.len() == before {
                // More than a pipe holds: what is between is full too.
                assert!(ours.len().min(theirs.len()) > 1 << 17, "{}", self.what);
                break (ours, theirs);
            }
        }
    }

    /// The program has ended, and all is well.
    pub(crate) fn done(self) {
        let (what, code, errors) = self.finish();
        assert_eq!(code, 0, "{what}: {errors}");
        assert!(errors.contains("(FIN)") || errors.contains("closed by"), "{what}: {errors}");
    }

    /// The program has ended without a word of complaint.
    pub(crate) fn ends_quietly(self) {
        let (what, code, errors) = self.finish();
        assert_eq!(code, 0, "{what}: {errors}");
        assert!(!errors.contains("sock: "), "{what}: {errors}");
    }

    /// The program has ended with the status of a reset, and says how much had come.
    pub(crate) fn was_cut_short_after(self, received: usize) {
        let (what, code, errors) = self.finish();
        assert_eq!(code, 6, "{what}: {errors}");
        let line = errors.lines().find(|line| line.starts_with("sock: cut short: "));
        let line = line.unwrap_or_else(|| panic!("{what}: {errors}"));
        assert!(line.contains(&format!(": {received} B had arrived")), "{what}: {line}");
    }

    /// Waits for the program's end, with our own ends as they are.
    fn finish(mut self) -> (String, i32, String) {
        let status = self.leash.wait();
        let errors = self.errors.join().unwrap();
        assert!(!self.leash.was_pulled(), "{}: it did not end: {errors}", self.what);
        (self.what, status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)), errors)
    }
}

impl Peer {
    fn reader(&mut self) -> &mut dyn Read {
        match self {
            Self::Tcp(peer) => peer,
            Self::Unix(peer) => peer,
            Self::Gone => panic!("the peer is gone"),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Tcp(peer) => peer,
            Self::Unix(peer) => peer,
            Self::Gone => panic!("the peer is gone"),
        }
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(peer) => peer.as_fd(),
            Self::Unix(peer) => peer.as_fd(),
            Self::Gone => panic!("the peer is gone"),
        }
    }
}

struct Launched {
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    errors: JoinHandle<String>,
    leash: Leash,
}

/// Starts the program; a server is waited for until it listens, and its endpoint told.
fn launch(arguments: &[&str]) -> (Launched, String) {
    let mut command: Command = sock(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let leash = Leash::new(child, LIMIT);
    let mut said = String::new();
    if arguments[0] == "serve" {
        stderr.read_line(&mut said).unwrap();
    }
    let endpoint = said.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
    let errors = spawn(move || {
        stderr.read_to_string(&mut said).unwrap();
        said
    });
    (Launched { input, output, errors, leash }, endpoint)
}

/// Writes a pattern until nothing more is taken, and notes it.
fn fill(fd: BorrowedFd<'_>, first: u8, put: &mut Vec<u8>) {
    ioctl_fionbio(fd, true).unwrap();
    // Not a divisor of any buffer's size, so that a piece that is lost or doubled shows.
    let pattern: Vec<u8> = (0..25_007_u32).map(|i| first + u8::try_from(i % 23).unwrap()).collect();
    let full = Timespec::try_from(FULL).unwrap();
    while poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&full)).unwrap() > 0 {
        let at = put.len() % pattern.len();
        match rustix::io::write(fd, &pattern[at..]) {
            Ok(n) => put.extend_from_slice(&pattern[at..at + n]),
            Err(rustix::io::Errno::AGAIN) => {}
            Err(error) => panic!("cannot fill: {error}"),
        }
    }
    ioctl_fionbio(fd, false).unwrap();
}

/// Compares long texts without printing them.
#[track_caller]
fn same(what: &str, came: &[u8], expected: &[u8]) {
    if came != expected {
        let at = came.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let (n, m) = (came.len(), expected.len());
        panic!("{what}: {n} bytes came and {m} were due; the first {at} are right");
    }
}
