//! The file of a unix socket: replaced when it is stale, removed when its server goes.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

/// A socket file that this process made; dropping it removes the file, if it is still that one.
#[derive(Debug)]
pub(crate) struct UnixFile {
    path: PathBuf,
    inode: (u64, u64),
    /// A forked child holds a copy that must not remove its parent's file.
    maker: u32,
}

impl UnixFile {
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let inode = inode(&path)?;
        Ok(Self { path, inode, maker: std::process::id() })
    }

    /// Tells whether a socket lies there, and not a link to one.
    pub(crate) fn is_socket(path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok_and(|facts| facts.file_type().is_socket())
    }

    /// Tells whether what takes an address is the socket of a server that has gone. A file of
    /// another kind refuses connections as well, and is somebody's data.
    pub(crate) fn is_stale(path: &Path, addr: &SockAddr, ty: Type) -> bool {
        if !Self::is_socket(path) {
            return false;
        }
        let refused = |e: io::Error| e.kind() == io::ErrorKind::ConnectionRefused;
        let Ok(socket) = Socket::new(Domain::UNIX, ty, None) else { return false };
        // A full backlog of a live server must not block us: it is an answer as well.
        socket.set_nonblocking(true).is_ok() && socket.connect(addr).is_err_and(refused)
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    let facts = std::fs::symlink_metadata(path)?;
    Ok((facts.dev(), facts.ino()))
}

impl Drop for UnixFile {
    fn drop(&mut self) {
        let is_ours = inode(&self.path).is_ok_and(|inode| inode == self.inode);
        if is_ours && self.maker == std::process::id() {
            // Somebody may have removed the directory since: then the file is gone as well.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
