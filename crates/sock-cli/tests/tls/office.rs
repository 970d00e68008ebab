//! An authority, and the certificates that it signs, as files.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

pub(crate) struct Office {
    dir: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as arguments.
pub(crate) struct Papers {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Office {
    pub(crate) fn new() -> Self {
        Self::named("the test authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let office = Self { dir: tempfile::tempdir().unwrap(), authority };
        office.write("authority.pem", &office.authority.pem());
        office
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The file by which its certificates are trusted.
    pub(crate) fn authority(&self) -> String {
        self.dir.path().join("authority.pem").to_str().unwrap().to_owned()
    }

    /// A certificate of the authority's for this name.
    pub(crate) fn signed(&self, name: &str) -> Papers {
        self.sign(name, &params(name))
    }

    /// One that was valid on one day, long ago.
    pub(crate) fn expired(&self, name: &str) -> Papers {
        let mut params = params(name);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 2);
        self.sign(name, &params)
    }

    /// One that is signed by itself, as `openssl req -x509` makes it: an authority by its own words.
    pub(crate) fn own(&self, name: &str) -> Papers {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.papers(name, &certificate.pem(), &key)
    }

    fn sign(&self, name: &str, params: &CertificateParams) -> Papers {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.papers(name, &certificate.pem(), &key)
    }

    fn papers(&self, name: &str, pem: &str, key: &KeyPair) -> Papers {
        // Several may be for the same name.
        let n = std::fs::read_dir(self.dir()).unwrap().count();
        let name = format!("{n}-{name}");
        let certificate = self.write(&format!("{name}.pem"), pem);
        Papers { certificate, key: self.write(&format!("{name}.key"), &key.serialize_pem()) }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Papers {
    /// As `sock serve` and `sock connect` take them.
    pub(crate) fn options(&self) -> [&str; 4] {
        ["--cert", &self.certificate, "--key", &self.key]
    }
}
