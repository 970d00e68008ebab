//! Who holds an endpoint that is in use, where the system tells (Linux: `/proc`).

use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use sock_proto::{Endpoint, Host};

/// A process that holds a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pid: u32,
    name: String,
}

impl Holder {
    /// The number by which it is ended.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Finds the process that holds `endpoint`, as far as this user may see.
pub(crate) fn holder(endpoint: &Endpoint) -> Option<Holder> {
    find(&inodes(endpoint)).next()
}

/// The numbers of all processes that hold `endpoint`, as far as this user may see.
pub(crate) fn holders(endpoint: &Endpoint) -> Vec<u32> {
    find(&inodes(endpoint)).map(|holder| holder.pid).collect()
}

/// What is left of a connection, and holds a port at which nobody listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leftover {
    remote: SocketAddr,
    /// Who has it open, as far as this user may see.
    pub(crate) holder: Option<Holder>,
    /// It has ended, and its system remembers it for a minute.
    pub(crate) is_over: bool,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remote, holder, is_over } = self;
        match holder {
            Some(holder) => write!(f, "a connection of {holder} with {remote}"),
            None if *is_over => write!(f, "a connection with {remote} that is over"),
            None => write!(f, "a connection with {remote}"),
        }
    }
}

/// Finds the connection that holds the port of `endpoint`, of those that somebody has open first.
pub(crate) fn leftover(endpoint: &Endpoint) -> Option<Leftover> {
    let (Endpoint::Tcp(_, port) | Endpoint::Tls(_, port)) = endpoint else { return None };
    let rows = rows(["tcp", "tcp6"], ip_of(endpoint), *port, |_| true);
    let left = rows.into_iter().filter(|row| row.state != LISTEN).map(|row| Leftover {
        remote: row.remote,
        holder: find(std::slice::from_ref(&row.inode)).next(),
        is_over: row.state == TIME_WAIT,
    });
    left.min_by_key(|left| (left.holder.is_none(), left.is_over))
}

/// The address, if it is one: of a name that is not yet resolved whoever has the port is meant.
fn ip_of(endpoint: &Endpoint) -> Option<IpAddr> {
    match endpoint.host() {
        Some(Host::V4(ip)) => Some(IpAddr::V4(*ip)),
        Some(Host::V6(ip, _)) => Some(IpAddr::V6(*ip)),
        Some(Host::Name(_) | Host::Loopback | Host::Every) | None => None,
    }
}

/// The inodes of the sockets at `endpoint`.
fn inodes(endpoint: &Endpoint) -> Vec<String> {
    let ip = ip_of(endpoint);
    let inodes = |rows: Vec<Row>| rows.into_iter().map(|row| row.inode).collect();
    match endpoint {
        Endpoint::Tcp(_, port) | Endpoint::Tls(_, port) => {
            inodes(rows(["tcp", "tcp6"], ip, *port, |state| state == LISTEN))
        }
        Endpoint::Udp(_, port) => inodes(rows(["udp", "udp6"], ip, *port, |_| true)),
        Endpoint::Unix(name) | Endpoint::Unixgram(name) => {
            let shown = match (name.as_path(), name.as_abstract()) {
                (Some(path), _) => String::from_utf8_lossy(path).into_owned(),
                (None, Some(name)) => format!("@{}", String::from_utf8_lossy(name)),
                (None, None) => return Vec::new(),
            };
            unix_inodes(&shown)
        }
        Endpoint::Stdio => Vec::new(),
    }
}

/// The states of a socket in `/proc/net/tcp` that matter here.
const LISTEN: &str = "0A";
const TIME_WAIT: &str = "06";

/// A socket, as the system lists it.
struct Row {
    remote: SocketAddr,
    state: String,
    inode: String,
}

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, see proc(5). A table is read
/// as long as its states are of interest: who listens stands before all who are connected, of whom
/// there may be many thousands.
fn rows(
    tables: [&str; 2],
    ip: Option<IpAddr>,
    port: u16,
    is_of_interest: impl Fn(&str) -> bool,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables {
        let Ok(table) = File::open(format!("/proc/net/{table}")) else { continue };
        for line in BufReader::new(table).lines().map_while(Result::ok).skip(1) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let [_, local, remote, state, _, _, _, _, _, inode, ..] = words[..] else { continue };
            if !is_of_interest(state) {
                break;
            }
            let Some((their_ip, their_port)) = parse(remote) else { continue };
            let is_there = parse(local).is_some_and(|(its, its_port)| {
                its_port == port && ip.is_none_or(|ip| conflicts(ip, its))
            });
            if is_there {
                let remote = SocketAddr::new(their_ip.to_canonical(), their_port);
                rows.push(Row { remote, state: state.to_owned(), inode: inode.to_owned() });
            }
        }
    }
    rows
}

/// An address as `/proc/net` writes it: words of this machine's byte order, in hexadecimal.
fn parse(text: &str) -> Option<(IpAddr, u16)> {
    let (addr, port) = text.split_once(':')?;
    let mut bytes = Vec::with_capacity(16);
    for at in (0..addr.len()).step_by(8) {
        let word = u32::from_str_radix(addr.get(at..at + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(v4) => IpAddr::from(v4),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(&bytes[..]).ok()?),
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

/// Tells whether two sockets cannot both have a port. One on every interface of IPv6 may have those
/// of IPv4 as well.
fn conflicts(wanted: IpAddr, held: IpAddr) -> bool {
    let (wanted, held) = (wanted.to_canonical(), held.to_canonical());
    if wanted.is_ipv4() != held.is_ipv4() {
        return held == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    }
    wanted == held || wanted.is_unspecified() || held.is_unspecified()
}

/// `Num RefCount Protocol Flags Type St Inode Path`, see proc(5); the path may have spaces in it.
fn unix_inodes(shown: &str) -> Vec<String> {
    let text = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let rows = text.lines().skip(1).filter_map(|line| {
        let line = line.strip_suffix(shown)?.strip_suffix(' ')?;
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, _, _, _, _, _, inode] = words[..] else { return None };
        Some(inode.to_owned())
    });
    rows.collect()
}

fn find(inodes: &[String]) -> impl Iterator<Item = Holder> {
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = (!links.is_empty()).then(|| fs::read_dir("/proc").ok()).flatten();
    processes.into_iter().flatten().flatten().filter_map(move |process| {
        let pid = process.file_name().to_str().and_then(|name| name.parse().ok())?;
        let holds = fs::read_dir(process.path().join("fd")).ok()?.flatten().any(|fd| {
            fs::read_link(fd.path())
                .is_ok_and(|to| links.iter().any(|link| to.as_os_str() == link.as_str()))
        });
        let name = || fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        holds.then(|| Holder { pid, name: name().trim().to_owned() })
    })
}
