//! Numbers of the kernel's interface by their C names.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The flags of a send or a receive, by name; what has no name is shown as a number.
pub(crate) fn message_flags(flags: u64) -> Vec<Box<str>> {
    const NAMES: &[(u64, &str)] = &[
        (0x1, "MSG_OOB"),
        (0x2, "MSG_PEEK"),
        (0x4, "MSG_DONTROUTE"),
        (0x20, "MSG_TRUNC"),
        (0x40, "MSG_DONTWAIT"),
        (0x80, "MSG_EOR"),
        (0x100, "MSG_WAITALL"),
        (0x800, "MSG_CONFIRM"),
        (0x2000, "MSG_ERRQUEUE"),
        (0x4000, "MSG_NOSIGNAL"),
        (0x8000, "MSG_MORE"),
        (0x1_0000, "MSG_WAITFORONE"),
        (0x400_0000, "MSG_ZEROCOPY"),
        (0x2000_0000, "MSG_FASTOPEN"),
        (0x4000_0000, "MSG_CMSG_CLOEXEC"),
    ];
    named(flags & 0xffff_ffff, NAMES)
}

/// What poll(2) asks for or tells, by name.
pub(crate) fn poll_events(events: u64) -> Vec<Box<str>> {
    const NAMES: &[(u64, &str)] = &[
        (0x1, "POLLIN"),
        (0x2, "POLLPRI"),
        (0x4, "POLLOUT"),
        (0x8, "POLLERR"),
        (0x10, "POLLHUP"),
        (0x20, "POLLNVAL"),
        (0x2000, "POLLRDHUP"),
    ];
    // The others are ways to say the same, and epoll's own manners.
    named(events & 0x203f, NAMES)
}

fn named(mut flags: u64, names: &[(u64, &str)]) -> Vec<Box<str>> {
    let mut words = Vec::new();
    for (bit, name) in names {
        if flags & bit != 0 {
            words.push((*name).into());
            flags &= !bit;
        }
    }
    if flags != 0 {
        words.push(format!("{flags:#x}").into());
    }
    words
}

/// A signal by its name.
pub(crate) fn signal(signal: i32) -> String {
    const NAMES: &[(i32, &str)] = &[
        (libc::SIGHUP, "HUP"),
        (libc::SIGINT, "INT"),
        (libc::SIGQUIT, "QUIT"),
        (libc::SIGILL, "ILL"),
        (libc::SIGTRAP, "TRAP"),
        (libc::SIGABRT, "ABRT"),
        (libc::SIGBUS, "BUS"),
        (libc::SIGFPE, "FPE"),
        (libc::SIGKILL, "KILL"),
        (libc::SIGSEGV, "SEGV"),
        (libc::SIGSYS, "SYS"),
        (libc::SIGUSR1, "USR1"),
        (libc::SIGUSR2, "USR2"),
        (libc::SIGPIPE, "PIPE"),
        (libc::SIGALRM, "ALRM"),
        (libc::SIGTERM, "TERM"),
        (libc::SIGCHLD, "CHLD"),
        (libc::SIGCONT, "CONT"),
        (libc::SIGSTOP, "STOP"),
        (libc::SIGTSTP, "TSTP"),
        (libc::SIGURG, "URG"),
        (libc::SIGVTALRM, "VTALRM"),
        (libc::SIGPROF, "PROF"),
        (libc::SIGWINCH, "WINCH"),
        (libc::SIGIO, "IO"),
    ];
    let name = NAMES.iter().find(|(number, _)| *number == signal);
    name.map_or_else(|| format!("signal {signal}"), |(_, name)| format!("SIG{name}"))
}

/// A level and an option of setsockopt(2), by name.
pub(crate) fn option(level: u64, name: u64) -> (String, String) {
    const SOCKET: &[(u64, &str)] = &[
        (2, "SO_REUSEADDR"),
        (3, "SO_TYPE"),
        (4, "SO_ERROR"),
        (5, "SO_DONTROUTE"),
        (6, "SO_BROADCAST"),
        (7, "SO_SNDBUF"),
        (8, "SO_RCVBUF"),
        (9, "SO_KEEPALIVE"),
        (10, "SO_OOBINLINE"),
        (12, "SO_PRIORITY"),
        (13, "SO_LINGER"),
        (15, "SO_REUSEPORT"),
        (16, "SO_PASSCRED"),
        (18, "SO_RCVLOWAT"),
        (20, "SO_RCVTIMEO"),
        (21, "SO_SNDTIMEO"),
        (25, "SO_BINDTODEVICE"),
        (26, "SO_ATTACH_FILTER"),
        (29, "SO_TIMESTAMP"),
        (35, "SO_TIMESTAMPNS"),
        (46, "SO_BUSY_POLL"),
        (60, "SO_ZEROCOPY"),
        (66, "SO_RCVTIMEO_NEW"),
        (67, "SO_SNDTIMEO_NEW"),
    ];
    const TCP: &[(u64, &str)] = &[
        (1, "TCP_NODELAY"),
        (2, "TCP_MAXSEG"),
        (3, "TCP_CORK"),
        (4, "TCP_KEEPIDLE"),
        (5, "TCP_KEEPINTVL"),
        (6, "TCP_KEEPCNT"),
        (8, "TCP_LINGER2"),
        (9, "TCP_DEFER_ACCEPT"),
        (12, "TCP_QUICKACK"),
        (13, "TCP_CONGESTION"),
        (18, "TCP_USER_TIMEOUT"),
        (23, "TCP_FASTOPEN"),
        (31, "TCP_ULP"),
    ];
    const IP: &[(u64, &str)] = &[
        (1, "IP_TOS"),
        (2, "IP_TTL"),
        (8, "IP_PKTINFO"),
        (10, "IP_MTU_DISCOVER"),
        (11, "IP_RECVERR"),
        (24, "IP_BIND_ADDRESS_NO_PORT"),
        (33, "IP_MULTICAST_TTL"),
        (35, "IP_ADD_MEMBERSHIP"),
    ];
    const IPV6: &[(u64, &str)] = &[
        (16, "IPV6_UNICAST_HOPS"),
        (26, "IPV6_V6ONLY"),
        (25, "IPV6_RECVERR"),
        (49, "IPV6_RECVPKTINFO"),
        (67, "IPV6_TCLASS"),
    ];
    const UDP: &[(u64, &str)] = &[(1, "UDP_CORK"), (103, "UDP_SEGMENT"), (104, "UDP_GRO")];
    let (level, names): (&str, &[(u64, &str)]) = match level {
        1 => ("SOL_SOCKET", SOCKET),
        0 => ("IPPROTO_IP", IP),
        6 => ("IPPROTO_TCP", TCP),
        17 => ("IPPROTO_UDP", UDP),
        41 => ("IPPROTO_IPV6", IPV6),
        other => return (other.to_string(), name.to_string()),
    };
    let known = names.iter().find(|(number, _)| *number == name);
    (level.into(), known.map_or_else(|| name.to_string(), |(_, name)| (*name).into()))
}

/// Which direction shutdown(2) ends.
pub(crate) fn shutdown_how(how: u64) -> String {
    match how {
        0 => "SHUT_RD".into(),
        1 => "SHUT_WR".into(),
        2 => "SHUT_RDWR".into(),
        other => other.to_string(),
    }
}

/// The states of a TCP socket (`net/tcp_states.h`).
pub(crate) fn tcp_state(state: u8) -> Option<&'static str> {
    Some(match state {
        1 => "ESTABLISHED",
        2 => "SYN_SENT",
        3 => "SYN_RECV",
        4 => "FIN_WAIT1",
        5 => "FIN_WAIT2",
        6 => "TIME_WAIT",
        7 => "CLOSE",
        8 => "CLOSE_WAIT",
        9 => "LAST_ACK",
        10 => "LISTEN",
        11 => "CLOSING",
        12 => "NEW_SYN_RECV",
        _ => return None,
    })
}

/// The name of an errno, `ECONNRESET`; a number where it has none here.
pub(crate) fn errno(errno: i32) -> Box<str> {
    const NAMES: &[(i32, &str)] = &[
        (libc::EPERM, "EPERM"),
        (libc::ENOENT, "ENOENT"),
        (libc::EINTR, "EINTR"),
        (libc::EIO, "EIO"),
        (libc::EBADF, "EBADF"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EACCES, "EACCES"),
        (libc::EFAULT, "EFAULT"),
        (libc::EINVAL, "EINVAL"),
        (libc::ENFILE, "ENFILE"),
        (libc::EMFILE, "EMFILE"),
        (libc::EPIPE, "EPIPE"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::ENOTSOCK, "ENOTSOCK"),
        (libc::EDESTADDRREQ, "EDESTADDRREQ"),
        (libc::EMSGSIZE, "EMSGSIZE"),
        (libc::EPROTOTYPE, "EPROTOTYPE"),
        (libc::ENOPROTOOPT, "ENOPROTOOPT"),
        (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
        (libc::ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"),
        (libc::EOPNOTSUPP, "EOPNOTSUPP"),
        (libc::EAFNOSUPPORT, "EAFNOSUPPORT"),
        (libc::EADDRINUSE, "EADDRINUSE"),
        (libc::EADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (libc::ENETDOWN, "ENETDOWN"),
        (libc::ENETUNREACH, "ENETUNREACH"),
        (libc::ENETRESET, "ENETRESET"),
        (libc::ECONNABORTED, "ECONNABORTED"),
        (libc::ECONNRESET, "ECONNRESET"),
        (libc::ENOBUFS, "ENOBUFS"),
        (libc::EISCONN, "EISCONN"),
        (libc::ENOTCONN, "ENOTCONN"),
        (libc::ESHUTDOWN, "ESHUTDOWN"),
        (libc::ETIMEDOUT, "ETIMEDOUT"),
        (libc::ECONNREFUSED, "ECONNREFUSED"),
        (libc::EHOSTDOWN, "EHOSTDOWN"),
        (libc::EHOSTUNREACH, "EHOSTUNREACH"),
        (libc::EALREADY, "EALREADY"),
        (libc::EINPROGRESS, "EINPROGRESS"),
    ];
    let known = NAMES.iter().find(|(number, _)| *number == errno);
    known.map_or_else(|| format!("errno {errno}").into(), |(_, name)| (*name).into())
}

/// An address as the record writes it, out of a `struct sockaddr`; none for one that has no name.
pub(crate) fn address(raw: &[u8]) -> Option<String> {
    let (family, rest) = raw.split_first_chunk::<2>()?;
    match i32::from(u16::from_ne_bytes(*family)) {
        libc::AF_INET => {
            let port = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
            let ip: [u8; 4] = rest.get(2..6)?.try_into().ok()?;
            Some(SocketAddr::from((Ipv4Addr::from(ip), port)).to_string())
        }
        libc::AF_INET6 => {
            let port = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
            let ip: [u8; 16] = rest.get(6..22)?.try_into().ok()?;
            let ip = Ipv6Addr::from(ip);
            // The same place, written the same way, whichever family the program speaks.
            if let Some(ip) = ip.to_ipv4_mapped() {
                return Some(SocketAddr::from((ip, port)).to_string());
            }
            let zone = rest.get(22..26).and_then(|zone| zone.try_into().ok());
            let zone = zone.map_or(0, u32::from_ne_bytes);
            Some(SocketAddrV6::new(ip, port, 0, zone).to_string())
        }
        libc::AF_UNIX => match rest {
            [] | [0] => None,
            // An abstract name is as long as it is said to be, and may hold anything.
            [0, name @ ..] => Some(format!("@{}", String::from_utf8_lossy(name))),
            path => {
                let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
                Some(String::from_utf8_lossy(&path[..end]).into_owned())
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_their_names_and_the_rest_a_number() {
        let words = |flags| message_flags(flags).join("|");
        assert_eq!(words(0), "");
        assert_eq!(words(0x4042), "MSG_PEEK|MSG_DONTWAIT|MSG_NOSIGNAL");
        assert_eq!(words(0x1000_0002), "MSG_PEEK|0x10000000");
        assert_eq!(poll_events(0x2011).join("|"), "POLLIN|POLLHUP|POLLRDHUP");
        assert_eq!(option(1, 2), ("SOL_SOCKET".into(), "SO_REUSEADDR".into()));
        assert_eq!(option(6, 999), ("IPPROTO_TCP".into(), "999".into()));
    }

    #[test]
    fn addresses_are_written_as_people_do() {
        let v4 = [&[2, 0][..], &[0x23, 0x97], &[127, 0, 0, 1]].concat();
        assert_eq!(address(&v4).as_deref(), Some("127.0.0.1:9111"));
        let mapped = [&[10, 0][..], &[0, 80], &[0; 4], &[0; 10], &[255, 255, 10, 0, 0, 1]].concat();
        assert_eq!(address(&mapped).as_deref(), Some("10.0.0.1:80"));
        let link = [&[10, 0][..], &[0, 7], &[0; 4], &[0xfe, 0x80], &[0; 13], &[1], &[3, 0, 0, 0]];
        assert_eq!(address(&link.concat()).as_deref(), Some("[fe80::1%3]:7"));
        assert_eq!(address(b"\x01\0/run/x\0junk").as_deref(), Some("/run/x"));
        assert_eq!(address(b"\x01\0\0name").as_deref(), Some("@name"));
        assert_eq!(address(b"\x01\0"), None);
        assert_eq!(address(b""), None);
        assert_eq!(address(&v4[..5]), None, "cut");
    }
}
