//! What is said and done about a web server before it serves: where to look at it, who else can, and
//! what the program may touch from then on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sock::http::FileSite;
use sock::{Access, Endpoint, Run};
use sock_proto::protocols::http::Offer;
use sock_proto::protocols::http::site::{Codings, Site};
use sock_proto::{Event, Host, Interest, Observer, Transport, What};

use crate::elsewhere::{elsewhere, is_everywhere};
use crate::lockdown::{self, Lock};

/// A web server.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) offer: Arc<Offer>,
    folder: Option<Folder>,
}

/// A directory that is served.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) site: Arc<FileSite>,
    pub(crate) path: PathBuf,
    pub(crate) is_writable: bool,
}

impl Web {
    pub(crate) fn new(offer: Offer, folder: Option<Folder>) -> Self {
        Self { offer: Arc::new(offer), folder }
    }

    /// Gives up every right that serving does not need, and tells what is worth telling about it.
    ///
    /// `passing` is a directory of ours that may still go at the end. The threads and processes that are started from here on have these rights and no more.
    pub(crate) fn lock_down(&self, endpoints: &[Endpoint], passing: Option<&Path>) -> Note {
        let folder = self.folder.as_ref();
        let allowed = lockdown::Allowed {
            folder: folder.map(|folder| &*folder.site),
            is_writable: folder.is_some_and(|folder| folder.is_writable),
            sockets: endpoints,
            passing,
        };
        let text = match lockdown::lock(&allowed) {
            Lock::Shut => {
                let what = folder.map_or("open no file".to_owned(), |folder| {
                    let rights =
                        if folder.is_writable { "read and store files in" } else { "read" };
                    format!("{rights} {} and nothing else", folder.path.display())
                });
                format!("locked down: from here on this program can {what}")
            }
            Lock::Open(why) => format!("not locked down: {why}"),
        };
        Note { code: "lockdown", text }
    }

    /// What people want to know about where it listens.
    pub(crate) fn notes(&self, endpoints: &[Endpoint], access: &Access) -> Vec<Note> {
        let opens = endpoints.iter().filter_map(opens);
        let mut notes: Vec<_> = opens.map(|text| Note { code: "open", text }).collect();
        notes.extend(
            endpoints.iter().find_map(from_elsewhere).map(|text| Note { code: "open", text }),
        );
        let is_ip = endpoints.iter().any(|endpoint| endpoint.host().is_some());
        let [v4, v6] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        if is_ip && !access.admits(Some(v4)) && !access.admits(Some(v6)) {
            let text = "this machine itself is not let in; for that add \
                        --allow 127.0.0.1, and leave it out of --deny";
            notes.push(Note { code: "denied", text: text.to_owned() });
        }
        if let Some(folder) = self.folder.as_ref().filter(|_| self.offer.spa)
            && folder.site.find(b"index.html", Codings::default()).is_err()
        {
            let path = folder.path.display();
            let text = format!(
                "careful: there is no index.html in {path}, which --spa gives where nothing is: such addresses are 404"
            );
            notes.push(Note { code: "spa", text });
        }
        notes.extend(self.folder.as_ref().and_then(unreadable));
        notes.extend(self.folder.as_ref().and_then(unwritable));
        if self.offer.auth.is_some()
            && let Some(endpoint) = endpoints.iter().find(|endpoint| is_overheard(endpoint))
        {
            let port = endpoint.port().unwrap_or_default();
            let text = format!(
                "careful: the password and what is served go over the network as plain text, and whoever is on \
                 the way can read them; for TLS listen on tls://:{port}"
            );
            notes.push(Note { code: "exposed", text });
        }
        if let Some(folder) = &self.folder
            && self.offer.auth.is_none()
            && access.allow.is_empty()
            && let Some(endpoint) = endpoints.iter().find(|endpoint| !is_near(endpoint))
        {
            let can = if folder.is_writable { "read and store files in" } else { "read" };
            let port = endpoint.port().unwrap_or_default();
            let text = format!(
                "careful: everybody who can reach {} can {can} {}; for yourself alone \
                 listen on 127.0.0.1:{port}, for some use --allow or --auth",
                reached(endpoint),
                folder.path.display()
            );
            notes.push(Note { code: "exposed", text });
        }
        notes
    }
}

/// What a client needs a way to.
fn reached(endpoint: &Endpoint) -> String {
    match endpoint.host() {
        Some(host) if !is_everywhere(endpoint) => host.to_string(),
        Some(_) | None => "this machine".to_owned(),
    }
}

/// A directory whose names nobody will see.
fn unreadable(folder: &Folder) -> Option<Note> {
    if folder.site.rights().list || folder.site.find(b"index.html", Codings::default()).is_ok() {
        return None;
    }
    let text = format!(
        "careful: permission denied on {}: whoever runs this may not read its names, so that it is not listed, and \
         only who knows a name gets the file",
        folder.path.display()
    );
    Some(Note { code: "unreadable", text })
}

/// A directory that is to take files and cannot.
fn unwritable(folder: &Folder) -> Option<Note> {
    if !folder.is_writable || folder.site.rights().store {
        return None;
    }
    let text = format!(
        "careful: permission denied on {}: whoever runs this may not write there, and --upload stores nothing but in \
         folders beneath it that may be written",
        folder.path.display()
    );
    Some(Note { code: "unwritable", text })
}

/// Whether nobody but this machine gets there.
fn is_near(endpoint: &Endpoint) -> bool {
    match endpoint.host() {
        Some(Host::V4(ip)) => ip.is_loopback(),
        Some(Host::V6(ip, _)) => ip.is_loopback(),
        Some(Host::Loopback) | None => true,
        Some(Host::Every | Host::Name(_)) => false,
    }
}

/// Whether what is said there in the clear leaves this machine.
fn is_overheard(endpoint: &Endpoint) -> bool {
    endpoint.transport() == Transport::Tcp && !is_near(endpoint)
}

/// How somebody at another machine gets there, where everybody can.
fn from_elsewhere(endpoint: &Endpoint) -> Option<String> {
    let url = url(&elsewhere(endpoint)?)?;
    Some(format!("from another machine: {url}"))
}

/// How somebody gets to see what is served there.
fn opens(endpoint: &Endpoint) -> Option<String> {
    if let Endpoint::Unix(path) = endpoint {
        return Some(format!("try curl --unix-socket {path} http://localhost/"));
    }
    url(endpoint).map(|url| format!("open {url} in a browser"))
}

fn url(endpoint: &Endpoint) -> Option<String> {
    let host = match endpoint.host() {
        Some(Host::V4(ip)) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Some(Host::V4(ip)) => ip.to_string(),
        Some(Host::V6(ip, _)) if ip.is_unspecified() => "[::1]".to_owned(),
        // No browser takes a zone.
        Some(Host::V6(ip, zone)) => zone.is_none().then(|| format!("[{ip}]"))?,
        Some(Host::Name(name)) => name.as_str().to_owned(),
        Some(Host::Every | Host::Loopback) => "localhost".to_owned(),
        None => String::new(),
    };
    let (scheme, usual) = match endpoint {
        Endpoint::Tcp(..) => ("http", 80),
        Endpoint::Tls(..) => ("https", 443),
        Endpoint::Udp(..) | Endpoint::Unix(_) | Endpoint::Unixgram(_) | Endpoint::Stdio => {
            return None;
        }
    };
    let port = endpoint.port().filter(|port| *port != usual);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{scheme}://{host}{port}/"))
}

/// Something that is told when all endpoints were.
#[derive(Debug)]
pub(crate) struct Note {
    code: &'static str,
    text: String,
}

/// Passes everything on, and tells the notes behind the last of the lines that say where we listen.
pub(crate) struct Herald {
    next: Option<Arc<dyn Observer>>,
    audience: Arc<dyn Observer>,
    waiting: Mutex<(usize, Vec<Note>)>,
}

impl Herald {
    /// Watches in front of whoever watches `run` already; the notes are for `audience`.
    pub(crate) fn new(run: &Run, audience: Arc<dyn Observer>) -> Arc<Self> {
        Arc::new(Self { next: run.observer().cloned(), audience, waiting: Mutex::default() })
    }

    /// Has something to tell once that many endpoints were told.
    pub(crate) fn wait(&self, endpoints: usize, notes: Vec<Note>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = (endpoints, notes);
    }
}

impl Observer for Herald {
    fn event(&self, event: &Event<'_>) {
        let Some(next) = &self.next else { return };
        next.event(event);
        if !matches!(event.what, What::Listening { .. }) {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0 = waiting.0.saturating_sub(1);
        if waiting.0 == 0 {
            for Note { code, text } in waiting.1.drain(..) {
                let what = What::Note { code, text: format_args!("{text}") };
                self.audience.event(&Event { what, ..*event });
            }
        }
    }

    fn interest(&self) -> Interest {
        // Where we listen belongs to the conversations.
        let next = self.next.as_ref().map_or(Interest::NONE, |next| next.interest());
        next.union(Interest::CONVERSATIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_listens_where_others_get_to_is_warned() {
        let dir = tempfile::tempdir().unwrap();
        let site = Arc::new(FileSite::open(dir.path()).unwrap());
        let folder = Folder { site, path: "site".into(), is_writable: false };
        let web = Web::new(Offer::default(), Some(folder));
        let warned = |endpoint: &str| {
            let notes = web.notes(&[endpoint.parse().unwrap()], &Access::default());
            let note = notes.into_iter().find(|note| note.code == "exposed")?;
            Some(note.text.split(';').next().unwrap_or_default().to_owned())
        };
        for (endpoint, whom) in [
            ("tcp://0.0.0.0:8000", "this machine"),
            ("tcp://192.168.1.10:8000", "192.168.1.10"),
            ("tls://192.168.1.10:8443", "192.168.1.10"),
            ("tcp://[2001:db8::1]:8000", "[2001:db8::1]"),
        ] {
            let text = format!("careful: everybody who can reach {whom} can read site");
            assert_eq!(warned(endpoint), Some(text), "{endpoint}");
        }
        for endpoint in ["tcp://127.0.0.2:8000", "tcp://[::1]:8000", "unix:socket"] {
            assert_eq!(warned(endpoint), None, "{endpoint}");
        }
    }
}
