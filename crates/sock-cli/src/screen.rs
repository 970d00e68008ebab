//! The screen: where text for people goes, in which colours, and how an error looks.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};

use crate::status::Status;

/// How the user wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Screen {
    /// Events are JSON Lines.
    pub(crate) json: bool,
    /// How much is told.
    pub(crate) detail: Detail,
    /// When colours are used.
    pub(crate) color: Color,
}

/// How much is told of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Detail {
    /// Errors.
    Quiet,
    /// Conversations and notes.
    #[default]
    Events,
    /// The data as well.
    Data,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// On a terminal, unless the environment says otherwise (`NO_COLOR`, `CLICOLOR_FORCE`).
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether text that goes to `stream` is coloured.
    pub(crate) fn is_on(self, stream: &impl IsTerminal) -> bool {
        let says = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if says("NO_COLOR") => false,
            Self::Auto => says("CLICOLOR_FORCE") || stream.is_terminal(),
        }
    }
}

/// Writes a text that is the answer of a verb to stdout.
pub(crate) fn answer(text: &str) -> Result<Status> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to stdout")?;
    Ok(Status::Done)
}

/// Says on stderr what is not as it should be, where the program goes on all the same.
pub(crate) fn warn(text: &str) -> Result<()> {
    Ok(io::stderr().write_all(format!("sock: {text}\n").as_bytes())?)
}

/// Tells why the program fails, and with which status.
pub(crate) fn fail(error: &anyhow::Error, screen: Screen) -> Status {
    if Status::is_unheard(error) {
        return Status::Done;
    }
    let status = Status::of(error);
    let line =
        if screen.json { error_event(error, status) } else { format!("sock: {}\n", told(error)) };
    // Nobody is left to tell that nobody could be told.
    let _ = io::stderr().write_all(line.as_bytes());
    status
}

/// The error and what caused it, each word of it once.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let errno = cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
        let cause = match errno {
            // As the library words it.
            Some(errno) => sock::Error::from_errno("", errno).to_string(),
            None => cause.to_string(),
        };
        if !text.contains(&cause) {
            text += if text.is_empty() { "" } else { ": " };
            text += &cause;
        }
    }
    text
}

/// What failed, and the cure, which stands behind a semicolon; empty where there is none.
pub(crate) fn cure_of(text: &str) -> (&str, &str) {
    text.split_once("; ").unwrap_or((text, ""))
}

fn error_event(error: &anyhow::Error, status: Status) -> String {
    let text = told(error);
    let (text, cure) = cure_of(&text);
    let mut event =
        serde_json::json!({ "event": "error", "t": 0.0, "code": status.code(), "text": text });
    if !cure.is_empty() {
        event["cure"] = cure.into();
    }
    format!("{event}\n")
}
