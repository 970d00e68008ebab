//! Records written by hand, call by call; times in µs.

#![allow(dead_code, reason = "each test file writes with some of it")]

use sock_ladder::{Drawing, explain, html, mermaid, svg, text};
use sock_record::{
    Args, Call, CallKind, Dir, End, Ev, Family, Kind, Level, Line, Note, Origin, Proc, ProcId,
    Sock, SockId,
};

/// A record being written.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) lines: Vec<Line>,
    ev: u64,
}

pub(crate) const CLIENT: u32 = 1;
pub(crate) const SERVER: u32 = 2;

impl Tape {
    /// A client (process and socket 1) at port 40000 and a server (2) at `port` that talk over TCP, connected at 0.
    pub(crate) fn connected(port: u16) -> Self {
        let mut tape = Self::default();
        let (client, server) = ("127.0.0.1:40000".to_owned(), format!("127.0.0.1:{port}"));
        tape.proc(CLIENT, "client").proc(SERVER, "server");
        tape.tcp(1, Origin::Socket, 0, &client, &server);
        tape.tcp(2, Origin::Accept, 60, &server, &client);
        tape.call(CLIENT, CallKind::Connect, 1, 0, 50, Ok(0));
        tape.call(SERVER, CallKind::Accept, 2, 0, 60, Ok(4));
        tape
    }

    pub(crate) fn proc(&mut self, id: u32, name: &str) -> &mut Self {
        self.lines.push(Proc::new(ProcId(id), name, 0).into());
        self
    }

    pub(crate) fn sock(&mut self, id: u32, kind: Kind, from: Origin, t: u64) -> &mut Sock {
        self.lines.push(Sock::new(SockId(id), Family::Inet, kind, from, t * 1_000).into());
        match self.lines.last_mut() {
            Some(Line::Sock(sock)) => sock,
            _ => unreachable!("it was just pushed"),
        }
    }

    pub(crate) fn tcp(&mut self, id: u32, from: Origin, t: u64, local: &str, peer: &str) {
        let sock = self.sock(id, Kind::Stream, from, t);
        sock.local = Some(local.into());
        sock.peer = Some(peer.into());
    }

    pub(crate) fn udp(&mut self, id: u32, local: &str) {
        self.sock(id, Kind::Dgram, Origin::Socket, 0).local = Some(local.into());
    }

    pub(crate) fn call(
        &mut self,
        proc: u32,
        call: CallKind,
        sock: u32,
        enter: u64,
        exit: u64,
        ret: Result<i64, &str>,
    ) -> &mut Call {
        self.ev += 1;
        let mut line = Call::new(Ev(self.ev), ProcId(proc), call, enter * 1_000);
        line.sock = Some(SockId(sock));
        line.exit = Some(exit * 1_000);
        line.ret = Some(ret.unwrap_or(-1));
        line.err = ret.err().map(Into::into);
        line.dir = [(CallKind::Send, Dir::Out), (CallKind::Recv, Dir::In)]
            .into_iter()
            .find_map(|(kind, dir)| (line.call == kind).then_some(dir));
        self.lines.push(line.into());
        match self.lines.last_mut() {
            Some(Line::Call(call)) => call,
            _ => unreachable!("it was just pushed"),
        }
    }

    pub(crate) fn send(&mut self, who: u32, sock: u32, enter: u64, bytes: &[u8]) -> &mut Call {
        let n = i64::try_from(bytes.len()).expect("short");
        let call = self.call(who, CallKind::Send, sock, enter, enter + 10, Ok(n));
        call.data = Some(bytes.into());
        call
    }

    /// A receive that waited from `enter` on and returned at `exit`.
    pub(crate) fn recv(
        &mut self,
        who: u32,
        sock: u32,
        enter: u64,
        exit: u64,
        bytes: &[u8],
    ) -> &mut Call {
        let n = i64::try_from(bytes.len()).expect("short");
        let call = self.call(who, CallKind::Recv, sock, enter, exit, Ok(n));
        call.args = Args { len: Some(1024), ..Args::default() };
        call.data = Some(bytes.into());
        call
    }

    pub(crate) fn close(&mut self, who: u32, sock: u32, enter: u64) -> &mut Call {
        self.call(who, CallKind::Close, sock, enter, enter + 5, Ok(0))
    }

    pub(crate) fn shutdown(&mut self, who: u32, sock: u32, enter: u64) -> &mut Call {
        let call = self.call(who, CallKind::Shutdown, sock, enter, enter + 5, Ok(0));
        call.args.how = Some("SHUT_WR".into());
        call
    }

    /// The end of the record, at `t`.
    pub(crate) fn end(&mut self, t: u64) {
        self.lines.push(End { t: t * 1_000, exit: Vec::new(), dropped: 0 }.into());
    }

    pub(crate) fn note(&mut self, code: &str, text: &str) {
        self.lines.push(
            Note {
                ev: Some(Ev(self.ev)),
                code: code.into(),
                level: Level::Info,
                text: text.into(),
            }
            .into(),
        );
    }
}

/// More rows than this do not all stand on one page.
const MANY: usize = 150;

/// Whatever is said of a record stands on every page that is drawn of it.
pub(crate) fn every_note_is_drawn(lines: &[Line]) {
    if lines.len() > MANY {
        return;
    }
    let drawing = |width| Drawing { width, explain: true, fold: false, ..Drawing::default() };
    let pages = [
        ("text", text(lines, &drawing(100))),
        ("narrow text", text(lines, &drawing(40))),
        ("SVG", svg(lines, &drawing(100))),
        ("HTML", html(lines, &drawing(100))),
        ("Mermaid", mermaid(lines, &drawing(100))),
    ];
    let own = lines
        .iter()
        .filter_map(|line| if let Line::Note(note) = line { Some(note.clone()) } else { None });
    let pages = pages.map(|(form, page)| (form, letters(&page), page));
    for note in explain(lines).into_iter().chain(own) {
        for (form, letters_of_page, page) in &pages {
            assert!(
                letters_of_page.contains(&letters(&note.text)),
                "{form} lacks {}: {page}",
                note.text
            );
        }
    }
}

/// The letters and digits of a page, without its marks, its rails and its line ends.
fn letters(page: &str) -> String {
    let (mut letters, mut rest) = (String::new(), page);
    while let Some(at) = rest.find(['<', '&', '#']) {
        let mark = match rest.as_bytes()[at] {
            b'<' => rest[at..].find('>'),
            _ => rest[at..].find(';').filter(|end| *end <= 6),
        };
        letters.extend(rest[..at].chars().filter(|c| c.is_alphanumeric()));
        rest = &rest[at + mark.unwrap_or(0) + 1..];
    }
    letters.extend(rest.chars().filter(|c| c.is_alphanumeric()));
    letters
}
