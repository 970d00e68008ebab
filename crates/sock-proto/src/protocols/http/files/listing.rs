//! Listing: the page of a folder without one of its own.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::time::Duration;

use crate::calendar::Date;
use crate::protocols::http::answer::{Answer, Part};
use crate::protocols::http::page::{Escaped, entity};
use crate::protocols::http::site::{Entry, Listing, Page};
use crate::source::{Memory, Span};
use crate::text::{harmless, harmless_chars};

use super::order::Name;
use super::path::escaped;

/// So many names are shown.
const MOST: usize = 10_000;

/// The rows end before so many bytes: room for [`MOST`] names of 50 letters, and for 1,800 of the longest.
const LONGEST: usize = 2 << 20;

/// A larger page is not copied for each who waits for it.
const TOGETHER: usize = 16 * 1024;

/// It stands in the page as it stands here; [`POLICY`] names its hash.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font-family:system-ui,sans-serif;line-height:1.5;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.25rem;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}\
th{text-align:left;border-bottom:1px solid}\
th,td{padding:.15rem .5rem;vertical-align:top}\
td:first-child{overflow-wrap:anywhere}\
th:nth-child(n+2),td:nth-child(n+2){text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
form{margin:1.5rem 0;padding:.75rem 1rem;border:1px solid}";

/// Nothing is loaded and nothing runs, whatever a name may say; a form comes back here.
pub(super) const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-JWP4xeVZLeYrxH6qOr2FV915/+/JdByOagZTyN01cCo='; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FORM: &str = "<form method=\"post\" enctype=\"multipart/form-data\" action=\"./\">\n\
    <label>Files to store here: <input type=\"file\" name=\"file\" multiple required></label>\n\
    <button>Store</button>\n</form>\n";

const END: &str = "</body>\n</html>\n";

/// Makes the answer of a folder's page; with `upload`, one can store files there.
pub(super) fn answer(page: Page, upload: bool) -> Answer {
    let Page { bytes, left_out } = page;
    let len = bytes.len();
    let page = if len > TOGETHER {
        Part::Span(Span::new(Arc::new(Memory(bytes)), 0, len as u64))
    } else {
        Part::Shared(bytes, 0..len)
    };
    let end = if upload { [FORM, END].concat() } else { END.into() };
    let answer = Answer::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        .with("Cache-Control", "no-cache")
        .with("Content-Security-Policy", POLICY)
        .and(page)
        .and(Part::Bytes(end.into_bytes()));
    // Clients are not told that there is something which they may not see.
    match left_out {
        0 => answer,
        n => {
            let names = if n == 1 { "name is" } else { "names are" };
            answer.noting(format!(
                "{n} {names} not shown: this server may not read what is behind, or it leads out of the directory"
            ))
        }
    }
}

/// Makes the page of the folder at `path`, but for its end, which is not the same on every server.
pub(super) fn page(path: &[u8], listing: &Listing) -> Page {
    let Listing { entries, has_more, left_out } = listing;
    let mut page = String::with_capacity(1536 + entries.len().min(MOST) * 160);
    // Writing to a string cannot fail.
    let _ = begin(&mut page, path);
    let shown = rows(&mut page, entries);
    page.push_str("</table>\n");
    if entries.is_empty() && !has_more {
        page.push_str("<p>This folder is empty.</p>\n");
    }
    if *has_more {
        page.push_str(
            "<p>This folder has more names than these, which are not shown and not in order with them. \
             Who knows the name of a file can ask for it.</p>\n",
        );
    } else if let more @ 1.. = entries.len() - shown {
        let names = if more == 1 { "name is" } else { "names are" };
        // As above, that cannot fail.
        let _ = writeln!(page, "<p>{more} more {names} not shown.</p>");
    }
    Page { bytes: page.into_bytes().into(), left_out: *left_out }
}

fn begin(page: &mut String, path: &[u8]) -> fmt::Result {
    let title = format!("/{}{}", harmless(path), if path.is_empty() { "" } else { "/" });
    let title = Escaped(&title);
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1><bdi>{title}</bdi></h1>\n"
    )?;
    page.push_str("<table>\n<tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr>\n");
    if !path.is_empty() {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    Ok(())
}

/// Writes as many rows as there is room for, and tells how many those are.
fn rows(page: &mut String, entries: &[Entry]) -> usize {
    let mut names: Vec<_> = entries.iter().map(Name::from).collect();
    names.sort_unstable();
    for (n, name) in names.iter().take(MOST).enumerate() {
        let before = page.len();
        // As above, that cannot fail.
        let _ = row(page, name.entry);
        if page.len() > LONGEST {
            page.truncate(before);
            return n;
        }
    }
    names.len().min(MOST)
}

/// A link begins with `./`, so that no name is taken for a scheme; the name stands by itself, so that
/// one that is written from right to left turns nothing else around.
fn row(page: &mut String, entry: &Entry) -> fmt::Result {
    let end = if entry.is_folder { "/" } else { "" };
    page.push_str("<tr><td><a href=\"./");
    page.extend(escaped(&entry.name));
    page.push_str(end);
    page.push_str("\"><bdi>");
    for c in harmless_chars(&entry.name) {
        match entity(c) {
            Some(entity) => page.push_str(entity),
            None => page.push(c),
        }
    }
    page.push_str(end);
    page.push_str("</bdi></a></td><td>");
    if !entry.is_folder {
        write!(page, "{}", Size(entry.len))?;
    }
    page.push_str("</td><td>");
    if let Some(modified) = entry.modified {
        write!(page, "{}", Minute(modified))?;
    }
    page.push_str("</td></tr>\n");
    Ok(())
}

/// A number of bytes, with one decimal where that says more.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let mut rounded = units.into_iter().zip((10_u32..).step_by(10)).map(|(unit, shift)| {
            let half = 1_u128 << (shift - 1);
            ((u128::from(self.0) * 10 + half) >> shift, unit)
        });
        // What would be shown as 1024.0 is 1.0 of the next.
        match rounded.find(|(tenths, _)| *tenths < 10_240) {
            Some((tenths, unit)) if self.0 >= 1024 => {
                write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
            }
            _ => write!(f, "{} B", self.0),
        }
    }
}

/// A moment as people sort it: `2026-11-21 12:15`.
struct Minute(Duration);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_secs() / 60;
        let Date { year, month, day } = Date::of(minutes / 1440);
        let (hour, minute) = (minutes / 60 % 24, minutes % 60);
        write!(f, "{year:04}-{:02}-{day:02} {hour:02}:{minute:02}", month + 1)
    }
}
