//! What a handler is given: a stream, or one datagram.

use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::Arc;

use super::Control;
use crate::Address;
use crate::error::Result;
use crate::socket::{Flags, Kind, Reader, Socket};

/// More than the longest datagram: 65,507 bytes over UDP, and a unix datagram longer than this
/// is longer than Linux sends by default (208 KiB of buffer, bookkeeping included).
const DATAGRAM_LEN: usize = 256 * 1024;

/// A request: [`Stream`] or [`Datagram`], and no other.
pub trait Request: Sized + Send + 'static + sealed::Sealed {
    /// The kind of socket that such requests come from.
    const KIND: Kind;

    /// Takes the next one, without waiting.
    #[doc(hidden)]
    fn take(socket: &Arc<Socket>, server: &Control) -> Result<Self>;

    /// Ends it.
    #[doc(hidden)]
    fn close(self);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Stream {}
    impl Sealed for super::Datagram {}
}

/// One client session over a stream (Python: `StreamRequestHandler`).
#[derive(Debug)]
pub struct Stream {
    socket: Arc<Socket>,
    reader: Reader,
    client: Address,
    server: Control,
}

impl Stream {
    /// The connection (Python: `self.request`).
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Who asks (Python: `self.client_address`).
    #[must_use]
    pub fn client_address(&self) -> &Address {
        &self.client
    }

    /// The server that took the request (Python: `self.server`).
    #[must_use]
    pub fn server(&self) -> &Control {
        &self.server
    }

    /// Reads the connection through a buffer (Python: `self.rfile`).
    ///
    /// What is in the buffer does not come out of [`socket`](Self::socket) any more.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Writes to the connection without a buffer, and each time everything (Python: `self.wfile`).
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer(Arc::clone(&self.socket))
    }
}

impl Request for Stream {
    const KIND: Kind = Kind::Stream;

    fn take(socket: &Arc<Socket>, server: &Control) -> Result<Self> {
        let (connection, client) = socket.accept()?;
        let reader = connection.reader()?;
        Ok(Self { socket: Arc::new(connection), reader, client, server: server.clone() })
    }

    fn close(self) {
        // The client may have gone first; then there is nobody to tell.
        let _ = self.socket.shutdown(Shutdown::Write);
        let _ = self.reader.close();
        let _ = self.socket.close();
    }
}

/// Writes to a connection without a buffer, and each time everything.
#[derive(Debug)]
pub struct Writer(Arc<Socket>);

impl Write for Writer {
    /// Sends all of `data`: the answer is always its length.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.send_all(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One message (Python: `DatagramRequestHandler`): whole, where Python cuts at 8192 bytes.
#[derive(Debug)]
pub struct Datagram {
    data: Vec<u8>,
    socket: Arc<Socket>,
    client: Address,
    server: Control,
}

impl Datagram {
    /// The message.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The server's socket, to answer with.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Who asks (Python: `self.client_address`).
    #[must_use]
    pub fn client_address(&self) -> &Address {
        &self.client
    }

    /// The server that took the request (Python: `self.server`).
    #[must_use]
    pub fn server(&self) -> &Control {
        &self.server
    }

    /// Sends a datagram to the one who asks.
    ///
    /// # Errors
    ///
    /// As [`Socket::send_to`].
    pub fn reply(&self, data: &[u8]) -> Result<()> {
        self.socket.send_to(data, &self.client).map(|_| ())
    }
}

impl Request for Datagram {
    const KIND: Kind = Kind::Datagram;

    fn take(socket: &Arc<Socket>, server: &Control) -> Result<Self> {
        let mut data = vec![0; DATAGRAM_LEN];
        let (len, client) = socket.recv_from_with(&mut data, Flags::DONTWAIT)?;
        data.truncate(len);
        data.shrink_to_fit();
        Ok(Self { data, socket: Arc::clone(socket), client, server: server.clone() })
    }

    fn close(self) {}
}
