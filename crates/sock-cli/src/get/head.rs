//! Head: the beginning of a response, shown as it was sent.

use std::fmt::Write as _;

use sock::http::Fields;

use crate::stdio::Legible;

/// The status line and the fields, one a line, and an empty line; harmless where it `is_text` for a terminal.
pub(super) fn head(line: &str, fields: &Fields, is_text: bool) -> String {
    let end = if is_text { "\n" } else { "\r\n" };
    let mut text = format!("{line}{end}");
    for (name, value) in fields.iter() {
        let _ = write!(text, "{name}: {value}{end}"); // a string takes all
    }
    text += end;
    if !is_text {
        return text;
    }
    let mut legible = Legible::default();
    legible.piece(text.as_bytes()) + &legible.end()
}
