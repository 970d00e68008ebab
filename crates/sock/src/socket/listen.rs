//! The server's side: bind, listen, accept.

use std::time::Duration;

use rustix::net::SocketFlags;

use super::wait::Way;
use super::{Address, Family, Kind, Socket, ToAddress, Wanted};
use crate::error::{Error, ErrorKind, Result};

/// How many connections may wait to be accepted when nobody says: Python's `min(SOMAXCONN, 128)`.
const DEFAULT_BACKLOG: i32 = 128;

/// The first port that needs no right to be bound (`ip_unprivileged_port_start`, ip(7)).
const FIRST_FREE_PORT: u16 = 1024;

impl Socket {
    /// Gives the socket an address of this machine.
    ///
    /// Python: `socket.bind`; C: `bind(2)`. `("", port)` is every interface, port 0 lets the system
    /// choose: [`local_addr`](Self::local_addr) tells what it chose. On a unix socket `""` lets the
    /// system choose an abstract name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InUse`], [`ErrorKind::AddressNotAvailable`], [`ErrorKind::PermissionDenied`],
    /// [`ErrorKind::InvalidArgument`] if it is bound already; resolver errors.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// socket.bind(("", 0))?;
    /// assert!(socket.local_addr()?.classic().starts_with("('0.0.0.0', "));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn bind(&self, to: impl ToAddress) -> Result<()> {
        let told = |error| cannot_bind(error, &to);
        let address = self.first_address(&to).map_err(told)?;
        let kernel = address.to_kernel()?;
        self.quick("bind", |fd| rustix::net::bind(fd, &kernel)).map_err(told)
    }

    /// Starts to take connections, 128 waiting ones at most.
    ///
    /// Python: `socket.listen()`; C: `listen(2)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on a datagram socket, [`ErrorKind::InUse`].
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// socket.bind(("127.0.0.1", 0))?;
    /// socket.listen()?;
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn listen(&self) -> Result<()> {
        self.listen_with(DEFAULT_BACKLOG)
    }

    /// Starts to take connections, about `backlog` waiting ones at most.
    ///
    /// Python: `socket.listen(backlog)`; C: `listen(2)`. Less than 0 is 0; the system has an upper
    /// bound of its own (`net.core.somaxconn`).
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// socket.bind(("127.0.0.1", 0))?;
    /// socket.listen_with(5)?;
    /// assert!(socket.is_listening()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn listen_with(&self, backlog: i32) -> Result<()> {
        self.quick("listen", |fd| rustix::net::listen(fd, backlog.max(0)))
    }

    /// Takes a connection: the socket to talk on, and the address of the peer.
    ///
    /// Python: `socket.accept`; C: `accept4(2)`. The new socket is close-on-exec; it waits for
    /// ever unless the listener has a [default timeout](super::Builder::default_timeout).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`], [`ErrorKind::WouldBlock`], [`ErrorKind::OutOfDescriptors`],
    /// [`ErrorKind::Aborted`] if the peer went away meanwhile, [`ErrorKind::InvalidArgument`] if
    /// the socket does not listen.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{create_server, Socket};
    ///
    /// let server = create_server(("127.0.0.1", 0))?;
    /// let client = Socket::tcp()?;
    /// client.connect(server.local_addr()?)?;
    /// let (connection, peer) = server.accept()?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn accept(&self) -> Result<(Self, Address)> {
        let (fd, peer) = self.patient("accept", Way::In, |fd, _| {
            rustix::net::acceptfrom_with(fd, SocketFlags::CLOEXEC)
        })?;
        let parts = (self.family(), self.kind(), self.protocol());
        let default_timeout = self.shared.default_timeout;
        let socket = Self::from_parts(fd, parts, None, default_timeout);
        if default_timeout.is_some() {
            socket.change_timeout(default_timeout)?;
        }
        socket.take_interrupt_from(self);
        Ok((socket, peer.as_ref().map_or_else(Address::none, Address::from_kernel)))
    }
}

/// Opens a listening stream socket, with `SO_REUSEADDR`.
///
/// Python: `socket.create_server(address)`. [`ServerOptions`] says more.
///
/// # Errors
///
/// As [`Socket::bind`] and [`Socket::listen`].
///
/// # Examples
///
/// ```
/// let server = sock::socket::create_server(("", 0))?;
/// assert!(server.reuse_address()?);
/// # Ok::<(), sock::Error>(())
/// ```
pub fn create_server(address: impl ToAddress) -> Result<Socket> {
    ServerOptions::new().open(address)
}

/// How to open a listening stream socket: the arguments of Python's `create_server`.
///
/// # Examples
///
/// ```
/// use sock::socket::ServerOptions;
///
/// let server = ServerOptions::new().backlog(5).reuse_port(true).open(("127.0.0.1", 0))?;
/// assert!(server.reuse_port()?);
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "options open nothing before `open`"]
pub struct ServerOptions {
    family: Option<Family>,
    backlog: Option<i32>,
    reuse_port: bool,
    dual_stack: bool,
    default_timeout: Option<Duration>,
}

impl ServerOptions {
    /// The address decides about the family; the backlog is the default; one port, one server.
    pub fn new() -> Self {
        Self::default()
    }

    /// The family: without it, that of the address (inet for every interface).
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// How many connections may wait: see [`Socket::listen_with`].
    pub fn backlog(mut self, backlog: i32) -> Self {
        self.backlog = Some(backlog);
        self
    }

    /// Lets several servers share the port (`SO_REUSEPORT`).
    pub fn reuse_port(mut self, reuse_port: bool) -> Self {
        self.reuse_port = reuse_port;
        self
    }

    /// Serves inet clients on an inet6 socket too (`IPV6_V6ONLY` off).
    pub fn dual_stack(mut self, dual_stack: bool) -> Self {
        self.dual_stack = dual_stack;
        self
    }

    /// The timeout of the socket and of those accepted from it.
    pub fn default_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.default_timeout = timeout;
        self
    }

    /// Opens, binds and listens.
    ///
    /// # Errors
    ///
    /// As [`Socket::bind`] and [`Socket::listen`]; [`ErrorKind::InvalidArgument`] for dual stack on
    /// another family than inet6.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, ServerOptions};
    ///
    /// let server = ServerOptions::new().dual_stack(true).open(("", 0))?;
    /// assert_eq!(server.family(), Family::Inet6);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn open(self, address: impl ToAddress) -> Result<Socket> {
        let asked = self.family.or(self.dual_stack.then_some(Family::Inet6));
        let found = address
            .to_addresses(Wanted { family: asked, kind: Some(Kind::Stream) })
            .map_err(|error| cannot_bind(error, &address))?;
        let family = found.first().map_or(Family::Inet, Address::family);
        if self.dual_stack && family != Family::Inet6 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("dual stack needs an inet6 address, and {} is not", address.describe()),
            ));
        }
        let socket = super::Builder::new()
            .family(family)
            .kind(Kind::Stream)
            .default_timeout(self.default_timeout)
            .open()?;
        if family != Family::Unix {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if family == Family::Inet6 {
            socket.set_v6_only(!self.dual_stack)?;
        }
        match found.into_iter().next() {
            Some(first) => socket.bind(first).map_err(|error| cannot_bind(error, &address))?,
            None => socket.bind(&address)?,
        }
        socket.listen_with(self.backlog.unwrap_or(DEFAULT_BACKLOG))?;
        Ok(socket)
    }
}

fn cannot_bind(error: Error, to: &impl ToAddress) -> Error {
    let describe = to.describe();
    let port = describe.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let error = match (error.kind(), port) {
        (ErrorKind::PermissionDenied, Some(port @ 1..FIRST_FREE_PORT)) => {
            error.cure(format!("ports below 1024 need root, try {}", 8000 + port))
        }
        (ErrorKind::InUse, Some(_)) => error.cure("stop what listens there, or try port 0"),
        (ErrorKind::InUse, None) => {
            error.cure("remove the file if nobody listens there, or use another name")
        }
        _ => error,
    };
    if error.resolver_code().is_some() {
        error
    } else {
        error.about(format!("cannot bind {describe}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root is refused nothing, and tests may run as root.
    #[test]
    fn a_bind_that_is_refused_says_what_to_do() {
        let refused = |port: u16| {
            let refusal = Error::from_errno("bind", libc::EACCES);
            cannot_bind(refusal, &("127.0.0.1", port)).to_string()
        };
        let text = refused(80);
        assert!(text.ends_with("ports below 1024 need root, try 8080"), "{text}");
        assert!(text.starts_with("cannot bind 127.0.0.1:80: permission denied"), "{text}");
        // There it is for another reason.
        let text = refused(1024);
        assert!(!text.contains("root"), "{text}");
    }
}
