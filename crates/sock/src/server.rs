//! Servers in a lecture slide's worth of code: a handler, an address, and who does the work.
//!
//! A [`Handler`] says what to do with one request. For TCP that is a complete client session
//! ([`Stream`]), for UDP one message ([`Datagram`]). A [`Server`] takes the requests one at a
//! time, or each on a [thread](Server::threads), or each in a [forked child](Server::fork): the
//! handler is the same.
//!
//! Python calls this `socketserver`.
//!
//! # Examples
//!
//! ```
//! use std::io::{BufRead, Write};
//! use sock::Result;
//! use sock::server::{Handler, Stream, TcpServer};
//!
//! struct Upper;
//!
//! impl Handler<Stream> for Upper {
//!     fn handle(&self, request: &mut Stream) -> Result<()> {
//!         let mut line = String::new();
//!         request.reader().read_line(&mut line)?;
//!         request.writer().write_all(line.to_uppercase().as_bytes())?;
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let server = TcpServer::bind(("127.0.0.1", 0), Upper)?.threads()?;
//! # std::thread::scope(|scope| {
//! # scope.spawn(|| {
//! # let client = sock::socket::create_connection(server.server_address())?;
//! # client.send_all(b"hello\n")?;
//! # assert_eq!(client.recv_vec(100)?, b"HELLO\n");
//! # server.shutdown();
//! # Result::Ok(())
//! # });
//! server.serve_forever()
//! # })
//! # }
//! ```

mod control;
mod handler;
mod request;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub use self::control::Control;
pub use self::handler::{Failure, Handler};
pub use self::request::{Datagram, Request, Stream, Writer};

use self::handler::{guarded, work};
use crate::engine::crew::Crew;
use crate::error::{Error, ErrorKind, Result};
use crate::socket::{Family, Kind, Socket, ToAddress, Wanted};

/// A server of streams: TCP, or a unix socket if the address is a path.
pub type TcpServer<H> = Server<Stream, H>;
/// A server of datagrams: UDP, or a unix socket if the address is a path.
pub type UdpServer<H> = Server<Datagram, H>;

/// How many connections may wait to be accepted: what the system allows at most (4096 on Linux),
/// so that a burst of clients is not turned away.
const BACKLOG: i32 = 4096;

/// How long accepting pauses when there are no descriptors left. A conversation of ours that
/// ends is noticed at once; that another part of the program closes something, nothing tells.
const PAUSE: Duration = Duration::from_millis(100);

/// A server: a socket, a handler, and those who do the work.
///
/// The call order is `(serve_forever shutdown)* server_close?`, where `shutdown` comes from
/// another thread, from a handler, or early. Dropping a server closes its socket, lets threads
/// run on and kills children; [`server_close`](Self::server_close) waits for them.
pub struct Server<R, H> {
    socket: Arc<Socket>,
    handler: Arc<H>,
    crew: Mutex<Crew>,
    control: Control,
    daemon: bool,
    requests: PhantomData<fn() -> R>,
}

impl<R: Request, H: Handler<R>> Server<R, H> {
    /// A server at `address`, which does one request after the other.
    ///
    /// A port of 0 lets the system choose: [`server_address`](Self::server_address) tells.
    ///
    /// Python: `TCPServer(address, handler)`, `UDPServer(address, handler)`.
    ///
    /// # Errors
    ///
    /// The address cannot be resolved or bound: [`ErrorKind::InUse`] above all.
    pub fn bind(address: impl ToAddress, handler: H) -> Result<Self> {
        let mut failure = None;
        for address in address.to_addresses(Wanted::any_family(R::KIND))? {
            match open::<R>(&address) {
                Ok(socket) => return Self::on(socket, handler),
                Err(error) => failure = Some(error),
            }
        }
        let nothing = || Error::new(ErrorKind::NameNotKnown, "no address to bind");
        Err(failure.unwrap_or_else(nothing))
    }

    /// A server on a socket that is bound already, and for streams listens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`]: the socket is of another kind than the requests.
    pub fn on(socket: Socket, handler: H) -> Result<Self> {
        if socket.kind() != R::KIND {
            let text = format!("a server of {}s cannot use a {} socket", R::KIND, socket.kind());
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if R::KIND == Kind::Stream {
            // A client that was announced may be gone again before it is accepted.
            socket.set_nonblocking(true)?;
        }
        Ok(Self {
            control: Control::new(socket.local_addr()?)?,
            socket: Arc::new(socket),
            handler: Arc::new(handler),
            crew: Mutex::new(Crew::iterative()),
            daemon: false,
            requests: PhantomData,
        })
    }

    /// Does each request on a thread of its own (Python: `ThreadingMixIn`).
    ///
    /// # Errors
    ///
    /// As [`Crew::threads`].
    pub fn threads(self) -> Result<Self> {
        Ok(Self { crew: Mutex::new(Crew::threads()?), ..self })
    }

    /// Does each request in a forked child (Python: `ForkingMixIn`).
    ///
    /// Fork from a process with one thread: see [`Crew::fork`].
    ///
    /// # Errors
    ///
    /// As [`Crew::fork`].
    pub fn fork(self) -> Result<Self> {
        let socket = Arc::clone(&self.socket);
        let crew = Crew::fork(move || {
            if R::KIND == Kind::Stream {
                // The parent goes on accepting; a child that held the listener would keep the
                // port busy after the parent is gone. Closed twice is closed.
                let _ = socket.close();
            }
        })?;
        Ok(Self { crew: Mutex::new(crew), ..self })
    }

    /// Whether [`server_close`](Self::server_close) leaves running requests alone; at first it
    /// waits for them (Python: `daemon_threads`, `block_on_close`).
    #[must_use]
    pub fn daemon(self, daemon: bool) -> Self {
        Self { daemon, ..self }
    }

    /// Takes requests until [`shutdown`](Self::shutdown).
    ///
    /// What fails in a request goes to [`Handler::handle_error`], and the server lives; when
    /// there are no descriptors left, it pauses until there are.
    ///
    /// Python: `serve_forever()`, which polls; here a wake descriptor ends the wait.
    ///
    /// # Errors
    ///
    /// The server's own socket fails, above all because it was closed
    /// ([`ErrorKind::BadDescriptor`]).
    pub fn serve_forever(&self) -> Result<()> {
        let mut crew = self.crew();
        let mut pause = false;
        loop {
            let woken = self.wait(&crew, pause)?;
            crew.reap()?;
            match woken {
                Woken::Shutdown => return Ok(()),
                Woken::Request => pause = !self.take(&mut crew)?,
                Woken::Other => pause = false,
            }
        }
    }

    fn wait(&self, crew: &Crew, pause: bool) -> Result<Woken> {
        let socket = self.socket.descriptor()?;
        let mut asked = vec![PollFd::new(&self.control, PollFlags::IN)];
        if !pause {
            asked.push(PollFd::new(&socket, PollFlags::IN));
        }
        asked.extend(crew.bell().map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN)));
        let limit = pause.then(|| Timespec::try_from(PAUSE).ok()).flatten();
        match poll(&mut asked, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !asked[0].revents().is_empty() && self.control.take_shutdown() {
            return Ok(Woken::Shutdown);
        }
        let requested = !pause && !asked[1].revents().is_empty();
        Ok(if requested { Woken::Request } else { Woken::Other })
    }

    /// Takes one request, if there is still one, and hands it over; tells whether to go on at
    /// once.
    fn take(&self, crew: &mut Crew) -> Result<bool> {
        let request = match R::take(&self.socket, &self.control) {
            Ok(request) => request,
            Err(error) if error.kind() == ErrorKind::BadDescriptor => return Err(error),
            Err(error) => return Ok(error.kind() != ErrorKind::OutOfDescriptors),
        };
        match guarded(|| Ok(self.handler.verify_request(&request))) {
            Ok(true) => {}
            Ok(false) => {
                request.close();
                return Ok(true);
            }
            Err(failure) => {
                handler::tell(&*self.handler, &request, &failure);
                request.close();
                return Ok(true);
            }
        }
        let handler = Arc::clone(&self.handler);
        // Out of threads or processes: this client is turned away, the others go on.
        Ok(crew.run(move || work(&*handler, request)).is_ok())
    }

    /// Ends [`serve_forever`](Self::serve_forever), or the next one if none runs. It does not
    /// wait: the thread that serves returns.
    ///
    /// Python: `shutdown()`, which waits and so must not be called by a handler; this may.
    pub fn shutdown(&self) {
        self.control.shutdown();
    }

    /// Ends serving, closes the socket, and waits for the requests that still run, unless this
    /// server is a [daemon](Self::daemon).
    ///
    /// Python: `server_close()`.
    ///
    /// # Errors
    ///
    /// The descriptor was closed behind the server's back.
    pub fn server_close(&self) -> Result<()> {
        self.shutdown();
        let closed = self.socket.close();
        if !self.daemon {
            self.crew().join(None)?;
        }
        closed
    }

    /// Where the server listens: what the system made of the address that was bound.
    #[must_use]
    pub fn server_address(&self) -> &crate::Address {
        self.control.server_address()
    }

    /// The server's own socket.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// What ends the server from elsewhere, also after it moved into a thread.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// How many requests are not yet forgotten; it waits while the server serves.
    #[must_use]
    pub fn running(&self) -> usize {
        self.crew().len()
    }

    fn crew(&self) -> MutexGuard<'_, Crew> {
        // A panic while it was held came from a bug of ours, not from a job: those are caught.
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What ended a wait.
enum Woken {
    Shutdown,
    Request,
    Other,
}

fn open<R: Request>(address: &crate::Address) -> Result<Socket> {
    let socket = Socket::new(address.family(), R::KIND)?;
    if R::KIND == Kind::Stream {
        if address.family() != Family::Unix {
            // Relaunched at once, the port of the last run may still be winding down.
            socket.set_reuse_address(true)?;
        }
        socket.bind(address)?;
        socket.listen_with(BACKLOG)?;
    } else {
        socket.bind(address)?;
    }
    Ok(socket)
}

impl<R, H> fmt::Debug for Server<R, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", self.control.server_address())
            .field("daemon", &self.daemon)
            .finish_non_exhaustive()
    }
}
