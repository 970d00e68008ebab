//! Access: who may connect, as ranges of addresses.

use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses: `10.0.0.0/8`, `::1`, `192.168.1.7`.
///
/// # Examples
///
/// ```
/// use sock::Cidr;
///
/// let home: Cidr = "127.0.0.0/8".parse()?;
/// assert!(home.contains("127.1.2.3".parse()?));
/// assert!(home.contains("::ffff:127.0.0.1".parse()?));
/// assert!(!home.contains("128.0.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no range of addresses; write one such as 10.0.0.0/8 or ::1")]
pub struct CidrError(String);

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let error = || CidrError(text.to_owned());
        let (base, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let base: IpAddr = base.parse().map_err(|_| error())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| error())?;
        if bits > most {
            return Err(error());
        }
        Ok(Self { base, bits })
    }
}

impl Cidr {
    /// Tells whether `addr` is in the range; an IPv4 address in IPv6 clothes counts as IPv4.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| {
            let shift = width - u32::from(self.bits);
            a.checked_shr(shift) == b.checked_shr(shift)
        };
        match (self.base, addr.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            (IpAddr::V6(a), IpAddr::V4(_)) => match addr {
                IpAddr::V6(b) => same(a.to_bits(), b.to_bits(), 128),
                IpAddr::V4(_) => false,
            },
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }
}

/// Who may connect: nobody in `deny`, and where `allow` names somebody, only those.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Only these, where there are any.
    pub allow: Vec<Cidr>,
    /// Never these.
    pub deny: Vec<Cidr>,
}

impl Access {
    /// Tells whether there is no rule.
    #[must_use]
    pub fn admits_everybody(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Tells whether `addr` may connect; a peer without an address (a unix socket) may.
    #[must_use]
    pub fn admits(&self, addr: Option<IpAddr>) -> bool {
        let Some(addr) = addr else { return true };
        let is_in = |ranges: &[Cidr]| ranges.iter().any(|range| range.contains(addr));
        !is_in(&self.deny) && (self.allow.is_empty() || is_in(&self.allow))
    }
}
