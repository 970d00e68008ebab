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
    /// The name under which it was let in.
    pub(super) user: &'a [u8],
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
        put(to, format_args!("{host} - "));
        if self.user.is_empty() {
            to.push(b'-');
        } else {
            // A blank would end it.
            let user: Vec<&[u8]> = self.user.split(|byte| *byte == b' ').collect();
            escaped(&user.join(&b"%20"[..]), room, to);
        }
        put(to, format_args!(" [{day}/{month}/{year}:{time} +0000] \""));
        escaped(self.line, room, to);
        put(to, format_args!("\" {} ", self.status));
        match self.bytes {
            0 => to.push(b'-'),
            n => put(to, format_args!("{n}")),
        }
    }
}

/// A moment since the Unix epoch as programs sort it (RFC 3339): `2000-10-10T13:55:36.007Z`.
pub(super) fn moment(since: Duration) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let since = since.min(LAST);
    let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
    let [day, month, year, time] = [5..7, 8..11, 12..16, 17..25].map(|part| &date[part]);
    let month = MONTHS.find(month).unwrap_or_default() / 3 + 1;
    format!("{year}-{month:02}-{day}T{time}.{:03}Z", since.subsec_millis())
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
        Access { peer, user: b"", line, status: 200, bytes, began }.write(40, &mut to);
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
    fn a_user_is_named_where_there_is_one() {
        let (began, mut to) = (Duration::ZERO, Vec::new());
        let access =
            Access { peer: None, user: b"a \"b", line: b"GET /", status: 200, bytes: 1, began };
        access.write(40, &mut to);
        let text = String::from_utf8(to).unwrap();
        assert_eq!(text, r#"- - a%20\"b [01/Jan/1970:00:00:00 +0000] "GET /" 200 1"#);
    }

    #[test]
    fn a_moment_is_written_as_it_is_sorted() {
        for (millis, shown) in [
            (971_186_136_007, "2000-10-10T13:55:36.007Z"),
            (1_078_012_800_000, "2004-02-29T00:00:00.000Z"),
            (u64::MAX, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(moment(Duration::from_millis(millis)), shown);
        }
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
