//! A bench: a directory, and a server that misbehaves as it is asked to.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Program, peer, sock};

/// Where `get` runs, against a server of Python's.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    server: Program,
    port: String,
}

impl Bench {
    /// Starts the server that misbehaves; none where this machine has no Python.
    pub(crate) fn new() -> Option<Self> {
        Self::with(|python| {
            python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/get/misbehave.py"));
        })
    }

    /// Starts a server of Python's that says its port first.
    pub(crate) fn with(script: impl FnOnce(&mut std::process::Command)) -> Option<Self> {
        let mut python = peer("python3")?;
        script(&mut python);
        let mut server = Program::start(python);
        let port = server.line();
        Some(Self { dir: tempfile::tempdir().unwrap(), server, port })
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Starts `sock get ARGUMENTS URL` in the directory; without a pause before it tries again.
    pub(crate) fn start(&self, arguments: &[&str], path: &str) -> Program {
        let url = self.url(path);
        let mut command = sock(&[&["get", "--retry-delay", "0"], arguments, &[&url]].concat());
        command.current_dir(self.dir.path()).env("no_proxy", "*");
        Program::start(command)
    }

    /// The same, and waits for its end.
    pub(crate) fn get(&self, arguments: &[&str], path: &str) -> Finished {
        self.start(arguments, path).finish()
    }

    /// The next request that the server has heard.
    pub(crate) fn request(&mut self) -> Value {
        let line = self.server.line();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    /// What the next requests ask for of the file, each as `Range` says it.
    pub(crate) fn ranges(&mut self, n: usize) -> Vec<String> {
        let range = |request: Value| request["range"].as_str().unwrap_or("all").to_owned();
        (0..n).map(|_| range(self.request())).collect()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        names(self.dir.path())
    }
}

/// What a directory holds.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(dir).unwrap().map(entry);
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// What the server serves as this version.
pub(crate) fn version(version: usize) -> Vec<u8> {
    let byte = |i: usize| u8::try_from((i * (version + 6) + i / 251) % 256).unwrap();
    (0..100_000).map(byte).collect()
}

/// Its SHA-256, as `sha256sum` writes it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}
