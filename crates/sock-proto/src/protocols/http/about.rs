//! About: the page of a server that has nothing else to show: what it is, what a request and an answer
//! are, and how to serve something.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::answer::{Answer, Part};
use super::date;
use super::head::{Head, Method};
use super::page::{self, Escaped};

/// Answers GET and HEAD for `/`, and nothing else; `raw` is the head as it came, at the time of day `wall`,
/// and within TLS or not.
pub(super) fn answer(head: &Head<'_>, raw: &[u8], wall: Duration, is_within: bool) -> Answer {
    if head.method == Method::Options {
        return Answer::new(204).with("Allow", "GET, HEAD, OPTIONS");
    }
    let path = head.target.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path != b"/" {
        return page::error(
            404,
            "There is nothing here: this server has one page, at /",
            "Serve a directory with `sock serve http DIR`",
        );
    }
    let asked = String::from_utf8_lossy(raw);
    let mut date = Vec::new();
    date::write(wall.as_secs(), &mut date);
    let host = head.field("Host").and_then(|host| str::from_utf8(host).ok());
    let host = host.filter(|host| !host.is_empty());
    let body = page([
        ("WITHIN", if is_within { WITHIN_TLS } else { " and sent" }.to_owned()),
        ("REQUEST", Escaped(asked.trim_ascii_end()).to_string()),
        ("DATE", String::from_utf8_lossy(&date).into_owned()),
        ("LENGTH", String::new()),
        ("ADDRESS", Escaped(&address(host, is_within)).to_string()),
        ("HOST", Escaped(host.unwrap_or("localhost")).to_string()),
        ("TRUST", if is_within { TRUST } else { "" }.to_owned()),
    ]);
    Answer::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        // The page shows the request itself.
        .with("Cache-Control", "no-store")
        .and(Part::Bytes(body.into_bytes()))
}

/// The page with each of these, which stand in it in this order; `LENGTH` is what comes out.
fn page<const N: usize>(mut slots: [(&str, String); N]) -> String {
    let own: usize = slots.iter().map(|(slot, _)| slot.len()).sum();
    let given: usize = slots.iter().map(|(_, value)| value.len()).sum();
    let len = own_len(PAGE.len() - own + given);
    let mut page = String::with_capacity(len);
    let mut rest = PAGE;
    for (slot, value) in &mut slots {
        let (before, after) = rest.split_once(*slot).unwrap_or((rest, ""));
        page += before;
        if *slot == "LENGTH" {
            *value = len.to_string();
        }
        page += value;
        rest = after;
    }
    page + rest
}

/// Where the client found us, with the port, as `sock connect` takes it; what usually is where it does not say.
fn address(host: Option<&str>, is_within: bool) -> String {
    let (scheme, usual) = if is_within { ("tls://", "443") } else { ("", "80") };
    let Some(host) = host else { return format!("{scheme}localhost:8000") };
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    // What follows the last colon of an address of IPv6 ends with its bracket.
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| is_number(port));
    let port = if has_port { String::new() } else { format!(":{usual}") };
    format!("{scheme}{}{port}", if has_port { host } else { host.trim_end_matches(':') })
}

const WITHIN_TLS: &str = ", agreed on TLS, and sent within that";
const TRUST: &str = "
<p>A certificate that the server has made on the spot is trusted by its file: add the <code>--ca FILE</code> that the
server prints when it starts.</p>";

/// How long a text of this length is together with its own length in decimal digits.
fn own_len(rest: usize) -> usize {
    let digits = |n: usize| n.checked_ilog10().map_or(1, |log| log as usize + 1);
    let len = rest + digits(rest);
    // One more digit, where those digits made it longer by one.
    rest + digits(len)
}

const PAGE: &str = include_str!("about.html");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_told_to_call_as_it_has_called() {
        for (host, is_within, expected) in [
            (Some("localhost:8080"), false, "localhost:8080"),
            (Some("example.org"), false, "example.org:80"),
            (Some("[::1]:8000"), false, "[::1]:8000"),
            (Some("[::1]"), true, "tls://[::1]:443"),
            (Some("127.0.0.1:8443"), true, "tls://127.0.0.1:8443"),
            (Some("a:"), true, "tls://a:443"),
            (None, false, "localhost:8000"),
        ] {
            assert_eq!(address(host, is_within), expected);
        }
    }

    #[test]
    fn a_length_counts_its_own_digits() {
        for (rest, len) in [(0, 1), (8, 9), (9, 11), (97, 99), (98, 101), (996, 999), (997, 1001)] {
            assert_eq!(own_len(rest), len, "{rest}");
        }
    }
}
