//! A terminal: lines are edited and remembered, and what arrives does not tear the one being typed.

use std::fmt;
use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor, ExternalPrinter};

use super::input::{Translate, Typed, pass_on};

/// A terminal on which somebody types.
pub(crate) struct Console {
    editor: Editor<(), DefaultHistory>,
    prompt: String,
    history: Option<PathBuf>,
    printer: Printer,
}

/// How the user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Ctrl-D: the input has ended, the conversation goes on.
    Ended,
    /// Ctrl-C.
    Interrupted,
}

impl Console {
    /// The terminal, where standard input and output both are one.
    pub(crate) fn open(prompt: &str) -> Result<Option<Self>> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(None);
        }
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::with_config(config).context("cannot use the terminal")?;
        let history = history_file();
        if let Some(file) = &history {
            // The first time there is none.
            let _ = editor.load_history(file);
        }
        let external = editor.create_external_printer().context("cannot use the terminal")?;
        let shared = Shared { external: Mutex::new(Box::new(external)), is_typed: false.into() };
        let printer = Printer(Arc::new(shared));
        Ok(Some(Self { editor, prompt: prompt.to_owned(), history, printer }))
    }

    /// Takes the terminal for the time of the talk.
    pub(crate) fn take(&self) -> Result<Taken> {
        let found = tcgetattr(rustix::stdio::stdin()).context("cannot use the terminal")?;
        let mut ours = found.clone();
        // Between two lines, too, keys are for us: a Ctrl-D typed ahead must not vanish.
        ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &ours)
            .context("cannot use the terminal")?;
        Ok(Taken { found, printer: self.printer() })
    }

    /// What prints above the line being typed.
    pub(crate) fn printer(&self) -> Printer {
        self.printer.clone()
    }

    /// Passes each line on until the user leaves, or nobody takes it.
    pub(super) fn pump(mut self, how: Typed, pair: &OwnedFd) -> Result<Left> {
        let mut translate = Translate::new(how);
        loop {
            self.printer.0.is_typed.store(true, Ordering::SeqCst);
            let read = self.editor.readline(&self.prompt);
            self.printer.0.is_typed.store(false, Ordering::SeqCst);
            let mut line = match read {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => return Ok(Left::Interrupted),
                Err(ReadlineError::Eof) => return Ok(Left::Ended),
                Err(error) => return Err(error).context("cannot read from the terminal"),
            };
            if let Some(file) = &self.history {
                // A history that cannot be kept is no reason to stop talking.
                let _ = self.editor.append_history(file);
            }
            line.push('\n');
            let mut bytes = Vec::new();
            if let Err(wrong) = translate.piece(line.as_bytes(), &mut bytes) {
                self.printer.print(format!("not sent: {wrong}\n"));
                continue;
            }
            if !pass_on(&bytes, pair) {
                return Ok(Left::Ended);
            }
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("prompt", &self.prompt).finish_non_exhaustive()
    }
}

/// Where lines are remembered: the XDG base directories say where such things live.
fn history_file() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let folder = state.or_else(home)?.join("sock");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Prints above the line that is being typed.
#[derive(Clone)]
pub(crate) struct Printer(Arc<Shared>);

struct Shared {
    external: Mutex<Box<dyn ExternalPrinter + Send>>,
    /// Somebody is typing.
    is_typed: AtomicBool,
}

impl Printer {
    pub(crate) fn print(&self, text: String) {
        if !text.is_empty() {
            let mut external = self.0.external.lock().unwrap_or_else(PoisonError::into_inner);
            // A terminal that is gone has nobody who could be told.
            let _ = external.print(text);
        }
    }
}

/// A terminal that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The terminal as we found it.
    found: Termios,
    printer: Printer,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let is_typed = self.printer.0.is_typed.load(Ordering::SeqCst);
        // The editor takes one text at a time: when two more were taken, whatever came before is on
        // the screen. Up and down again shows nothing.
        for _ in 0..if is_typed { 3 } else { 0 } {
            self.printer.print("\x1b[A\n".to_owned());
        }
        // Whoever comes next gets the terminal that we were given; one that is gone needs nothing.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.found);
        if is_typed {
            // The line that nobody will end.
            let _ = rustix::io::write(rustix::stdio::stdout(), b"\r\n");
        }
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Printer")
    }
}

/// Lines of text for the screen above the line being typed.
impl io::Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.print(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes bytes of a stranger fit for a terminal: whole characters, and no control over it.
#[derive(Debug, Default)]
pub(crate) struct Legible {
    /// The beginning of a character, or a CR.
    held: Vec<u8>,
}

impl Legible {
    /// The text of a piece; a character that is not yet whole waits for its rest.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let whole = match bytes.utf8_chunks().last() {
            Some(chunk) if is_begun(chunk.invalid()) => bytes.len() - chunk.invalid().len(),
            _ => bytes.len(),
        };
        let whole = if bytes[..whole].ends_with(b"\r") { whole - 1 } else { whole };
        self.held = bytes.split_off(whole);
        legible(&bytes)
    }

    /// What is left at the end.
    pub(crate) fn end(&mut self) -> String {
        legible(&std::mem::take(&mut self.held))
    }
}

/// Whether bytes that are no character yet may become one.
fn is_begun(bytes: &[u8]) -> bool {
    let needs = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    bytes.len() < needs
}

/// Whether it turns the direction of what follows, so that a text reads as another one (Unicode's annex 9).
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn legible(bytes: &[u8]) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(bytes).replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\t' => text.push(c),
            c if c.is_control() || turns(c) => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_turns_what_follows_around() {
        let mut legible = Legible::default();
        let text = legible.piece("a\u{202e}b\u{2066}c \u{5d0}".as_bytes()) + &legible.end();
        assert_eq!(text, "a\\u{202e}b\\u{2066}c \u{5d0}");
    }

    #[test]
    fn characters_are_whole_wherever_they_were_cut_and_control_nothing() {
        let bytes = "straße €\r\n\x1b[2J\u{1f980}\r!".as_bytes();
        for cut in 0..=bytes.len() {
            let mut legible = Legible::default();
            let (a, b) = bytes.split_at(cut);
            let text = legible.piece(a) + &legible.piece(b) + &legible.end();
            assert_eq!(text, "straße €\n\\u{1b}[2J\u{1f980}\\r!", "cut at {cut}");
        }
        let mut legible = Legible::default();
        assert_eq!(legible.piece(b"a\xff\xc3") + &legible.end(), "a\u{fffd}\u{fffd}");
    }
}
