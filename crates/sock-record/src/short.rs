//! Short names of which a record holds millions: those that everybody uses take no memory of their own.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, PoisonError, RwLock};

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
/// assert_eq!(size_of::<Option<Name>>(), 5);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Held);

/// A name is never held in two ways, so that comparing is enough.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Held {
    /// Its place among those that everybody uses.
    Common(u8),
    /// Its place among the others, in bytes that need no place of their own: a line of a record holds five names.
    Other([u8; 4]),
}

/// The names that are not common, each kept once and for as long as the program runs: a record has millions of calls,
/// and few names.
#[derive(Default)]
struct Others {
    places: HashMap<&'static str, u32>,
    all: Vec<&'static str>,
}

static OTHERS: LazyLock<RwLock<Others>> = LazyLock::new(RwLock::default);

impl Others {
    fn place(name: &str) -> u32 {
        // Whoever panicked there left the table whole: what is added is added last.
        let known = OTHERS.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(&place) = known.places.get(name) {
            return place;
        }
        drop(known);
        let mut others = OTHERS.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&place) = others.places.get(name) {
            return place;
        }
        let place = u32::try_from(others.all.len()).expect("memory ends long before the numbers");
        let name: &'static str = Box::leak(name.into());
        others.all.push(name);
        others.places.insert(name, place);
        place
    }

    fn at(place: u32) -> &'static str {
        OTHERS.read().unwrap_or_else(PoisonError::into_inner).all[place as usize]
    }
}

/// Those of which a record holds millions.
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

/// Where in [`COMMON`] a name is: each stands at its own slot, or behind it where others came first.
const SLOTS: [u8; WAYS] = {
    let mut slots = [NONE; WAYS];
    let mut n = 0;
    while n < COMMON.len() {
        let mut at = slot(COMMON[n].as_bytes());
        while slots[at] != NONE {
            at = (at + 1) % WAYS;
        }
        #[expect(clippy::cast_possible_truncation, reason = "they are fewer than slots")]
        let place = n as u8;
        slots[at] = place;
        n += 1;
    }
    slots
};

const NONE: u8 = u8::MAX;
/// Several for each common name, so that few meet.
const WAYS: usize = 256;

/// A number that tells most of the common names apart.
const fn slot(name: &[u8]) -> usize {
    let len = name.len();
    if len == 0 {
        return 0;
    }
    let (first, middle, last) = (name[0], name[len / 2], name[len - 1]);
    (len * 31 + first as usize * 7 + middle as usize * 3 + last as usize) % WAYS
}

fn common(name: &str) -> Option<u8> {
    let mut at = slot(name.as_bytes());
    while SLOTS[at] != NONE {
        if COMMON[usize::from(SLOTS[at])] == name {
            return Some(SLOTS[at]);
        }
        at = (at + 1) % WAYS;
    }
    None
}

impl Name {
    /// The name as the record has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Held::Common(n) => COMMON[usize::from(*n)],
            Held::Other(place) => Others::at(u32::from_ne_bytes(*place)),
        }
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(
            common(name)
                .map_or_else(|| Held::Other(Others::place(name).to_ne_bytes()), Held::Common),
        )
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
        assert!(COMMON.is_sorted() && COMMON.len() < WAYS / 2);
        for &name in COMMON {
            assert!(matches!(Name::from(name), Name(Held::Common(_))), "{name}");
            assert_eq!(&*Name::from(name), name);
        }
        assert_eq!(&*Name::from("recvfro"), "recvfro");
    }
}
