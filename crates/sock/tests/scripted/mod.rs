//! A web server that does what a test says, conversation by conversation, and keeps what it was asked.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "tests, though no function here is one")]

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sock::http::{Client, Proxies};
use sock::socket::{Socket, create_server};

/// What one conversation is made of.
pub(crate) type Act = Box<dyn FnOnce(&mut Talk) + Send>;

pub(crate) fn act(act: impl FnOnce(&mut Talk) + Send + 'static) -> Act {
    Box::new(act)
}

/// Answers one request so, and closes.
pub(crate) fn says(bytes: impl AsRef<[u8]>) -> Act {
    let bytes = bytes.as_ref().to_vec();
    act(move |talk| {
        talk.request();
        talk.say(&bytes);
    })
}

/// A whole response.
pub(crate) fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A redirect of this status.
pub(crate) fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Look\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// The server's side of a conversation.
pub(crate) struct Talk {
    pub(crate) peer: Socket,
    rest: Vec<u8>,
    heads: std::sync::mpsc::Sender<String>,
}

impl Talk {
    /// Reads a request's head.
    pub(crate) fn request(&mut self) -> String {
        loop {
            let end = self.rest.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.rest.drain(..end + 4).collect();
                let head = String::from_utf8(head).unwrap();
                // A test that does not look drops its end.
                let _ = self.heads.send(head.clone());
                return head;
            }
            let more = self.peer.recv_vec(1 << 16).unwrap();
            assert!(!more.is_empty(), "the client closed within a head: {:?}", self.rest);
            self.rest.extend(more);
        }
    }

    /// Reads so much of a body.
    pub(crate) fn body(&mut self, len: usize) -> Vec<u8> {
        while self.rest.len() < len {
            let more = self.peer.recv_vec(1 << 16).unwrap();
            assert!(!more.is_empty(), "the client closed within a body");
            self.rest.extend(more);
        }
        self.rest.drain(..len).collect()
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.peer.send_all(bytes.as_ref()).unwrap();
    }

    /// Waits until the client has closed, or thrown the connection away.
    pub(crate) fn until_closed(&mut self) {
        while self.peer.recv(&mut [0; 1000]).is_ok_and(|n| n > 0) {}
    }

    /// Throws the connection away.
    pub(crate) fn reset(&mut self) {
        self.peer.set_linger(Some(Duration::ZERO)).unwrap();
        self.peer.close().unwrap();
    }
}

/// A scripted server.
pub(crate) struct Web {
    pub(crate) addr: SocketAddr,
    heads: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Plays these acts, one conversation each.
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let server = create_server(("127.0.0.1", 0)).unwrap();
        let addr = server.local_addr().unwrap().to_socket_addr().unwrap();
        let acts: Vec<Act> = acts.into_iter().collect();
        let (heads, received) = channel();
        let thread = std::thread::spawn(move || {
            for act in acts {
                let (peer, _) = server.accept().unwrap();
                let mut talk = Talk { peer, rest: Vec::new(), heads: heads.clone() };
                act(&mut talk);
            }
        });
        Self { addr, heads: received, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The head of the next request.
    pub(crate) fn head(&self) -> String {
        self.heads.recv().unwrap()
    }

    /// Waits until every act was played.
    pub(crate) fn done(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A client that no environment changes.
pub(crate) fn client() -> Client {
    Client::new().proxies(Proxies::none())
}
