//! Bind: from endpoints to listening sockets, with every refusal explained.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sock_proto::{Endpoint, Host, Kind, UnixName};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::holder::{Holder, holder, leftover};
use crate::options::{IpFamily, SocketOptions, ask_about_datagrams};
use crate::unix_file::UnixFile;
use crate::{Error, ErrorKind, Result};

/// A socket that listens, or takes datagrams.
#[derive(Debug)]
pub(crate) struct Listener {
    /// First, so that the file goes while the socket still keeps its inode from being used again.
    _file: Option<UnixFile>,
    pub(crate) fd: Arc<OwnedFd>,
    pub(crate) kind: Kind,
    pub(crate) endpoint: Endpoint,
}

impl Listener {
    fn new(fd: OwnedFd, kind: Kind, endpoint: Endpoint, file: Option<UnixFile>) -> Self {
        Self { _file: file, fd: Arc::new(fd), kind, endpoint }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Binds every endpoint for every worker, and tells the real endpoints.
pub(crate) fn bind_all(
    endpoints: &[Endpoint],
    workers: usize,
    options: &SocketOptions,
) -> Result<(Vec<Vec<Listener>>, Vec<Endpoint>)> {
    let mut all: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
    let mut real = Vec::new();
    for endpoint in endpoints {
        real.extend(bind_one(endpoint, &mut all, options)?);
    }
    Ok((all, real))
}

fn bind_one(
    endpoint: &Endpoint,
    all: &mut [Vec<Listener>],
    options: &SocketOptions,
) -> Result<Vec<Endpoint>> {
    match endpoint {
        Endpoint::Tcp(host, port) | Endpoint::Udp(host, port) | Endpoint::Tls(host, port) => {
            bind_ip(endpoint, host, *port, all, options)
        }
        Endpoint::Unix(name) | Endpoint::Unixgram(name) => {
            let [first, others @ ..] = all else { return Ok(Vec::new()) };
            if !others.is_empty() {
                let text = format!("{endpoint} cannot be shared by workers; use --workers 1");
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            let (fd, file) =
                bind_unix(name, kind(endpoint), options).map_err(|e| explain(endpoint, e))?;
            let (kind, endpoint) = (kind(endpoint), endpoint.clone());
            first.push(Listener::new(fd, kind, endpoint.clone(), file));
            Ok(vec![endpoint])
        }
        Endpoint::Stdio => {
            let text = "cannot listen on stdio: it is the program's own input and output";
            Err(Error::new(ErrorKind::InvalidArgument, text))
        }
    }
}

fn kind(endpoint: &Endpoint) -> Kind {
    if endpoint.is_stream() { Kind::Stream } else { Kind::Datagram }
}

/// How often a port that the system chose for one address may be taken at another.
const TRIES: u32 = 16;

fn bind_ip(
    endpoint: &Endpoint,
    host: &Host,
    port: u16,
    all: &mut [Vec<Listener>],
    options: &SocketOptions,
) -> Result<Vec<Endpoint>> {
    let addrs = addresses(endpoint, host, port, options)?;
    let kind = kind(endpoint);
    let mut tries = 0;
    let sockets = loop {
        match bind_together(&addrs, kind, all.len(), options, *host == Host::Every) {
            Ok(sockets) => break sockets,
            Err((_, e)) if port == 0 && in_use(&e) && tries < TRIES => tries += 1,
            Err((addr, e)) => return Err(explain(&at(endpoint, addr), e)),
        }
    };
    let mut real = Vec::new();
    for (addr, workers) in sockets {
        let bound = at(endpoint, addr);
        for (mine, fd) in all.iter_mut().zip(workers) {
            mine.push(Listener::new(fd.into(), kind, bound.clone(), None));
        }
        real.push(bound);
    }
    if *host == Host::Every
        && let Some(first) = real.first()
    {
        // Both families are one endpoint, as it was written.
        return Ok(vec![first.clone().with_host(Host::Every)]);
    }
    Ok(real)
}

fn in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn at(endpoint: &Endpoint, addr: SocketAddr) -> Endpoint {
    Endpoint::tcp(addr).on(endpoint.transport())
}

fn addresses(
    endpoint: &Endpoint,
    host: &Host,
    port: u16,
    options: &SocketOptions,
) -> Result<Vec<SocketAddr>> {
    let mut addrs: Vec<SocketAddr> = match host {
        Host::V4(addr) => vec![(*addr, port).into()],
        Host::V6(addr, zone) => {
            let scope = zone
                .as_ref()
                .map_or(Some(0), |zone| zone.index().or_else(|| rustix_index(zone.as_str())));
            let scope = scope.ok_or_else(|| {
                let text = format!("cannot listen on {endpoint}: no such network interface");
                Error::new(ErrorKind::NotFound, text)
            })?;
            vec![std::net::SocketAddrV6::new(*addr, port, 0, scope).into()]
        }
        Host::Loopback if options.family == Some(IpFamily::V6) => {
            vec![(Ipv6Addr::LOCALHOST, port).into()]
        }
        Host::Loopback => vec![(Ipv4Addr::LOCALHOST, port).into()],
        Host::Every => {
            vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
        }
        Host::Name(name) => (name.as_str(), port)
            .to_socket_addrs()
            .map_err(|e| {
                let about = format!("cannot resolve '{}'", name.as_str());
                Error::new(ErrorKind::NameNotKnown, about).with_source(e)
            })?
            .collect(),
    };
    addrs.retain(|addr| options.admits(addr.ip()));
    addrs.dedup();
    if addrs.is_empty() {
        let text = format!("cannot listen on {endpoint}: no address of the family asked for");
        return Err(Error::new(ErrorKind::AddressNotAvailable, text));
    }
    Ok(addrs)
}

fn rustix_index(name: &str) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?;
    text.trim().parse().ok()
}

type Sockets = Vec<(SocketAddr, Vec<Socket>)>;

/// Binds all addresses to one port, for each worker.
fn bind_together(
    addrs: &[SocketAddr],
    kind: Kind,
    workers: usize,
    options: &SocketOptions,
    optional_v6: bool,
) -> std::result::Result<Sockets, (SocketAddr, io::Error)> {
    let mut sockets: Sockets = Vec::new();
    for addr in addrs {
        let mut addr = *addr;
        if addr.port() == 0
            && let Some((first, _)) = sockets.first()
        {
            addr.set_port(first.port());
        }
        match bind_workers(addr, kind, workers, options) {
            Ok(bound) => sockets.push(bound),
            // A machine without IPv6 still has every interface of IPv4.
            Err(e) if optional_v6 && addr.is_ipv6() && is_missing(&e) => {}
            Err(e) => return Err((addr, e)),
        }
    }
    Ok(sockets)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn bind_workers(
    addr: SocketAddr,
    kind: Kind,
    workers: usize,
    options: &SocketOptions,
) -> io::Result<(SocketAddr, Vec<Socket>)> {
    // Without sharing first: who else listens there is to be noticed, not joined.
    let alone = open(addr, kind, false, options)?;
    let real = alone.local_addr()?.as_socket().unwrap_or(addr);
    if workers == 1 {
        return Ok((real, vec![alone]));
    }
    drop(alone);
    let shared = (0..workers).map(|_| open(real, kind, true, options));
    Ok((real, shared.collect::<io::Result<_>>()?))
}

fn open(addr: SocketAddr, kind: Kind, share: bool, options: &SocketOptions) -> io::Result<Socket> {
    let ty = if kind == Kind::Stream { Type::STREAM } else { Type::DGRAM };
    let socket = Socket::new(Domain::for_address(addr), ty, None)?;
    socket.set_nonblocking(true)?;
    if kind == Kind::Stream {
        // A relaunch must not wait for the last run's TIME_WAIT. Not for datagrams: there it
        // would let two programs share a port unnoticed.
        socket.set_reuse_address(true)?;
    }
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if share {
        socket.set_reuse_port(true)?;
    }
    options.apply(socket.as_fd(), kind, Some(IpFamily::of(&addr)))?;
    if kind == Kind::Datagram {
        ask_about_datagrams(socket.as_fd(), addr.ip())?;
    }
    socket.bind(&addr.into())?;
    if kind == Kind::Stream {
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    }
    Ok(socket)
}

fn bind_unix(
    name: &UnixName,
    kind: Kind,
    options: &SocketOptions,
) -> io::Result<(OwnedFd, Option<UnixFile>)> {
    let ty = if kind == Kind::Stream { Type::STREAM } else { Type::DGRAM };
    let addr = unix_address(name)?;
    let path = name.as_path().map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)));
    let socket = Socket::new(Domain::UNIX, ty, None)?;
    socket.set_nonblocking(true)?;
    options.apply(socket.as_fd(), kind, None)?;
    match (socket.bind(&addr), &path) {
        (Err(e), Some(path)) if in_use(&e) && UnixFile::is_stale(path, &addr, ty) => {
            std::fs::remove_file(path)?;
            socket.bind(&addr)?;
        }
        (bound, _) => bound?,
    }
    let file = path.map(UnixFile::new).transpose()?;
    if kind == Kind::Stream {
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    }
    Ok((socket.into(), file))
}

/// The kernel's form of a unix name.
pub(crate) fn unix_address(name: &UnixName) -> io::Result<SockAddr> {
    let bytes = match (name.as_path(), name.as_abstract()) {
        (Some(path), _) => path.to_vec(),
        (None, Some(name)) => [&[0], name].concat(),
        (None, None) => Vec::new(),
    };
    SockAddr::unix(std::ffi::OsStr::from_bytes(&bytes))
}

/// Who has an endpoint that is in use, and how it becomes free.
fn in_the_way(endpoint: &Endpoint) -> (String, String) {
    let ended = |holder: &Holder| format!("end it (kill {})", holder.pid());
    if let Some(holder) = holder(endpoint) {
        return (holder.to_string(), ended(&holder));
    }
    let Some(left) = leftover(endpoint) else {
        return ("another program".to_owned(), "end that".to_owned());
    };
    let end = match &left.holder {
        Some(holder) => ended(holder),
        None if left.is_over => "wait a minute (TIME_WAIT)".to_owned(),
        None => "wait until it has ended".to_owned(),
    };
    (left.to_string(), end)
}

/// A port above this one that nobody has at this moment.
fn free_near(endpoint: &Endpoint, port: u16) -> Option<u16> {
    // Who starts one server after the other takes them in a row, but not so many.
    let near = (1..=100).filter_map(|n| port.checked_add(n));
    let mut near = near.chain(8000..8100).filter(|it| *it != port);
    near.find(|port| is_free(&endpoint.clone().with_port(*port)))
}

fn is_free(endpoint: &Endpoint) -> bool {
    let port = endpoint.port().unwrap_or_default();
    let v4 = |ip| SocketAddr::from((ip, port));
    let v6 = |ip| SocketAddr::from((ip, port));
    let addresses = match endpoint.host() {
        Some(Host::V4(ip)) => vec![v4(*ip)],
        Some(Host::V6(ip, _)) => vec![v6(*ip)],
        Some(Host::Every) => vec![v4(Ipv4Addr::UNSPECIFIED), v6(Ipv6Addr::UNSPECIFIED)],
        Some(Host::Loopback) | None => vec![v4(Ipv4Addr::LOCALHOST), v6(Ipv6Addr::LOCALHOST)],
        // To ask for it again may take long.
        Some(Host::Name(_)) => return true,
    };
    let is_datagram = endpoint.is_datagram();
    addresses.into_iter().all(|address| {
        let bound = if is_datagram {
            UdpSocket::bind(address).map(drop)
        } else {
            TcpListener::bind(address).map(drop)
        };
        let taken = [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied];
        // A family that this machine has not is nobody's.
        bound.map_or_else(|error| !taken.contains(&error.kind()), |()| true)
    })
}

fn explain(endpoint: &Endpoint, error: io::Error) -> Error {
    let about = format!("cannot listen on {endpoint}");
    let kind = error.kind();
    let explained = Error::from(error).about(about);
    if kind == io::ErrorKind::AddrInUse {
        let (who, end) = in_the_way(endpoint);
        let (Endpoint::Unix(name) | Endpoint::Unixgram(name)) = endpoint else {
            let port = endpoint.port().unwrap_or_default();
            let other =
                free_near(endpoint, port).map_or_else(String::new, |it| format!(", such as {it}"));
            let cure = format!("{end}, or choose another port{other} (0: any free one)");
            return explained.cure(format!("{who} has it: {cure}"));
        };
        let path = name.as_path().map(|path| Path::new(std::ffi::OsStr::from_bytes(path)));
        if path.is_some_and(|path| !UnixFile::is_socket(path)) {
            return explained.cure("a file that is no socket lies there: choose another path");
        }
        return explained.cure(format!("{who} has it: {end}, or choose another path"));
    }
    let port = endpoint.port().unwrap_or(u16::MAX);
    if kind == io::ErrorKind::PermissionDenied && port < 1024 {
        return explained.cure(format!("ports below 1024 need root, try {}", 8000 + port));
    }
    if kind == io::ErrorKind::AddrNotAvailable {
        return explained.cure("that address is not this machine's; `:PORT` is every interface");
    }
    explained
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root is refused nothing, and tests may run as root.
    #[test]
    fn a_port_that_needs_a_right_says_what_to_do() {
        let refused = |at: &str| {
            let refusal = io::Error::from_raw_os_error(libc::EACCES);
            explain(&at.parse().unwrap(), refusal).to_string()
        };
        let text = refused("tcp://127.0.0.1:80");
        let whole = "cannot listen on tcp://127.0.0.1:80: permission denied; \
                     ports below 1024 need root, try 8080";
        assert_eq!(text, whole);
        let text = refused("tcp://127.0.0.1:1024");
        assert_eq!(text, "cannot listen on tcp://127.0.0.1:1024: permission denied");
    }
}
