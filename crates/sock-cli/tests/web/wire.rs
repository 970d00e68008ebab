//! A client that writes what it is told, byte for byte, and reads answers with a mistrusting eye.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::Server;

/// No answer takes so long.
const DEADLINE: Duration = Duration::from_secs(20);

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    buf: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the fields, as they came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// How a conversation ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

impl Wire {
    pub(crate) fn to(server: &Server) -> Self {
        let address = server.endpoint("tcp");
        let address = address.strip_prefix("tcp://").expect("it is of this scheme");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket has a timeout");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket has a timeout");
        stream.set_nodelay(true).expect("a socket has the option");
        Self { stream, buf: Vec::new() }
    }

    /// Sends everything; that the server takes no more is no failure, as it may have answered.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        if let Err(error) = self.stream.write_all(bytes.as_ref()) {
            assert!(gone.contains(&error.kind()), "{error}");
        }
    }

    /// Sends a request of HTTP/1.1 for a path, and reads the answer.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n"));
        self.answer()
    }

    /// Ends our direction.
    pub(crate) fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a direction can be ended");
    }

    /// The next answer, with its body.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let bare = [100, 204, 304].contains(&answer.status);
        answer.body = match answer.length() {
            Some(length) if !bare => self.exactly(length),
            _ if bare => Vec::new(),
            _ => self.rest().0,
        };
        answer
    }

    /// The next answer's head, and nothing of its body.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Answer {
        let end = loop {
            let end = self.buf.windows(4).position(|window| window == b"\r\n\r\n");
            match end {
                Some(end) => break end + 4,
                None if self.more().is_ok() => {}
                None => panic!("no head: {:?}", String::from_utf8_lossy(&self.buf)),
            }
        };
        let head: Vec<u8> = self.buf.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is ASCII");
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {head}"));
        Answer { status, head, body: Vec::new() }
    }

    /// The next so many bytes.
    #[track_caller]
    pub(crate) fn exactly(&mut self, n: usize) -> Vec<u8> {
        while self.buf.len() < n {
            if let Err(end) = self.more() {
                panic!("{end:?} after {} of {n} B", self.buf.len());
            }
        }
        self.buf.drain(..n).collect()
    }

    /// Everything up to the end, and which end it was.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, End) {
        loop {
            if let Err(end) = self.more() {
                return (std::mem::take(&mut self.buf), end);
            }
        }
    }

    /// Waits until so many bytes have come, or the end.
    pub(crate) fn some(&mut self, len: usize) -> usize {
        while self.buf.len() < len && self.more().is_ok() {}
        self.buf.len()
    }

    /// Asserts that nothing more comes but the end.
    #[track_caller]
    pub(crate) fn is_ended(&mut self) {
        let (rest, _) = self.rest();
        assert_eq!(String::from_utf8_lossy(&rest), "", "behind the last answer");
    }

    /// Reads once more; the error is the end.
    #[track_caller]
    fn more(&mut self) -> Result<(), End> {
        let mut piece = vec![0; 1 << 16];
        match self.stream.read(&mut piece) {
            Ok(0) => Err(End::Fin),
            Ok(n) => {
                self.buf.extend_from_slice(&piece[..n]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(End::Reset),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.buf)),
        }
    }
}

impl Answer {
    /// The only field of this name; none if there is none.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        let mut named = fields.filter(|field| field.0.eq_ignore_ascii_case(name));
        let value = named.next().map(|field| field.1);
        assert_eq!(named.next(), None, "{name} twice: {}", self.head);
        value
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it says that the server closes behind it.
    pub(crate) fn closes(&self) -> bool {
        self.field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub(crate) fn length(&self) -> Option<usize> {
        self.field("Content-Length").map(|value| value.parse().expect("a length is a number"))
    }
}
