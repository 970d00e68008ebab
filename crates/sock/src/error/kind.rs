//! What went wrong, as a closed word that a program can match on.

use std::io;

/// What kind of failure an [`Error`](super::Error) is.
///
/// The kinds are those that a program treats differently; whatever has no kind of its own is
/// [`ErrorKind::Other`] and keeps its number in [`Error::errno`](super::Error::errno).
///
/// # Examples
///
/// ```
/// use sock::ErrorKind;
///
/// assert_eq!(ErrorKind::from_errno(111), ErrorKind::Refused);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call would have to wait and may not (`EAGAIN`, `EALREADY`, `EINPROGRESS`).
    WouldBlock,
    /// The timeout ran out, ours (no errno) or the kernel's (`ETIMEDOUT`).
    TimedOut,
    /// Nothing listens there (`ECONNREFUSED`).
    Refused,
    /// The peer threw the connection away (`ECONNRESET`).
    Reset,
    /// The connection ended before it was accepted (`ECONNABORTED`).
    Aborted,
    /// Nobody will read what is sent (`EPIPE`, `ESHUTDOWN`).
    BrokenPipe,
    /// Another socket has this address (`EADDRINUSE`).
    InUse,
    /// This machine does not have this address (`EADDRNOTAVAIL`).
    AddressNotAvailable,
    /// No way leads there (`ENETUNREACH`, `EHOSTUNREACH`, `ENETDOWN`, `EHOSTDOWN`).
    Unreachable,
    /// No such name, or it has no address of the kind asked for (`EAI_NONAME` and its like).
    NameNotKnown,
    /// The name service did not answer; a later attempt may succeed (`EAI_AGAIN`).
    NameTryAgain,
    /// The resolver failed in another way: see [`Error::resolver_code`](super::Error::resolver_code).
    NameFailed,
    /// The system does not allow it (`EPERM`, `EACCES`).
    PermissionDenied,
    /// The socket has no peer (`ENOTCONN`).
    NotConnected,
    /// The socket has a peer already (`EISCONN`).
    AlreadyConnected,
    /// The socket or descriptor is closed (`EBADF`).
    BadDescriptor,
    /// A signal ended the call (`EINTR`).
    Interrupted,
    /// The datagram is longer than the transport carries (`EMSGSIZE`).
    MessageTooLong,
    /// An argument makes no sense for this call (`EINVAL`, and what is refused before any call).
    InvalidArgument,
    /// The descriptor is no socket (`ENOTSOCK`).
    NotSocket,
    /// No such file (`ENOENT`).
    NotFound,
    /// It exists already (`EEXIST`).
    AlreadyExists,
    /// This family, type or option does not have that call (`EOPNOTSUPP` and its like).
    Unsupported,
    /// The process or the system has no descriptor left (`EMFILE`, `ENFILE`).
    OutOfDescriptors,
    /// Less came than was promised.
    CutShort,
    /// TLS is not trusted, or not spoken.
    Tls,
    /// The server answered that it will not or cannot.
    Status,
    /// What came is not what the protocol says.
    Malformed,
    /// Anything else: the errno says what.
    Other,
}

impl ErrorKind {
    /// The kind of a system error number.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::from_errno(98), ErrorKind::InUse);
    /// assert_eq!(ErrorKind::from_errno(115), ErrorKind::WouldBlock);
    /// ```
    #[must_use]
    pub fn from_errno(errno: i32) -> Self {
        match errno {
            libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => Self::WouldBlock,
            libc::ETIMEDOUT => Self::TimedOut,
            libc::ECONNREFUSED => Self::Refused,
            libc::ECONNRESET => Self::Reset,
            libc::ECONNABORTED => Self::Aborted,
            libc::EPIPE | libc::ESHUTDOWN => Self::BrokenPipe,
            libc::EADDRINUSE => Self::InUse,
            libc::EADDRNOTAVAIL => Self::AddressNotAvailable,
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN | libc::EHOSTDOWN => {
                Self::Unreachable
            }
            libc::EPERM | libc::EACCES => Self::PermissionDenied,
            libc::ENOTCONN => Self::NotConnected,
            libc::EISCONN => Self::AlreadyConnected,
            libc::EBADF => Self::BadDescriptor,
            libc::EINTR => Self::Interrupted,
            libc::EMSGSIZE => Self::MessageTooLong,
            libc::EINVAL => Self::InvalidArgument,
            libc::ENOTSOCK => Self::NotSocket,
            libc::ENOENT => Self::NotFound,
            libc::EEXIST => Self::AlreadyExists,
            libc::EOPNOTSUPP
            | libc::EAFNOSUPPORT
            | libc::EPROTONOSUPPORT
            | libc::ESOCKTNOSUPPORT
            | libc::ENOPROTOOPT
            | libc::EPROTOTYPE => Self::Unsupported,
            libc::EMFILE | libc::ENFILE => Self::OutOfDescriptors,
            _ => Self::Other,
        }
    }

    /// The kind of a resolver's code (`EAI_…`).
    #[must_use]
    pub fn from_resolver_code(code: i32) -> Self {
        match code {
            // -5 and -9 are EAI_NODATA and EAI_ADDRFAMILY: the name is there, its address is not.
            libc::EAI_NONAME | libc::EAI_NODATA | -9 => Self::NameNotKnown,
            libc::EAI_AGAIN => Self::NameTryAgain,
            _ => Self::NameFailed,
        }
    }

    /// What happened, in the words that an error message uses.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::WouldBlock => "would block",
            Self::TimedOut => "timed out",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by peer",
            Self::Aborted => "connection aborted",
            Self::BrokenPipe => "broken pipe",
            Self::InUse => "address already in use",
            Self::AddressNotAvailable => "address not available on this machine",
            Self::Unreachable => "unreachable",
            Self::NameNotKnown => "name not known",
            Self::NameTryAgain => "the name service does not answer; try again later",
            Self::NameFailed => "the name lookup failed",
            Self::PermissionDenied => "permission denied",
            Self::NotConnected => "not connected",
            Self::AlreadyConnected => "already connected",
            Self::BadDescriptor => "the socket is closed",
            Self::Interrupted => "interrupted by a signal",
            Self::MessageTooLong => "message too long",
            Self::InvalidArgument => "invalid argument",
            Self::NotSocket => "not a socket",
            Self::NotFound => "no such file",
            Self::AlreadyExists => "exists already",
            Self::Unsupported => "not supported by this kind of socket",
            Self::OutOfDescriptors => "no descriptor left",
            Self::CutShort => "cut short",
            Self::Tls => "TLS failed",
            Self::Status => "refused by the server",
            Self::Malformed => "malformed",
            Self::Other => "failed",
        }
    }
}

impl From<ErrorKind> for io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::WouldBlock => Self::WouldBlock,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::Refused => Self::ConnectionRefused,
            ErrorKind::Reset => Self::ConnectionReset,
            ErrorKind::Aborted => Self::ConnectionAborted,
            ErrorKind::BrokenPipe => Self::BrokenPipe,
            ErrorKind::InUse => Self::AddrInUse,
            ErrorKind::AddressNotAvailable => Self::AddrNotAvailable,
            ErrorKind::Unreachable => Self::HostUnreachable,
            ErrorKind::PermissionDenied => Self::PermissionDenied,
            ErrorKind::NotConnected => Self::NotConnected,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::InvalidArgument => Self::InvalidInput,
            ErrorKind::NotFound | ErrorKind::NameNotKnown => Self::NotFound,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::CutShort => Self::UnexpectedEof,
            ErrorKind::Malformed => Self::InvalidData,
            ErrorKind::NameTryAgain
            | ErrorKind::NameFailed
            | ErrorKind::AlreadyConnected
            | ErrorKind::BadDescriptor
            | ErrorKind::MessageTooLong
            | ErrorKind::NotSocket
            | ErrorKind::OutOfDescriptors
            | ErrorKind::Tls
            | ErrorKind::Status
            | ErrorKind::Other => Self::Other,
        }
    }
}

impl From<io::ErrorKind> for ErrorKind {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "std's list is open; what has no word here is Other"
    )]
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::WouldBlock => Self::WouldBlock,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset => Self::Reset,
            io::ErrorKind::ConnectionAborted => Self::Aborted,
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            io::ErrorKind::AddrInUse => Self::InUse,
            io::ErrorKind::AddrNotAvailable => Self::AddressNotAvailable,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::NotConnected => Self::NotConnected,
            io::ErrorKind::Interrupted => Self::Interrupted,
            io::ErrorKind::InvalidInput => Self::InvalidArgument,
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            io::ErrorKind::Unsupported => Self::Unsupported,
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            io::ErrorKind::InvalidData => Self::Malformed,
            _ => Self::Other,
        }
    }
}
