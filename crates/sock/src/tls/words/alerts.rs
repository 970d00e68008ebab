//! What the peer's last word, an alert, means (RFC 8446, section 6.2).

use rustls::AlertDescription;

use super::{Said, Side, no_protocol, no_version};

pub(super) fn say(alert: AlertDescription, side: Side) -> Said {
    let peer = side.peer();
    let distrust = |why: &str| Said::only(format!("{peer} does not accept our certificate: {why}"));
    #[allow(clippy::wildcard_enum_match_arm, reason = "rustls's list is open")]
    let Said { reason, cure } = match alert {
        AlertDescription::ProtocolVersion => no_version(side),
        AlertDescription::NoApplicationProtocol => no_protocol(),
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => Said::cured(
            format!("{peer} demands a certificate of us"),
            "name one with --cert FILE --key FILE",
        ),
        AlertDescription::UnknownCA => match side {
            Side::Client => distrust("it does not know who signed it"),
            Side::Server => Said::cured(
                format!("{peer} does not accept our certificate: it does not know who signed it"),
                "a client trusts it by its file: --ca FILE",
            ),
        },
        AlertDescription::BadCertificate => {
            distrust("it is for another name, damaged, or not what was expected")
        }
        AlertDescription::UnsupportedCertificate => {
            distrust("it is of a kind that is not accepted")
        }
        AlertDescription::CertificateRevoked => distrust("it is revoked"),
        AlertDescription::CertificateExpired => distrust("it has expired, or is not yet valid"),
        AlertDescription::CertificateUnknown => match side {
            Side::Client => distrust("no reason given"),
            Side::Server => Said::cured(
                format!("{peer} does not accept our certificate: no reason given"),
                "a browser says this until its user accepts its warning; other clients trust a certificate by its \
                 file: --ca FILE",
            ),
        },
        AlertDescription::AccessDenied => {
            Said::only(format!("{peer} knows our certificate and does not let us in"))
        }
        AlertDescription::UnrecognisedName => Said::cured(
            format!("{peer} has no certificate for the name that was asked for"),
            "ask for another: --server-name NAME",
        ),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            Said::only(format!(
                "{peer} found nothing in common with us: cipher suites, key exchange or certificates"
            ))
        }
        AlertDescription::DecryptError | AlertDescription::BadRecordMac => {
            Said::only(format!("{peer} could not verify or decrypt what we sent"))
        }
        AlertDescription::UserCanceled => Said::only(format!("{peer} gave up the handshake")),
        AlertDescription::NoRenegotiation => {
            Said::only(format!("{peer} wants no second handshake"))
        }
        AlertDescription::InternalError => Said::only(format!("{peer} has failed inside")),
        AlertDescription::UnexpectedMessage
        | AlertDescription::RecordOverflow
        | AlertDescription::DecodeError
        | AlertDescription::IllegalParameter
        | AlertDescription::MissingExtension
        | AlertDescription::UnsupportedExtension => {
            Said::only(format!("{peer} did not understand what we sent"))
        }
        _ => Said::only(format!("{peer} refused")),
    };
    let reason = format!("{reason} (alert {}: {})", u8::from(alert), name(alert));
    Said { reason, cure }
}

/// The alert's name as the standard writes it: `unknown_ca`.
fn name(alert: AlertDescription) -> String {
    let ours = format!("{alert:?}");
    let mut name = String::new();
    let letters: Vec<char> = ours.chars().collect();
    for (n, letter) in letters.iter().enumerate() {
        // A word begins at a capital that follows a small letter: UnknownCA is two words.
        if n > 0 && letter.is_ascii_uppercase() && letters[n - 1].is_ascii_lowercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    // The standard's spelling is American.
    name.replace("unrecognised", "unrecognized")
}
