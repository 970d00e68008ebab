//! Check: what a reply has to be, as the service itself makes it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::message::Message;
use crate::protocols::{Boxed, Row, Settings};
use crate::{By, Context, How, Kind, Link, Peer, Reason, Session};

/// What each reply has to be, byte for byte.
#[derive(Debug, Clone, Default)]
pub enum Check {
    /// Anything of the right length.
    #[default]
    Nothing,
    /// Always these bytes.
    Bytes(Box<[u8]>),
    /// What this service answers to the messages of a connection, one after the other.
    Service(&'static Row),
}

/// The services whose answer follows from what was asked, and from nothing else.
const CERTAIN: [&str; 4] = ["greet", "upper", "ack", "echo"];

impl Check {
    /// The replies of a service to these messages, computed by the protocol that serves them; once
    /// for all, where each is the same.
    ///
    /// # Errors
    ///
    /// What the service answers does not follow from what it is asked, or it answers nothing.
    pub fn of(row: &'static Row, message: &Message, kind: Kind) -> Result<Self, Uncertain> {
        if !CERTAIN.contains(&row.name) {
            return Err(Uncertain { service: row.name });
        }
        let Some(bytes) = message.fixed() else { return Ok(Self::Service(row)) };
        let mut shadow = Shadow::new(row, kind);
        let [mut first, mut second] = [Vec::new(), Vec::new()];
        shadow.answer(bytes, &mut first);
        shadow.answer(bytes, &mut second);
        match (first.is_empty(), first == second || second.is_empty()) {
            (true, _) => Err(Uncertain { service: row.name }),
            (false, true) => Ok(Self::Bytes(first.into())),
            (false, false) => Ok(Self::Service(row)),
        }
    }
}

/// What a service answers cannot be known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncertain {
    /// The service.
    pub service: &'static str,
}

impl fmt::Display for Uncertain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service } = self;
        write!(f, "what {service} answers to this cannot be known beforehand; checked are ")?;
        f.write_str(&CERTAIN.join(", "))
    }
}

impl core::error::Error for Uncertain {}

/// The service itself, without a wire: it is told what the real one is told.
pub(super) struct Shadow {
    session: Session<Boxed>,
    cx: Context,
    kind: Kind,
}

impl Shadow {
    pub(super) fn new(row: &'static Row, kind: Kind) -> Self {
        let mut session = Session::answer(row.make(&Settings::default()));
        let mut cx = Context::default();
        if kind == Kind::Stream {
            session.open(Peer::FIRST, &Link::stream(1), &mut cx);
        }
        Self { session, cx, kind }
    }

    /// Puts the answer to one message behind what is in `into`.
    pub(super) fn answer(&mut self, message: &[u8], into: &mut Vec<u8>) {
        let Self { session, cx, kind } = self;
        if *kind == Kind::Datagram {
            session.open(Peer::FIRST, &Link::datagram(1), cx);
        }
        session.data(Peer::FIRST, message, cx.now, cx);
        while let Some(bytes) = session.output(Peer::FIRST, cx) {
            into.extend_from_slice(bytes);
            let n = bytes.len();
            session.sent(Peer::FIRST, n, cx.now, cx);
        }
        if *kind == Kind::Datagram {
            session.closed(Peer::FIRST, Reason { by: By::Us, how: How::Fin }, cx);
        }
    }
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").field("kind", &self.kind).finish_non_exhaustive()
    }
}
