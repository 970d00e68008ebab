//! Row: everything that the rest of the program may know about a protocol.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::http::{Offer, Place};
use crate::{Endpoint, Host, Protocol, Transport};

/// A protocol that an engine may move between its threads.
pub type Boxed = Box<dyn Protocol + Send>;

/// One protocol of [`TABLE`](super::TABLE).
///
/// The command line, the help, the documentation, the cut tests and the engine tests read it from
/// here, so that a protocol is described once.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it is called on the command line.
    pub name: &'static str,
    /// One line for the list of services.
    pub about: &'static str,
    /// A paragraph: what it puts on the wire and, where true, what it cannot know.
    pub help: &'static str,
    /// The programs of the lecture decks that it stands for.
    pub deck: Option<&'static str>,
    /// The RFC that defines it.
    pub rfc: Option<u16>,
    /// The port on loopback where it listens for streams unless told otherwise.
    pub stream_port: Option<u16>,
    /// The port on loopback where it listens for datagrams unless told otherwise.
    pub datagram_port: Option<u16>,
    /// Who makes it, and how often.
    pub made: Made,
    /// When its peers are read.
    pub gate: Gate,
    /// Which engines can run it.
    pub engines: Engines,
    /// What it does where messages have boundaries.
    pub datagrams: Datagrams,
    /// Its names where TLS agrees on a protocol (ALPN, RFC 7301), the best first.
    pub alpn: &'static [&'static str],
    /// Whether its answer depends on where its input was cut.
    pub cut: fn(&Settings) -> Cut,
    /// The settings that it knows.
    pub takes: &'static [Setting],
}

/// Who makes a protocol, and how often.
#[derive(Debug, Clone, Copy)]
pub enum Made {
    /// One for each conversation.
    PerConnection(fn(&Settings) -> Boxed),
    /// One for the whole service: all conversations are peers of one session.
    PerService(fn(&Settings) -> Boxed),
}

/// When a peer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// While its own outbox is empty: who does not read its answers is not read.
    Answer,
    /// Always: who asks must hear, and who discards what it hears loses nothing by it.
    Call,
    /// While the other side has room: the protocol wires its peers by [`Out::feeds`](crate::Out::feeds).
    Feeds,
}

/// Which engines can run a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engines {
    /// Each of them.
    Any,
    /// Only those that hold several peers in one session, with one worker: not the blocking ones.
    Sharing,
}

/// What a protocol does where messages have boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datagrams {
    /// It needs a stream.
    None,
    /// It answers each datagram for itself: one protocol serves all senders and keeps nothing.
    Stateless,
    /// Each sender has a session of its own.
    PerSender {
        /// So many senders at once; who comes later is not heard until another has gone.
        most: usize,
    },
}

/// Whether an answer depends on where the input was cut on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// It does not: the same bytes get the same answer, however they arrive.
    Free,
    /// It does, for this reason.
    Depends(&'static str),
}

/// What a user may ask of a protocol.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Answer what the first receive brought and end, as the listing of deck D4 does.
    pub close_after_reply: bool,
    /// What the web server offers; none: a page that explains it.
    pub http: Option<Arc<Offer>>,
}

/// The name of one of the [`Settings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// [`Settings::close_after_reply`].
    CloseAfterReply,
    /// [`Offer::spa`].
    Spa,
    /// [`Offer::cors`].
    Cors,
    /// [`Offer::cache`].
    Cache,
    /// [`Offer::fields`].
    Header,
    /// [`Offer::auth`].
    Auth,
    /// [`Offer::upload`].
    Upload,
    /// [`Place::Echo`].
    Echo,
}

impl Setting {
    /// Every setting, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::CloseAfterReply,
        Self::Spa,
        Self::Cors,
        Self::Cache,
        Self::Header,
        Self::Auth,
        Self::Upload,
        Self::Echo,
    ];

    /// The option of the command line that sets it.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::CloseAfterReply => "--close-after-reply",
            Self::Spa => "--spa",
            Self::Cors => "--cors",
            Self::Cache => "--cache",
            Self::Header => "--header",
            Self::Auth => "--auth",
            Self::Upload => "--upload",
            Self::Echo => "--echo",
        }
    }

    /// Whether `settings` ask for it.
    #[must_use]
    pub fn is_set(self, settings: &Settings) -> bool {
        let of_http = |is_set: fn(&Offer) -> bool| settings.http.as_deref().is_some_and(is_set);
        match self {
            Self::CloseAfterReply => settings.close_after_reply,
            Self::Spa => of_http(|offer| offer.spa),
            Self::Cors => of_http(|offer| offer.cors),
            Self::Cache => of_http(|offer| offer.cache.is_some()),
            Self::Header => of_http(|offer| !offer.fields.is_empty()),
            Self::Auth => of_http(|offer| offer.auth.is_some()),
            Self::Upload => of_http(|offer| offer.upload.is_some()),
            Self::Echo => of_http(|offer| matches!(offer.place, Place::Echo)),
        }
    }
}

impl Row {
    /// Makes the protocol.
    #[must_use]
    pub fn make(&self, settings: &Settings) -> Boxed {
        match self.made {
            Made::PerConnection(make) | Made::PerService(make) => make(settings),
        }
    }

    /// True where all conversations are peers of one session.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self.made, Made::PerService(_))
    }

    /// True where the protocol makes sense on `transport`; [`Transport::Stdio`] is never listened to.
    #[must_use]
    pub fn speaks(&self, transport: Transport) -> bool {
        match transport {
            Transport::Tcp | Transport::Tls | Transport::Unix => true,
            Transport::Udp | Transport::Unixgram => self.datagrams != Datagrams::None,
            Transport::Stdio => false,
        }
    }

    /// Where it listens unless told otherwise; empty where the user must say.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let stream = self.stream_port.map(|port| Endpoint::Tcp(Host::Loopback, port));
        let datagram = self.datagram_port.map(|port| Endpoint::Udp(Host::Loopback, port));
        stream.into_iter().chain(datagram).collect()
    }

    /// Refuses settings that this protocol does not know.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] names the first of them.
    pub fn check(&self, settings: &Settings) -> Result<(), NotTaken> {
        let unknown = |setting: &Setting| setting.is_set(settings) && !self.takes.contains(setting);
        match Setting::ALL.into_iter().find(unknown) {
            Some(setting) => Err(NotTaken { setting, service: self.name }),
            None => Ok(()),
        }
    }
}

/// A setting was given to a protocol that does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken {
    /// What was set.
    pub setting: Setting,
    /// The protocol that does not know it.
    pub service: &'static str,
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, service } = self;
        write!(f, "the service {service} does not take {}", setting.option())?;
        let takers = super::TABLE.iter().filter(|row| row.takes.contains(setting));
        for (i, row) in takers.enumerate() {
            write!(f, "{}{}", if i == 0 { "; it belongs to " } else { ", " }, row.name)?;
        }
        Ok(())
    }
}

impl core::error::Error for NotTaken {}
