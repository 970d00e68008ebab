//! Ladders: pictures of a record, as pure functions.
//!
//! A record says what each program did with its sockets. A ladder says what that meant: which send's bytes came out of
//! which receive, and in which order things happened on both sides. Four steps lead there, each of which knows only the
//! one before:
//!
//! ```text
//! lines ──► story       calls by time, one description for each socket
//!       ──► pairing     intervals of bytes, datagrams, connects, ends: links from call to call   [pair]
//!       ──► plan        lanes, steps between lanes, rows that agree with every lane's own order, folds
//!       ──► drawing     cells on a page of a given width, SVG, HTML, Mermaid            [text, picture, mermaid]
//! ```
//!
//! Nothing here reads a clock, prints, or fails: a record that lacks one side, a socket's line or some of its calls is
//! drawn as far as it goes. What the record does not have stands on a lane named by its address.
//!
//! # Examples
//!
//! ```
//! use sock_ladder::{Drawing, text};
//! use sock_record::{Line, Reader};
//!
//! let record = r#"
//! {"type":"proc","proc":1,"name":"client","t":0,"how":"start"}
//! {"type":"proc","proc":2,"name":"server","t":0,"how":"start"}
//! {"type":"sock","sock":1,"family":"inet","kind":"stream","t":0,"from":"socket","local":"127.0.0.1:4000","peer":"127.0.0.1:7"}
//! {"type":"sock","sock":2,"family":"inet","kind":"stream","t":9000,"from":"accept","local":"127.0.0.1:7","peer":"127.0.0.1:4000"}
//! {"type":"call","ev":1,"proc":1,"call":"send","sock":1,"enter":20000,"exit":21000,"ret":3,"dir":"out","data":"SGkK"}
//! {"type":"call","ev":2,"proc":2,"call":"recv","sock":2,"enter":10000,"exit":32000,"ret":3,"dir":"in","data":"SGkK"}
//! "#;
//! let lines: Vec<Line> = Reader::new(record.as_bytes()).collect::<Result<_, _>>()?;
//! let ladder = text(&lines, &Drawing { width: 64, ..Drawing::default() });
//! let expected = [
//!     "                client                            server",
//!     "            127.0.0.1:4000                      127.0.0.1:7",
//!     "                   │                                 │",
//!     " 0.0 µs   connect  ├────────────────────────────────►│  accept",
//!     "20.0 µs  send 3 B  ├──────────── \"Hi\\n\" ────────────►│  recv 3 B",
//!     "                   │                                 │",
//! ];
//! assert_eq!(ladder.lines().collect::<Vec<_>>(), expected);
//! # Ok::<(), sock_record::ReadError>(())
//! ```

mod conversation;
mod explain;
mod facts;
mod few;
mod holders;
mod mermaid;
mod pair;
mod picture;
mod place;
mod plan;
mod record;
mod scene;
mod story;
mod tags;
mod text;
mod waits;

pub use conversation::{Conversation, conversations};
pub use explain::{codes, explain, page};
pub use facts::is_probe;
pub use mermaid::mermaid;
pub use pair::{Paired, Pairing, pair};
pub use picture::{html, svg};
pub use record::joined;
pub use text::{Drawing, Ladder, Live, ladder, text, wrapped};
