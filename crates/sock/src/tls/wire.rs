//! Wire: TLS with one peer, and all of a session's.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use rustls::{Connection, ServerConfig, ServerConnection};
use sock_proto::{By, How, Out, Peer, Seal};

use super::client::Client;
use super::words::{self, Side};
use crate::{Error, ErrorKind, Result};

/// Who we are in the handshake.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// Who is called.
    Server { config: Arc<ServerConfig>, tells_info: bool },
    /// Who calls this host.
    Client { client: Arc<Client>, host: String },
}

impl Role {
    pub(super) fn side(&self) -> Side {
        match self {
            Self::Server { .. } => Side::Server,
            Self::Client { .. } => Side::Client,
        }
    }

    pub(super) fn tells_info(&self) -> bool {
        match self {
            Self::Server { tells_info, .. } => *tells_info,
            Self::Client { client, .. } => client.tells_info,
        }
    }

    pub(super) fn wire(&self) -> Result<Wire> {
        let tls = match self {
            Self::Server { config, .. } => ServerConnection::new(Arc::clone(config))
                .map_err(|error| words::explain(&error, Side::Server))?
                .into(),
            Self::Client { client, host } => client.call(host, &[])?.connection.into(),
        };
        Ok(Wire {
            tls,
            stage: Stage::Hello,
            held: Vec::new(),
            fin: false,
            has_ended: false,
            eof_told: false,
            is_inside: false,
            broken: None,
            began: Vec::new(),
        })
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The handshake is under way.
    Hello,
    /// The inner protocol speaks.
    Open,
    /// It has failed: nothing more is read.
    Over,
}

/// What reading has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Records,
    /// The end of the handshake.
    Handshake,
}

/// TLS with one peer.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that has happened, or has not")]
pub(super) struct Wire {
    pub(super) tls: Connection,
    pub(super) stage: Stage,
    /// What has come and is still sealed.
    pub(super) held: Vec<u8>,
    /// The peer has ended its direction of the connection.
    pub(super) fin: bool,
    /// The peer has said its last word.
    pub(super) has_ended: bool,
    /// The inner protocol knows that the peer has ended.
    pub(super) eof_told: bool,
    /// The inner protocol knows of the peer.
    pub(super) is_inside: bool,
    /// Why nothing more can be opened, and who broke it off: told once all that was opened before is consumed.
    pub(super) broken: Option<(By, Error)>,
    /// The first bytes that have come: see [`VERSION`].
    began: Vec<u8>,
}

/// The types of the records that a conversation may begin with: an alert, a handshake (RFC 8446, section 5.1).
const FIRST: [u8; 2] = [21, 22];
/// Where the version lies that a client offers in its first message, behind the heads of the record and of the
/// message (RFC 5246, sections 6.2.1, 7.4 and 7.4.1.2).
const VERSION: Range<usize> = 9..11;
/// TLS 1.2, by which 1.3 is called there as well.
const TLS_1_2: [u8; 2] = [3, 3];

/// The alert `unexpected_message` in the clear, for who began with something else.
const UNEXPECTED: &[u8] = &[21, 3, 1, 0, 2, 2, 10];
/// What a client of HTTP understands better than an alert; `Upgrade` tells a program what the text tells people
/// (RFC 2817, section 4.2).
const WRITE_HTTPS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nUpgrade: TLS/1.2\r\n\
    Connection: close\r\n\r\nthis port speaks TLS: write https://\n";
/// How a request of HTTP begins.
const METHODS: [&[u8]; 7] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH "];

impl Wire {
    /// What a client that does not speak TLS is told in the clear.
    pub(super) fn answer_in_clear(&self, side: Side) -> Option<&'static [u8]> {
        let first = self.began.first()?;
        if side == Side::Client || FIRST.contains(first) {
            return None;
        }
        let is_http = METHODS.iter().any(|method| self.began.starts_with(method));
        Some(if is_http { WRITE_HTTPS } else { UNEXPECTED })
    }

    /// Reads some of `rest` and opens what is whole.
    pub(super) fn read(
        &mut self,
        rest: &mut &[u8],
        side: Side,
    ) -> std::result::Result<Came, (By, Error)> {
        if self.began.len() < VERSION.end {
            let n = rest.len().min(VERSION.end - self.began.len());
            self.began.extend_from_slice(&rest[..n]);
            if self.began.first().is_some_and(|first| !FIRST.contains(first)) {
                return Err((By::Us, words::foreign(side, rest)));
            }
        }
        let n = self.tls.read_tls(rest).map_err(|error| (By::Us, of_io(&error, side)))?;
        if n == 0 {
            // After its last word, whatever follows is nothing.
            *rest = &[];
        }
        let processed = self.tls.process_new_packets();
        match processed {
            Ok(state) => self.has_ended = state.peer_has_closed(),
            Err(error) if self.tls.is_handshaking() => {
                return Err((by(&error), words::explain(&error, side)));
            }
            Err(error) => {
                self.broken = Some((by(&error), words::explain_within(&error, side)));
                *rest = &[];
            }
        }
        if self.stage == Stage::Hello && !self.tls.is_handshaking() {
            self.stage = Stage::Open;
            return Ok(Came::Handshake);
        }
        Ok(Came::Records)
    }

    /// Whether the first message of a client offers no version that is spoken here: rustls would say that
    /// something else is missing from it, which nobody understands.
    pub(super) fn is_outdated(&self, side: Side) -> bool {
        side == Side::Server
            && self.began.first() == Some(&22)
            && self.began.get(VERSION).is_some_and(|version| version < &TLS_1_2[..])
    }

    /// Gives back the room that a long record has taken, as rustls would when the next one comes: which may
    /// be long.
    pub(super) fn slim(&mut self) {
        // It makes room before it finds that nothing is to be read.
        let _ = self.tls.read_tls(&mut Nothing);
    }

    /// What has been opened and is not yet consumed.
    pub(super) fn plain(&mut self) -> Option<&[u8]> {
        self.tls.reader().into_first_chunk().ok()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.tls.reader().consume(n);
    }

    /// Whether everything that has been opened is consumed.
    pub(super) fn is_read(&mut self) -> bool {
        self.plain().is_none_or(<[u8]>::is_empty)
    }
}

/// Has nothing to be read now, which is no end.
struct Nothing;

impl Read for Nothing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Who broke it off.
fn by(error: &rustls::Error) -> By {
    if matches!(error, rustls::Error::AlertReceived(_)) { By::Peer } else { By::Us }
}

fn of_io(error: &io::Error, side: Side) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => words::explain(error, side),
        None => Error::new(ErrorKind::Tls, error.to_string()),
    }
}

/// TLS with each peer of a session; the first lies inline.
#[derive(Debug, Default)]
pub(super) struct Wires {
    first: Option<Box<Wire>>,
    others: BTreeMap<Peer, Box<Wire>>,
}

impl Wires {
    pub(super) fn insert(&mut self, peer: Peer, wire: Wire) {
        let wire = Box::new(wire);
        if peer == Peer::FIRST {
            self.first = Some(wire);
        } else {
            self.others.insert(peer, wire);
        }
    }

    pub(super) fn get_mut(&mut self, peer: Peer) -> Option<&mut Wire> {
        if peer == Peer::FIRST {
            return self.first.as_deref_mut();
        }
        self.others.get_mut(&peer).map(|wire| &mut **wire)
    }

    pub(super) fn remove(&mut self, peer: Peer) {
        if peer == Peer::FIRST {
            self.first = None;
        } else {
            self.others.remove(&peer);
        }
    }

    /// Whether the handshake with the peer is under way.
    pub(super) fn is_shaking(&mut self, peer: Peer) -> bool {
        self.get_mut(peer).is_some_and(|wire| wire.stage == Stage::Hello)
    }

    /// Sends the records that are ready for the peer.
    pub(super) fn ship(&mut self, out: &mut Out<'_>) {
        let Some(wire) = self.get_mut(out.peer()) else { return };
        while wire.tls.wants_write() {
            // The sink takes everything.
            let _ = wire.tls.write_tls(&mut Sink(out));
        }
    }
}

impl Seal for Wires {
    fn seal(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(wire) = self.get_mut(out.peer()) else { return };
            // It takes what its buffer has room for, which is empty again each time.
            let n = wire.tls.writer().write(rest).unwrap_or(0);
            if n == 0 {
                // After 2^24 records or so a key of TLS 1.2 is used up, and there is no other.
                out.note("tls", format_args!("no more can be sent with these keys: cut short"));
                out.because(How::Failed);
                return out.abort();
            }
            rest = &rest[n..];
            self.ship(out);
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        if let Some(wire) = self.get_mut(out.peer()) {
            wire.tls.send_close_notify();
            self.ship(out);
        }
    }
}

/// Where records go: to the peer, or nowhere when we have ended.
struct Sink<'a, 'b>(&'a mut Out<'b>);

impl Write for Sink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.is_open() {
            self.0.send(bytes);
        }
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().try_fold(0, |all, piece| Ok(all + self.write(piece)?))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
