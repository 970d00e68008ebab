//! Words: every way in which TLS fails, as a sentence with its cure.

mod alerts;
mod certificates;

use std::time::Duration;

use rustls::{InvalidMessage, PeerIncompatible};

use super::certificate::Certificate;
use super::trust;
use crate::{Error, ErrorKind};

/// Which of the two we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// We called.
    Client,
    /// We were called.
    Server,
}

impl Side {
    fn peer(self) -> &'static str {
        match self {
            Self::Client => "the server",
            Self::Server => "the client",
        }
    }
}

/// A reason, and what can be done about it.
pub(super) struct Said {
    pub(super) reason: String,
    pub(super) cure: Option<String>,
}

impl Said {
    fn only(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cure: None }
    }

    fn cured(reason: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { reason: reason.into(), cure: Some(cure.into()) }
    }
}

/// Says why TLS failed, on the thread on which it did: an error does not hold the certificate that was not
/// trusted, [`trust::refused`] does.
pub(crate) fn explain(error: &rustls::Error, side: Side) -> Error {
    let is_refusal = matches!(error, rustls::Error::InvalidCertificate(_));
    let refused = trust::refused().filter(|_| is_refusal);
    let Said { reason, cure } = say(error, side, refused.as_ref());
    let said = Error::new(ErrorKind::Tls, reason);
    match cure {
        Some(cure) => said.cure(cure),
        None => said,
    }
}

/// Says why TLS failed after the handshake: what is no TLS then was put there, and says nothing about what the
/// peer speaks.
pub(crate) fn explain_within(error: &rustls::Error, side: Side) -> Error {
    if !is_foreign(error) {
        return explain(error, side);
    }
    let peer = side.peer();
    let reason = format!(
        "bytes came that are no part of the conversation with {peer}: somebody put them there on the way, \
         or {peer} is at fault"
    );
    Error::new(ErrorKind::Tls, reason)
}

/// Whether what came is no TLS at all.
pub(crate) fn is_foreign(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidMessage(why) = error else { return false };
    matches!(why, InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion)
}

fn say(error: &rustls::Error, side: Side, refused: Option<&Certificate>) -> Said {
    let peer = side.peer();
    #[allow(clippy::wildcard_enum_match_arm, reason = "rustls's list is open")]
    match error {
        rustls::Error::InvalidCertificate(why) => certificates::say(why, side, refused),
        rustls::Error::AlertReceived(alert) => alerts::say(*alert, side),
        rustls::Error::PeerIncompatible(why) => incompatible(why, side),
        rustls::Error::NoCertificatesPresented => no_certificate(side),
        rustls::Error::NoApplicationProtocol => no_protocol(),
        foreign if is_foreign(foreign) => not_spoken(side),
        rustls::Error::InvalidMessage(why) => {
            Said::only(format!("what {peer} sent is no message of TLS ({why:?})"))
        }
        rustls::Error::InappropriateMessage { got_type, .. } => {
            Said::only(format!("{peer} broke the rules of TLS: {got_type:?} came out of turn"))
        }
        rustls::Error::InappropriateHandshakeMessage { got_type, .. } => {
            Said::only(format!("{peer} broke the rules of TLS: {got_type:?} came out of turn"))
        }
        rustls::Error::PeerMisbehaved(why) => {
            Said::only(format!("{peer} broke the rules of TLS ({why:?})"))
        }
        rustls::Error::DecryptError => Said::only(format!(
            "what came from {peer} cannot be decrypted: it was changed on its way, or the peer is wrong"
        )),
        rustls::Error::PeerSentOversizedRecord => {
            Said::only(format!("{peer} sent a record that is longer than TLS allows"))
        }
        rustls::Error::FailedToGetRandomBytes => Said::only("the system gives no random numbers"),
        rustls::Error::FailedToGetCurrentTime => Said::only("the system does not tell the time"),
        other => Said::only(other.to_string()),
    }
}

fn incompatible(why: &PeerIncompatible, side: Side) -> Said {
    let peer = side.peer();
    #[allow(clippy::wildcard_enum_match_arm, reason = "rustls's list is open")]
    match why {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::SupportedVersionsExtensionRequired => no_version(side),
        PeerIncompatible::NoCipherSuitesInCommon => Said::only(format!(
            "no cipher suite in common: {peer} knows none of ours (AES-GCM and ChaCha20-Poly1305)"
        )),
        PeerIncompatible::NoKxGroupsInCommon => Said::only(format!(
            "no key exchange in common: {peer} knows none of ours (X25519, P-256, P-384)"
        )),
        PeerIncompatible::NoSignatureSchemesInCommon => Said::cured(
            format!("no signature in common: {peer} takes none that our key can make"),
            "use a key of another kind (RSA, or ECDSA with P-256)",
        ),
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => Said::cured(
            format!("{peer} asks for a certificate whose key is of a kind that ours is not"),
            "use a key of another kind (RSA, or ECDSA with P-256)",
        ),
        other => Said::only(format!("{peer} speaks TLS in a way that is not ours ({other:?})")),
    }
}

/// No version that both speak.
pub(super) fn no_version(side: Side) -> Said {
    let peer = side.peer();
    Said::cured(
        format!("no version of TLS in common with {peer}"),
        "here 1.3 and 1.2 are spoken unless the settings say otherwise; the older ones are broken",
    )
}

/// The client offers 1.1 at most.
pub(super) fn outdated() -> Error {
    let Said { reason, cure } = no_version(Side::Server);
    Error::new(ErrorKind::Tls, reason).cure(cure.unwrap_or_default())
}

/// What is there is no TLS at all.
pub(super) fn not_spoken(side: Side) -> Said {
    let reason = format!("{} does not speak TLS", side.peer());
    match side {
        Side::Client => Said::cured(reason, "without it: tcp://HOST:PORT instead of tls://"),
        Side::Server => Said::cured(reason, "it has to call tls:// or https://"),
    }
}

/// The connection ended before TLS had begun.
pub(super) fn ended_early(side: Side) -> Error {
    let reason = format!("{} ended the connection in the middle of the handshake", side.peer());
    Error::new(ErrorKind::Tls, reason).cure("does it speak TLS?")
}

/// The handshake does not come to an end.
pub(super) fn too_slow(side: Side, patience: Duration) -> Error {
    let reason = format!("{} did not finish the handshake within {patience:?}", side.peer());
    Error::new(ErrorKind::TimedOut, reason).cure("does it speak TLS?")
}

/// What came first is no TLS: `bytes` are its beginning.
pub(super) fn foreign(side: Side, bytes: &[u8]) -> Error {
    let Said { reason, cure } = not_spoken(side);
    // As much as a line of a greeting.
    let line = bytes.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    let begin = line[..line.len().min(40)].escape_ascii();
    let error = Error::new(ErrorKind::Tls, format!("{reason}: it says '{begin}'"));
    match cure {
        Some(cure) => error.cure(cure),
        None => error,
    }
}

fn no_certificate(side: Side) -> Said {
    match side {
        Side::Client => Said::only("the server showed no certificate"),
        Side::Server => Said::cured(
            "the client showed no certificate, and one is demanded here",
            "it names one with --cert FILE --key FILE",
        ),
    }
}

/// No application protocol that both know.
pub(super) fn no_protocol() -> Said {
    Said::cured(
        "no application protocol in common (ALPN)",
        "offer one that the other side knows: --alpn NAME",
    )
}

#[cfg(test)]
mod tests;
