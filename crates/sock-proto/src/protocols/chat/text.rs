//! What members may write: text that does no harm to a terminal, and names.

use alloc::string::String;

/// The longest name, in letters.
const LONGEST_NAME: usize = 20;
/// How the names begin that the room gives.
const GUEST: &str = "guest-";

/// Makes text of any bytes that every terminal can show: control characters become their pictures
/// (`␛`), and what is no text, and what turns the direction of writing around, becomes `\u{fffd}`.
pub(super) fn harmless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(harmless_char));
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

fn harmless_char(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(c),
        '\x7f' => '\u{2421}',
        // C1 controls, line and paragraph separators, embeddings, overrides and isolates.
        '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        c => c,
    }
}

/// Refuses what is no name, and says what is one.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || !name.chars().all(is_letter) {
        return Err("/name NEW: a name is 1 to 20 letters, digits, `-`, `_` or `.`");
    }
    if name.to_lowercase().starts_with(GUEST) {
        return Err("names that begin with guest- are given by the room");
    }
    Ok(())
}

/// Names that differ in case alone are the same: nobody should be taken for another.
pub(super) fn is_same_name(a: &str, b: &str) -> bool {
    let lower = |name: &str| name.to_lowercase();
    lower(a) == lower(b)
}
