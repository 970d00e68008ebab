//! Files: certificates and keys in PEM, and what is wrong with one.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use super::provider;
use crate::{Error, ErrorKind, Result};

/// A certificate with its chain, and its key.
pub(super) fn identity(certificate: &Path, key: &Path) -> Result<CertifiedKey> {
    let chain = certificates(certificate)?;
    let der = private_key(key).map_err(|error| {
        // Both stand in one file where only one is named.
        if key == certificate && error.to_string().contains("are the two files swapped?") {
            return wrong(format!("{} holds no private key", key.display())).cure(
                "it holds the certificate alone; name the file with its key as well: --key FILE",
            );
        }
        error
    })?;
    is_of_version_3(&chain, certificate)?;
    CertifiedKey::from_der(chain, der, &provider()).map_err(|error| {
        let (certificate, key) = (certificate.display(), key.display());
        if let rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) = error {
            let reason = format!("the private key {key} is not that of the certificate {certificate}");
            return wrong(reason)
                .cure("the first certificate in the file has to be the server's or client's own, and the key its key");
        }
        if let rustls::Error::InvalidCertificate(CertificateError::BadEncoding) = error {
            return wrong(format!("the first certificate in {certificate} is no X.509 certificate"));
        }
        wrong(format!("the private key {key} cannot be used: {error}"))
            .cure("keys are RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519")
    })
}

/// Refuses what `openssl x509 -req` makes without extensions: nobody who speaks TLS takes it (RFC 5280, section
/// 4.1.2.1: version 3 is the one that has them).
fn is_of_version_3(chain: &[CertificateDer<'static>], file: &Path) -> Result<()> {
    let mut versions = chain.iter().filter_map(|der| {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        Some(parsed.version())
    });
    // The standard counts from nought.
    let Some(old) = versions.find(|version| *version != X509Version::V3) else {
        return Ok(());
    };
    let (file, version) = (file.display(), old.0 + 1);
    let reason = format!("the certificate {file} is of version {version}, and TLS needs version 3");
    let cure = "make it with extensions, as by openssl x509 -req -extfile FILE, in which stands \
                subjectAltName = DNS:localhost";
    Err(wrong(reason).cure(cure))
}

/// All the certificates in a file, at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(file, "the certificates in")?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let path = file.display();
    match found {
        Ok(found) if found.is_empty() => {
            let reason = format!("{path} holds no certificate");
            Err(match PrivateKeyDer::from_pem_slice(&text) {
                Ok(_) => wrong(reason).cure("it holds a private key: are the two files swapped?"),
                Err(_) => wrong(reason).cure(looks_of(&text, "CERTIFICATE")),
            })
        }
        Ok(found) => Ok(found),
        Err(error) => Err(broken(file, &error)),
    }
}

/// The private key in a file, the first if there are several.
fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = read(file, "the private key in")?;
    let path = file.display();
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => {
            let reason = format!("{path} holds no private key");
            if contains(&text, b"BEGIN ENCRYPTED PRIVATE KEY") {
                let cure =
                    format!("it is encrypted; decrypt it: openssl pkey -in {path} -out key.pem");
                return Err(wrong(reason).cure(cure));
            }
            if contains(&text, b"BEGIN CERTIFICATE") {
                return Err(
                    wrong(reason).cure("it holds a certificate: are the two files swapped?")
                );
            }
            Err(wrong(reason).cure(looks_of(&text, "PRIVATE KEY")))
        }
        Err(error) => Err(broken(file, &error)),
    }
}

/// The authorities in these files.
pub(super) fn authorities(
    files: &[PathBuf],
) -> Result<(RootCertStore, Vec<CertificateDer<'static>>)> {
    let mut store = RootCertStore::empty();
    let mut all = Vec::new();
    for file in files {
        for certificate in certificates(file)? {
            store.add(certificate.clone()).map_err(|error| {
                wrong(format!("a certificate in {} cannot be trusted: {error}", file.display()))
            })?;
            all.push(certificate);
        }
    }
    Ok((store, all))
}

/// The authorities of this system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn system_authorities() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // A system's list has certificates that nobody can read; the others still count.
    let (added, _) = store.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(store);
    }
    let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
    let reason =
        format!("this system names no authority that certificates could be verified by{why}");
    let cure =
        "install the package ca-certificates, or name a file with --ca FILE or SSL_CERT_FILE";
    Err(Error::new(ErrorKind::Tls, reason).cure(cure))
}

fn read(file: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        let reason = Error::from(error);
        wrong(format!("cannot read {what} {}: {reason}", file.display()))
    })
}

fn broken(file: &Path, error: &pem::Error) -> Error {
    wrong(format!("{} is not whole: {error}", file.display()))
        .cure("PEM is text between a BEGIN and an END line, each with five hyphens on both sides")
}

/// What to do about a file without what was looked for.
fn looks_of(text: &[u8], section: &str) -> String {
    // DER begins with a sequence whose length takes two bytes.
    if text.starts_with(&[0x30, 0x82]) {
        let tool = if section == "CERTIFICATE" { "x509" } else { "pkey" };
        return format!("it looks like DER; make it PEM: openssl {tool} -inform der -in FILE");
    }
    format!("a PEM file has a line -----BEGIN {section}-----")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// What the user named is not what it has to be.
fn wrong(reason: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, reason)
}

#[cfg(test)]
mod tests;
