//! Handshakes that fail, and what both sides say of them.

use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, OtherError};

use super::*;
use crate::tls::testing::{Office, Outcome, of_2001, of_next_year, shake};
use crate::tls::{ClientTls, ServerTls, Versions};

fn said(error: &rustls::Error, side: Side) -> String {
    explain(error, side).to_string()
}

fn client_says(outcome: &Outcome) -> &str {
    outcome.client.as_deref().expect("the client fails")
}

fn server_says(outcome: &Outcome) -> &str {
    outcome.server.as_deref().expect("the server fails")
}

/// Who is called `localhost` and shows these papers, to a client that trusts the office.
fn called(
    office: &Office,
    (certificate, key): (std::path::PathBuf, std::path::PathBuf),
) -> Outcome {
    let server = ServerTls::new().identity(certificate, key);
    shake(&ClientTls::new().ca(office.authority()), "localhost", &server)
}

#[test]
fn whom_an_authority_vouches_for_is_trusted() {
    let office = Office::new();
    for names in [["localhost"].as_slice(), &["a.example", "localhost"]] {
        assert_eq!(called(&office, office.signed("server", names)), Outcome::default());
    }
}

#[test]
fn a_wrong_name_is_told_with_the_right_ones() {
    let office = Office::new();
    let outcome = called(&office, office.signed("server", &["a.example", "192.0.2.7"]));
    assert_eq!(
        client_says(&outcome),
        "the server's certificate is for a.example, 192.0.2.7, and not for localhost; \
         call it by a name that it has, or say which one to expect: --server-name NAME"
    );
    assert_eq!(
        server_says(&outcome),
        "the client does not accept our certificate: it is for another name, damaged, or not what \
         was expected (alert 42: bad_certificate)"
    );
    let (certificate, key) = office.signed("other", &["a.example"]);
    let tls = ClientTls::new().ca(office.authority()).server_name("a.example");
    let outcome = shake(&tls, "localhost", &ServerTls::new().identity(certificate, key));
    assert_eq!(outcome, Outcome::default());
}

#[test]
fn an_unknown_issuer_is_named() {
    let office = Office::new();
    let (certificate, key) = office.signed("server", &["localhost"]);
    let server = ServerTls::new().identity(certificate, key);
    let stranger = Office::named("another authority");
    let tls = ClientTls::new().ca(stranger.authority());
    let outcome = shake(&tls, "localhost", &server);
    assert_eq!(
        client_says(&outcome),
        "the server's certificate CN=server (for localhost) is signed by CN=the test authority, \
         which nobody here trusts; trust whoever signed it with --ca FILE, or look without trust \
         with --insecure"
    );
    assert_eq!(
        server_says(&outcome),
        "the client does not accept our certificate: it does not know who signed it (alert 48: \
         unknown_ca); a client trusts it by its file: --ca FILE"
    );
    let namesake = Office::new();
    let tls = ClientTls::new().ca(namesake.authority());
    let outcome = shake(&tls, "localhost", &server);
    assert_eq!(
        client_says(&outcome),
        "the server's certificate CN=server (for localhost) is not signed by the CN=the test \
         authority that is trusted here; there are two of that name, or the certificate was changed"
    );
}

#[test]
fn who_signs_for_itself_is_trusted_by_its_own_file() {
    let office = Office::new();
    let ca = |params: &mut rcgen::CertificateParams| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    let made = [office.own("plain", &["localhost"], |_| {}), office.own("ca", &["localhost"], ca)];
    for (certificate, key) in made {
        let server = ServerTls::new().identity(&certificate, key);
        let outcome = shake(&ClientTls::new().ca(office.authority()), "localhost", &server);
        let said = client_says(&outcome);
        assert!(said.contains("is signed by itself, and nobody here knows it"), "{said}");
        assert!(said.ends_with("with --ca FILE, or look without trust with --insecure"), "{said}");
        let pinned = ClientTls::new().ca(&certificate);
        assert_eq!(shake(&pinned, "localhost", &server), Outcome::default());
        let outcome = shake(&pinned, "elsewhere.example", &server);
        assert!(client_says(&outcome).contains("not for elsewhere.example"), "{outcome:?}");
        let insecure = ClientTls::new().insecure();
        assert_eq!(shake(&insecure, "elsewhere.example", &server), Outcome::default());
    }
}

#[test]
fn a_client_that_signs_for_itself_is_let_in_by_its_own_file() {
    let office = Office::new();
    let ca = |params: &mut rcgen::CertificateParams| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    let (certificate, key) = office.signed("server", &["localhost"]);
    let server = ServerTls::new().identity(certificate, key);
    let made = [office.own("anna", &[], |_| {}), office.own("bert", &[], ca)];
    let (theirs, other_key) = office.own("stranger", &[], ca);
    for (certificate, key) in made {
        for versions in [Versions::Tls12, Versions::Tls13] {
            let client = ClientTls::new().ca(office.authority()).versions(versions);
            let shown = client.clone().identity(&certificate, &key);
            // Beside an authority, which a client is told of: it shows its certificate nevertheless.
            let knows = server.clone().client_ca(office.authority()).client_ca(&certificate);
            assert_eq!(shake(&shown, "localhost", &knows), Outcome::default());
            let outcome = shake(&client.identity(&theirs, &other_key), "localhost", &knows);
            assert_eq!(
                server_says(&outcome),
                "the client's certificate CN=stranger is signed by itself, and nobody here knows it; \
                 its own file lets it in: --client-ca FILE"
            );
        }
    }
    let (certificate, key) = office.own("late", &[], of_2001);
    let client = ClientTls::new().ca(office.authority()).identity(&certificate, key);
    let outcome = shake(&client, "localhost", &server.client_ca(&certificate));
    let said = server_says(&outcome);
    assert!(
        said.starts_with("the client's certificate CN=late expired on Tue, 02 Jan 2001"),
        "{said}"
    );
}

#[test]
fn an_end_and_a_beginning_are_told_as_dates() {
    let office = Office::new();
    for papers in [
        office.issue("server", &["localhost"], of_2001),
        // The user trusts this one itself, and not for ever.
        office.own("authority", &["localhost"], of_2001),
    ] {
        let outcome = called(&office, papers);
        let said = client_says(&outcome);
        assert!(said.contains(" expired on Tue, 02 Jan 2001 00:00:00 GMT, "), "{said}");
        assert!(
            said.ends_with(
                " days ago; its owner has to renew it; is the clock of this machine right?"
            ),
            "{said}"
        );
        assert!(server_says(&outcome).contains("(alert 45: certificate_expired)"), "{outcome:?}");
    }
    let outcome = called(&office, office.issue("server", &["localhost"], of_next_year));
    let said = client_says(&outcome);
    assert!(said.contains(" is not valid before ") && said.contains(", in 365 days;"), "{said}");
}

#[test]
fn versions_and_protocols_that_do_not_meet_are_told_on_both_sides() {
    let office = Office::new();
    let (certificate, key) = office.signed("server", &["localhost"]);
    let client = ClientTls::new().ca(office.authority());
    let server = ServerTls::new().identity(certificate, key);
    for (ours, theirs) in [(Versions::Tls12, Versions::Tls13), (Versions::Tls13, Versions::Tls12)] {
        let outcome =
            shake(&client.clone().versions(ours), "localhost", &server.clone().versions(theirs));
        let said = client_says(&outcome);
        assert!(
            said.starts_with(
                "no version of TLS in common with the server (alert 70: protocol_version); "
            ),
            "{said}"
        );
        let said = server_says(&outcome);
        assert!(said.starts_with("no version of TLS in common with the client; "), "{said}");
    }
    let outcome = shake(&client.clone().alpn("h2"), "localhost", &server.clone().alpn("imap"));
    assert_eq!(
        client_says(&outcome),
        "no application protocol in common (ALPN) (alert 120: no_application_protocol); offer one \
         that the other side knows: --alpn NAME"
    );
    let outcome = shake(&client.alpn("h2").alpn("imap"), "localhost", &server.alpn("imap"));
    assert_eq!(outcome, Outcome::default());
}

#[test]
fn a_demand_for_a_certificate_is_told_on_both_sides() {
    let office = Office::new();
    let (certificate, key) = office.signed("server", &["localhost"]);
    let server = ServerTls::new().identity(certificate, key).client_ca(office.authority());
    let client = ClientTls::new().ca(office.authority());
    for versions in [Versions::Tls12, Versions::Tls13] {
        let client = client.clone().versions(versions);
        let outcome = shake(&client, "localhost", &server);
        let said = client_says(&outcome);
        assert!(
            said.starts_with(
                "the server demands a certificate of us (alert 116: certificate_required)"
            ) || versions == Versions::Tls12,
            "{said}"
        );
        assert_eq!(
            server_says(&outcome),
            "the client showed no certificate, and one is demanded here; it names one with --cert \
             FILE --key FILE"
        );
        let (certificate, key) = office.signed("client", &["anna"]);
        let known = client.clone().identity(certificate, key);
        assert_eq!(shake(&known, "localhost", &server), Outcome::default());
        let elsewhere = Office::named("another authority");
        let (certificate, key) = elsewhere.signed("stranger", &["anna"]);
        let outcome = shake(&client.identity(certificate, key), "localhost", &server);
        // A client shows nothing that nobody asked for: the server names whom it trusts.
        let said = server_says(&outcome);
        assert!(
            said.starts_with(
                "the client's certificate CN=stranger (for anna) is signed by CN=another authority, \
                 which nobody here trusts; --client-ca FILE"
            ),
            "{said}"
        );
    }
}

/// Chromium gives no reason while its user reads the warning.
#[test]
fn a_browser_before_its_user_accepts_the_warning_is_no_riddle() {
    let alert = rustls::Error::AlertReceived(AlertDescription::CertificateUnknown);
    let text = said(&alert, Side::Server);
    assert!(text.contains("no reason given (alert 46: certificate_unknown); a browser says this until its user accepts"), "{text}");
    assert!(!said(&alert, Side::Client).contains("browser"));
}

#[test]
fn every_alert_has_words_and_its_own_name() {
    let named = [
        (AlertDescription::UnknownCA, "unknown_ca"),
        (AlertDescription::HandshakeFailure, "handshake_failure"),
        (AlertDescription::UnrecognisedName, "unrecognized_name"),
        (AlertDescription::NoApplicationProtocol, "no_application_protocol"),
        (AlertDescription::CertificateRequired, "certificate_required"),
        (AlertDescription::BadCertificate, "bad_certificate"),
        (AlertDescription::ProtocolVersion, "protocol_version"),
    ];
    for (alert, name) in named {
        let text = said(&rustls::Error::AlertReceived(alert), Side::Client);
        assert!(text.contains(&format!("(alert {}: {name})", u8::from(alert))), "{text}");
    }
    for code in 0..=255 {
        for side in [Side::Client, Side::Server] {
            let text = said(&rustls::Error::AlertReceived(AlertDescription::from(code)), side);
            assert!(
                text.contains("the server") || text.contains("the client") || text.contains("ALPN"),
                "{text}"
            );
            assert!(!text.ends_with('.') && text.contains(&format!("alert {code}:")), "{text}");
        }
    }
}

#[test]
fn every_other_failure_has_a_sentence() {
    use rustls::{CertificateError as Refused, Error as Failure, PeerIncompatible as Other};
    let table: [(Failure, &str); 13] = [
        (Refused::Revoked.into(), "is revoked"),
        (Refused::UnknownRevocationStatus.into(), "may be revoked"),
        (Refused::BadEncoding.into(), "is no X.509 certificate"),
        (Refused::BadSignature.into(), "there are two of that name"),
        (Refused::InvalidPurpose.into(), "is not meant for a server"),
        (Refused::UnhandledCriticalExtension.into(), "demands something"),
        (Other::NoCipherSuitesInCommon.into(), "no cipher suite in common"),
        (Other::NoKxGroupsInCommon.into(), "no key exchange in common"),
        (Other::NoSignatureSchemesInCommon.into(), "no signature in common"),
        (Other::ServerDoesNotSupportTls12Or13.into(), "no version of TLS in common"),
        (
            InvalidMessage::InvalidContentType.into(),
            "the server does not speak TLS; without it: tcp://",
        ),
        (Failure::DecryptError, "cannot be decrypted"),
        (Failure::NoApplicationProtocol, "no application protocol in common (ALPN)"),
    ];
    for (error, words) in table {
        let text = said(&error, Side::Client);
        assert!(text.contains(words), "{error:?}: {text}");
    }
    let odd = OtherError(Arc::new(std::io::Error::other("\u{1b}[31m odd")));
    let text = said(&CertificateError::Other(odd).into(), Side::Client);
    assert!(text.ends_with("\\u{1b}[31m odd"), "{text}");
}
