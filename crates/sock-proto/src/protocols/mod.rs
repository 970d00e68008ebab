//! The built-in protocols, and THE TABLE that describes each of them once.
//!
//! To add a protocol: write its file, give it a row in [`TABLE`], and give the row a sample in
//! `tests/cuts.rs`, which fails until it has one.

mod ack;
mod chargen;
mod chat;
mod daytime;
mod discard;
mod echo;
mod find;
mod greet;
pub mod http;
mod once;
mod qotd;
mod row;
mod stdio;
mod time;
mod upper;

use alloc::boxed::Box;

pub use ack::Ack;
pub use chargen::Chargen;
pub use chat::Chat;
pub use daytime::Daytime;
pub use discard::Discard;
pub use echo::Echo;
pub use find::{UnknownService, find};
pub use greet::Greet;
pub use http::Http;
pub use qotd::Qotd;
pub use row::{Boxed, Cut, Datagrams, Engines, Gate, Made, NotTaken, Row, Setting, Settings};
pub use stdio::{Framing, Stdio, Wiring};
pub use time::MachineTime;
pub use upper::Upper;

/// What most rows say; each row names what is its own.
const PLAIN: Row = Row {
    name: "",
    about: "",
    help: "",
    deck: None,
    rfc: None,
    stream_port: None,
    datagram_port: None,
    made: Made::PerConnection(|_| Box::new(Discard)),
    gate: Gate::Answer,
    engines: Engines::Any,
    datagrams: Datagrams::None,
    alpn: &[],
    cut: |_| Cut::Free,
    takes: &[],
};

/// Every protocol that the program can serve, in the order of the documentation.
pub static TABLE: &[Row] = &[
    Row {
        name: "greet",
        about: "thanks whoever connects, and closes",
        help: "On connect the server sends `Thank you for connecting`, without a line end, and ends. \
               What the client sends is discarded.",
        deck: Some("D1"),
        stream_port: Some(1234),
        made: Made::PerConnection(|_| Box::new(Greet)),
        ..PLAIN
    },
    Row {
        name: "upper",
        about: "text comes back in upper case",
        help: "Everything that the client sends comes back in upper case, until the client ends; one \
               datagram is answered by one. Letters of every script count (`straße` becomes \
               `STRASSE`); bytes that are no UTF-8 come back unchanged. With --close-after-reply the \
               server answers what its first receive brought, ends, and discards the rest: it cannot \
               know whether that was the whole message.",
        deck: Some("D2, D3, D4"),
        stream_port: Some(12_000),
        datagram_port: Some(12_000),
        made: Made::PerConnection(|settings| Box::new(Upper::new(settings.close_after_reply))),
        datagrams: Datagrams::Stateless,
        cut: |settings| {
            if settings.close_after_reply {
                return Cut::Depends("only what the first receive brought is answered");
            }
            Cut::Free
        },
        takes: &[Setting::CloseAfterReply],
        ..PLAIN
    },
    Row {
        name: "ack",
        about: "acknowledges each message with its length",
        help: "Each message is answered by `Your data was N bytes`, N without the line end, and the \
               message `Exit` by `Disconnect` and the end; the reply ends as the message did. A \
               message is a line where line ends come; until the first of them has come it is what \
               one receive returned, and the server cannot know whether the client meant that as \
               one message, as two, or as the beginning of one: TCP keeps no boundaries.",
        deck: Some("D5"),
        stream_port: Some(1060),
        made: Made::PerConnection(|_| Box::new(Ack::default())),
        datagrams: Datagrams::Stateless,
        cut: |_| Cut::Depends("until a line has ended, a message is what one receive returned"),
        ..PLAIN
    },
    Row {
        name: "echo",
        about: "every byte comes back",
        help: "Every byte, or every datagram, comes back unchanged, until the client ends. A client \
               that does not read its echo is not read either.",
        deck: Some("D6, D7"),
        rfc: Some(862),
        stream_port: Some(50_007),
        datagram_port: Some(50_007),
        made: Made::PerConnection(|_| Box::new(Echo)),
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "chat",
        about: "a room: a line from one goes to all the others",
        help: "Whoever connects is greeted as guest-1, guest-2 and so on; a line that one member sends \
               goes to all the others as `guest-1: hello`, and the room's own lines begin with a \
               star: who joined, left, or has a new name. /name NEW, /who and /quit are the \
               commands. A member that does not read is dropped, and everybody is told; more than \
               64 KiB of one member in a second is not passed on; control characters become \
               pictures of themselves.",
        stream_port: Some(50_008),
        made: Made::PerService(|_| Box::new(Chat::default())),
        engines: Engines::Sharing,
        ..PLAIN
    },
    Row {
        name: "http",
        about: "a web server for a directory",
        help: "The server answers GET, HEAD and OPTIONS in HTTP/1.1, 1.0 and 0.9 (`GET /` and a line \
               end: the page and nothing else). Conversations are kept open between requests, and \
               requests that come together are answered in order. What could be understood in two \
               ways is refused, and a page says in plain words what was wrong. Whoever is too slow \
               with a request is told so after 10 s, and whoever asks nothing more is let go after \
               60 s. With a directory, `/` is its index.html, or a list where there is none; nothing \
               outside of it is served, and with --upload clients store files in it (PUT, and a form \
               in each list). Without a directory `/` is a page that explains all this; with --echo \
               every request is answered by what arrived, byte for byte.",
        deck: Some("D11, D13"),
        rfc: Some(9112),
        stream_port: Some(8000),
        made: Made::PerConnection(|settings| {
            Box::new(Http::new(settings.http.clone().unwrap_or_default()))
        }),
        alpn: http::ALPN,
        takes: &[
            Setting::Spa,
            Setting::Cors,
            Setting::Cache,
            Setting::Header,
            Setting::Auth,
            Setting::Upload,
            Setting::Echo,
        ],
        ..PLAIN
    },
    Row {
        name: "discard",
        about: "takes everything, answers nothing",
        help: "Everything that the client sends is thrown away, until the client ends.",
        rfc: Some(863),
        stream_port: Some(10_009),
        datagram_port: Some(10_009),
        made: Made::PerConnection(|_| Box::new(Discard)),
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "daytime",
        about: "tells the time of day as text",
        help: "On connect, or for any datagram, the server sends one line, `Tuesday, February 22, 1983 \
               17:37:43-UTC`, and ends.",
        rfc: Some(867),
        stream_port: Some(10_013),
        datagram_port: Some(10_013),
        made: Made::PerConnection(|_| Box::new(Daytime)),
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "chargen",
        about: "sends characters without end",
        help: "The server sends lines of 72 printable characters, each begun one character further \
               than the last, until the client hangs up, and discards what the client sends: it \
               cannot know whether a client that has ended its own direction still reads. A \
               datagram is answered by the beginning of the pattern, as long as chance will have \
               it, but no longer than the datagram was, nor than 512 bytes.",
        rfc: Some(864),
        stream_port: Some(10_019),
        datagram_port: Some(10_019),
        made: Made::PerConnection(|_| Box::new(Chargen)),
        gate: Gate::Call,
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "time",
        about: "tells the time as a number",
        help: "On connect, or for any datagram, the server sends the seconds since 1900 as four bytes, \
               the highest first, and ends. The number begins again at 0 in 2036: the client must \
               know which era it lives in.",
        rfc: Some(868),
        stream_port: Some(10_037),
        datagram_port: Some(10_037),
        made: Made::PerConnection(|_| Box::new(MachineTime)),
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "qotd",
        about: "tells a quote",
        help: "On connect, or for any datagram, the server sends one of a few quotes, under 512 \
               characters, and ends.",
        rfc: Some(865),
        stream_port: Some(10_017),
        datagram_port: Some(10_017),
        made: Made::PerConnection(|_| Box::new(Qotd)),
        datagrams: Datagrams::Stateless,
        ..PLAIN
    },
    Row {
        name: "stdio",
        about: "wires one client to this program's input and output",
        help: "What the client sends goes to standard output, and standard input goes to the client; \
               each side is read only while the other has room, and the end of one is passed on as \
               the end of the other. Each line of standard input is one datagram where the client \
               speaks in datagrams.",
        made: Made::PerConnection(|_| Box::new(Stdio::default())),
        gate: Gate::Feeds,
        engines: Engines::Sharing,
        datagrams: Datagrams::PerSender { most: 1 },
        ..PLAIN
    },
];
