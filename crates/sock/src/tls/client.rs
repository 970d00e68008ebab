//! `ClientTls`: whom a client trusts, and who it is itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, KeyLogFile};
use sock_proto::Host;

use super::trust::{Trust, Verifier};
use super::words::{self, Side};
use super::{Clock, HANDSHAKE, Versions, files, info, provider};
use crate::{Error, ErrorKind, Result};

/// How a client speaks TLS; by default it trusts the authorities of this system.
///
/// # Examples
///
/// ```
/// use sock::tls::ClientTls;
///
/// let tls = ClientTls::new().ca("its-authority.pem").alpn("h2").alpn("http/1.1");
/// # let _ = tls;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTls {
    authorities: Vec<PathBuf>,
    is_insecure: bool,
    identity: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
    alpn: Vec<Vec<u8>>,
    versions: Versions,
    tells_info: bool,
    pub(super) handshake_timeout: Duration,
}

impl Default for ClientTls {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            is_insecure: false,
            identity: None,
            server_name: None,
            alpn: Vec::new(),
            versions: Versions::default(),
            tells_info: false,
            handshake_timeout: HANDSHAKE,
        }
    }
}

impl ClientTls {
    /// Trusts the authorities of this system, and is nobody itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificates in one more PEM file, and no longer the authorities of this system: as
    /// authorities, and a server's own certificate for itself.
    #[must_use]
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.authorities.push(file.into());
        self
    }

    /// Trusts everybody. Whoever is on the way can read and change everything.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.is_insecure = true;
        self
    }

    /// Shows this certificate (a PEM file, with its chain) where the server asks for one.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Asks for this name, and expects it in the certificate, whatever was called.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Offers one more protocol (RFC 7301), the best first.
    #[must_use]
    pub fn alpn(mut self, protocol: impl AsRef<[u8]>) -> Self {
        self.alpn.push(protocol.as_ref().to_vec());
        self
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

    /// Tells whether everybody is trusted.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.is_insecure
    }

    /// Reads the files, once for all connections.
    ///
    /// # Errors
    ///
    /// A file is missing or is not what it has to be; the system names no authorities.
    pub(crate) fn load(&self) -> Result<Client> {
        let trust = match (self.is_insecure, self.authorities.is_empty()) {
            (true, _) => Trust::Anybody,
            (false, true) => Trust::new(files::system_authorities()?, Vec::new())?,
            (false, false) => {
                let (roots, pinned) = files::authorities(&self.authorities)?;
                Trust::new(roots, pinned)?
            }
        };
        let verifier = Arc::new(Verifier::new(trust));
        let builder = ClientConfig::builder_with_details(provider(), Arc::new(Clock))
            .with_protocol_versions(self.versions.supported())
            .map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let identity = Arc::new(files::identity(certificate, key)?);
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(
                    identity,
                )))
            }
        };
        config.key_log = Arc::new(KeyLogFile::new());
        // One for each server that a program of this kind may meet at once.
        config.resumption = Resumption::in_memory_sessions(64);
        config.alpn_protocols.clone_from(&self.alpn);
        let (server_name, tells_info) = (self.server_name.clone(), self.tells_info);
        Ok(Client { config: Arc::new(config), server_name, tells_info })
    }
}

/// Everything that a client's connections share.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
    pub(super) tells_info: bool,
}

impl Client {
    /// One connection to `host`, which offers these protocols, or those of the settings where there are none.
    ///
    /// # Errors
    ///
    /// `host` is no name that a certificate could be for.
    pub(crate) fn call(&self, host: &str, alpn: &[&str]) -> Result<Call> {
        let host = self.server_name.as_deref().unwrap_or(host);
        let name = server_name(host)?;
        let config = Arc::clone(&self.config);
        let connection = if alpn.is_empty() {
            ClientConnection::new(config, name)
        } else {
            let alpn = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
            ClientConnection::new_with_alpn(config, name, alpn)
        };
        let connection = connection.map_err(|error| words::explain(&error, Side::Client))?;
        Ok(Call { connection, tells_info: self.tells_info })
    }
}

/// One connection, from its first moment.
#[derive(Debug)]
pub(crate) struct Call {
    /// Whoever drives it.
    pub(crate) connection: ClientConnection,
    tells_info: bool,
}

impl Call {
    /// Says in words why it failed just now, on this thread.
    pub(crate) fn explain(&self, error: &rustls::Error) -> Error {
        if self.connection.is_handshaking() {
            words::explain(error, Side::Client)
        } else {
            words::explain_within(error, Side::Client)
        }
    }

    /// Tells whether it failed because the server speaks no TLS.
    pub(crate) fn is_foreign(&self, error: &rustls::Error) -> bool {
        self.connection.is_handshaking() && words::is_foreign(error)
    }

    /// What was agreed and which certificates were shown, line by line, where the settings ask for that; `now`
    /// is the time of day.
    pub(crate) fn info(&self, now: Duration) -> Vec<String> {
        if self.tells_info { info::lines(&self.connection, now) } else { Vec::new() }
    }
}

/// What a certificate has to be for when this host was called.
pub(crate) fn name_of(host: &Host) -> String {
    match host {
        Host::Name(name) => name.as_str().to_owned(),
        Host::V4(addr) => addr.to_string(),
        // A zone is this machine's own business.
        Host::V6(addr, _) => addr.to_string(),
        Host::Loopback | Host::Every => "localhost".to_owned(),
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>> {
    // A dot at the end is the resolver's; no certificate has one (RFC 6066, section 3).
    let name = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| {
        let reason = format!("no certificate can be for '{}'", super::certificate::shown(host));
        Error::new(ErrorKind::Tls, reason).cure("say which name it has: --server-name NAME")
    })
}
