//! Answer: what is said to a request, before it is written.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::source::Span;

/// What is said to a request: who writes it adds the status line, `Date`, `Content-Length`,
/// `Connection`, and leaves the body out for HEAD.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The fields that are its own, each with its line end.
    pub fields: Vec<u8>,
    /// The body, in order.
    pub body: Vec<Part>,
    /// To make it took so long that others are to have their turn before the same client has another.
    pub is_costly: bool,
    /// What whoever runs the server is told about it, and the client is not.
    pub note: Option<Cow<'static, str>>,
}

/// A part of a body.
#[derive(Debug, Clone)]
pub enum Part {
    /// Bytes of its own.
    Bytes(Vec<u8>),
    /// Bytes that others send too, in this range.
    Shared(Arc<[u8]>, core::ops::Range<usize>),
    /// A range of a file.
    Span(Span),
}

impl Answer {
    /// An answer of this status, without fields or body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, fields: Vec::new(), body: Vec::new(), is_costly: false, note: None }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        // Writing to memory cannot fail; a Display that reports an error wrote what it could.
        let _ = fmt::write(&mut Bytes(&mut self.fields), format_args!("{name}: {value}\r\n"));
        self
    }

    /// Adds to the body.
    #[must_use]
    pub fn and(mut self, part: Part) -> Self {
        self.body.push(part);
        self
    }

    /// Says that it took long to make.
    #[must_use]
    pub fn costly(mut self) -> Self {
        self.is_costly = true;
        self
    }

    /// Has something told to whoever runs the server.
    #[must_use]
    pub fn noting(mut self, note: impl Into<Cow<'static, str>>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// How many bytes its body has.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.body.iter().map(Part::len).sum()
    }

    /// Tells whether it has no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Part {
    /// How many bytes that are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Shared(_, range) => range.len() as u64,
            Self::Span(span) => span.len(),
        }
    }

    /// Tells whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Memory as a place for text.
#[derive(Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
