//! The lines that say what belongs together and what is worth knowing, and [`Line`], which is any line.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bytes::Interval;
use crate::call::{Call, Ev};
use crate::quick;
use crate::who::{Meta, Proc, Sock, SockId};
use crate::word::words;

words! {
    /// What went from one call to another.
    LinkKind {
        /// Bytes of a stream.
        Bytes = "bytes",
        /// A datagram.
        Dgram = "dgram",
        /// A wish to connect.
        Connect = "connect",
        /// The end of one direction.
        Fin = "fin",
        /// The abrupt end of a connection.
        Rst = "rst",
        /// A descriptor.
        Passed = "passed",
    }
}

words! {
    /// How sure a link is.
    LinkHow {
        /// Byte offsets or connections leave no other choice.
        Offset = "offset",
        /// Addresses and content agree.
        Content = "content",
        /// The likeliest choice by order and time.
        Guess = "guess",
    }
}

/// What one call sent and another received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What went over.
    pub kind: LinkKind,
    /// The call that it came from.
    pub from: Ev,
    /// The call that it came to.
    pub to: Ev,
    /// Which bytes of the direction these are (streams).
    pub off: Option<Interval>,
    /// How sure it is.
    pub how: LinkHow,
}

words! {
    /// How much a note matters.
    Level {
        /// Worth knowing.
        Info = "info",
        /// Probably not what was meant.
        Warn = "warn",
        /// It went wrong.
        Error = "error",
    }
}

/// A sentence about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The call; null when it is about the whole.
    pub ev: Option<Ev>,
    /// The stable name of what is said.
    pub code: String,
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub text: String,
}

/// What the writer of the record did not see: the kernel's own count beside the record's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The socket.
    pub sock: SockId,
    /// Bytes that went out, by the kernel's count.
    pub kernel_out: Option<u64>,
    /// Bytes that went out, by the record.
    pub seen_out: Option<u64>,
    /// Bytes that came in, by the kernel's count.
    pub kernel_in: Option<u64>,
    /// Bytes that came in, by the record.
    pub seen_in: Option<u64>,
    /// Why, as far as is known.
    pub why: Option<String>,
}

/// The end of a record; the last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When, in ns since t0.
    pub t: u64,
    /// The exit status of each program, in the order in which they were named.
    #[serde(default)]
    pub exit: Vec<Option<i32>>,
    /// How many events were lost because they came faster than they could be written.
    pub dropped: u64,
}

/// A line of a type that this version does not know, kept as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Other(Map<String, Value>);

impl Other {
    /// The line's type.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// All fields, `type` among them.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// One line of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Line {
    /// Where the record comes from.
    Meta(Meta),
    /// A process.
    Proc(Proc),
    /// A socket.
    Sock(Sock),
    /// A call.
    Call(Call),
    /// What one call sent and another received.
    Link(Link),
    /// A sentence about a call.
    Note(Note),
    /// What the writer did not see.
    Gap(Gap),
    /// The end.
    End(End),
    /// A type that this version does not know.
    #[serde(untagged)]
    Other(Other),
}

impl Line {
    /// The types that this version knows.
    pub const TYPES: &[&str] = &["meta", "proc", "sock", "call", "link", "note", "gap", "end"];

    /// Reads one line, with or without its line end.
    ///
    /// # Errors
    ///
    /// The bytes are no JSON object with a `type`, or a field that this version knows has a value of another kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock_record::Line;
    ///
    /// let line = Line::from_json(br#"{"type":"end","t":7,"exit":[0],"dropped":0,"mood":"good"}"#)?;
    /// assert!(matches!(line, Line::End(_)));
    /// let later = Line::from_json(br#"{"type":"packet","seq":1}"#)?;
    /// assert!(matches!(later, Line::Other(other) if other.kind() == "packet"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Tag<'a> {
            #[serde(borrow, rename = "type")]
            name: std::borrow::Cow<'a, str>,
        }
        // Most lines are calls, and every writer says first what a line is.
        if json.starts_with(quick::BEGIN) {
            let call = quick::call(json);
            return call.map_or_else(|| serde_json::from_slice(json), Ok).map(Self::Call);
        }
        // Two passes: the first only finds the type. A tagged enum by serde would build a tree of every line.
        let tag: Tag<'_> = serde_json::from_slice(json)?;
        Ok(match &*tag.name {
            "meta" => Self::Meta(serde_json::from_slice(json)?),
            "proc" => Self::Proc(serde_json::from_slice(json)?),
            "sock" => Self::Sock(serde_json::from_slice(json)?),
            "call" => Self::Call(serde_json::from_slice(json)?),
            "link" => Self::Link(serde_json::from_slice(json)?),
            "note" => Self::Note(serde_json::from_slice(json)?),
            "gap" => Self::Gap(serde_json::from_slice(json)?),
            "end" => Self::End(serde_json::from_slice(json)?),
            _ => Self::Other(Other(serde_json::from_slice(json)?)),
        })
    }
}

/// Makes every kind of line a [`Line`] by `into`.
macro_rules! into_line {
    ($($kind:ident),+) => {
        $(impl From<$kind> for Line {
            fn from(line: $kind) -> Self {
                Self::$kind(line)
            }
        })+
    };
}

into_line!(Meta, Proc, Sock, Call, Link, Note, Gap, End);
