//! Until: when a reply is whole.

use core::fmt;

/// When a reply is whole, where no [`Check`](super::Check) says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// It is as long as its message was: an echo. Of datagrams one is one reply, whatever its length.
    #[default]
    Same,
    /// It ends with a line feed.
    Line,
    /// It has so many bytes, at least 1.
    Length(u64),
    /// The peer ends. We end our direction after the message, so that it knows that this was all.
    Close,
    /// It ends as HTTP says: by its length, its chunks, or the end of the connection (RFC 9112, 6.3).
    Http {
        /// The request is HEAD: the reply has no body, whatever its head says.
        head: bool,
    },
}

/// As the command line writes it.
impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Line => f.write_str("line"),
            Self::Length(n) => write!(f, "length:{n}"),
            Self::Close => f.write_str("close"),
            Self::Http { .. } => f.write_str("http"),
        }
    }
}
