//! What went wrong, by cause.

use serde::{Deserialize, Serialize};

/// Why a message has no right reply, or a connection did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Nobody listens there, or nobody may come in.
    Refused,
    /// The peer broke the connection off.
    Reset,
    /// No reply, or no connection, in time.
    Timeout,
    /// The peer ended before the reply was whole.
    Short,
    /// The reply is not what it should be.
    Wrong,
    /// The system has no source address and port left for one more connection (`EADDRNOTAVAIL`).
    AddressNotAvailable,
    /// There is no way to the host or its network.
    Unreachable,
    /// TLS failed.
    Tls,
    /// Anything else, and on reading a cause that this version does not know.
    #[serde(other)]
    Other,
}

impl Cause {
    /// Every cause, in the order of the schema.
    pub const ALL: [Self; 9] = [
        Self::Refused,
        Self::Reset,
        Self::Timeout,
        Self::Short,
        Self::Wrong,
        Self::AddressNotAvailable,
        Self::Unreachable,
        Self::Tls,
        Self::Other,
    ];

    /// The word as the report has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Short => "short",
            Self::Wrong => "wrong",
            Self::AddressNotAvailable => "address_not_available",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often one thing went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// What.
    pub cause: Cause,
    /// How often.
    pub count: u64,
    /// One of them in words, with its numbers.
    pub text: String,
    /// What to do about it; null where nothing is known to help.
    pub cure: Option<String>,
}
