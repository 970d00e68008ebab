//! A socket by its inode, out of `/proc`: where descriptors of another process cannot be copied (`pidfd_getfd` is refused in
//! some containers), this is what the kernel still tells.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sock_record::{Family, Kind};

use crate::sys::Tid;
use crate::words::tcp_state;

/// What `/proc` tells of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) family: Family,
    pub(crate) kind: Kind,
    pub(crate) proto: Option<&'static str>,
    pub(crate) local: Option<String>,
    pub(crate) peer: Option<String>,
    pub(crate) state: Option<&'static str>,
    pub(crate) inq: Option<u64>,
    pub(crate) outq: Option<u64>,
}

/// The inode behind a descriptor of a process, if it is a socket.
pub(crate) fn inode(pid: Tid, fd: i32) -> Option<u64> {
    let target = fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
    socket_inode(target.to_str()?)
}

/// Whether a task makes no call any more, because its whole process is ending: `SIGKILL` waits for it, or it has met it. One
/// that is gone is no other case.
pub(crate) fn is_being_killed(tid: Tid) -> bool {
    const KILL: u64 = 1 << (libc::SIGKILL - 1);
    /// A signal has ended it (`PF_SIGNALED` of linux/sched.h).
    const SIGNALED: u64 = 0x400;
    let Ok(status) = fs::read_to_string(format!("/proc/{tid}/status")) else { return true };
    let pending = status.lines().find_map(|line| line.strip_prefix("SigPnd:"));
    let pending = pending.and_then(|word| u64::from_str_radix(word.trim(), 16).ok());
    if pending.is_some_and(|pending| pending & KILL != 0) {
        return true;
    }
    let Ok(stat) = fs::read_to_string(format!("/proc/{tid}/stat")) else { return true };
    // Its flags are the ninth field; the second, its name, may hold anything.
    let flags = stat.rsplit_once(')').and_then(|(_, rest)| column(rest, 6));
    flags.is_some_and(|flags| flags & SIGNALED != 0)
}

/// The descriptors of a process or of one of its threads that are sockets, with their inodes.
pub(crate) fn sockets(pid: Tid) -> Vec<(i32, u64)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let each = entries.flatten().filter_map(|entry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, socket_inode(fs::read_link(entry.path()).ok()?.to_str()?)?))
    });
    let mut all: Vec<_> = each.collect();
    all.sort_unstable();
    all
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Finds a socket among those that the process's network has.
pub(crate) fn entry(pid: Tid, inode: u64) -> Option<Entry> {
    let tables = [
        ("tcp", Family::Inet, Kind::Stream, Some("tcp")),
        ("tcp6", Family::Inet6, Kind::Stream, Some("tcp")),
        ("udp", Family::Inet, Kind::Dgram, Some("udp")),
        ("udp6", Family::Inet6, Kind::Dgram, Some("udp")),
    ];
    for (name, family, kind, proto) in tables {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
        if let Some(line) = table.lines().skip(1).find(|line| column(line, 9) == Some(inode)) {
            return inet(line, family, kind, proto);
        }
    }
    let table = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    table.lines().skip(1).find(|line| column(line, 6) == Some(inode)).and_then(unix)
}

fn column(line: &str, n: usize) -> Option<u64> {
    line.split_whitespace().nth(n)?.parse().ok()
}

/// A line of `/proc/net/tcp` or its likes: proc(5).
fn inet(line: &str, family: Family, kind: Kind, proto: Option<&'static str>) -> Option<Entry> {
    let mut fields = line.split_whitespace().skip(1);
    let local = place(fields.next()?);
    let peer = place(fields.next()?).filter(|peer| peer.port() != 0);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let (outq, inq) = fields.next()?.split_once(':')?;
    let count = |hex: &str| u64::from_str_radix(hex, 16).ok();
    Some(Entry {
        family,
        state: if kind == Kind::Stream { tcp_state(state) } else { None },
        kind,
        proto,
        local: local.map(|addr| addr.to_string()),
        peer: peer.map(|addr| addr.to_string()),
        inq: count(inq),
        outq: count(outq),
    })
}

/// `0100007F:1F90`: words of four bytes in the machine's order, then the port.
fn place(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = (0..ip.len() / 8)
        .map(|n| Some(u32::from_str_radix(ip.get(8 * n..8 * n + 8)?, 16).ok()?.to_ne_bytes()))
        .collect::<Option<_>>()?;
    let ip: IpAddr = match words.as_flattened() {
        &[a, b, c, d] => Ipv4Addr::new(a, b, c, d).into(),
        bytes => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some(SocketAddr::new(ip.to_canonical(), port))
}

/// A line of `/proc/net/unix`.
fn unix(line: &str) -> Option<Entry> {
    let kind = match line.split_whitespace().nth(4)? {
        "0001" => Kind::Stream,
        "0002" => Kind::Dgram,
        _ => Kind::Seqpacket,
    };
    let local = line.split_whitespace().nth(7).map(str::to_owned);
    let family = Family::Unix;
    Some(Entry { family, kind, proto: None, local, peer: None, state: None, inq: None, outq: None })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn of(socket: &impl AsFd) -> Option<Entry> {
        let me = i32::try_from(std::process::id()).unwrap();
        let fd = socket.as_fd().as_raw_fd();
        let inode = inode(me, fd)?;
        assert!(sockets(me).contains(&(fd, inode)));
        entry(me, inode)
    }

    #[test]
    fn sockets_are_found_with_their_addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let entry = of(&client).unwrap();
        assert_eq!(entry.local, Some(client.local_addr().unwrap().to_string()));
        assert_eq!(entry.peer, Some(listener.local_addr().unwrap().to_string()));
        assert_eq!((entry.kind, entry.state), (Kind::Stream, Some("ESTABLISHED")));
        assert_eq!(of(&listener).unwrap().state, Some("LISTEN"));

        let udp = UdpSocket::bind("[::1]:0").unwrap();
        let entry = of(&udp).unwrap();
        assert_eq!((entry.family, entry.kind, entry.peer), (Family::Inet6, Kind::Dgram, None));
        assert_eq!(entry.local, Some(udp.local_addr().unwrap().to_string()));

        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(of(&one).unwrap().family, Family::Unix);
        let file = tempfile::tempfile().unwrap();
        assert_eq!(of(&file), None);
    }
}
