//! A hex dump of a stream: offset, sixteen bytes, and their letters.

use std::fmt::Write;

/// A dump that goes on where the last piece ended.
#[derive(Debug, Default)]
pub(super) struct Dump {
    offset: u64,
}

/// So many bytes stand in one line, as in every dump since `od`.
const WIDTH: usize = 16;

impl Dump {
    /// The lines of one piece, which begins a line of its own.
    pub(super) fn lines(&mut self, piece: &[u8]) -> String {
        let mut text = String::new();
        for bytes in piece.chunks(WIDTH) {
            let mut hex = String::new();
            for (i, byte) in bytes.iter().enumerate() {
                let gap = if i == WIDTH / 2 { " " } else { "" };
                // Writing to a string cannot fail.
                let _ = write!(hex, "{gap}{byte:02x} ");
            }
            let letter =
                |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
            let letters: String = bytes.iter().map(letter).collect();
            // The same, here.
            let _ = writeln!(text, "{:08x}  {hex:<49} |{letters}|", self.offset);
            self.offset += bytes.len() as u64;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_shows_offsets_bytes_and_letters() {
        let mut dump = Dump::default();
        let text = dump.lines(b"Thank you for connecting\n") + &dump.lines(b"\0");
        let expected = "\
00000000  54 68 61 6e 6b 20 79 6f  75 20 66 6f 72 20 63 6f  |Thank you for co|
00000010  6e 6e 65 63 74 69 6e 67  0a                       |nnecting.|
00000019  00                                                |.|
";
        assert_eq!(text, expected);
    }
}
