//! netcat, ncat and socat: how each is told to listen and to call, and what each cannot do.

use std::fs;
use std::process::Command;

use crate::support::{Program, nc, peer};

/// A program that wires a socket to its standard input and output, as ours does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    Nc,
    Ncat,
    Socat,
}

pub(crate) use Foreign::{Nc, Ncat, Socat};

/// Long enough that socat never gives up on the direction that is still open.
const PATIENCE: &str = "-t60";

impl Foreign {
    pub(crate) const ALL: [Self; 3] = [Nc, Ncat, Socat];

    /// The program, or nothing where this machine has none.
    pub(crate) fn command(self) -> Option<Command> {
        match self {
            Nc => nc(),
            Ncat => peer("ncat"),
            Socat => peer("socat"),
        }
    }

    /// Calls a TCP port of 127.0.0.1; the end of its input is a half-close.
    pub(crate) fn call(self, port: &str) -> Option<Program> {
        let mut command = self.command()?;
        match self {
            Nc => command.args(["-N", "127.0.0.1", port]),
            Ncat => command.args(["127.0.0.1", port]),
            Socat => command.args([PATIENCE, "-", &format!("TCP:127.0.0.1:{port}")]),
        };
        Some(Program::start(command))
    }

    /// Calls a UDP port of 127.0.0.1.
    pub(crate) fn call_datagrams(self, port: &str) -> Option<Program> {
        let mut command = self.command()?;
        match self {
            Nc | Ncat => command.args(["-u", "127.0.0.1", port]),
            Socat => command.args([PATIENCE, "-", &format!("UDP:127.0.0.1:{port}")]),
        };
        Some(Program::start(command))
    }

    /// Listens at a TCP port of the system's choice for one caller.
    pub(crate) fn listen(self) -> Option<(Program, String)> {
        let mut command = self.command()?;
        match self {
            Nc => command.args(["-lvN", "127.0.0.1", "0"]),
            Ncat => command.args(["-lv", "127.0.0.1", "0"]),
            Socat => command.args([PATIENCE, "-dd", "TCP-LISTEN:0,bind=127.0.0.1", "-"]),
        };
        Some(listening(Program::start(command), "tcp"))
    }

    /// Binds a UDP port of the system's choice; the first sender becomes the peer.
    pub(crate) fn listen_datagrams(self) -> Option<(Program, String)> {
        let mut command = self.command()?;
        match self {
            Nc | Ncat => command.args(["-luv", "127.0.0.1", "0"]),
            Socat => command.args([PATIENCE, "-dd", "UDP-LISTEN:0,bind=127.0.0.1", "-"]),
        };
        Some(listening(Program::start(command), "udp"))
    }

    /// Listens with an echo behind the port, for many callers; netcat has no such thing.
    pub(crate) fn listen_with_echo(self) -> Option<(Program, String)> {
        let mut command = self.command()?;
        match self {
            Nc => return None,
            Ncat => command.args(["-lkv", "127.0.0.1", "0", "--exec", "/bin/cat"]),
            Socat => {
                command.args([PATIENCE, "-dd", "TCP-LISTEN:0,bind=127.0.0.1,fork", "EXEC:cat"])
            }
        };
        Some(listening(Program::start(command), "tcp"))
    }

    /// True where a server passes on what comes after its caller's half-close; the others leave then.
    pub(crate) fn stays_when_the_caller_ends(self) -> bool {
        self == Socat
    }

    /// True where the end of the peer's data is seen at once on standard output.
    pub(crate) fn shows_the_end(self, listens: bool) -> bool {
        match self {
            Nc => listens,
            Ncat => true,
            Socat => false,
        }
    }
}

/// Waits for the line that says where the program listens.
fn listening(mut program: Program, transport: &str) -> (Program, String) {
    loop {
        let line = program.error_line();
        let lower = line.to_lowercase();
        if !["listening on", "bound on"].iter().any(|words| lower.contains(words)) {
            continue;
        }
        let digits = line.rsplit([':', ' ']).next().unwrap_or_default();
        let port = match digits {
            // ncat says what it was asked for; the kernel knows what it got.
            "0" => bound_port(program.pid(), transport),
            port => port.into(),
        };
        return (program, port);
    }
}

/// The port of 127.0.0.1 that a process has bound, as the kernel lists it.
fn bound_port(pid: i32, transport: &str) -> String {
    let folder = fs::read_dir(format!("/proc/{pid}/fd")).expect("the program lives");
    let open: Vec<String> = folder
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let table = fs::read_to_string(format!("/proc/{pid}/net/{transport}")).expect("a table");
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split_whitespace().collect();
        if open.contains(&format!("socket:[{}]", fields[9])) {
            let (_, port) = fields[1].split_once(':').expect("address and port");
            return u16::from_str_radix(port, 16).expect("a port").to_string();
        }
    }
    panic!("process {pid} has bound no {transport} port");
}
