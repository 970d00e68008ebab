//! The forms in which a trace is kept: pictures, and the record.

use std::path::PathBuf;

use anyhow::Result;
use sock_ladder::{Drawing, html, joined, mermaid, svg};
use sock_record::{Line, Writer};

use super::files::{Patience, put};

/// A file that is written.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
}

/// What is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The record, as it grows.
    Record,
    /// The record, with what belongs together and what it means.
    Joined,
    Text,
    Svg,
    Html,
    Mermaid,
}

impl Form {
    pub(crate) const ALL: [Self; 6] =
        [Self::Text, Self::Svg, Self::Html, Self::Mermaid, Self::Record, Self::Joined];

    /// How the names of such files end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Record => "jsonl",
            Self::Joined => "json",
            Self::Text => "txt",
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Mermaid => "mmd",
        }
    }
}

impl Output {
    /// Writes what is made at the end: the whole record where it is one, else what is `shown` of it.
    pub(super) fn write<'p>(
        &self,
        lines: &[Line],
        shown: &[&Line],
        drawing: &Drawing,
        page: &dyn Fn() -> &'p str,
        patience: &Patience,
    ) -> Result<()> {
        let shown = shown.iter().copied();
        let text = match self.form {
            // It was written while it grew.
            Form::Record => return Ok(()),
            Form::Joined => {
                let mut file = Writer::new(Vec::new());
                for line in joined(lines) {
                    file.write(&line)?;
                }
                file.into_inner()
            }
            Form::Text => page().as_bytes().to_vec(),
            Form::Svg => svg(shown, drawing).into_bytes(),
            Form::Html => html(shown, drawing).into_bytes(),
            Form::Mermaid => mermaid(shown, drawing).into_bytes(),
        };
        put(&self.path, &text, patience)
    }
}
