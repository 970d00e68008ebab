//! The certificate that a server shows: told when it listens, and given to clients as a file.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sock::{Bound, Endpoint};
use sock_proto::{Host, Transport};

use crate::elsewhere::elsewhere;

/// A directory with the file that clients trust the server by, for as long as it runs.
#[derive(Debug)]
pub(super) struct Passing(PathBuf);

/// What the file is called.
const FILE: &str = "certificate.pem";

impl Passing {
    /// The directory.
    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Makes one where this user's programs keep what goes with them.
    fn new(pem: &str) -> Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let dir = runtime.filter(|dir| dir.is_dir()).unwrap_or_else(std::env::temp_dir);
        let pid = std::process::id();
        // One that was killed has left its own behind, and its number may be ours.
        for n in 0..100 {
            let folder = dir.join(format!("sock-{pid}-{n}"));
            match std::fs::create_dir(&folder) {
                Ok(()) => {
                    let passing = Self(folder);
                    write(&passing.file(), pem)?;
                    return Ok(passing);
                }
                // Whoever made that may have chosen where it leads.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| cannot_write(&folder)),
            }
        }
        anyhow::bail!("{} is full of certificates; say where to: --cert-out FILE", dir.display())
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // Whoever removed them before has done our work.
        let _ = std::fs::remove_file(self.file());
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Has the server say, once it listens, what it shows and how a client trusts it. The file that it
/// names goes with the value.
pub(super) fn announce(
    bound: Bound,
    service: &str,
    file: Option<&Path>,
) -> Result<(Bound, Option<Passing>)> {
    let Some(presented) = bound.presented() else { return Ok((bound, None)) };
    let presented = presented.clone();
    let Some(own) = presented.chain.first() else { return Ok((bound, None)) };
    let now = bound.within().wall();
    let text =
        format!("certificate: {own}, expires {}, SHA-256 {}", own.expiry(now), own.fingerprint());
    let mut bound = bound.saying("certificate", text);
    let untimely = if own.not_after < now {
        Some("has expired")
    } else if own.not_before > now {
        Some("is not valid yet")
    } else {
        None
    };
    if let Some(why) = untimely {
        let text = format!(
            "careful: the certificate {why}, and clients refuse it; is the clock of this machine right?"
        );
        bound = bound.saying("certificate", text);
    }
    let Some(pem) = &presented.self_made else { return Ok((bound, None)) };
    let (path, passing) = if let Some(path) = file {
        write(path, pem)?;
        (path.to_owned(), None)
    } else {
        let passing = Passing::new(pem)?;
        (passing.file(), Some(passing))
    };
    let endpoints: Vec<Endpoint> = bound.endpoints().to_vec();
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.transport() == Transport::Tls) {
        let command = command(service, endpoint, &path);
        bound = bound.saying("certificate", format!("a client trusts it by: {command}"));
        if let Some(there) = elsewhere(endpoint) {
            let command = self::command(service, &there, Path::new(FILE));
            let text = format!(
                "from another machine: copy {} there as {FILE}, and {command}",
                path.display()
            );
            bound = bound.saying("certificate", text);
        }
    }
    Ok((bound, passing))
}

/// What a user types to talk to the server.
fn command(service: &str, endpoint: &Endpoint, file: &Path) -> String {
    let called = match endpoint.host() {
        Some(Host::V4(addr)) if addr.is_unspecified() => local(endpoint),
        Some(Host::V6(addr, _)) if addr.is_unspecified() => local(endpoint),
        Some(Host::Every | Host::Loopback) => local(endpoint),
        Some(Host::V4(_) | Host::V6(..) | Host::Name(_)) | None => endpoint.to_string(),
    };
    let file = quoted(&file.display().to_string());
    if service == "http" {
        let url = called.replacen("tls:", "https:", 1);
        return format!("sock get {url}/ --ca {file}");
    }
    format!("sock connect {called} --ca {file}")
}

/// The endpoint as it is called from this machine.
fn local(endpoint: &Endpoint) -> String {
    format!("tls://localhost:{}", endpoint.port().unwrap_or_default())
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn write(path: &Path, pem: &str) -> Result<()> {
    std::fs::write(path, pem).with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write the certificate to {}", path.display())
}
