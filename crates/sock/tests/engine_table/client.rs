//! A client of the engine table: one socket of any transport, every call under a deadline.

use sock::socket::Socket;
use sock::tls::ClientTls;
use sock::{Caller, Endpoint, ErrorKind, Run, Service, Stdio, converse};
use sock_proto::protocols::{Stdio as Wired, Wiring};

use super::{DEADLINE, Transport};

pub(crate) struct Client(Socket);

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

impl Client {
    pub(crate) fn connect(transport: Transport, at: &str) -> Self {
        let mut socket = Caller::new().call(&endpoint(at)).unwrap();
        if transport == Transport::Tls {
            socket = behind_tls(socket, &endpoint(at));
        }
        socket.set_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    pub(crate) fn connect_from(source: &str, at: &str) -> Self {
        let socket = Caller::new().source(source.parse().unwrap()).call(&endpoint(at)).unwrap();
        socket.set_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    pub(crate) fn is_refused(transport: Transport, at: &str) -> bool {
        match Caller::new().call(&endpoint(at)) {
            Err(error) => matches!(error.kind(), ErrorKind::Refused | ErrorKind::NotFound),
            // UDP learns it from the answer to what it sends.
            Ok(socket) if transport.is_datagram() => {
                socket.set_timeout(Some(DEADLINE)).unwrap();
                socket.send(b"anybody?").unwrap();
                socket.recv(&mut [0; 10]).is_err_and(|e| e.kind() == ErrorKind::Refused)
            }
            Ok(_) => false,
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        self.0.send_all(bytes).unwrap();
        if bytes.is_empty() {
            self.0.send(bytes).unwrap();
        }
    }

    pub(crate) fn finish(&self) {
        self.0.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// Sends something and gets it back.
    pub(crate) fn echoes(&self, bytes: &[u8]) {
        self.send(bytes);
        assert_eq!(self.receive(bytes.len()), bytes);
    }

    /// Exactly so many bytes of a stream, or one datagram.
    pub(crate) fn receive(&self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        let mut at = 0;
        while at < n {
            match self.0.recv(&mut bytes[at..]).unwrap() {
                0 => panic!("the server ended after {at} of {n} B"),
                more => at += more,
            }
        }
        bytes
    }

    pub(crate) fn receive_datagram(&self) -> Vec<u8> {
        self.0.recv_vec(70_000).unwrap()
    }

    pub(crate) fn receive_all(&self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let more = self.0.recv_vec(65_536).unwrap();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    /// Everything up to the line in which this stands.
    pub(crate) fn receive_until(&self, what: &str) -> String {
        let mut all = String::new();
        loop {
            all.push(char::from(self.receive(1)[0]));
            if all.ends_with('\n') && all.contains(what) {
                return all;
            }
        }
    }

    /// Sends everything and ends, and meanwhile reads to the end.
    pub(crate) fn exchange(&self, data: &[u8]) -> Vec<u8> {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                self.send(data);
                self.finish();
            });
            self.receive_all()
        })
    }

    /// Sends until nothing more is taken, and tells how much that was.
    pub(crate) fn fill(&self) -> usize {
        let chunk = vec![b'x'; 65_536];
        let mut all = 0;
        // What is full for so long is full; a server that went on would take it within this time.
        self.0.set_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        loop {
            match self.0.send(&chunk) {
                Ok(n) => all += n,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    return all;
                }
            }
        }
    }

    /// Sends so much, or until nothing more is taken for a while, and never reads.
    pub(crate) fn pour(&self, most: usize, patience: std::time::Duration) -> usize {
        let chunk = vec![b'x'; 65_536];
        self.0.set_timeout(Some(patience)).unwrap();
        let mut all = 0;
        while all < most {
            match self.0.send(&chunk) {
                Ok(n) => all += n,
                Err(_) => break,
            }
        }
        all
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.0
    }

    /// Whether what it hears next is the end, or a reset.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut_after().is_some()
    }

    /// Exactly so many bytes, or none if the end or a reset comes instead.
    pub(crate) fn cut_or(&self, n: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; n];
        let mut at = 0;
        while at < n {
            match self.0.recv(&mut bytes[at..]) {
                Ok(0) => return None,
                Ok(more) => at += more,
                Err(error) if error.kind() == ErrorKind::Reset => return None,
                Err(error) => panic!("{error}"),
            }
        }
        Some(bytes)
    }

    /// How much comes before the end, or a reset; none if neither comes.
    pub(crate) fn cut_after(&self) -> Option<usize> {
        let mut buf = vec![0; 65_536];
        let mut all = 0;
        loop {
            match self.0.recv(&mut buf) {
                Ok(0) => return Some(all),
                Ok(n) => all += n,
                Err(error) => return (error.kind() == ErrorKind::Reset).then_some(all),
            }
        }
    }

    pub(crate) fn has_nothing(&self) {
        self.0.set_nonblocking(true).unwrap();
        let error = self.0.recv(&mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        self.0.set_timeout(Some(DEADLINE)).unwrap();
    }

    pub(crate) fn reset(self) {
        if self.0.set_linger(Some(std::time::Duration::ZERO)).is_ok() {
            self.0.close().unwrap();
        }
    }
}

/// The near end of a conversation in clear that goes on through TLS: whoever holds it sees TCP.
fn behind_tls(far: Socket, at: &Endpoint) -> Socket {
    let (near, wired) = Socket::pair().unwrap();
    let wired = std::sync::Mutex::new(Some(wired.detach().unwrap()));
    let taken = move || Ok(wired.lock().unwrap().take().expect("it is dialled once"));
    // Who is trusted is tested elsewhere.
    let tls = ClientTls::new().insecure();
    let service = Service::each("stdio", || Wired::new(Wiring::default()));
    let service = service.over_tls(&tls, at).unwrap();
    std::thread::spawn(move || {
        converse(&Run::new(), service, &far, Some(Stdio::new(taken))).unwrap()
    });
    near
}
