//! `serve http`: the program over loopback, asked with the bytes that a client sends.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

mod client;
mod files;
mod lockdown;
mod options;
mod rights;
mod started;
mod uploads;

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use support::{Program, sock};
use tempfile::TempDir;

/// Every engine.
const ENGINES: [&str; 7] = ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"];

/// A folder `root` in a temporary folder, which has more in it than the root.
#[derive(Debug)]
struct Place {
    around: TempDir,
    root: PathBuf,
}

impl Place {
    /// The root has these files.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let around = tempfile::tempdir().expect("a temporary folder");
        let root = around.path().join("root");
        fs::create_dir(&root).expect("a new folder");
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("it is in the root")).expect("a new folder");
            fs::write(path, bytes).expect("a new file");
        }
        Self { around, root }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Every name beneath the root, hidden ones too.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.root).expect("a folder").map(|entry| {
            let name = entry.expect("a name").file_name();
            name.into_string().expect("UTF-8")
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

/// A web server of a folder, at a port of its own.
#[derive(Debug)]
struct Web {
    program: Program,
    port: u16,
}

impl Web {
    fn serve(root: &Path, options: &[&str]) -> Self {
        let root = root.to_str().expect("UTF-8");
        Self::start(&[&[root, "tcp:127.0.0.1:0"], options].concat())
    }

    fn start(arguments: &[&str]) -> Self {
        Self::of(Program::start(sock(&[&["serve", "http"], arguments].concat())))
    }

    /// The same under a limit that bash sets first.
    fn limited(root: &Path, options: &[&str], limit: &str) -> Option<Self> {
        let mut shell = support::peer("bash")?;
        let root = root.to_str().expect("UTF-8");
        let arguments = [&["serve", "http", root, "tcp:127.0.0.1:0"], options].concat();
        shell.args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")]);
        shell.arg(sock(&[]).get_program()).args(arguments);
        Some(Self::of(Program::start(shell)))
    }

    fn of(mut program: Program) -> Self {
        let line = program.error_line_with("listening on tcp://");
        let port = line.rsplit(':').next().and_then(|port| port.parse().ok());
        Self { port: port.unwrap_or_else(|| panic!("no port in {line}")), program }
    }

    /// Tells it to stop, and expects that it ends well.
    fn stop(self) -> String {
        self.program.signal(Signal::TERM);
        self.program.finish().expect(0).stderr
    }
}
