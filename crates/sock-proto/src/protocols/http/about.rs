//! About: the page of a server that has nothing else to show: what it is, what a request and an answer
//! are, and how to serve something.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use core::time::Duration;

use super::answer::{Answer, Part};
use super::date;
use super::head::{Head, Method};
use super::page::{self, Escaped};

/// Answers GET and HEAD for `/`, and nothing else; `raw` is the head as it came, at the time of day `wall`.
pub(super) fn answer(head: &Head<'_>, raw: &[u8], wall: Duration) -> Answer {
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
    let mut body = String::with_capacity(PAGE.len() + 2 * raw.len());
    let (before, after) = PAGE.split_once("REQUEST").unwrap_or((PAGE, ""));
    // Writing to a string cannot fail.
    let _ = write!(body, "{before}{}", Escaped(asked.trim_ascii_end()));
    let (before, after) = after.split_once("DATE").unwrap_or((after, ""));
    let mut date = Vec::new();
    date::write(wall.as_secs(), &mut date);
    body += before;
    body += &String::from_utf8_lossy(&date);
    let (before, after) = after.split_once("LENGTH").unwrap_or((after, ""));
    let (middle, after) = after.split_once("PLACE").unwrap_or((after, ""));
    let place = Escaped(&place(head)).to_string();
    let rest = [before, middle, &place, after].into_iter().map(str::len).sum::<usize>();
    let len = own_len(body.len() + rest);
    // As above.
    let _ = write!(body, "{before}{len}{middle}{place}{after}");
    Answer::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        // The page shows the request itself.
        .with("Cache-Control", "no-store")
        .and(Part::Bytes(body.into_bytes()))
}

/// Where the client found us, with the port, as `sock connect` takes it; what usually is where it does not say.
fn place(head: &Head<'_>) -> String {
    let host = head.field("Host").and_then(|host| core::str::from_utf8(host).ok());
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return String::from("localhost:8000");
    };
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    // What follows the last colon of an address of IPv6 ends with its bracket.
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| is_number(port));
    if has_port { host.into() } else { format!("{}:80", host.trim_end_matches(':')) }
}

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
    fn a_length_counts_its_own_digits() {
        for (rest, len) in [(0, 1), (8, 9), (9, 11), (97, 99), (98, 101), (996, 999), (997, 1001)] {
            assert_eq!(own_len(rest), len, "{rest}");
        }
    }
}
