//! For the tests: authorities, certificates of every kind, and a handshake without a socket.

use std::path::PathBuf;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConnection;

use super::client::{Call, ClientTls};
use super::server::ServerTls;

/// A directory with an authority in it, and what it signs.
pub(crate) struct Office {
    dir: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// Paths of a certificate and of its key.
pub(crate) type Papers = (PathBuf, PathBuf);

impl Office {
    pub(crate) fn new() -> Self {
        Self::named("the test authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let office = Self { dir: tempfile::tempdir().unwrap(), authority };
        office.write("authority.pem", &office.authority.pem());
        office
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// The file by which its certificates are trusted.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// A certificate for these names, signed by the authority.
    pub(crate) fn signed(&self, file: &str, names: &[&str]) -> Papers {
        self.issue(file, names, |_| {})
    }

    pub(crate) fn issue(
        &self,
        file: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Papers {
        let key = KeyPair::generate().unwrap();
        let mut params = params(file, names);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.papers(file, &certificate.pem(), &key)
    }

    /// A certificate for these names, signed by itself.
    pub(crate) fn own(
        &self,
        file: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Papers {
        let key = KeyPair::generate().unwrap();
        let mut params = params(file, names);
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        self.papers(file, &certificate.pem(), &key)
    }

    fn papers(&self, file: &str, pem: &str, key: &KeyPair) -> Papers {
        let certificate = self.write(&format!("{file}.pem"), pem);
        (certificate, self.write(&format!("{file}.key"), &key.serialize_pem()))
    }
}

fn params(file: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, file);
    params
}

/// Valid on one day, long ago.
pub(crate) fn of_2001(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2001, 1, 2);
}

/// Valid in a year.
pub(crate) fn of_next_year(params: &mut CertificateParams) {
    let now = date_time_ymd(1970, 1, 1) + crate::run::wall();
    params.not_before = now + Duration::from_hours(24 * 365 + 12);
    params.not_after = now + Duration::from_hours(24 * 400);
}

/// What each side says of a handshake that failed, and whether it did.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    pub(crate) client: Option<String>,
    pub(crate) server: Option<String>,
}

/// Both sides of a handshake, driven until nothing moves.
pub(crate) fn shake(client: &ClientTls, host: &str, server: &ServerTls) -> Outcome {
    let mut call = client.load().unwrap().call(host, &[]).unwrap();
    let config = server.load(&[]).unwrap().config;
    let mut answer = ServerConnection::new(config).unwrap();
    drive(&mut call, &mut answer)
}

pub(crate) fn drive(call: &mut Call, answer: &mut ServerConnection) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let mut wire = Vec::new();
        while call.connection.wants_write() {
            call.connection.write_tls(&mut wire).unwrap();
        }
        let mut bytes = wire.as_slice();
        while outcome.server.is_none() && !bytes.is_empty() {
            answer.read_tls(&mut bytes).unwrap();
            if let Err(error) = answer.process_new_packets() {
                let said = super::words::explain(&error, super::words::Side::Server);
                outcome.server = Some(said.to_string());
            }
        }
        let mut back = Vec::new();
        while answer.wants_write() {
            answer.write_tls(&mut back).unwrap();
        }
        let mut bytes = back.as_slice();
        while outcome.client.is_none() && !bytes.is_empty() {
            call.connection.read_tls(&mut bytes).unwrap();
            if let Err(error) = call.connection.process_new_packets() {
                outcome.client = Some(call.explain(&error).to_string());
            }
        }
        if wire.is_empty() && back.is_empty() {
            return outcome;
        }
    }
}
