//! `ServerTls`: who a server is, and whom it lets in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::SingleCertAndKey;
use rustls::{KeyLogFile, ServerConfig};
use sock_proto::Endpoint;

use super::certificate::Certificate;
use super::self_made::{self, SelfMade};
use super::trust::Doorkeeper;
use super::{Clock, HANDSHAKE, Versions, files, provider, ticketer};
use crate::{Error, ErrorKind, Result};

/// How a server speaks TLS; by default it makes a certificate on the spot.
///
/// # Examples
///
/// ```
/// use sock::tls::ServerTls;
///
/// let tls = ServerTls::new().identity("server.pem", "server.key").client_ca("our-authority.pem");
/// # let _ = tls;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    identity: Option<(PathBuf, PathBuf)>,
    names: Vec<String>,
    client_authorities: Vec<PathBuf>,
    alpn: Vec<Vec<u8>>,
    versions: Versions,
    tells_info: bool,
    pub(super) handshake_timeout: Duration,
}

impl Default for ServerTls {
    fn default() -> Self {
        Self {
            identity: None,
            names: Vec::new(),
            client_authorities: Vec::new(),
            alpn: Vec::new(),
            versions: Versions::default(),
            tells_info: false,
            handshake_timeout: HANDSHAKE,
        }
    }
}

impl ServerTls {
    /// Makes a certificate for where it listens, and lets everybody in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows this certificate (a PEM file, with its chain).
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Makes the certificate, where one is made on the spot, for this name or address as well.
    #[must_use]
    pub fn made_for(mut self, host: impl Into<String>) -> Self {
        self.names.push(host.into());
        self
    }

    /// Demands a certificate of each client: one that an authority in this PEM file has signed, or one
    /// that is in it. Every file that is named counts.
    #[must_use]
    pub fn client_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.client_authorities.push(file.into());
        self
    }

    /// Knows one more protocol (RFC 7301), the best first. A client that offers protocols, and none of
    /// these, is refused.
    #[must_use]
    pub fn alpn(mut self, protocol: impl AsRef<[u8]>) -> Self {
        self.alpn.push(protocol.as_ref().to_vec());
        self
    }

    /// Knows these protocols unless others were named.
    pub(crate) fn usually(self, protocols: &[&str]) -> Self {
        if self.alpn.is_empty() { protocols.iter().fold(self, Self::alpn) } else { self }
    }

    /// Speaks only these versions.
    #[must_use]
    pub fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// Gives a handshake so long; at first 10 s.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Notes, for each connection, what was agreed and whom it met.
    #[must_use]
    pub fn tell_info(mut self) -> Self {
        self.tells_info = true;
        self
    }

    /// Reads the files, or makes a certificate for these endpoints.
    ///
    /// # Errors
    ///
    /// A file is missing or is not what it has to be.
    pub(crate) fn load(&self, endpoints: &[Endpoint]) -> Result<Loaded> {
        let (identity, pem) = if let Some((certificate, key)) = &self.identity {
            (files::identity(certificate, key)?, None)
        } else {
            let made = SelfMade::new(&self_made::names(endpoints, &self.names))?;
            (made.identity, Some(made.pem))
        };
        let chain = identity.cert.iter().map(Certificate::of).collect();
        let presented = Presented { chain, self_made: pem };
        let builder = ServerConfig::builder_with_details(provider(), Arc::new(Clock))
            .with_protocol_versions(self.versions.supported())
            .map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?;
        let builder = if self.client_authorities.is_empty() {
            builder.with_no_client_auth()
        } else {
            let (roots, pinned) = files::authorities(&self.client_authorities)?;
            builder.with_client_cert_verifier(Arc::new(Doorkeeper::new(roots, pinned)?))
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::new(identity))));
        config.key_log = Arc::new(KeyLogFile::new());
        config.alpn_protocols.clone_from(&self.alpn);
        // A ticket holds the session itself, so that children resume what their parent's other children began.
        config.ticketer =
            ticketer().map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?;
        Ok(Loaded {
            config: Arc::new(config),
            presented,
            tells_info: self.tells_info,
            handshake_timeout: self.handshake_timeout,
        })
    }
}

/// A server's settings, ready for connections.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) presented: Presented,
    pub(crate) tells_info: bool,
    pub(crate) handshake_timeout: Duration,
}

/// What a server shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Its certificate, and those that lead to an authority.
    pub chain: Vec<Certificate>,
    /// Where the certificate was made on the spot: the PEM file by which clients trust it.
    pub self_made: Option<String>,
}
