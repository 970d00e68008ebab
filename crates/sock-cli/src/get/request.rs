//! Request: what the user's options make of a client and of what it asks.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use sock::Run;
use sock::http::{Client, Multipart, Proxies, Request};

use crate::sockets::Sockets;

/// What is asked of each server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    /// As the user says; else GET, or POST where something is sent.
    pub(crate) method: Option<String>,
    /// Only the head is wanted.
    pub(crate) is_head: bool,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) payload: Payload,
    pub(crate) auth: Auth,
    /// As one field.
    pub(crate) cookies: String,
    pub(crate) compressed: bool,
}

/// What is sent: text, a file or standard input with its media type, or the fields of a form, some of which may be files.
#[derive(Debug, Clone, Default)]
pub(crate) enum Payload {
    #[default]
    None,
    Text(String, String),
    File(PathBuf, String),
    Stdin(String),
    Form(Vec<(String, String)>),
    Multipart(Multipart),
}

/// Who one is.
#[derive(Clone, Default)]
pub(crate) enum Auth {
    #[default]
    None,
    Basic(String, String),
    Bearer(String),
}

/// Nothing of it is for others.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

/// By which way a server is reached.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    pub(crate) redirects: usize,
    pub(crate) pins: Vec<Pin>,
    pub(crate) unix: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: bool,
    pub(crate) stall: Duration,
}

/// Where a host is, whatever the name service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) addr: IpAddr,
}

impl Asking {
    pub(super) fn request(&self) -> Request {
        let mut request = match (&self.method, self.is_head) {
            (_, true) => Request::new("HEAD"),
            (Some(method), false) => Request::new(method),
            (None, false) => Request::default(),
        };
        // First, so that a form does not name its media type as well.
        for (name, value) in &self.fields {
            request = request.field(name, value);
        }
        request = match &self.payload {
            Payload::None => request,
            Payload::Text(text, _) => request.bytes(text.as_bytes()),
            Payload::File(path, _) => request.file(path),
            Payload::Stdin(_) => request.input(io::stdin()),
            Payload::Multipart(form) => request.multipart(form.clone()),
            Payload::Form(pairs) => {
                request.form(pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())))
            }
        };
        let media = match &self.payload {
            Payload::Text(_, media) | Payload::File(_, media) | Payload::Stdin(media) => {
                Some(media)
            }
            Payload::None | Payload::Form(_) | Payload::Multipart(_) => None,
        };
        if let Some(media) = media.filter(|_| !self.names("content-type")) {
            request = request.field("Content-Type", media);
        }
        request = match &self.auth {
            Auth::None => request,
            Auth::Basic(name, password) => request.basic(name, password),
            Auth::Bearer(token) => request.bearer(token),
        };
        if !self.cookies.is_empty() {
            request = request.field("Cookie", &self.cookies);
        }
        request
    }

    /// Whether the rest of it can be asked for: no other request has parts that fit each other.
    pub(super) fn is_plain(&self) -> bool {
        let is_get = self.method.as_ref().is_none_or(|method| method == "GET");
        is_get && matches!(self.payload, Payload::None) && !self.names("range")
    }

    /// Whether the user is content where nothing has changed (RFC 9110, section 13.1).
    pub(super) fn is_conditional(&self) -> bool {
        ["if-none-match", "if-modified-since"].iter().any(|field| self.names(field))
    }

    /// Whether to ask twice does no more than to ask once (RFC 9110, section 9.2.2).
    pub(super) fn is_repeatable(&self) -> bool {
        let sends = !matches!(self.payload, Payload::None);
        let method = self.method.as_deref().unwrap_or(if sends { "POST" } else { "GET" });
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(&method)
            && match &self.payload {
                Payload::None | Payload::Text(..) | Payload::Form(_) => true,
                Payload::Stdin(_) => false,
                // What came by a pipe is gone.
                Payload::File(path, _) => path.metadata().map_or(true, |facts| facts.is_file()),
                Payload::Multipart(form) => form.is_repeatable(),
            }
    }

    pub(super) fn names(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field))
    }
}

impl Reach {
    /// A client that goes this way, as a part of `run`.
    pub(super) fn client(&self, sockets: &Sockets, urls: &[String], run: &Run) -> Result<Client> {
        let proxies = match &self.proxy {
            Some(proxy) => Proxies::all(proxy, ""),
            None if self.no_proxy => Proxies::none(),
            None => Proxies::from_env(),
        };
        let stall = sockets.idle.map_or(self.stall, |idle| idle.min(self.stall));
        let mut client = Client::of(run)
            .connect_timeout(sockets.connect_timeout)
            .stall_timeout(stall)
            .redirects(self.redirects)
            .options(sockets.options(None))
            .proxies(proxies);
        let is_v6 = urls.iter().any(|url| url.contains("//["));
        if let Some(source) = sockets.source_addr(is_v6)? {
            client = client.source(source);
        }
        if let Some(path) = &self.unix {
            client = client.unix(path);
        }
        let pin = |client: Client, pin: &Pin| client.resolve(&pin.host, pin.port, pin.addr);
        Ok(self.pins.iter().fold(client, pin))
    }
}
