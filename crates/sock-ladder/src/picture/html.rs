//! One HTML file: pages of the same picture, and a script that lights up what belongs together.
//!
//! The file loads nothing and says so itself: its policy allows one style and one script, by their hashes. What the
//! programs sent is text everywhere: escaped in the markup, and set as text by the script.

use std::collections::BTreeSet;
use std::fmt::Write;

use sock_record::Line;

use super::escape::escape;
use super::island::island;
use super::layout::Picture;
use super::{LANES, paint, remarks};
use crate::plan::fold::Shown;
use crate::scene::{Scene, stage};
use crate::text::Drawing;

/// So many rows are one page: what a browser lays out without a pause.
const PAGE: usize = 250;

/// So many pages are in one file: about 10 MB of it.
const MOST_PAGES: usize = 40;

const STYLE: &str = concat!(include_str!("picture.css"), include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

/// The SHA-256 of [`STYLE`] and of [`SCRIPT`], in base64: what the policy allows. A test holds them to the texts.
const STYLE_HASH: &str = include_str!("page.css.sha256");
const SCRIPT_HASH: &str = include_str!("page.js.sha256");

/// Draws a record as one HTML file that needs nothing else.
///
/// A pointer over a call (or the keys, `?` lists them) lights up where its bytes came from and went to; calls are filtered
/// by program, connection and kind. What repeats is folded where the drawing says so, and there is a page for every 250
/// rows; of more than 40 pages the first are in the file, and it says how many rows are not.
///
/// # Examples
///
/// ```
/// let page = sock_ladder::html([], &sock_ladder::Drawing::default());
/// assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"));
/// ```
#[must_use]
pub fn html<'a>(lines: impl IntoIterator<Item = &'a Line>, drawing: &Drawing) -> String {
    stage(lines, drawing, LANES, |scene| page(scene, drawing.ascii))
}

fn page(scene: &Scene<'_, '_>, ascii: bool) -> String {
    let drawn = scene.shown.len().min(PAGE * MOST_PAGES);
    let mut pages: Vec<&[Shown]> = scene.shown[..drawn].chunks(PAGE).collect();
    if pages.is_empty() {
        pages.push(&[]);
    }
    let count = pages.len();
    let mut html = String::with_capacity(64 * 1024);
    let mut put = |what: std::fmt::Arguments<'_>| {
        // A string takes everything.
        let _ = html.write_fmt(what);
    };
    put(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n",
        STYLE_HASH.trim_end(),
        SCRIPT_HASH.trim_end(),
        escape(&title(scene), ascii),
    ));
    put(format_args!(
        "<body>\n<header>\n<h1>{}</h1>\n{CONTROLS}</header>\n<main>\n",
        escape(&title(scene), ascii)
    ));
    let mut calls: BTreeSet<usize> = BTreeSet::new();
    let mut legend = String::new();
    for (n, rows) in pages.iter().enumerate() {
        let picture = Picture::new(scene, rows, ascii);
        calls.extend(picture.deeds.iter().map(|deed| deed.call));
        let name = |call: usize| Some(scene.story.calls[call].ev.0);
        // The first page is there without a script.
        let (open, close) =
            if n == 0 { ("div class=\"page\"", "div") } else { ("template", "template") };
        let (head, body) = (paint::head(&picture), paint::body(&picture, &name));
        let (notes, lanes) = (notes(&picture, &name), picture.aside);
        put(format_args!(
            "<{open} data-lanes=\"{lanes}\">\n<div class=\"names\">{head}</div>\n{body}{notes}</{close}>\n"
        ));
        if n == 0 {
            legend = paint::legend(&picture);
        }
    }
    put(format_args!("</main>\n<pre id=\"about\" aria-live=\"polite\" hidden></pre>\n<footer>\n"));
    for line in remarks(scene, drawn) {
        put(format_args!("<p>{}</p>\n", escape(&line, ascii)));
    }
    if count > 1 {
        put(format_args!(
            "<noscript><p>{} more pages need a script to be shown</p></noscript>\n",
            count - 1
        ));
    }
    put(format_args!("<p>{}</p>\n</footer>\n", escape(&legend, ascii)));
    let data = island(scene, &calls);
    put(format_args!("<script type=\"application/json\" id=\"data\">{data}</script>\n"));
    put(format_args!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    html
}

/// The sentences of a picture by their numbers, for a window that has no room for them beside the lanes.
fn notes(picture: &Picture, name: paint::Names<'_>) -> String {
    if picture.sentences.is_empty() {
        return String::new();
    }
    let mut list = String::from("<ol class=\"notes\">\n");
    for sentence in &picture.sentences {
        let (about, text) =
            (paint::about(name, &[sentence.call]), escape(&sentence.text, picture.ascii));
        let level = paint::level(&sentence.level);
        // A string takes everything.
        let _ = writeln!(list, "<li class=\"said{level}\"{about}>{text}</li>");
    }
    list + "</ol>\n"
}

/// Who spoke.
fn title(scene: &Scene<'_, '_>) -> String {
    let mut names: Vec<&str> = scene.lanes.all.iter().map(|lane| &*lane.name).collect();
    names.dedup();
    let more = if names.len() > 4 { " …" } else { "" };
    names.truncate(4);
    if names.is_empty() { "A ladder".to_owned() } else { format!("{}{more}", names.join(", ")) }
}

const CONTROLS: &str = "<form id=\"filter\" hidden>\n\
    <label>program <select id=\"proc\"><option value=\"\">all</option></select></label>\n\
    <label>connection <select id=\"conn\"><option value=\"\">all</option></select></label>\n\
    <label>call <select id=\"call\"><option value=\"\">all</option></select></label>\n\
    <span id=\"pages\" hidden><button type=\"button\" id=\"before\">‹ page</button> <output id=\"page\"></output> \
    <button type=\"button\" id=\"after\">page ›</button></span>\n\
    <button type=\"button\" id=\"help\" aria-expanded=\"false\">? keys</button>\n\
    <span id=\"keys\" hidden>↓ ↑ or j k: next and previous call · Home End: first and last · n p: pages · f: filter · Esc: let go</span>\n\
    </form>\n";

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_these_texts_and_no_others() {
        for (text, hash) in [(STYLE, STYLE_HASH), (SCRIPT, SCRIPT_HASH)] {
            assert_eq!(hash.trim_end(), BASE64.encode(&Sha256::digest(text.as_bytes())));
            assert!(!text.contains("</"), "nothing in it ends its element");
        }
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("insertAdjacentHTML"));
    }
}
