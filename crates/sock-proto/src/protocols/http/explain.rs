//! Explain: the answer of the server that says what arrived, byte for byte.
//!
//! Every byte stands behind a mark at the beginning of a line, so that what arrived can be put together
//! again: behind `| ` as text, in which `\r`, `\n`, `\t`, `\\` and `\xNN` stand for what cannot be
//! seen, and behind `= ` in hexadecimal digits.

use alloc::string::String;
use core::fmt::{self, Write};

use super::answer::{Answer, Part};
use super::parse::{End, Line, Wrong};
use super::request::Framing;

/// What arrived, and what was made of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived<'a> {
    /// All of it.
    pub(super) raw: &'a [u8],
    /// Where its head ends; none where that was not found.
    pub(super) end: Option<End>,
    /// How its body was told from what follows.
    pub(super) framing: Framing,
    /// How many bytes its body has, without the frame of its chunks.
    pub(super) content: u64,
}

/// Says what arrived, and what is wrong with it if something is.
pub(super) fn answer(arrived: &Arrived<'_>, wrong: Option<&Wrong>) -> Answer {
    let mut text = String::with_capacity(512 + 3 * arrived.raw.len());
    // Writing to a string cannot fail.
    let _ = write(arrived, wrong, &mut text);
    Answer::new(wrong.map_or(200, |wrong| wrong.status))
        .with("Content-Type", "text/plain; charset=utf-8")
        .with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "no-store")
        .and(Part::Bytes(text.into_bytes()))
}

fn write(arrived: &Arrived<'_>, wrong: Option<&Wrong>, to: &mut String) -> fmt::Result {
    let Arrived { raw, end, .. } = *arrived;
    writeln!(to, "{} arrived. What came stands behind a bar,", Count(raw.len() as u64))?;
    writeln!(to, r"with \r, \n, \t, \\ and \xNN for what cannot be seen.")?;
    if let Some(Wrong { status, what, cure }) = wrong {
        let verdict = if *status == 413 { "It is not taken" } else { "It is not understood" };
        writeln!(to, "\n{verdict} ({status}): {what}.\n{cure}.")?;
    }
    let head = end.map_or(raw, |end| &raw[..end.at]);
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    if let Some(line) = lines.next() {
        first(line, to)?;
    }
    let mut is_first = true;
    for line in lines {
        if end.is_some() && matches!(line, b"\r\n" | b"\n") {
            let bytes = Count(head.len() as u64);
            writeln!(to, "\nThe empty line: the head ends here, after {bytes}")?;
            shown(line, to)?;
            continue;
        }
        if core::mem::take(&mut is_first) {
            writeln!(to, "\nThe header fields: a name, a colon and a value in each line")?;
        }
        shown(line, to)?;
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if let Some((_, about)) = KNOWN.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            writeln!(to, "      {about}")?;
        }
    }
    body(arrived, &raw[head.len()..], to)
}

fn first(line: &[u8], to: &mut String) -> fmt::Result {
    writeln!(to, "\nThe request line: what to do, with what, and in which version of HTTP")?;
    shown(line, to)?;
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if Line::parse(text).is_err() {
        return Ok(());
    }
    let mut words = text.split(|byte| *byte == b' ');
    for about in ["the method", "the target", "the version"] {
        match words.next() {
            Some(word) => writeln!(to, "      {about}: {}", Visible(word))?,
            None => writeln!(to, "      no version: a simple request of HTTP/0.9")?,
        }
    }
    Ok(())
}

fn body(arrived: &Arrived<'_>, body: &[u8], to: &mut String) -> fmt::Result {
    let len = Count(body.len() as u64);
    match arrived.framing {
        Framing::None if body.is_empty() => return writeln!(to, "\nThere is no body."),
        Framing::None => writeln!(to, "\nThe body: {len}")?,
        Framing::Length(whole) if whole > body.len() as u64 => writeln!(
            to,
            "\nThe body: {len} of the {whole} that Content-Length says; here it was answered"
        )?,
        Framing::Length(_) => writeln!(to, "\nThe body: {len}, as Content-Length says")?,
        Framing::Chunked => writeln!(
            to,
            "\nThe body: {len}, which are chunks, each with its size in hexadecimal in a line before \
             it;\n          without that frame it has {}",
            Count(arrived.content)
        )?,
    }
    if is_text(body) {
        return body.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| shown(line, to));
    }
    writeln!(to, "It is no text: where each line begins, its bytes, and those that can be seen.")?;
    for (n, row) in body.chunks(16).enumerate() {
        write!(to, "= {:08x} ", n * 16)?;
        for byte in row {
            write!(to, " {byte:02x}")?;
        }
        let blanks = 3 * (16 - row.len()) + 2;
        write!(to, "{:blanks$}", "")?;
        for byte in row {
            let seen = byte.is_ascii_graphic() || *byte == b' ';
            to.push(if seen { char::from(*byte) } else { '.' });
        }
        to.push('\n');
    }
    Ok(())
}

/// Whether bytes are better read as text than as numbers.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x1b');
    str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_control))
}

fn shown(line: &[u8], to: &mut String) -> fmt::Result {
    writeln!(to, "| {}", Visible(line))
}

/// Bytes of which each can be seen, and none can do harm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visible<'a>(pub(super) &'a [u8]);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\r' => f.write_str("\\r")?,
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    '\\' => f.write_str("\\\\")?,
                    ' '..='~' => f.write_char(c)?,
                    // What the standard library would not show as it is moves or hides other text.
                    c if c.is_ascii() || c.escape_debug().count() > 1 => {
                        hex(c.encode_utf8(&mut [0; 4]).as_bytes(), f)?;
                    }
                    c => f.write_char(c)?,
                }
            }
            hex(chunk.invalid(), f)?;
        }
        Ok(())
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// A number of bytes.
struct Count(u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "byte" } else { "bytes" })
    }
}

/// What the most usual fields are for.
const KNOWN: &[(&[u8], &str)] = &[
    (b"host", "the name by which the server was called: one address may have many"),
    (b"user-agent", "which program asks"),
    (b"accept", "which kinds of content it takes, and which it likes better (q)"),
    (b"accept-encoding", "in which ways content may be packed"),
    (b"accept-language", "which languages its user reads"),
    (b"connection", "whether the conversation goes on behind the answer"),
    (b"keep-alive", "how long it would like the conversation to be kept"),
    (b"content-length", "how many bytes the body has"),
    (b"content-type", "what the body is"),
    (b"content-encoding", "in which way the body is packed"),
    (b"transfer-encoding", "the body comes in chunks: its length was not known at first"),
    (b"expect", "it waits for a word before it sends the body"),
    (b"authorization", "who asks, and a proof of it"),
    (b"cookie", "what a server asked it to say each time"),
    (b"referer", "the page with the link that was followed"),
    (b"origin", "the site whose page asks"),
    (b"range", "it wants a part only"),
    (b"if-range", "a part, if nothing has changed, or else the whole"),
    (b"if-none-match", "only if it is not what this validator stands for"),
    (b"if-modified-since", "only if it has changed since then"),
    (b"cache-control", "how fresh the answer must be"),
    (b"upgrade", "it would like to go on in another protocol"),
    (b"upgrade-insecure-requests", "it would rather be sent to https"),
    (b"x-forwarded-for", "for whom a proxy asks, if the proxy can be believed"),
    (b"forwarded", "for whom a proxy asks, if the proxy can be believed"),
    (b"te", "which transfer codings it takes"),
    (
        b"sec-fetch-site",
        "whether the page that asks is of this site, of another, or nobody's (none)",
    ),
    (
        b"sec-fetch-mode",
        "in which way the browser asks: to go there (navigate), or for a page's part",
    ),
    (b"sec-fetch-dest", "what it will be used as: a document, an image, a script"),
    (b"sec-fetch-user", "a person has asked for it, by a click or a key"),
    (
        b"sec-ch-ua",
        "which browser asks, in parts; one of them is made up, so that nobody relies on them",
    ),
    (b"sec-ch-ua-mobile", "whether it would like pages for a small screen (?1) or not (?0)"),
    (b"sec-ch-ua-platform", "on which system the browser runs"),
    (b"sec-gpc", "its user does not want to be followed about"),
    (b"dnt", "its user does not want to be followed about"),
    (
        b"priority",
        "how soon it needs the answer, beside its other requests (u), and if a part helps (i)",
    ),
];
