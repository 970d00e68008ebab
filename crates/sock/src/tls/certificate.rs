//! Certificate: what one says, for people.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate says.
///
/// Whoever made it chose the words: what a terminal would obey (control characters) is shown escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// From when on it is valid, since the Unix epoch; zero is 1970 or earlier.
    pub not_before: Duration,
    /// Until when it is valid, since the Unix epoch.
    pub not_after: Duration,
    /// The SHA-256 digest of the whole.
    pub fingerprint: [u8; 32],
}

impl Certificate {
    /// Reads one; what is no certificate has a fingerprint and no words.
    pub(crate) fn of(der: &CertificateDer<'_>) -> Self {
        let fingerprint = Sha256::digest(der).into();
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            let (subject, issuer) = ("(no X.509 certificate)".to_owned(), String::new());
            let (not_before, not_after) = (Duration::ZERO, Duration::ZERO);
            return Self { subject, issuer, names: Vec::new(), not_before, not_after, fingerprint };
        };
        let since_epoch = |time: x509_parser::time::ASN1Time| {
            Duration::from_secs(u64::try_from(time.timestamp()).unwrap_or_default())
        };
        let alternatives = parsed.subject_alternative_name().ok().flatten();
        let names = alternatives.map(|names| names.value.general_names.iter().filter_map(name));
        Self {
            subject: shown(&parsed.subject().to_string()),
            issuer: shown(&parsed.issuer().to_string()),
            names: names.into_iter().flatten().collect(),
            not_before: since_epoch(parsed.validity().not_before),
            not_after: since_epoch(parsed.validity().not_after),
            fingerprint,
        }
    }

    /// Tells whether it is signed by itself.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }

    /// The SHA-256 digest as people compare it: pairs of digits with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let pairs: Vec<String> =
            self.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// Everything that it says, a line each, seen from the moment `now` since the Unix epoch.
    #[must_use]
    pub fn lines(&self, now: Duration) -> Vec<String> {
        let names = if self.names.is_empty() { "(none)".to_owned() } else { self.names.join(", ") };
        vec![
            format!("subject {}", self.subject),
            format!("issuer {}", self.issuer),
            format!("names {names}"),
            format!("valid from {}", date(self.not_before)),
            format!("expires {}", self.expiry(now)),
            format!("SHA-256 {}", self.fingerprint()),
        ]
    }

    /// Until when it is valid, seen from the moment `now` since the Unix epoch: `in 29 days`.
    #[must_use]
    pub fn expiry(&self, now: Duration) -> String {
        format!("{} ({})", date(self.not_after), distance(now, self.not_after))
    }
}

/// Whose it is, and for which names: `CN=sock (for localhost, 127.0.0.1)`.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.subject.is_empty() { "(without a subject)" } else { &self.subject })?;
        if !self.names.is_empty() {
            write!(f, " (for {})", self.names.join(", "))?;
        }
        Ok(())
    }
}

/// A name that a client compares with the one that it called.
fn name(name: &GeneralName<'_>) -> Option<String> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "no other kind is compared with a host")]
    match name {
        GeneralName::DNSName(name) => Some(shown(name)),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(v6).to_string())
}

/// The text without anything that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    let show =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(show).collect()
}

/// A moment since the Unix epoch: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn date(moment: Duration) -> String {
    // The last second that the format has: certificates without an end say 9999.
    let last = Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + moment.min(last))
}

/// How far `then` is from `now`: `in 3 days`, `12 days ago`.
pub(super) fn distance(now: Duration, then: Duration) -> String {
    let (apart, is_past) = (now.abs_diff(then), then < now);
    let (number, unit) = match apart.as_secs() {
        seconds @ 0..60 => (seconds, "second"),
        seconds @ 60..3600 => (seconds / 60, "minute"),
        seconds @ 3600..86_400 => (seconds / 3600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    let text = format!("{number} {unit}{plural}");
    if is_past { format!("{text} ago") } else { format!("in {text}") }
}

/// rustls's form of a moment, as ours.
pub(super) fn moment(time: UnixTime) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_and_a_distance() {
        let day = Duration::from_hours(24);
        let now = Duration::from_secs(784_111_777);
        assert_eq!(date(now), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(Duration::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(distance(now, now + day), "in 1 day");
        assert_eq!(distance(now + 12 * day, now), "12 days ago");
        assert_eq!(distance(now, now + Duration::from_secs(7199)), "in 1 hour");
        assert_eq!(distance(now, now), "in 0 seconds");
    }

    #[test]
    fn nothing_in_a_certificate_commands_a_terminal() {
        assert_eq!(shown("CN=\u{1b}[2Jevil\n"), "CN=\\u{1b}[2Jevil\\n");
    }

    #[test]
    fn what_is_no_certificate_still_has_a_fingerprint() {
        let none = Certificate::of(&CertificateDer::from(b"abc".to_vec()));
        assert!(none.fingerprint().starts_with("BA:78:16:BF"), "{}", none.fingerprint());
    }
}
