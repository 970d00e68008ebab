//! The options of TLS, of those who call and of those who listen.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use sock::tls::{ClientTls, ServerTls};
use sock_proto::{Endpoint, Transport};

use crate::serve::Tls;
use crate::status::Usage;

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "TLS")]
pub(super) struct TrustArgs {
    /// Trust the certificates in this PEM file, and no longer the authorities of this system
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Trust everybody: nothing is known about who is there
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
    /// Show this certificate (PEM) where the server asks for one
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its private key (PEM), where that is in another file
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Ask for this name, and expect it in the certificate
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Say what was agreed, and which certificates were shown
    #[arg(long)]
    tls_info: bool,
}

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "TLS")]
pub(super) struct CallTlsArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Offer this protocol (ALPN); several times: the best first
    #[arg(long, value_name = "NAME")]
    alpn: Vec<String>,
}

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "TLS")]
pub(super) struct ServeTlsArgs {
    /// Show this certificate (PEM, with its chain); without it one is made on the spot
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its private key (PEM), where that is in another file
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Write the certificate that is made on the spot to FILE, for clients to trust
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    cert_out: Option<PathBuf>,
    /// Let nobody in without a certificate that is in this PEM file, or that one in it has signed
    #[arg(long, value_name = "FILE")]
    client_ca: Vec<PathBuf>,
    /// Know this protocol (ALPN), and no longer those that the service knows; several times: the best first
    #[arg(long, value_name = "NAME")]
    alpn: Vec<String>,
    /// Say what was agreed with each client
    #[arg(long)]
    tls_info: bool,
}

/// Refuses options that would do nothing.
fn refuse(option: Option<&str>, endpoint: &Endpoint) -> Result<()> {
    let Some(option) = option else { return Ok(()) };
    let tls = endpoint.clone().on(Transport::Tls);
    let cure = match tls.transport() {
        Transport::Tls => format!("write {tls}"),
        Transport::Tcp
        | Transport::Udp
        | Transport::Unix
        | Transport::Unixgram
        | Transport::Stdio => "write tls://HOST:PORT".to_owned(),
    };
    Err(Usage(format!("{option} is about TLS, which is not spoken at {endpoint}; {cure}")).into())
}

impl TrustArgs {
    pub(super) fn plan(self) -> ClientTls {
        let mut tls = self.ca.into_iter().fold(ClientTls::new(), ClientTls::ca);
        if self.insecure {
            tls = tls.insecure();
        }
        if let Some(cert) = self.cert {
            let key = self.key.unwrap_or_else(|| cert.clone());
            tls = tls.identity(cert, key);
        }
        if let Some(name) = self.server_name {
            tls = tls.server_name(name);
        }
        if self.tls_info { tls.tell_info() } else { tls }
    }
}

impl CallTlsArgs {
    pub(super) fn plan(self, endpoint: &Endpoint) -> Result<ClientTls> {
        if endpoint.transport() != Transport::Tls {
            refuse(self.first(), endpoint)?;
        }
        Ok(self.alpn.into_iter().fold(self.trust.plan(), ClientTls::alpn))
    }

    /// The first of the options that was given.
    fn first(&self) -> Option<&'static str> {
        let trust = &self.trust;
        [
            (!trust.ca.is_empty(), "--ca"),
            (trust.insecure, "--insecure"),
            (trust.cert.is_some(), "--cert"),
            (trust.server_name.is_some(), "--server-name"),
            (!self.alpn.is_empty(), "--alpn"),
            (trust.tls_info, "--tls-info"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }
}

impl ServeTlsArgs {
    pub(super) fn plan(self, endpoints: &[Endpoint]) -> Result<Tls> {
        let is_spoken = endpoints.iter().any(|endpoint| endpoint.transport() == Transport::Tls);
        if let (false, Some(endpoint)) = (is_spoken, endpoints.first()) {
            refuse(self.first(), endpoint)?;
        }
        let mut tls = self.client_ca.into_iter().fold(ServerTls::new(), ServerTls::client_ca);
        if let Some(cert) = self.cert {
            let key = self.key.unwrap_or_else(|| cert.clone());
            tls = tls.identity(cert, key);
        }
        if self.tls_info {
            tls = tls.tell_info();
        }
        let settings = self.alpn.into_iter().fold(tls, ServerTls::alpn);
        Ok(Tls { settings, cert_out: self.cert_out })
    }

    fn first(&self) -> Option<&'static str> {
        [
            (self.cert.is_some(), "--cert"),
            (self.cert_out.is_some(), "--cert-out"),
            (!self.client_ca.is_empty(), "--client-ca"),
            (!self.alpn.is_empty(), "--alpn"),
            (self.tls_info, "--tls-info"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }
}
