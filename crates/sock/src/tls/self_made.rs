//! A certificate made on the spot: for whoever has none, and wants to try.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sock_proto::{Endpoint, Host};

use super::provider;
use crate::{Error, ErrorKind, Result};

/// Long enough for whatever is tried by hand, short enough that nobody comes to rely on it.
const VALID: Duration = Duration::from_hours(30 * 24);
/// A client's clock may be behind ours.
const SKEW: Duration = Duration::from_hours(1);

/// A certificate, its key, and the file that makes a client trust it.
pub(super) struct SelfMade {
    pub(super) identity: CertifiedKey,
    pub(super) pem: String,
}

impl SelfMade {
    /// Makes one that is for these names and addresses.
    pub(super) fn new(names: &[SanType]) -> Result<Self> {
        let failed = |error: rcgen::Error| {
            Error::new(ErrorKind::Tls, format!("cannot make a certificate: {error}"))
        };
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        params.distinguished_name.push(DnType::CommonName, "sock, made on the spot");
        let now = date_time_ymd(1970, 1, 1) + crate::run::wall();
        (params.not_before, params.not_after) = (now - SKEW, now + VALID);
        // No authority: it vouches for itself, and strict clients (Python's since 3.13) want to be told so.
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key).map_err(failed)?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let identity = CertifiedKey::from_der(vec![certificate.der().clone()], der, &provider())
            .map_err(|error| Error::new(ErrorKind::Tls, error.to_string()))?;
        Ok(Self { identity, pem: certificate.pem() })
    }
}

/// What a client may have called when it comes to these endpoints, and these others.
pub(super) fn names(endpoints: &[Endpoint], others: &[String]) -> Vec<SanType> {
    let mut names = vec![
        Some(SanType::IpAddress(Ipv4Addr::LOCALHOST.into())),
        Some(SanType::IpAddress(Ipv6Addr::LOCALHOST.into())),
    ];
    let machine = crate::socket::hostname().ok();
    let words = ["localhost"].into_iter().chain(machine.as_deref());
    names.extend(words.map(dns));
    for endpoint in endpoints {
        names.push(match endpoint.host() {
            Some(Host::Name(name)) => dns(name.as_str()),
            Some(Host::V4(addr)) if !addr.is_unspecified() => {
                Some(SanType::IpAddress((*addr).into()))
            }
            Some(Host::V6(addr, _)) if !addr.is_unspecified() => {
                Some(SanType::IpAddress((*addr).into()))
            }
            Some(Host::V4(_) | Host::V6(..) | Host::Loopback | Host::Every) | None => None,
        });
    }
    names.extend(others.iter().map(|other| match other.parse() {
        Ok(ip) => Some(SanType::IpAddress(ip)),
        Err(_) => dns(other),
    }));
    let mut each = Vec::new();
    for name in names.into_iter().flatten() {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    each
}

/// A name that a certificate can be for.
fn dns(name: &str) -> Option<SanType> {
    Some(SanType::DnsName(name.trim_end_matches('.').try_into().ok()?))
}
