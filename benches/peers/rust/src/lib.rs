//! What the Rust peers share: they say their port on stdout, and end when stdin ends.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::FromRawFd;

/// As much as one read may bring; the other peers have the same.
pub const BUFFER: usize = 64 * 1024;

/// Listens on a free port with room for a crowd, and says which.
///
/// # Panics
///
/// The system gives no socket.
#[must_use]
pub fn listen() -> TcpListener {
    // The library's own listen(2) has a backlog of 128 callers, and a crowd is more.
    // SAFETY: plain calls; the descriptor is given to its owner at once.
    let listener = unsafe {
        let fd = libc::socket(
            libc::AF_INET,
            libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
            0,
        );
        let mut at: libc::sockaddr_in = std::mem::zeroed();
        at.sin_family = libc::AF_INET as libc::sa_family_t;
        at.sin_addr.s_addr = libc::INADDR_LOOPBACK.to_be();
        let size = std::mem::size_of_val(&at) as libc::socklen_t;
        assert_eq!(libc::bind(fd, (&raw const at).cast(), size), 0, "a free port");
        assert_eq!(libc::listen(fd, 4096), 0, "a backlog");
        TcpListener::from_raw_fd(fd)
    };
    println!("{}", listener.local_addr().expect("a port").port());
    std::io::stdout().flush().expect("a stdout");
    listener
}

/// Ends the program when stdin has ended.
pub fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut byte = [0];
        while std::io::stdin().read(&mut byte).is_ok_and(|n| n > 0) {}
        std::process::exit(0);
    });
}
