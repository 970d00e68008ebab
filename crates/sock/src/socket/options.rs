//! Socket options by name.

use std::net::IpAddr;
use std::time::Duration;

use rustix::net::sockopt;

use super::{Family, Socket};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};

/// Two methods for an option: ask and set, with a running example.
macro_rules! options {
    ($(
        $(#[doc = $what:literal])+
        $ask:ident $set:ident: $type:ty, $c:literal, $make:ident, $value:literal => $answer:literal;
        $rustix_ask:path, $rustix_set:path;
    )*) => {
        impl Socket {$(
            $(#[doc = $what])+
            #[doc = concat!("\n\nPython: `getsockopt(", $c, ")`; C: `", $c, "`.")]
            #[doc = "\n\n# Errors\n\n[`ErrorKind::BadDescriptor`] once closed, \
                     [`ErrorKind::Unsupported`] where the kind of socket has no such option."]
            #[doc = concat!(
                "\n\n# Examples\n\n```\nlet socket = sock::socket::Socket::", stringify!($make),
                "()?;\nsocket.", stringify!($set), "(", $value, ")?;\nassert_eq!(socket.",
                stringify!($ask), "()?, ", $answer, ");\n# Ok::<(), sock::Error>(())\n```"
            )]
            pub fn $ask(&self) -> Result<$type> {
                self.quick("getsockopt", |fd| $rustix_ask(fd))
            }

            #[doc = concat!("Sets what [`", stringify!($ask), "`](Self::", stringify!($ask), ") tells.")]
            #[doc = concat!("\n\nPython: `setsockopt(", $c, ", …)`; C: `", $c, "`.")]
            #[doc = concat!("\n\n# Errors\n\nAs [`", stringify!($ask), "`](Self::", stringify!($ask),
                "); [`ErrorKind::InvalidArgument`] out of range.")]
            pub fn $set(&self, value: $type) -> Result<()> {
                self.quick("setsockopt", |fd| $rustix_set(fd, value))
            }
        )*}
    };
}

options! {
    /// Whether the address may be bound while old connections of it linger (lecture problem 3).
    reuse_address set_reuse_address: bool, "SO_REUSEADDR", tcp, "true" => "true";
    sockopt::socket_reuseaddr, sockopt::set_socket_reuseaddr;

    /// Whether several sockets may have the same address and share what comes.
    reuse_port set_reuse_port: bool, "SO_REUSEPORT", tcp, "true" => "true";
    sockopt::socket_reuseport, sockopt::set_socket_reuseport;

    /// How long [`close`](Socket::close) waits for unsent data; zero throws the connection away.
    /// Whole seconds.
    linger set_linger: Option<Duration>, "SO_LINGER", tcp,
        "Some(std::time::Duration::ZERO)" => "Some(std::time::Duration::ZERO)";
    sockopt::socket_linger, sockopt::set_socket_linger;

    /// Whether small pieces are sent at once (Nagle's algorithm is off).
    no_delay set_no_delay: bool, "TCP_NODELAY", tcp, "true" => "true";
    sockopt::tcp_nodelay, sockopt::set_tcp_nodelay;

    /// Whether a silent peer is asked if it is still there.
    keepalive set_keepalive: bool, "SO_KEEPALIVE", tcp, "true" => "true";
    sockopt::socket_keepalive, sockopt::set_socket_keepalive;

    /// How long a peer is silent before it is asked the first time. Whole seconds.
    keepalive_idle set_keepalive_idle: Duration, "TCP_KEEPIDLE", tcp,
        "std::time::Duration::from_secs(60)" => "std::time::Duration::from_secs(60)";
    sockopt::tcp_keepidle, sockopt::set_tcp_keepidle;

    /// How long it is from one question to the next. Whole seconds.
    keepalive_interval set_keepalive_interval: Duration, "TCP_KEEPINTVL", tcp,
        "std::time::Duration::from_secs(5)" => "std::time::Duration::from_secs(5)";
    sockopt::tcp_keepintvl, sockopt::set_tcp_keepintvl;

    /// How many questions without an answer end the connection.
    keepalive_count set_keepalive_count: u32, "TCP_KEEPCNT", tcp, "3" => "3";
    sockopt::tcp_keepcnt, sockopt::set_tcp_keepcnt;

    /// The size of the send buffer in bytes. Linux doubles what is set, for its own use.
    send_buffer_size set_send_buffer_size: usize, "SO_SNDBUF", tcp, "10_000" => "20_000";
    sockopt::socket_send_buffer_size, sockopt::set_socket_send_buffer_size;

    /// The size of the receive buffer in bytes. Linux doubles what is set, for its own use.
    recv_buffer_size set_recv_buffer_size: usize, "SO_RCVBUF", tcp, "10_000" => "20_000";
    sockopt::socket_recv_buffer_size, sockopt::set_socket_recv_buffer_size;

    /// Whether datagrams may go to everybody (`<broadcast>`); without it that is refused.
    broadcast set_broadcast: bool, "SO_BROADCAST", udp, "true" => "true";
    sockopt::socket_broadcast, sockopt::set_socket_broadcast;

    /// Whether urgent data stay in the stream instead of beside it.
    oob_inline set_oob_inline: bool, "SO_OOBINLINE", tcp, "true" => "true";
    sockopt::socket_oobinline, sockopt::set_socket_oobinline;
}

impl Socket {
    /// Whether an inet6 socket refuses inet peers.
    ///
    /// Python: `getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)`; C: `IPV6_V6ONLY`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on another family.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, ServerOptions};
    ///
    /// let server = ServerOptions::new().family(Family::Inet6).open(("::1", 0))?;
    /// assert!(server.v6_only()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn v6_only(&self) -> Result<bool> {
        self.quick("getsockopt", |fd| sockopt::ipv6_v6only(fd))
    }

    /// Says whether an inet6 socket refuses inet peers; before bind.
    ///
    /// Python: `setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, …)`; C: `IPV6_V6ONLY`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on another family, [`ErrorKind::InvalidArgument`] once bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Kind, Socket};
    ///
    /// let socket = Socket::new(Family::Inet6, Kind::Stream)?;
    /// socket.set_v6_only(true)?;
    /// assert!(socket.v6_only()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_v6_only(&self, value: bool) -> Result<()> {
        self.quick("setsockopt", |fd| sockopt::set_ipv6_v6only(fd, value))
    }

    /// How many routers a packet passes at most.
    ///
    /// Python: `getsockopt(IPPROTO_IP, IP_TTL)`; C: `IP_TTL`, `IPV6_UNICAST_HOPS`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on another family than inet and inet6.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(sock::socket::Socket::udp()?.ttl()? > 0);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn ttl(&self) -> Result<u32> {
        self.quick("getsockopt", |fd| match self.family() {
            Family::Inet6 => sockopt::ipv6_unicast_hops(fd).map(u32::from),
            Family::Inet | Family::Unix | Family::Other(_) => sockopt::ip_ttl(fd),
        })
    }

    /// Says how many routers a packet passes at most, 1 to 255.
    ///
    /// Python: `setsockopt(IPPROTO_IP, IP_TTL, …)`; C: `IP_TTL`, `IPV6_UNICAST_HOPS`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] out of range, [`ErrorKind::Unsupported`] on another family.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::udp()?;
    /// socket.set_ttl(7)?;
    /// assert_eq!(socket.ttl()?, 7);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_ttl(&self, value: u32) -> Result<()> {
        let Ok(hops) = u8::try_from(value) else {
            return Err(Error::from_errno("setsockopt", libc::EINVAL));
        };
        self.quick("setsockopt", |fd| match self.family() {
            Family::Inet6 => sockopt::set_ipv6_unicast_hops(fd, Some(hops)),
            Family::Inet | Family::Unix | Family::Other(_) => sockopt::set_ip_ttl(fd, value),
        })
    }

    /// How packets ask to be treated on their way.
    ///
    /// Python: `getsockopt(IPPROTO_IP, IP_TOS)`; C: `IP_TOS`, `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on another family than inet and inet6.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(sock::socket::Socket::udp()?.tos()?, 0);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn tos(&self) -> Result<u8> {
        self.quick("getsockopt", |fd| match self.family() {
            // A traffic class is 8 bits (RFC 8200, section 7); the kernel refuses more.
            Family::Inet6 => sockopt::ipv6_tclass(fd).map(|class| class.to_le_bytes()[0]),
            Family::Inet | Family::Unix | Family::Other(_) => sockopt::ip_tos(fd),
        })
    }

    /// Says how packets ask to be treated on their way.
    ///
    /// Python: `setsockopt(IPPROTO_IP, IP_TOS, …)`; C: `IP_TOS`, `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] on another family than inet and inet6.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::udp()?;
    /// socket.set_tos(0x10)?;
    /// assert_eq!(socket.tos()?, 0x10);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_tos(&self, value: u8) -> Result<()> {
        self.quick("setsockopt", |fd| match self.family() {
            Family::Inet6 => sockopt::set_ipv6_tclass(fd, value.into()),
            Family::Inet | Family::Unix | Family::Other(_) => sockopt::set_ip_tos(fd, value),
        })
    }

    /// Receives what is sent to a group; `interface` is an index, 0 lets the system choose.
    ///
    /// Python: `setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, …)`; C: `IP_ADD_MEMBERSHIP`,
    /// `IPV6_ADD_MEMBERSHIP`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the address is no group, [`ErrorKind::InUse`] the second
    /// time, `ENODEV` where no interface leads there.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::udp()?;
    /// let (group, loopback) = ("239.1.2.3".parse().unwrap(), 1);
    /// socket.join_multicast(group, loopback)?;
    /// socket.leave_multicast(group, loopback)?;
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn join_multicast(&self, group: IpAddr, interface: u32) -> Result<()> {
        let any = std::net::Ipv4Addr::UNSPECIFIED;
        self.quick("setsockopt", |fd| match group {
            IpAddr::V4(group) => {
                sockopt::set_ip_add_membership_with_ifindex(fd, &group, &any, interface)
            }
            IpAddr::V6(group) => sockopt::set_ipv6_add_membership(fd, &group, interface),
        })
    }

    /// Receives no more what is sent to a group.
    ///
    /// Python: `setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, …)`; C: `IP_DROP_MEMBERSHIP`,
    /// `IPV6_DROP_MEMBERSHIP`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AddressNotAvailable`] if the socket is not in that group.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::Socket};
    ///
    /// let error = Socket::udp()?.leave_multicast("239.1.2.3".parse().unwrap(), 1).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn leave_multicast(&self, group: IpAddr, interface: u32) -> Result<()> {
        let any = std::net::Ipv4Addr::UNSPECIFIED;
        self.quick("setsockopt", |fd| match group {
            IpAddr::V4(group) => {
                sockopt::set_ip_drop_membership_with_ifindex(fd, &group, &any, interface)
            }
            IpAddr::V6(group) => sockopt::set_ipv6_drop_membership(fd, &group, interface),
        })
    }

    /// Takes the error that waits on the socket, if there is one.
    ///
    /// Python: `getsockopt(SOL_SOCKET, SO_ERROR)`; C: `SO_ERROR`. It tells how a connect ended that
    /// was not waited for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`] once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(sock::socket::Socket::tcp()?.take_error()?.is_none());
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn take_error(&self) -> Result<Option<Error>> {
        let waiting = self.quick("getsockopt", |fd| sockopt::socket_error(fd))?;
        Ok(waiting.err().map(|errno| Error::from_errno("socket", errno.raw_os_error())))
    }

    /// Whether the socket listens (C: `SO_ACCEPTCONN`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`] once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Socket, create_server};
    ///
    /// assert!(!Socket::tcp()?.is_listening()?);
    /// assert!(create_server(("127.0.0.1", 0))?.is_listening()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn is_listening(&self) -> Result<bool> {
        self.quick("getsockopt", |fd| sockopt::socket_acceptconn(fd))
    }
}
