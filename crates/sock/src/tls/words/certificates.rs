//! Why a certificate is not accepted here.

use rustls::CertificateError;

use super::{Said, Side};
use crate::tls::certificate::{Certificate, date, distance, moment, shown};

pub(super) fn say(why: &CertificateError, side: Side, refused: Option<&Certificate>) -> Said {
    let whose = match (refused, side) {
        (Some(refused), Side::Client) => format!("the server's certificate {refused}"),
        (Some(refused), Side::Server) => format!("the client's certificate {refused}"),
        (None, Side::Client) => "the server's certificate".to_owned(),
        (None, Side::Server) => "the client's certificate".to_owned(),
    };
    #[allow(clippy::wildcard_enum_match_arm, reason = "rustls's list is open")]
    match why {
        CertificateError::UnknownIssuer => unknown_issuer(&whose, side, refused),
        CertificateError::ExpiredContext { time, not_after } => {
            let (now, end) = (moment(*time), moment(*not_after));
            let (when, ago) = (date(end), distance(now, end));
            expired(format!("{whose} expired on {when}, {ago}"))
        }
        CertificateError::Expired => expired(format!("{whose} has expired")),
        CertificateError::NotValidYetContext { time, not_before } => {
            let (now, begin) = (moment(*time), moment(*not_before));
            let (when, ahead) = (date(begin), distance(now, begin));
            early(format!("{whose} is not valid before {when}, {ahead}"))
        }
        CertificateError::NotValidYet => early(format!("{whose} is not yet valid")),
        CertificateError::NotValidForNameContext { expected, .. } => {
            wrong_name(&shown(&expected.to_str()), refused)
        }
        CertificateError::NotValidForName => wrong_name("the name that was called", refused),
        CertificateError::Revoked => {
            Said::only(format!("{whose} is revoked: whoever signed it has taken that back"))
        }
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            Said::only(format!("{whose} may be revoked: nobody here knows"))
        }
        CertificateError::BadEncoding => Said::only(format!("{whose} is no X.509 certificate")),
        CertificateError::BadSignature => bad_signature(&whose, refused),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            let part = if side == Side::Client { "a server" } else { "a client" };
            Said::only(format!("{whose} is not meant for {part} (its extended key usage)"))
        }
        CertificateError::UnhandledCriticalExtension => {
            Said::only(format!("{whose} demands something that is not understood here"))
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Said::only(format!("{whose} is signed in a way that is not accepted here"))
        }
        CertificateError::ApplicationVerificationFailure => {
            Said::only(format!("{whose} is not accepted here"))
        }
        CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => {
            authority(&whose, side, refused)
        }
        CertificateError::Other(why) if why.to_string().contains("UnsupportedCertVersion") => {
            Said::cured(
                format!("{whose} is not of version 3, which TLS needs"),
                "its owner has to make it with extensions, as by openssl x509 -req -extfile FILE",
            )
        }
        CertificateError::Other(why) => {
            Said::only(format!("{whose} is not accepted: {}", shown(&why.to_string())))
        }
        other => Said::only(format!("{whose} is not accepted: {other:?}")),
    }
}

fn unknown_issuer(whose: &str, side: Side, refused: Option<&Certificate>) -> Said {
    let (cure, by_itself) = match side {
        Side::Client => (
            "trust whoever signed it with --ca FILE, or look without trust with --insecure",
            "trust it by its own file with --ca FILE, or look without trust with --insecure",
        ),
        Side::Server => (
            "--client-ca FILE names those who may sign",
            "its own file lets it in: --client-ca FILE",
        ),
    };
    match refused {
        Some(refused) if refused.is_self_signed() => {
            Said::cured(format!("{whose} is signed by itself, and nobody here knows it"), by_itself)
        }
        Some(refused) => {
            let issuer = &refused.issuer;
            Said::cured(format!("{whose} is signed by {issuer}, which nobody here trusts"), cure)
        }
        None => Said::cured(format!("{whose} is signed by somebody whom nobody here trusts"), cure),
    }
}

/// The authority that it names is known here, by another key.
fn bad_signature(whose: &str, refused: Option<&Certificate>) -> Said {
    let issuer = refused.map_or("authority", |refused| &refused.issuer);
    Said::cured(
        format!("{whose} is not signed by the {issuer} that is trusted here"),
        "there are two of that name, or the certificate was changed",
    )
}

/// A certificate that says of itself that it is an authority's, and is shown as a server's or a client's.
fn authority(whose: &str, side: Side, refused: Option<&Certificate>) -> Said {
    if refused.is_some_and(Certificate::is_self_signed) {
        return unknown_issuer(whose, side, refused);
    }
    let part = if side == Side::Client { "server" } else { "client" };
    Said::only(format!("{whose} is an authority's, and no {part}'s"))
}

fn wrong_name(expected: &str, refused: Option<&Certificate>) -> Said {
    let names = refused.map(|refused| refused.names.join(", ")).unwrap_or_default();
    let reason = if names.is_empty() {
        format!("the server's certificate is for no name at all, so not for {expected}")
    } else {
        format!("the server's certificate is for {names}, and not for {expected}")
    };
    Said::cured(
        reason,
        "call it by a name that it has, or say which one to expect: --server-name NAME",
    )
}

fn expired(reason: String) -> Said {
    Said::cured(reason, "its owner has to renew it; is the clock of this machine right?")
}

fn early(reason: String) -> Said {
    Said::cured(reason, "is the clock of this machine right?")
}
