//! A client that writes bytes and reads answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a field, in any case of its name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Connects to a server that listens.
pub(crate) fn call(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a limit");
    stream
}

/// Sends a request that ends its conversation, and reads the answer to its end.
pub(crate) fn ask(port: u16, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = call(port);
    stream.write_all(request.as_ref()).expect("the server reads");
    read(stream)
}

/// Reads one answer, which is the last one.
pub(crate) fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the server ends the conversation");
    let shown = String::from_utf8_lossy(&bytes).chars().take(300).collect::<String>();
    let at = bytes.windows(4).position(|end| end == b"\r\n\r\n");
    let at = at.unwrap_or_else(|| panic!("no head: {shown}"));
    let head = String::from_utf8(bytes[..at].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {shown}"));
    Answer { status, head, body: bytes.split_off(at + 4) }
}

/// Asks for a path, with more fields.
pub(crate) fn get(port: u16, path: &str, fields: &[&str]) -> Answer {
    ask(port, request("GET", path, fields))
}

/// A request that ends its conversation.
pub(crate) fn request(method: &str, path: &str, fields: &[&str]) -> String {
    let line = format!("{method} {path} HTTP/1.1");
    let lines = [&[&line, "Host: localhost", "Connection: close"], fields].concat();
    lines.join("\r\n") + "\r\n\r\n"
}

/// Stores a file.
pub(crate) fn put(port: u16, path: &str, bytes: &[u8], fields: &[&str]) -> Answer {
    let length = format!("Content-Length: {}", bytes.len());
    let fields = [fields, &[&length]].concat();
    ask(port, [request("PUT", path, &fields).as_bytes(), bytes].concat())
}
