//! TLS: who one is, whom one trusts, and what is said when that fails.
//!
//! [`ClientTls`] and [`ServerTls`] are settings; nothing of them is looked at before a socket is opened.
//! A client verifies by default: the chain up to an authority of this system, and the name that was called. A
//! server without a certificate makes one on the spot, which a client trusts by its file.
//!
//! Versions 1.3 and 1.2 are spoken (RFC 8446, RFC 5246), by rustls. `SSLKEYLOGFILE` names a file that gets the
//! secrets of each connection, so that a packet capture can be read; `SSL_CERT_FILE` and `SSL_CERT_DIR` stand for
//! the authorities of the system.

mod certificate;
mod client;
mod files;
mod info;
mod protocol;
mod self_made;
mod server;
#[cfg(test)]
mod testing;
mod trust;
mod wire;
mod words;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::ProducesTickets;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};

pub use self::certificate::Certificate;
pub use self::client::ClientTls;
#[allow(unused_imports, reason = "the web client holds one")]
pub(crate) use self::client::{Call, Client, name_of};
pub(crate) use self::protocol::Layer;
pub use self::server::{Presented, ServerTls};

/// The cryptography under everything here; it is named in this function and the next.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&PROVIDER)
}

/// As long as the state of a session, with the certificate of a client.
const TICKET: usize = 4096;

/// What seals a server's tickets, with keys of its own that change.
fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    let ticketer = rustls::crypto::ring::Ticketer::new()?;
    // It takes no ticket longer than the longest that it has made: the children of fork begin with this, and
    // resume what others of them have begun.
    let _ = ticketer.encrypt(&[0; TICKET]);
    Ok(ticketer)
}

/// How long a handshake may take unless the settings say otherwise.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Which versions of TLS are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Versions {
    /// 1.3, and 1.2 with a peer that knows no better.
    #[default]
    Any,
    /// 1.2 alone.
    Tls12,
    /// 1.3 alone.
    Tls13,
}

impl Versions {
    fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Self::Any => &BOTH,
            Self::Tls12 => &BOTH[1..],
            Self::Tls13 => &BOTH[..1],
        }
    }
}

/// The time of day by which certificates are judged, from the one clock.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(crate::run::wall()))
    }
}
