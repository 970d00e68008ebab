//! The files that a user names, and what is said of each.

use super::*;
use crate::tls::testing::Office;
use crate::tls::{ClientTls, ServerTls};

fn refusal(certificate: &Path, key: &Path) -> String {
    let error = ServerTls::new().identity(certificate, key).load(&[]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    // The directory is another one each time.
    let dir = certificate.parent().or(key.parent()).unwrap();
    error.to_string().replace(&format!("{}/", dir.display()), "")
}

#[test]
fn whatever_is_wrong_with_a_file_is_told_with_its_cure() {
    let office = Office::new();
    let (certificate, key) = office.signed("a", &["localhost"]);
    let (_, other) = office.signed("b", &["localhost"]);
    let empty = office.write("empty", "");
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let encrypted = office.write("encrypted", encrypted);
    let open = office.write("open", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let rubbish =
        office.write("rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let nowhere = office.path("nowhere");
    let der = office.path("der");
    std::fs::write(&der, [0x30, 0x82, 1, 2]).unwrap();
    let table: [(&Path, &Path, &str); 11] = [
        (&nowhere, &key, "cannot read the certificates in nowhere: no such file"),
        (&certificate, &nowhere, "cannot read the private key in nowhere: no such file"),
        (
            &empty,
            &key,
            "empty holds no certificate; a PEM file has a line -----BEGIN CERTIFICATE-----",
        ),
        (
            &certificate,
            &empty,
            "empty holds no private key; a PEM file has a line -----BEGIN PRIVATE KEY-----",
        ),
        (
            &key,
            &key,
            "a.key holds no certificate; it holds a private key: are the two files swapped?",
        ),
        (
            &certificate,
            &certificate,
            "a.pem holds no private key; it holds the certificate alone; name the file with its key as well: --key FILE",
        ),
        (&certificate, &other, "the private key b.key is not that of the certificate a.pem; "),
        (
            &certificate,
            &encrypted,
            "encrypted holds no private key; it is encrypted; decrypt it: openssl ",
        ),
        (&open, &key, "open is not whole: "),
        (&rubbish, &key, "the first certificate in rubbish is no X.509 certificate"),
        (&der, &key, "der holds no certificate; it looks like DER; make it PEM: openssl x509 "),
    ];
    for (certificate, key, words) in table {
        let text = refusal(certificate, key);
        assert!(text.starts_with(words), "{text}");
    }
}

#[test]
fn an_authority_that_cannot_be_read_is_the_callers_fault() {
    let nowhere = ClientTls::new().ca("/nowhere.pem").load().map(|_| ()).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::InvalidArgument);
    assert_eq!(nowhere.to_string(), "cannot read the certificates in /nowhere.pem: no such file");
}

/// As `openssl x509 -req` makes it without an extension.
const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBJDCBywIUEzyXWZ4xMXzmcL4tBbe8/hg4lB0wCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTE3MDI0MloYDzIxMjYxMTA1MTcwMjQy
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATB0WdgR0LpNPkaDRcmwav+7Lc2y2n9LT++KpR2Kj9gpUUBvfHxsB/MDo5IStoQ
9oGvfsHBv+ajLRGBucDHD5ZQMAoGCCqGSM49BAMCA0gAMEUCIHGrlNTf1XLJ/r3n
kvXHWKC5D0bc9c0f4HVG4sk887s9AiEA/qEHk0A3oC7055/LjM9lVBTMSAYOvmFq
XHYy8DpbUMo=
-----END CERTIFICATE-----
";

#[test]
fn a_certificate_of_version_1_is_refused_as_that_by_both_sides() {
    let office = Office::new();
    let (_, key) = office.signed("a", &["localhost"]);
    let old = office.write("c.pem", VERSION_1);
    let text = refusal(&old, &key);
    let words =
        "the certificate c.pem is of version 1, and TLS needs version 3; make it with extensions";
    assert!(text.starts_with(words) && text.contains("-extfile FILE"), "{text}");
    let client = ClientTls::new().ca(office.authority()).identity(&old, &key);
    let error = client.load().map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("is of version 1"), "{error}");
}
