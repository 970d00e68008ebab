//! The bench: runs actors under the tracer, reads the record, and holds it to what always holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use sock_record::{Call, CallKind, Dir, Line, LinkHow, LinkKind, Reader, Sock, SockId};

use crate::support::{Finished, Program, peer, skip, sock};

/// A place for one trace, with the programs that play in it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    python: String,
}

/// What came of a trace.
pub(crate) struct Traced {
    pub(crate) finished: Finished,
    pub(crate) lines: Vec<Line>,
}

impl Bench {
    /// None where there is no Python, or nobody may be traced.
    pub(crate) fn new() -> Option<Self> {
        let mut python = peer("python3")?;
        // The interpreter itself: what stands before it on the path may be a script that looks for it.
        let found = python.args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
        let python = String::from_utf8(found.stdout).unwrap().trim().to_owned();
        let probe = Program::run(sock(&["trace", "-q", "--", "true"]), b"");
        if probe.code() == 125 {
            assert!(probe.stderr.contains("cannot trace"), "{}", probe.stderr);
            skip("a system that lets programs be traced");
            return None;
        }
        Some(Self { folder: tempfile::tempdir().unwrap(), python })
    }

    /// A program of the actors, as words.
    pub(crate) fn actor(&self, role: &str, arguments: &[&str]) -> Vec<String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace/actors.py");
        let port = self.path("port");
        let words = [&self.python, "-B", script, role, port.to_str().unwrap()];
        words.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
    }

    /// A Python program of the documentation, and the port that it is to use.
    pub(crate) fn program(&self, file: &Path, port: &str) -> Vec<String> {
        [&self.python, "-B", file.to_str().unwrap(), port].map(str::to_owned).to_vec()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A named pipe, where a server tells its port.
    pub(crate) fn port_pipe(&self) -> PathBuf {
        let pipe = self.path("port.pipe");
        if !pipe.exists() {
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        }
        pipe
    }

    /// The command that traces these programs and writes the record.
    pub(crate) fn command(&self, options: &[&str], programs: &[Vec<String>]) -> Command {
        let record = self.path("record.jsonl");
        let mut command = sock(&["trace", "--width", "100", "-o", record.to_str().unwrap()]);
        command.args(options);
        for program in programs {
            command.arg("--").args(program);
        }
        command
    }

    /// Traces them to their end.
    pub(crate) fn trace(&self, options: &[&str], programs: &[Vec<String>]) -> Traced {
        let finished = Program::run(self.command(options, programs), b"");
        Traced { finished, lines: self.record() }
    }

    /// Traces a server and a client, each an actor.
    pub(crate) fn pair(&self, server: &str, client: (&str, &[&str])) -> Traced {
        self.trace(&["--full"], &[self.actor(server, client.1), self.actor(client.0, client.1)])
    }

    /// The record as far as it was written.
    pub(crate) fn record(&self) -> Vec<Line> {
        let file = std::fs::File::open(self.path("record.jsonl")).unwrap();
        Reader::new(std::io::BufReader::new(file)).map(|line| line.unwrap()).collect()
    }
}

impl Traced {
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.lines
            .iter()
            .filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None })
    }

    /// What a program printed, and how the trace ended.
    pub(crate) fn printed(&self) -> (String, i32) {
        (String::from_utf8_lossy(&self.finished.stdout).into_owned(), self.finished.code())
    }

    /// The calls of this name by a program that is called so.
    pub(crate) fn calls_of(&self, name: &str, kind: &CallKind) -> Vec<&Call> {
        let procs: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| if let Line::Proc(proc) = line { Some(proc) } else { None })
            .filter(|proc| proc.name == name)
            .map(|proc| proc.proc)
            .collect();
        self.calls().filter(|call| procs.contains(&call.proc) && call.call == *kind).collect()
    }

    pub(crate) fn socks(&self) -> BTreeMap<SockId, &Sock> {
        let socks = self
            .lines
            .iter()
            .filter_map(|line| if let Line::Sock(sock) = line { Some(sock) } else { None });
        socks.map(|sock| (sock.sock, sock)).collect()
    }

    /// Holds the record to what is true of every one: every byte that was received was sent before, by whom and as which
    /// bytes is known, and nothing was missed.
    pub(crate) fn is_whole(&self) -> &Self {
        let gaps: Vec<&Line> =
            self.lines.iter().filter(|line| matches!(line, Line::Gap(_))).collect();
        assert!(gaps.is_empty(), "nothing was hidden: {gaps:?}");
        assert!(matches!(self.lines.last(), Some(Line::End(_))), "the record has an end");
        let calls: BTreeMap<_, _> = self.calls().map(|call| (call.ev, call)).collect();
        let most = calls.keys().last().map_or(0, |ev| ev.0);
        assert_eq!(most, self.calls().count() as u64, "each number stands for one call");
        let pairing = sock_ladder::pair(&self.lines);
        let mut linked: BTreeMap<(SockId, SockId), u64> = BTreeMap::new();
        for paired in &pairing.links {
            let link = &paired.link;
            let (from, to) = (calls[&link.from], calls[&link.to]);
            let kind = &link.kind;
            assert!(
                from.enter < to.exit.unwrap(),
                "{kind}: {from:?}\nis met before it is made\n{to:?}"
            );
            if *kind != LinkKind::Bytes {
                continue;
            }
            assert_eq!(link.how, LinkHow::Offset, "the bytes agree: {from:?}\n{to:?}");
            if !paired.peek {
                *linked.entry((from.sock.unwrap(), to.sock.unwrap())).or_default() +=
                    link.off.unwrap().len();
            }
        }
        for (&one, &other) in &pairing.mates {
            let (sent, received) = (self.moved(one, Dir::Out), self.moved(other, Dir::In));
            let linked = linked.get(&(one, other)).copied().unwrap_or(0);
            assert_eq!(
                linked,
                sent.min(received),
                "from {one:?} to {other:?}: sent {sent}, received {received}"
            );
        }
        self
    }

    /// What was received on each socket, and found to have been sent: the bytes of each stream, in their order.
    pub(crate) fn streams(&self) -> Vec<Vec<u8>> {
        let calls: BTreeMap<_, _> = self.calls().map(|call| (call.ev, call)).collect();
        let mut streams: BTreeMap<SockId, Vec<u8>> = BTreeMap::new();
        for paired in sock_ladder::pair(&self.lines).links {
            if paired.link.kind == LinkKind::Bytes && !paired.peek {
                let to = calls[&paired.link.to];
                let (off, begun) = (paired.link.off.unwrap(), to.off.unwrap().start());
                let data = to.data.as_deref().unwrap();
                let part = |n: u64| usize::try_from(n - begun).unwrap();
                let stream = streams.entry(to.sock.unwrap()).or_default();
                stream.extend(&data[part(off.start())..part(off.end())]);
            }
        }
        streams.into_values().collect()
    }

    /// Bytes of a stream that were sent or received on a socket.
    fn moved(&self, sock: SockId, dir: Dir) -> u64 {
        let of = |call: &&Call| {
            call.sock == Some(sock)
                && call.dir == Some(dir)
                && call.off.is_some()
                && !call.args.has_flag("MSG_PEEK")
        };
        self.calls().filter(of).filter_map(Call::moved).sum()
    }
}
