//! Access: a request that was answered, in the common log format.
//!
//! ```text
//! 127.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 2326
//! ```

use std::time::{Duration, UNIX_EPOCH};

use super::words::put;

/// The last second of the year 9999, beyond which dates have another form.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access<'a> {
    /// Who asked: an address, with its port where it has one.
    pub(super) peer: Option<&'a str>,
    /// The request's first line.
    pub(super) line: &'a [u8],
    pub(super) status: u16,
    /// Bytes of the answer's body.
    pub(super) bytes: u64,
    /// The time of day, since the Unix epoch.
    pub(super) began: Duration,
}

impl Access<'_> {
    /// Appends the line, the request in up to about `room` bytes.
    pub(super) fn write(&self, room: usize, to: &mut Vec<u8>) {
        let host = self.peer.map_or("-", host);
        // `Sun, 06 Nov 1994 08:49:37 GMT`, which is always as long as this.
        let date = httpdate::fmt_http_date(UNIX_EPOCH + self.began.min(LAST));
        let [day, month, year, time] = [5..7, 8..11, 12..16, 17..25].map(|part| &date[part]);
        put(to, format_args!("{host} - - [{day}/{month}/{year}:{time} +0000] \""));
        escaped(self.line, room, to);
        put(to, format_args!("\" {} ", self.status));
        match self.bytes {
            0 => to.push(b'-'),
            n => put(to, format_args!("{n}")),
        }
    }
}

/// An address without its port: `127.0.0.1`, `::1`; a path, which is made of anything, is none.
fn host(address: &str) -> &str {
    let Some((host, _)) = address.rsplit_once(':') else { return "-" };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '%');
    if host.is_empty() || !host.chars().all(is_part) { "-" } else { host }
}

/// Appends what a client sent, so that no byte of it ends the quotes or moves a cursor; what is no
/// ASCII is written in digits too, since programs that read such logs expect nothing else.
fn escaped(bytes: &[u8], room: usize, to: &mut Vec<u8>) {
    let end = to.len().saturating_add(room);
    for byte in bytes {
        if to.len() >= end {
            return to.extend_from_slice(b"...");
        }
        match byte {
            b'"' | b'\\' => to.extend_from_slice(&[b'\\', *byte]),
            b' '..=b'~' => to.push(*byte),
            byte => put(to, format_args!("\\x{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(peer: Option<&str>, line: &[u8], bytes: u64) -> String {
        let began = Duration::from_secs(971_186_136);
        let mut to = Vec::new();
        Access { peer, line, status: 200, bytes, began }.write(40, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_request_is_a_line_of_the_common_format() {
        assert_eq!(
            line(Some("127.0.0.1:40000"), b"GET / HTTP/1.1", 2326),
            "127.0.0.1 - - [10/Oct/2000:13:55:36 +0000] \"GET / HTTP/1.1\" 200 2326"
        );
        let ends = |peer, host: &str| {
            let line = line(peer, b"GET /", 0);
            assert_eq!(line, format!("{host} - - [10/Oct/2000:13:55:36 +0000] \"GET /\" 200 -"));
        };
        ends(Some("[::1]:5"), "::1");
        ends(Some("[fe80::1%eth0]:5"), "fe80::1%eth0");
        ends(Some("/run/a b:5"), "-");
        ends(None, "-");
    }

    #[test]
    fn no_byte_of_a_request_does_harm() {
        assert_eq!(
            line(None, b"\x1b[2J\" \\ \xc3\xa9\n", 1),
            r#"- - - [10/Oct/2000:13:55:36 +0000] "\x1b[2J\" \\ \xc3\xa9\x0a" 200 1"#
        );
        assert!(line(None, &[b'a'; 99], 1).contains(&format!("\"{}...\" 200", "a".repeat(40))));
    }
}
