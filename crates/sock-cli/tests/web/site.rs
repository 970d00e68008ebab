//! A directory to serve, in a directory that has more in it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::Server;

/// What lies beside the root, and must never be seen.
pub(crate) const SECRET: &str = "nobody is ever to see this";

/// The page at the root of [`Site::with_page`].
pub(crate) const PAGE: &str = "<!DOCTYPE html>\n<title>home</title>\n<h1>Home</h1>\n";

/// A folder `root` beside a file `secret.txt`.
#[derive(Debug)]
pub(crate) struct Site {
    around: TempDir,
    pub(crate) root: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        let around = tempfile::tempdir().expect("a temporary directory can be made");
        let root = around.path().join("root");
        fs::create_dir(&root).expect("a directory can be made");
        fs::write(around.path().join("secret.txt"), SECRET).expect("a file can be written");
        Self { around, root }
    }

    /// One with a page at its root.
    pub(crate) fn with_page() -> Self {
        Self::new().with("index.html", PAGE)
    }

    pub(crate) fn with(self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the root")).expect("a directory");
        fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self
    }

    /// A file's path beneath the root.
    pub(crate) fn path(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.root.join(Path::new(OsStr::from_bytes(name.as_ref())))
    }

    /// The bytes of a file beneath the root.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// A path beside the root.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    /// The names beside the root, itself included, and in the root.
    pub(crate) fn names(&self) -> (Vec<String>, Vec<String>) {
        (names(self.around.path()), names(&self.root))
    }

    /// Serves the root.
    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let root = self.root.to_str().expect("a temporary directory's name is text");
        serve(&[&["http", root], options].concat())
    }
}

/// Serves with these arguments, on a port of the system's choice.
pub(crate) fn serve(arguments: &[&str]) -> Server {
    Server::start(arguments, &["tcp://127.0.0.1:0"])
}

/// A URL of a server.
pub(crate) fn url(server: &Server, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", server.port("tcp"))
}

/// So many bytes, in which each place tells where it is.
pub(crate) fn numbered(len: usize) -> Vec<u8> {
    let mut line = *b"000000000000000\n";
    let mut bytes = Vec::with_capacity(len + line.len());
    while bytes.len() < len {
        bytes.extend_from_slice(&line);
        // One more, from the last digit on.
        for digit in line[..15].iter_mut().rev() {
            *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
            if *digit != b'0' {
                break;
            }
        }
    }
    bytes.truncate(len);
    bytes
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a directory can be read");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("a name can be read").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}
