//! Trust: whether a server is who was called, whether a client is let in, and who it was when not.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
};

use super::certificate::Certificate;
use super::provider;
use crate::{Error, ErrorKind, Result};

/// Whom a client trusts.
#[derive(Debug, Clone)]
pub(super) enum Trust {
    /// Whoever an authority vouches for; and whoever shows exactly one of these certificates.
    Verified { chains: Arc<WebPkiServerVerifier>, pinned: Arc<[CertificateDer<'static>]> },
    /// Everybody: nothing is known about who is there.
    Anybody,
}

impl Trust {
    pub(super) fn new(roots: RootCertStore, pinned: Vec<CertificateDer<'static>>) -> Result<Self> {
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?;
        Ok(Self::Verified { chains, pinned: pinned.into() })
    }
}

thread_local! {
    /// The certificate that this thread refused last. An error of rustls does not hold it; but who is to
    /// explain one has it from a call on this thread, within which the certificate was looked at.
    static REFUSED: RefCell<Option<Certificate>> = const { RefCell::new(None) };
}

/// Takes the certificate that was refused just now.
pub(super) fn refused() -> Option<Certificate> {
    REFUSED.take()
}

/// Verifies servers.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
}

impl Verifier {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust }
    }
}

/// A certificate that the user names is trusted itself, also where it is an authority's by its own
/// words: that is what `openssl req -x509` makes, and no chain ends in such a one.
fn verify_pinned(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> std::result::Result<(), rustls::Error> {
    let facts = Certificate::of(certificate);
    let since_epoch = |moment| UnixTime::since_unix_epoch(moment);
    if now.as_secs() > facts.not_after.as_secs() {
        let not_after = since_epoch(facts.not_after);
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    if now.as_secs() < facts.not_before.as_secs() {
        let not_before = since_epoch(facts.not_before);
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    Ok(())
}

/// Verifies that a server that shows a certificate which the user names is the one that was called.
fn verify_pinned_server(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> std::result::Result<ServerCertVerified, rustls::Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    rustls::client::verify_server_name(&parsed, name)?;
    verify_pinned(certificate, now)?;
    Ok(ServerCertVerified::assertion())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Trust::Verified { chains, pinned } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified = if pinned.iter().any(|known| known == end_entity) {
            verify_pinned_server(end_entity, server_name, now)
        } else {
            chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        verified.inspect_err(|_| REFUSED.set(Some(Certificate::of(end_entity))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// Verifies clients, and remembers whom it refused: it lets in whom an authority vouches for, and who
/// shows exactly one of these certificates.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    chains: Arc<dyn ClientCertVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl Doorkeeper {
    pub(super) fn new(roots: RootCertStore, pinned: Vec<CertificateDer<'static>>) -> Result<Self> {
        let chains = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?;
        Ok(Self { chains, pinned })
    }
}

impl ClientCertVerifier for Doorkeeper {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        let verified = if self.pinned.iter().any(|known| known == end_entity) {
            verify_pinned(end_entity, now).map(|()| ClientCertVerified::assertion())
        } else {
            self.chains.verify_client_cert(end_entity, intermediates, now)
        };
        verified.inspect_err(|_| REFUSED.set(Some(Certificate::of(end_entity))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}
