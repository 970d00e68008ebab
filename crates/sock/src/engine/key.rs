//! Keys: what a ready descriptor or a timer stands for.

/// What a key of the wait, or of a timer, stands for: the kind above, the number below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Stop(u32),
    Bell,
    Port(u32),
    Conn(u32),
    Group(u32),
    Grace,
    Dialer,
    Campaign,
}

impl Key {
    pub(super) fn to_u64(self) -> u64 {
        let (kind, n) = match self {
            Self::Stop(n) => (0, n),
            Self::Bell => (1, 0),
            Self::Port(n) => (2, n),
            Self::Conn(n) => (3, n),
            Self::Group(n) => (4, n),
            Self::Grace => (5, 0),
            Self::Dialer => (6, 0),
            Self::Campaign => (7, 0),
        };
        kind << 32 | u64::from(n)
    }

    pub(super) fn from_u64(key: u64) -> Self {
        let n = (key & 0xffff_ffff) as u32;
        match key >> 32 {
            0 => Self::Stop(n),
            1 => Self::Bell,
            2 => Self::Port(n),
            3 => Self::Conn(n),
            4 => Self::Group(n),
            5 => Self::Grace,
            6 => Self::Dialer,
            _ => Self::Campaign,
        }
    }

    pub(super) fn conn(slot: usize) -> Self {
        Self::Conn(number(slot))
    }

    pub(super) fn group(place: usize) -> Self {
        Self::Group(number(place))
    }

    pub(super) fn stop(place: usize) -> Self {
        Self::Stop(number(place))
    }

    pub(super) fn port(place: usize) -> Self {
        Self::Port(number(place))
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a process has fewer than 2^32 descriptors")
}
