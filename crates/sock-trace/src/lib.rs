//! Programs in, a record out: runs programs and writes down what their sockets did.
//!
//! Nothing is needed of the programs, and no privilege: any language, static or not, with threads and children. They are
//! traced by ptrace(2), and a filter of seccomp(2) stops them only at calls that can touch a socket.
//!
//! ```text
//! program ── entry of a call ──► stop: which socket? ── hold? ── go on
//!         ── return of it ─────► stop: result, bytes, state ───── go on
//!                                        │
//!                                        └──► a line of the record (`sock-record/1`)
//! ```
//!
//! Three things decide whether such a record can be believed:
//!
//! - **The tracer must not change the story.** A stop makes every call slow, and three quick sends that would have been
//!   one receive would become three. So a receiver is *held* at its entry until the other side waits, or has been silent
//!   for a moment ([`Plan::hold`]): the kernel could have chosen the same.
//! - **Sockets are told apart by the kernel's own name for them**, at every call. Descriptors are copied, inherited,
//!   passed and given out again.
//! - **It says what it missed.** When a socket closes, the kernel's own counts are compared with what was seen; what is
//!   missing (`io_uring`, somebody who is not traced) is a [`sock_record::Gap`].
//!
//! # Examples
//!
//! ```
//! use sock_record::{CallKind, Line};
//! use sock_trace::{Ended, Plan, Program, trace};
//!
//! let code = "import socket; socket.socketpair()[0].send(b'Hi')";
//! let plan = Plan::new([Program::new(["python3", "-c", code])]);
//! let mut sent = 0;
//! let outcome = trace(&plan, &mut |line| {
//!     if let Line::Call(call) = line && call.call == CallKind::Send {
//!         sent += call.moved().unwrap_or_default();
//!     }
//! });
//! # // Some sandboxes let nobody be traced, and not every machine has Python.
//! # let Ok(outcome) = outcome else { return };
//! # if !matches!(outcome.ended[..], [Some(Ended::Exit(0))]) { return }
//! assert_eq!(sent, 2);
//! ```
#![cfg(target_os = "linux")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "forty calls are told apart where they differ; naming the others each time would hide that"
)]

mod again;
mod calls;
mod closing;
mod cpu;
mod decode;
mod entry;
mod exit;
mod filter;
mod hold;
mod idle;
mod known;
mod limits;
mod lookup;
mod memory;
mod netlink;
mod plan;
mod refusal;
mod rights;
mod seen;
mod signals;
mod silence;
mod sockets;
mod stage;
mod stopped;
mod sys;
mod table;
mod taken;
mod tape;
mod tasks;
mod tracer;
mod waits;
mod watch;
mod who;
mod window;
mod words;

pub use plan::{Control, Ended, Outcome, Plan, Program, Start, TraceError};
pub use tasks::title;
pub use tracer::watch;
pub use watch::{Watch, trace};
