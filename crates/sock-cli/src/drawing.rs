//! Drawing: how wide a picture may be, and of which characters.

use std::io;
use std::os::fd::AsFd;

use sock_ladder::Drawing;

/// On what a picture is drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paper {
    /// Plain characters only.
    pub(crate) ascii: bool,
    /// Columns, where the user says how many.
    pub(crate) width: Option<usize>,
}

/// Where nobody knows the width: what a terminal has had since the first ones.
const USUAL: usize = 80;
/// A picture wider than this is harder to read, not easier.
const WIDEST: usize = 100;

impl Paper {
    /// How the ladder is to draw.
    pub(crate) fn drawing(self) -> Drawing {
        self.drawing_on(io::stdout())
    }

    /// How it is to draw on this stream.
    pub(crate) fn drawing_on(self, stream: impl AsFd) -> Drawing {
        let terminal = || {
            let size = rustix::termios::tcgetwinsize(stream).ok()?;
            Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
        };
        let width = self.width.unwrap_or_else(|| terminal().unwrap_or(USUAL).min(WIDEST));
        Drawing { width, ascii: self.ascii, ..Drawing::default() }
    }
}
