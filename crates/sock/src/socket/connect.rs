//! The client's side: connect, to the first address that answers.

use std::fmt;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::socket_error;

use super::handle::{Patience, closed};
use super::wait::{Deadline, Way};
use super::{Address, Family, Kind, Socket, ToAddress, Wanted};
use crate::error::{Attempt, Error, ErrorKind, Result};
use crate::sys::Call;

impl Socket {
    /// Connects to the first of the addresses behind a name that answers.
    ///
    /// Python: `socket.connect`; C: `connect(2)`. The timeout bounds the whole call. On a datagram
    /// socket it only says to whom [`send`](Self::send) sends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`], [`ErrorKind::Unreachable`], [`ErrorKind::TimedOut`],
    /// [`ErrorKind::WouldBlock`] (`EINPROGRESS`) if the socket does not wait,
    /// [`ErrorKind::AlreadyConnected`]; resolver errors. [`Error::attempts`] has each address that
    /// was tried, and why it failed; kind and errno are the last one's. A socket whose connect
    /// failed is best closed: what else it can do differs between systems.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::{Socket, create_server}};
    ///
    /// let server = create_server(("127.0.0.1", 0))?;
    /// let address = server.local_addr()?;
    /// Socket::tcp()?.connect(&address)?;
    ///
    /// server.close()?;
    /// let error = Socket::tcp()?.connect(&address).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Refused);
    /// assert_eq!(error.attempts()[0].address, address);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn connect(&self, to: impl ToAddress) -> Result<()> {
        let wanted = Wanted::new(self.family(), self.kind());
        let addresses = to.to_addresses(wanted)?;
        let mut patience = Patience::starting_now(self, "connect", Way::Out);
        let mut failed = Vec::new();
        for address in addresses {
            let Err(error) = self.connect_one(&address, &mut patience) else { return Ok(()) };
            let last = ends_the_search(&error);
            failed.push(Attempt::new(address, error));
            if last {
                break;
            }
            self.forget_failed_connect();
        }
        Err(Error::from_attempts(cannot_connect(&to), failed))
    }

    /// Connects, and gives the errno instead of an error.
    ///
    /// Python: `socket.connect_ex`. 0 is success; without waiting it is `EINPROGRESS`, after the
    /// timeout `EAGAIN`. Only the first address behind a name is tried.
    ///
    /// # Errors
    ///
    /// What no errno tells: resolver errors, an address of another family, an interrupt hook's.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Socket, create_server};
    ///
    /// let server = create_server(("127.0.0.1", 0))?;
    /// let address = server.local_addr()?;
    /// assert_eq!(Socket::tcp()?.connect_ex(&address)?, 0);
    /// server.close()?;
    /// assert_eq!(Socket::tcp()?.connect_ex(&address)?, 111);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn connect_ex(&self, to: impl ToAddress) -> Result<i32> {
        let address = self.first_address(&to)?;
        let mut patience = Patience::starting_now(self, "connect", Way::Out);
        match self.connect_one(&address, &mut patience) {
            Ok(()) => Ok(0),
            Err(error) => match (error.errno(), error.kind()) {
                (Some(errno), _) => Ok(errno),
                (None, ErrorKind::TimedOut) => Ok(libc::EAGAIN),
                (None, _) => Err(error),
            },
        }
    }

    fn connect_one(&self, address: &Address, patience: &mut Patience) -> Result<()> {
        let kernel = address.to_kernel()?;
        let call = self.enter(patience.sleeps())?;
        let failed = |errno: Errno| Error::from_errno("connect", errno.raw_os_error());
        match rustix::net::connect(call.as_fd(), &kernel) {
            Ok(()) => return Ok(()),
            Err(_) if self.is_closed() => return Err(closed()),
            // A signal does not stop the kernel: it goes on to connect, and so do we to wait.
            Err(Errno::INTR) => self.interrupted()?,
            Err(Errno::INPROGRESS) if self.may_wait(patience) => {}
            Err(errno) => return Err(failed(errno)),
        }
        self.wait_connected(&call, patience)?;
        // Ready says only that it is over; SO_ERROR says how it ended (connect(2)).
        socket_error(call.as_fd()).map_err(failed)?.map_err(failed)
    }

    /// Also true where another thread has set a timeout since this call began.
    fn may_wait(&self, patience: &Patience) -> bool {
        match patience.timeout {
            Some(timeout) => timeout != Duration::ZERO,
            None => self.is_blocking(),
        }
    }

    fn wait_connected(&self, call: &Call<'_>, patience: &mut Patience) -> Result<()> {
        let deadline = *patience.deadline.get_or_insert(Deadline::Never);
        let mut interrupt = || self.interrupted();
        let ready = super::wait::wait_for_one(call.as_fd(), Way::Out, deadline, &mut interrupt)?;
        match (self.is_closed(), ready) {
            (true, _) => Err(closed()),
            (false, true) => Ok(()),
            (false, false) => Err(Error::timed_out("connect")),
        }
    }

    /// Makes the socket as if it had not tried, so that it may try the next address.
    fn forget_failed_connect(&self) {
        // Not every family knows how to; then the next connect says what is wrong.
        let _ = self.quick("connect", |fd| rustix::net::connect_unspec(fd));
    }
}

/// Connects a new stream socket to the first of the addresses behind a name that answers.
///
/// Python: `socket.create_connection(address)`. [`Connector`] says more.
///
/// # Errors
///
/// As [`Socket::connect`].
///
/// # Examples
///
/// ```
/// use sock::socket::{create_connection, create_server};
///
/// let server = create_server(("127.0.0.1", 0))?;
/// let client = create_connection(("localhost", server.local_addr()?.port().unwrap()))?;
/// assert_eq!(client.peer_addr()?, server.local_addr()?);
/// # Ok::<(), sock::Error>(())
/// ```
pub fn create_connection(to: impl ToAddress) -> Result<Socket> {
    Connector::new().connect(to)
}

/// How to connect a new stream socket: the arguments of Python's `create_connection`, and more.
///
/// # Examples
///
/// ```
/// use sock::socket::{Connector, create_server};
/// use std::time::Duration;
///
/// let server = create_server(("127.0.0.1", 0))?;
/// let client = Connector::new()
///     .timeout(Some(Duration::from_secs(5)))
///     .total(Duration::from_secs(10))
///     .source(("127.0.0.1", 0))
///     .connect(server.local_addr()?)?;
/// assert_eq!(client.timeout(), Some(Duration::from_secs(5)));
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Default)]
#[must_use = "a connector does nothing before `connect`"]
pub struct Connector<'a> {
    timeout: Option<Duration>,
    each: Option<Duration>,
    total: Option<Duration>,
    family: Option<Family>,
    source: Option<Box<dyn ToAddress + 'a>>,
    prepare: Option<Box<Prepare<'a>>>,
}

type Prepare<'a> = dyn Fn(&Socket) -> Result<()> + 'a;

impl<'a> Connector<'a> {
    /// Waits as long as the system does, and leaves the source to it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The timeout of the new socket, which also bounds the attempt at each address.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Bounds the attempt at each address, and is not kept on the socket.
    pub fn each(mut self, timeout: Duration) -> Self {
        self.each = Some(timeout);
        self
    }

    /// Bounds all attempts together.
    pub fn total(mut self, timeout: Duration) -> Self {
        self.total = Some(timeout);
        self
    }

    /// Tries only addresses of this family.
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// Binds the new socket to this address first.
    pub fn source(mut self, source: impl ToAddress + 'a) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Runs this on each new socket before it is bound or connects: for the options that its first
    /// packet must have already, such as the size of the receive buffer (`tcp(7)`).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Connector, create_server};
    ///
    /// let server = create_server(("127.0.0.1", 0))?;
    /// let client = Connector::new()
    ///     .prepare(|socket| socket.set_ttl(3))
    ///     .connect(server.local_addr()?)?;
    /// assert_eq!(client.ttl()?, 3);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn prepare(mut self, prepare: impl Fn(&Socket) -> Result<()> + 'a) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Connects: each address in order on a socket of its own.
    ///
    /// # Errors
    ///
    /// As [`Socket::connect`]; as [`Socket::bind`] for the source; what the preparation says.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Connector, create_server};
    ///
    /// let server = create_server(("127.0.0.1", 0))?;
    /// let client = Connector::new().connect(server.local_addr()?)?;
    /// assert_eq!(client.timeout(), None);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn connect(&self, to: impl ToAddress) -> Result<Socket> {
        let wanted = Wanted { family: self.family, kind: Some(Kind::Stream) };
        let end = Deadline::after(self.total);
        let mut failed = Vec::new();
        for address in to.to_addresses(wanted)? {
            if end.has_passed() {
                failed.push(Attempt::new(address, Error::timed_out("connect")));
                break;
            }
            let error = match self.connect_one(&address, end) {
                Ok(socket) => return Ok(socket),
                Err(error) => error,
            };
            failed.push(Attempt::new(address, error));
        }
        Err(Error::from_attempts(cannot_connect(&to), failed))
    }

    fn connect_one(&self, address: &Address, end: Deadline) -> Result<Socket> {
        let socket = Socket::new(address.family(), Kind::Stream)?;
        if let Some(prepare) = &self.prepare {
            prepare(&socket)?;
        }
        if let Some(source) = &self.source {
            socket.bind(source.as_ref())?;
        }
        let bounds = [self.timeout, self.each, end.remaining()];
        socket.set_timeout(bounds.into_iter().flatten().min())?;
        let mut patience = Patience::starting_now(&socket, "connect", Way::Out);
        socket.connect_one(address, &mut patience)?;
        socket.set_timeout(self.timeout)?;
        Ok(socket)
    }
}

impl fmt::Debug for Connector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("timeout", &self.timeout)
            .field("each", &self.each)
            .field("total", &self.total)
            .field("family", &self.family)
            .field("source", &self.source.as_ref().map(|source| source.describe()))
            .finish_non_exhaustive()
    }
}

/// After these failures of one address there is no point in trying another on the same socket.
fn ends_the_search(error: &Error) -> bool {
    let ours = error.kind() == ErrorKind::TimedOut && error.errno().is_none();
    let final_kinds = [
        ErrorKind::WouldBlock,
        ErrorKind::AlreadyConnected,
        ErrorKind::BadDescriptor,
        ErrorKind::Interrupted,
    ];
    ours || final_kinds.contains(&error.kind())
}

fn cannot_connect(to: &impl ToAddress) -> String {
    format!("cannot connect to {}", to.describe())
}
