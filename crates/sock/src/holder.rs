//! Who holds an endpoint that is in use, where the system tells (Linux: `/proc`).

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv6Addr};

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

/// The inodes of the sockets at `endpoint`.
fn inodes(endpoint: &Endpoint) -> Vec<String> {
    // A name that is not yet resolved: whoever has the port.
    let ip = match endpoint.host() {
        Some(Host::V4(ip)) => Some(IpAddr::V4(*ip)),
        Some(Host::V6(ip, _)) => Some(IpAddr::V6(*ip)),
        Some(Host::Name(_) | Host::Loopback | Host::Every) | None => None,
    };
    match endpoint {
        Endpoint::Tcp(_, port) | Endpoint::Tls(_, port) => {
            ip_inodes(["tcp", "tcp6"], ip, *port, true)
        }
        Endpoint::Udp(_, port) => ip_inodes(["udp", "udp6"], ip, *port, false),
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

/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, see proc(5).
fn ip_inodes(tables: [&str; 2], ip: Option<IpAddr>, port: u16, listening: bool) -> Vec<String> {
    let mut inodes = Vec::new();
    for table in tables {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let [_, local, _, state, _, _, _, _, _, inode, ..] = words[..] else { continue };
            let is_there = parse(local).is_some_and(|(its, its_port)| {
                its_port == port && ip.is_none_or(|ip| conflicts(ip, its))
            });
            if is_there && (!listening || state == LISTEN) {
                inodes.push(inode.to_owned());
            }
        }
    }
    inodes
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
