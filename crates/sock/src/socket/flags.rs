//! The flags of one send or receive.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// Flags of one send or receive (Python and C: `MSG_…`), joined by `|`.
///
/// `MSG_NOSIGNAL` is in every send and needs no flag: a peer that is gone is an error, never a
/// signal.
///
/// # Examples
///
/// ```
/// use sock::socket::Flags;
///
/// let flags = Flags::PEEK | Flags::DONTWAIT;
/// assert!(flags.contains(Flags::PEEK));
/// assert_eq!(flags.to_raw(), 0x42);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(i32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Look at what came without taking it (`MSG_PEEK`).
    pub const PEEK: Self = Self(libc::MSG_PEEK);
    /// Do not wait in this one call, whatever the timeout is (`MSG_DONTWAIT`).
    pub const DONTWAIT: Self = Self(libc::MSG_DONTWAIT);
    /// Wait until the buffer is full or the stream ends (`MSG_WAITALL`).
    ///
    /// Only without a timeout: with one, a receive returns what has come.
    pub const WAITALL: Self = Self(libc::MSG_WAITALL);
    /// Urgent data, beside the stream (`MSG_OOB`).
    pub const OOB: Self = Self(libc::MSG_OOB);
    /// Asks for, and reports, the true length of a datagram that was cut (`MSG_TRUNC`).
    pub const TRUNC: Self = Self(libc::MSG_TRUNC);
    /// Reports that control data were cut (`MSG_CTRUNC`).
    pub const CTRUNC: Self = Self(libc::MSG_CTRUNC);
    /// Ends a record of a seqpacket (`MSG_EOR`).
    pub const EOR: Self = Self(libc::MSG_EOR);
    /// More will follow soon, so wait for it before sending (`MSG_MORE`).
    pub const MORE: Self = Self(libc::MSG_MORE);
    /// Do not go over a router (`MSG_DONTROUTE`).
    pub const DONTROUTE: Self = Self(libc::MSG_DONTROUTE);
    /// Take a queued error instead of data (`MSG_ERRQUEUE`).
    pub const ERRQUEUE: Self = Self(libc::MSG_ERRQUEUE);

    /// The flags with this number.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// The number that the system uses.
    #[must_use]
    pub const fn to_raw(self) -> i32 {
        self.0
    }

    /// Whether all of `other` are in it.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits as rustix and the kernel take them.
    pub(crate) const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#x})", self.0)
    }
}
