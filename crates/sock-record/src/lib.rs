//! The record of what happened between sockets: `sock-record/1`.
//!
//! One format for everything: engines, clients and the tracer write it, the ladder, the log, the pictures and the tests
//! read it. It is JSON Lines in UTF-8, one object a line, in the order written; readers sort by time. Three rules hold
//! for every line:
//!
//! - **Times** are integer nanoseconds since `t0`, the start of the run, on a clock that never goes back.
//! - **Unknown is null**, never 0. On reading, a field that is left out is null as well.
//! - **Fields are only ever added.** A reader skips fields that it does not know, keeps words that it does not know
//!   (`how`, `family`, `kind` … have an `Other`), and hands lines of an unknown type on as [`Line::Other`].
//!
//! The JSON Schema stands beside the types: [`SCHEMA`].
//!
//! # Examples
//!
//! ```
//! use sock_record::{Call, CallKind, Dir, Ev, Line, ProcId, Reader, SockId, Writer};
//!
//! let mut call = Call::new(Ev(1), ProcId(1), CallKind::Send, 1_000);
//! call.exit = Some(1_400);
//! call.sock = Some(SockId(1));
//! call.ret = Some(3);
//! call.dir = Some(Dir::Out);
//! call.data = Some(b"Hi\n".into());
//!
//! let mut file = Vec::new();
//! Writer::new(&mut file).write(&Line::from(call.clone()))?;
//!
//! let lines: Vec<Line> = Reader::new(&file[..]).collect::<Result<_, _>>()?;
//! assert_eq!(lines, [Line::Call(call)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod call;
mod clock;
mod lately;
mod line;
mod merge;
mod quick;
mod rare;
mod read;
mod short;
mod who;
mod word;
mod write;

pub use bytes::{Bytes, Interval, ReversedInterval};
pub use call::{Args, Call, CallKind, Dir, Ev};
pub use line::{End, Gap, Level, Line, Link, LinkHow, LinkKind, Note, Other};
pub use merge::{merge, split};
pub use rare::{Empty, Rare};
pub use read::{LONGEST, ReadError, Reader};
pub use short::Name;
pub use who::{Family, Kind, Meta, Origin, Proc, ProcHow, ProcId, Schema, Sock, SockId};
pub use write::Writer;

/// The JSON Schema (draft 2020-12) of one line of a record.
pub const SCHEMA: &str = include_str!("../schema.json");
