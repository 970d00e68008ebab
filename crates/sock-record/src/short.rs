//! Short names of which a record holds millions: those that everybody uses take no memory of their own.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A system call, an error, a state or a flag by its name; any text.
///
/// # Examples
///
/// ```
/// use sock_record::Name;
///
/// let error = Name::from("ECONNRESET");
/// assert_eq!(&*error, "ECONNRESET");
/// assert_eq!(size_of::<Option<Name>>(), 16);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Held);

/// A common name is never held as another one, so that comparing is enough. Twice boxed, so that the pointer is thin:
/// what is rare may cost more, what is common should not make room for it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Held {
    Common(u8),
    Other(Box<Box<str>>),
}

/// Sorted, so that a name is found by halving.
const COMMON: &[&str] = &[
    "CLOSE",
    "CLOSE_WAIT",
    "CLOSING",
    "EADDRINUSE",
    "EAGAIN",
    "EBADF",
    "ECONNREFUSED",
    "ECONNRESET",
    "EINPROGRESS",
    "EINTR",
    "ENOTCONN",
    "EPIPE",
    "ESTABLISHED",
    "ETIMEDOUT",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "LAST_ACK",
    "LISTEN",
    "MSG_DONTWAIT",
    "MSG_NOSIGNAL",
    "MSG_PEEK",
    "MSG_TRUNC",
    "MSG_WAITALL",
    "SHUT_RD",
    "SHUT_RDWR",
    "SHUT_WR",
    "SYN_RECV",
    "SYN_SENT",
    "TIME_WAIT",
    "accept",
    "accept4",
    "bind",
    "close",
    "connect",
    "epoll_pwait",
    "epoll_wait",
    "fcntl",
    "getsockopt",
    "ioctl",
    "listen",
    "poll",
    "ppoll",
    "pselect6",
    "read",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "select",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "socketpair",
    "splice",
    "write",
    "writev",
];

impl Name {
    /// The name as the record has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Held::Common(n) => COMMON[usize::from(*n)],
            Held::Other(name) => name,
        }
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        let common = COMMON.binary_search(&name).ok().and_then(|n| u8::try_from(n).ok());
        Self(common.map_or_else(|| Held::Other(Box::new(name.into())), Held::Common))
    }
}

impl From<Box<str>> for Name {
    fn from(name: Box<str>) -> Self {
        Self::from(&*name)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self::from(&*name)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::ops::Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(name.into())
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_name_is_found_and_no_other_is_taken_for_it() {
        assert!(COMMON.is_sorted() && u8::try_from(COMMON.len()).is_ok());
        for &name in COMMON {
            assert!(matches!(Name::from(name), Name(Held::Common(_))), "{name}");
            assert_eq!(&*Name::from(name), name);
        }
        assert_eq!(&*Name::from("recvfro"), "recvfro");
    }
}
