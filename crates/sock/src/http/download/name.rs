//! Name: what a file is called by a stranger, made harmless.
//!
//! The server (`Content-Disposition`, RFC 6266) or the URL proposes; what comes out is one name in the
//! directory where it is used, not hidden, printable, and short enough for what is written beside it.

use percent_encoding::percent_decode_str;

use crate::http::Fields;

/// What is left of the 255 bytes of a name once `.part.json` has its place, with room to spare.
const LONGEST: usize = 200;
/// An ending longer than this is not one.
const ENDING: usize = 16;

/// Names a file by what the header of its reply, or else one of the URLs, says.
///
/// # Examples
///
/// ```
/// use sock::http::{Fields, file_name};
///
/// let mut fields = Fields::new();
/// assert_eq!(file_name(&fields, &["http://a.example/x/report%202.pdf?draft"]), "report 2.pdf");
/// fields.push("Content-Disposition", "attachment; filename=\"../../.bashrc\"");
/// assert_eq!(file_name(&fields, &["http://a.example/"]), "bashrc");
/// ```
#[must_use]
pub fn file_name(fields: &Fields, urls: &[&str]) -> String {
    let proposed = fields.get("content-disposition").and_then(disposed).into_iter();
    let mut names = proposed.chain(urls.iter().filter_map(|url| last_segment(url)));
    names.find_map(|name| harmless(&name)).unwrap_or_else(|| {
        let is_page = fields.get("content-type").is_some_and(|media| media.contains("html"));
        if is_page { "index.html" } else { "download" }.to_owned()
    })
}

/// The name that a `Content-Disposition` gives: `filename*` before `filename`.
fn disposed(value: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(value) {
        if name.eq_ignore_ascii_case("filename*") {
            // charset'language'percent-encoded (RFC 8187); the charset is UTF-8.
            let mut parts = value.splitn(3, '\'');
            let is_utf8 = parts.next().is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
            if let (true, Some(coded)) = (is_utf8, parts.nth(1)) {
                return Some(decoded(coded));
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain.get_or_insert(value);
        }
    }
    plain
}

/// The parameters behind the first `;`, unquoted.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']).to_owned();
        let after = after.trim_start();
        let Some(quoted) = after.strip_prefix('"') else {
            let (value, next) = after.split_once(';').unwrap_or((after, ""));
            found.push((name, value.trim().to_owned()));
            rest = next;
            continue;
        };
        let mut value = String::new();
        let mut letters = quoted.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => value.extend(letters.next()),
                _ => value.push(letter),
            }
        }
        found.push((name, value));
        rest = letters.as_str();
    }
    found
}

/// What stands behind the last slash of a URL's path.
fn last_segment(url: &str) -> Option<String> {
    let url = url.find(['?', '#']).map_or(url, |at| &url[..at]);
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (_, segment) = path.rsplit_once('/')?;
    Some(decoded(segment))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A name without what does harm in one; none if nothing is left.
fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|letter| !is_unseen(*letter)).collect();
    // Hidden files on one side; what other systems drop on the other.
    let clean = clean.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    let clean: String = clean
        .chars()
        .map(|letter| if "<>:\"|?*".contains(letter) { '_' } else { letter })
        .collect();
    let clean = shortened(&clean);
    if clean.is_empty() {
        return None;
    }
    // Another download would take it for what is its own beside its file.
    let lower = clean.to_ascii_lowercase();
    let is_ours = [".part", ".part.json"].iter().any(|end| lower.ends_with(end));
    let clean = if is_ours { clean + "_" } else { clean };
    // It would look like an option; or like a device, to a system that knows those.
    let is_risky = clean.starts_with('-') || is_device(&clean);
    Some(if is_risky { format!("_{clean}") } else { clean })
}

/// Controls, and what is not seen or turns the direction of what is.
fn is_unseen(letter: char) -> bool {
    let marks = ['\u{ad}', '\u{61c}', '\u{feff}'];
    letter.is_control()
        || marks.contains(&letter)
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(letter, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |stem: &str| {
        let digit = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
        digit.is_some_and(|digit| matches!(digit.as_bytes(), [b'0'..=b'9']))
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered(&stem)
}

/// So much of a name as fits, with its ending.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() <= ENDING { ending } else { "" };
    let mut end = LONGEST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_proposes_is_made_harmless() {
        for (proposed, name) in [
            ("plain.txt", Some("plain.txt")),
            ("../../etc/passwd", Some("passwd")),
            ("/etc/passwd", Some("passwd")),
            ("C:\\Windows\\a.dll", Some("a.dll")),
            (".bashrc", Some("bashrc")),
            ("...", None),
            ("..", None),
            ("", None),
            ("a/", None),
            (" . a . ", Some("a")),
            ("a\0b\nc\x1b[2J", Some("abc[2J")),
            ("gpj.\u{202e}exe", Some("gpj.exe")),
            ("a\u{200b}\u{feff}b", Some("ab")),
            ("-rf", Some("_-rf")),
            ("con", Some("_con")),
            ("NUL.txt", Some("_NUL.txt")),
            ("com1", Some("_com1")),
            ("com10", Some("com10")),
            ("a.part", Some("a.part_")),
            ("ä.part.JSON", Some("ä.part.JSON_")),
            ("a<b>:\"|?*", Some("a_b______")),
            ("größe €.txt", Some("größe €.txt")),
        ] {
            assert_eq!(harmless(proposed).as_deref(), name, "{proposed:?}");
        }
        let long = harmless(&format!("{}.tar.gz", "ä".repeat(300))).unwrap();
        assert_eq!((long.len(), long.ends_with("ä.gz")), (199, true), "{long}");
        assert_eq!(harmless(&format!("a.{}", "b".repeat(300))).unwrap().len(), LONGEST);
    }

    #[test]
    fn the_header_proposes_before_the_url() {
        for (value, name) in [
            ("attachment; filename=a.txt", "a.txt"),
            ("attachment; filename=\"a b.txt\"", "a b.txt"),
            ("attachment; filename=\"a\\\"b;c\"; size=3", "a_b;c"),
            ("inline;FILENAME=\"x\" ; filename*=UTF-8''%e2%82%ac%20rates", "€ rates"),
            ("attachment; filename*=utf-8'en'a%2Fb.txt; filename=c", "b.txt"),
            ("attachment; filename*=latin1''%e4; filename=c", "c"),
            ("attachment; filename=", "url.bin"),
            ("attachment; filename=\"", "url.bin"),
            ("attachment", "url.bin"),
            ("attachment; filename*", "url.bin"),
            ("attachment; filename=\"..\"", "url.bin"),
        ] {
            let mut fields = Fields::new();
            fields.push("content-disposition", value);
            assert_eq!(file_name(&fields, &["http://h/p/url.bin"]), name, "{value}");
        }
    }

    #[test]
    fn a_url_names_its_last_segment() {
        for (url, name) in [
            ("http://h/a/b.txt?x=/c#d/e", "b.txt"),
            ("http://h/a%2f..%2fb", "b"),
            ("http://h/%00%ff", "\u{fffd}"),
            ("http://h", "download"),
            ("http://h/", "download"),
            ("http://h/a/?b", "download"),
        ] {
            assert_eq!(file_name(&Fields::new(), &[url]), name, "{url}");
        }
        let mut fields = Fields::new();
        fields.push("content-type", "text/html; charset=utf-8");
        assert_eq!(file_name(&fields, &["http://h/"]), "index.html");
        assert_eq!(file_name(&fields, &["http://h/", "http://h/welcome"]), "welcome");
    }
}
