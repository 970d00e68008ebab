//! Addresses made comparable: the same place is the same value, however a record writes it.

use std::net::{IpAddr, SocketAddr};

/// Where a socket is: an address of the internet, or the name of a unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Inet(IpAddr, u16),
    Name(Box<str>),
}

/// What an index by place looks for: everything of a place that a wildcard address leaves standing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    Port(u16),
    Name(Box<str>),
}

impl Place {
    /// The place that `text` names; `None` for a socket without a name, or without a port yet.
    ///
    /// An IPv4-mapped IPv6 address is the IPv4 address, and a zone is left out: one side of a connection may know
    /// itself by the one form and its peer by the other.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let parsed = text.parse::<SocketAddr>().or_else(|_| without_zone(text).parse());
        Some(match parsed {
            Ok(addr) if addr.port() == 0 => return None,
            Ok(addr) => Self::Inet(addr.ip().to_canonical(), addr.port()),
            Err(_) => Self::Name(text.into()),
        })
    }

    pub(crate) fn door(&self) -> Door {
        match self {
            Self::Inet(_, port) => Door::Port(*port),
            Self::Name(name) => Door::Name(name.clone()),
        }
    }

    /// Whether a socket bound to this place can be what `other` names: a wildcard stands for every interface.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inet(ip, port), Self::Inet(other_ip, other_port)) => {
                port == other_port
                    && (ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified())
            }
            (one, other) => one == other,
        }
    }
}

/// `[fe80::1%eth0]:80` without `%eth0`.
fn without_zone(text: &str) -> String {
    match (text.find('%'), text.find(']')) {
        (Some(zone), Some(end)) if zone < end => format!("{}{}", &text[..zone], &text[end..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        Place::new(text).unwrap()
    }

    #[test]
    fn one_place_written_in_two_ways_is_one_place() {
        assert_eq!(place("127.0.0.1:80"), place("[::ffff:127.0.0.1]:80"));
        assert_eq!(place("[fe80::1%eth0]:80"), place("[fe80::1]:80"));
        assert_eq!(place("[::1]:80"), place("[0:0::1]:80"));
        assert_ne!(place("127.0.0.1:80"), place("127.0.0.1:81"));
        assert_ne!(place("/tmp/a"), place("/tmp/b"));
        assert_eq!(Place::new(""), None);
        assert_eq!(Place::new("0.0.0.0:0"), None);
    }

    #[test]
    fn a_wildcard_covers_every_interface() {
        assert!(place("0.0.0.0:53").covers(&place("10.0.0.1:53")));
        assert!(place("[::]:53").covers(&place("10.0.0.1:53")));
        assert!(!place("0.0.0.0:53").covers(&place("10.0.0.1:54")));
        assert!(!place("10.0.0.2:53").covers(&place("10.0.0.1:53")));
        assert!(place("@name").covers(&place("@name")));
        assert!(!place("]%[").covers(&place("[%]")));
    }
}
