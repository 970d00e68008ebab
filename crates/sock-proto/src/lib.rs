//! Protocols and the sessions that hold them: no socket, no clock, no thread.
//!
//! A [`Protocol`] is a function from what happened ([`Input`]) to what to do ([`Out`]). A [`Session`]
//! holds one protocol with its outboxes and timers and is all that an engine drives; the same
//! session runs over real sockets, over a virtual wire ([`sim`]) and inside another protocol.
//!
//! ```text
//!            open data eof tick sent closed stop
//!   engine ------------------------------------> Session { Protocol + Out }
//!          <------------------------------------     |
//!            output command wants_read deadline      +--> Observer, every event once
//! ```
//!
//! ```
//! use sock_proto::{Context, Input, Link, Out, Peer, Protocol, Session};
//!
//! struct Shout;
//! impl Protocol for Shout {
//!     fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
//!         match input {
//!             Input::Data(bytes) => out.send(&bytes.to_ascii_uppercase()),
//!             Input::Eof => out.finish(),
//!             Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
//!         }
//!     }
//! }
//!
//! let mut cx = Context::default();
//! let mut session = Session::answer(Shout);
//! session.open(Peer::FIRST, &Link::stream(1), &mut cx);
//! session.data(Peer::FIRST, b"hi", cx.now, &mut cx);
//! assert_eq!(session.output(Peer::FIRST, &cx), Some(&b"HI"[..]));
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod calendar;
mod context;
pub mod endpoint;
mod event;
pub mod frame;
pub mod load;
mod nested;
mod out;
mod outbox;
mod peers;
pub mod protocols;
mod session;
pub mod sim;
mod small;
mod source;
mod text;
mod time;

pub use context::{Context, Limits, Pauses, Tally};
pub use endpoint::{Endpoint, Host, HostName, ParseError, Transport, UnixName, Zone};
pub use event::{By, Client, Event, How, Interest, Observer, Reason, What};
pub use nested::{Nested, Seal};
pub use out::Out;
pub use outbox::Pool;
pub use peers::{Kind, Link, Peer};
pub use session::{Command, Lent, Parting, Session};
pub use small::is_small_service_port;
pub use source::{Source, Span};
pub use time::Time;

/// A protocol: a function from what happened to what to do.
///
/// For each peer a [`Session`] calls it in this order and no other:
///
/// ```text
/// (Open (Data | Drained)* Eof? Drained*)? Closed        Timeout and Stop at any point
/// ```
///
/// `Timeout` and `Stop` concern the session and not a peer: [`Out::peer`] is then
/// [`Peer::FIRST`], and everything that goes to a peer which is not open is refused with a note.
pub trait Protocol {
    /// Takes one thing that happened and says, through `out`, what to do.
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>);
}

impl<P: Protocol + ?Sized> Protocol for alloc::boxed::Box<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        (**self).handle(input, out);
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// The peer is connected; who speaks first speaks now.
    Open,
    /// Bytes of a stream, cut anywhere, or exactly one datagram.
    Data(&'a [u8]),
    /// The peer will send no more; we may.
    Eof,
    /// The outbox of this peer ran empty; comes once for each [`Out::notify_drained`].
    Drained,
    /// The moment that [`Out::wake_at`] asked for has come.
    Timeout,
    /// The run is asked to end; comes once. A protocol may finish what it does.
    Stop,
    /// The last word about this peer.
    Closed(Reason),
}
