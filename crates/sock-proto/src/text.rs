//! Text: what may be shown of bytes that a stranger chose.

use alloc::string::String;

/// Makes text of any bytes that every terminal can show: control characters become their pictures
/// (`␛`), and what is no text, and what turns the direction of writing around, becomes `\u{fffd}`.
pub(crate) fn harmless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    text.extend(harmless_chars(bytes));
    text
}

/// The characters of [`harmless`], one by one.
pub(crate) fn harmless_chars(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let wrong = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().map(harmless_char).chain(wrong)
    })
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
