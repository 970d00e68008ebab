//! The web client: it opens URLs.
//!
//! ```text
//!   Request --> Client: redirects, cookies, who may know a password
//!                 |
//!               Route: name, connect, proxy, TLS --> Wire: a socket of ours, told to the run's observer
//!                 |                                   |
//!               drive: hyper, polled by this thread --+
//!                 |
//!   Response <-- Delivery: the body, straight from the socket where it can be
//! ```

mod body;
mod challenge;
mod decoded;
mod dial;
mod digest;
mod drive;
mod files;
mod head;
mod io;
mod multipart;
mod outgoing;
mod payload;
mod place;
mod proxy;
mod request;
mod response;
mod secret;
mod send;
mod shelf;
mod splice;
mod teller;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cookie_store::CookieStore;
use sock_proto::{Endpoint, UnixName};

use self::dial::Pin;
pub use self::multipart::Multipart;
pub use self::proxy::Proxies;
pub use self::request::Request;
pub use self::response::Response;
use self::shelf::Shelf;
use crate::http::{Done, Download, Timing, Unattended};
use crate::options::SocketOptions;
use crate::tls::{self, ClientTls};
use crate::{Caller, Result, Run};

/// Opens a URL: what a server says, its body still to be read.
///
/// Python: `urllib.request.urlopen`. A status of 400 and above is an error; [`Client::send`] gives its response.
///
/// # Errors
///
/// The URL leads nowhere; each step has its own: the name, the connection, TLS, a malformed response, the status.
///
/// # Examples
///
/// ```
/// # let server = sock::socket::create_server(("127.0.0.1", 0))?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (peer, _) = server.accept()?;
/// #     peer.recv_vec(1000)?;
/// #     peer.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
/// # });
/// let page = sock::http::open(&url)?.text()?;
/// assert_eq!(page, "hello");
/// # server.join().unwrap()?;
/// # Ok::<(), sock::Error>(())
/// ```
pub fn open(url: &str) -> Result<Response> {
    Client::new().open(url)
}

/// Retrieves what is behind a URL into a file, whole or not at all.
///
/// Python: `urllib.request.urlretrieve`. [`Download`] says more.
///
/// # Errors
///
/// As [`Download::to_file`].
///
/// # Examples
///
/// ```
/// # let server = sock::socket::create_server(("127.0.0.1", 0))?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (peer, _) = server.accept()?;
/// #     peer.recv_vec(1000)?;
/// #     peer.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
/// # });
/// # let dir = tempfile::tempdir().unwrap();
/// # let file = dir.path().join("page");
/// sock::http::retrieve(&url, &file)?;
/// assert_eq!(std::fs::read(&file).unwrap(), b"hello");
/// # server.join().unwrap()?;
/// # Ok::<(), sock::Error>(())
/// ```
pub fn retrieve(url: &str, file: impl AsRef<Path>) -> Result<Done> {
    Download::new(url).to_file(&mut Client::new(), file.as_ref(), &mut Unattended)
}

/// Opens URLs, and keeps what they have in common: connections, cookies, settings. Clones share the first two.
///
/// # Examples
///
/// ```
/// use sock::http::{Client, Request};
/// # let server = sock::socket::create_server(("127.0.0.1", 0))?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (peer, _) = server.accept()?;
/// #     peer.recv_vec(1000)?;
/// #     peer.send_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
/// # });
///
/// let client = Client::new().connect_timeout(std::time::Duration::from_secs(3));
/// let response = client.send(&url, &Request::default().form([("name", "ann")]))?;
/// assert_eq!((response.status(), response.reason()), (201, "Created"));
/// # server.join().unwrap()?;
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    settings: Settings,
    template: Request,
    shared: Arc<Shared>,
    /// Of the last download of this clone.
    timing: Timing,
}

/// How URLs are opened.
#[derive(Debug, Clone)]
struct Settings {
    connect_timeout: Duration,
    stall_timeout: Duration,
    redirects: usize,
    pins: Vec<Pin>,
    unix: Option<Endpoint>,
    proxies: Proxies,
    source: Option<SocketAddr>,
    options: SocketOptions,
    tls: ClientTls,
}

impl Settings {
    fn caller(&self) -> Caller {
        let caller = Caller::new().timeout(self.connect_timeout).options(self.options.clone());
        match self.source {
            Some(source) => caller.source(source),
            None => caller,
        }
    }
}

/// What clones of a client have in common.
#[derive(Debug)]
struct Shared {
    run: Run,
    /// The numbers of the conversations.
    number: AtomicU64,
    shelf: Arc<Shelf>,
    cookies: Mutex<CookieStore>,
    tls: OnceLock<tls::Client>,
}

impl Shared {
    fn new(run: Run) -> Self {
        let number = AtomicU64::new(run.block() + 1);
        let (shelf, cookies) = (Arc::default(), Mutex::default());
        Self { run, number, shelf, cookies, tls: OnceLock::new() }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Waits 10 s for a connection and 30 s for a byte, follows 10 redirects, and asks the proxies that the
    /// environment names.
    #[must_use]
    pub fn new() -> Self {
        Self::of(&Run::new())
    }

    /// The same, as a part of `run`: its observer hears of every connection, and a stop of the run ends what is
    /// under way.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let settings = Settings {
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            redirects: 10,
            pins: Vec::new(),
            unix: None,
            proxies: Proxies::from_env(),
            source: None,
            options: SocketOptions::default(),
            tls: ClientTls::new(),
        };
        let shared = Arc::new(Shared::new(run.clone()));
        Self { settings, template: Request::default(), shared, timing: Timing::default() }
    }

    /// What is asked wherever no request is named: by [`open`](Self::open) and for a download.
    #[must_use]
    pub fn asking(mut self, request: Request) -> Self {
        self.template = request;
        self
    }

    /// Waits so long for a connection: for all addresses together, then for each answer of a proxy and of TLS.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// Gives up when no byte came and none went for so long.
    #[must_use]
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.settings.stall_timeout = timeout;
        self
    }

    /// Follows so many redirects; with none, a redirect is a response like any other.
    #[must_use]
    pub fn redirects(mut self, most: usize) -> Self {
        self.settings.redirects = most;
        self
    }

    /// Calls `host` at `port` at this address; more than once: at each, in order.
    #[must_use]
    pub fn resolve(mut self, host: impl Into<String>, port: u16, addr: IpAddr) -> Self {
        self.settings.pins.push(Pin { host: host.into(), port, addr });
        self
    }

    /// Calls the unix socket at this path, whatever host a URL names.
    #[must_use]
    pub fn unix(mut self, path: impl AsRef<Path>) -> Self {
        use std::os::unix::ffi::OsStrExt;
        let name = UnixName::from_sun_path(path.as_ref().as_os_str().as_bytes());
        self.settings.unix = Some(Endpoint::Unix(name));
        self
    }

    /// Reaches servers through these.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// Binds to this address first.
    #[must_use]
    pub fn source(mut self, source: SocketAddr) -> Self {
        self.settings.source = Some(source);
        self
    }

    /// Sets the options of every socket.
    #[must_use]
    pub fn options(mut self, options: SocketOptions) -> Self {
        self.settings.options = options;
        self
    }

    /// Sets whom it trusts, and who it is.
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.settings.tls = tls;
        self.shared = Arc::new(Shared::new(self.shared.run.clone()));
        self
    }

    /// Opens a URL.
    ///
    /// # Errors
    ///
    /// As [`open`].
    pub fn open(&self, url: &str) -> Result<Response> {
        self.send(url, &self.template)?.checked()
    }

    /// Sends a request, follows redirects, and gives the response whatever its status is.
    ///
    /// # Errors
    ///
    /// As [`open`], but for the status; and a redirect that asks for a request other than GET, HEAD and OPTIONS to be
    /// sent elsewhere as it is (307, 308), which is not done unasked.
    pub fn send(&self, url: &str, request: &Request) -> Result<Response> {
        self.send_timed(url, request, &mut Timing::default())
    }

    /// The same, and tells how long each step took, also those before one that failed.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_timed(
        &self,
        url: &str,
        request: &Request,
        timing: &mut Timing,
    ) -> Result<Response> {
        self.send_for(url, request, None, timing)
    }

    /// How long each step of what this clone fetched last took, also those before one that failed.
    #[must_use]
    pub fn last_timing(&self) -> Timing {
        self.timing
    }
}
