//! Listing: the page of a folder without one of its own.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};
use core::time::Duration;

use crate::calendar::Date;
use crate::protocols::http::answer::{Answer, Part};
use crate::protocols::http::page::Escaped;
use crate::protocols::http::site::{Entry, Listing};
use crate::text::harmless;

use super::order::by_name;
use super::path::escaped;

/// So many names are shown: a page of these is 2 MB, and as much memory for each who loads it.
const MOST: usize = 10_000;

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

/// Makes the page of the folder at `path`; with `upload`, one can store files there.
pub(super) fn page(path: &[u8], mut listing: Listing, upload: bool) -> Answer {
    let entries = &mut listing.entries;
    entries.sort_unstable_by(by_name);
    let mut page = String::with_capacity(1536 + entries.len().min(MOST) * 160);
    // Writing to a string cannot fail.
    let _ = write(&mut page, path, &listing, upload);
    let answer = Answer::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        .with("Cache-Control", "no-cache")
        .with("Content-Security-Policy", POLICY)
        .and(Part::Bytes(page.into_bytes()));
    // Clients are not told that there is something which they may not see.
    match listing.left_out {
        0 => answer,
        n => {
            let names = if n == 1 { "name is" } else { "names are" };
            answer.noting(format!(
                "{n} {names} not shown: this server may not read what is behind, or it leads out of the directory"
            ))
        }
    }
}

fn write(page: &mut String, path: &[u8], listing: &Listing, upload: bool) -> fmt::Result {
    let Listing { entries, has_more, left_out: _ } = listing;
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
    for entry in entries.iter().take(MOST) {
        row(page, entry)?;
    }
    page.push_str("</table>\n");
    if entries.is_empty() && !has_more {
        page.push_str("<p>This folder is empty.</p>\n");
    }
    if *has_more {
        page.push_str(
            "<p>This folder has more names than these, which are not shown and not in order with them. \
             Who knows the name of a file can ask for it.</p>\n",
        );
    } else if let Some(more @ 1..) = entries.len().checked_sub(MOST) {
        writeln!(page, "<p>{more} more names are not shown.</p>")?;
    }
    if upload {
        page.push_str(
            "<form method=\"post\" enctype=\"multipart/form-data\" action=\"./\">\n\
             <label>Files to store here: <input type=\"file\" name=\"file\" multiple required></label>\n\
             <button>Store</button>\n</form>\n",
        );
    }
    page.push_str("</body>\n</html>\n");
    Ok(())
}

/// A link begins with `./`, so that no name is taken for a scheme; the name stands by itself, so that
/// one that is written from right to left turns nothing else around.
fn row(page: &mut String, entry: &Entry) -> fmt::Result {
    let (link, name) = (escaped(&entry.name), harmless(&entry.name));
    let (name, end) = (Escaped(&name), if entry.is_folder { "/" } else { "" });
    write!(page, "<tr><td><a href=\"./{link}{end}\"><bdi>{name}{end}</bdi></a></td><td>")?;
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
