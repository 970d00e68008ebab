//! What two peers agreed on, and who the other one is, for people.

use std::time::Duration;

use rustls::{CommonState, HandshakeKind, ProtocolVersion};

use super::certificate::{Certificate, shown};

/// One line for the agreement, and some for each certificate of the peer.
pub(super) fn lines(tls: &CommonState, now: Duration) -> Vec<String> {
    let mut lines = vec![agreement(tls)];
    for (n, der) in tls.peer_certificates().unwrap_or_default().iter().enumerate() {
        let certificate = Certificate::of(der);
        lines.extend(
            certificate.lines(now).into_iter().map(|line| format!("certificate {n}: {line}")),
        );
    }
    lines
}

fn agreement(tls: &CommonState) -> String {
    let mut parts = Vec::new();
    parts.push(match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    });
    if let Some(suite) = tls.negotiated_cipher_suite() {
        parts.push(format!("{:?}", suite.suite()).replace("TLS13_", "TLS_"));
    }
    if let Some(group) = tls.negotiated_key_exchange_group() {
        parts.push(format!("{:?}", group.name()));
    }
    parts.push(match tls.alpn_protocol() {
        Some(name) => format!("ALPN {}", shown(&String::from_utf8_lossy(name))),
        None => "no ALPN".to_owned(),
    });
    if tls.handshake_kind() == Some(HandshakeKind::Resumed) {
        parts.push("resumed".to_owned());
    }
    parts.join(", ")
}
