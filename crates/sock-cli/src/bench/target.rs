//! Target: whom to load.

use anyhow::Result;
use sock::Endpoint;

use super::Engines;
use crate::status::Usage;

/// Whom to load.
#[derive(Debug)]
pub(crate) enum Target {
    /// Whoever listens there.
    Endpoint(Endpoint),
    /// A web server.
    Url {
        endpoint: Endpoint,
        /// As the request names it.
        host: String,
        path: String,
        is_tls: bool,
    },
    /// Servers of our own.
    Engines(Engines),
}

impl Target {
    /// Reads an endpoint, or a URL of the web.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = [("http://", "tcp", 80), ("https://", "tls", 443)];
        for (scheme, transport, port) in url {
            let Some(rest) = text.strip_prefix(scheme) else { continue };
            let rest = rest.split('#').next().unwrap_or_default();
            let at = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(at);
            if host.is_empty() || host.contains('@') {
                let text = format!(
                    "{scheme}{rest}: write http://HOST:PORT/PATH; a password goes into a \
                                    field, -H 'Authorization: …'"
                );
                return Err(Usage(text).into());
            }
            if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err(Usage(format!("a URL has no blanks: write %20 in {path}")).into());
            }
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            let has_port =
                host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let whole = if has_port { host.to_owned() } else { format!("{host}:{port}") };
            let endpoint = parsed(&format!("{transport}://{whole}"))?;
            let is_tls = transport == "tls";
            return Ok(Self::Url { endpoint, host: host.to_owned(), path, is_tls });
        }
        Ok(Self::Endpoint(crate::args::callable(text)?))
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Result<Endpoint> {
        match self {
            Self::Endpoint(endpoint) | Self::Url { endpoint, .. } => Ok(endpoint.clone()),
            Self::Engines(_) => Err(Usage("engines have endpoints of their own".to_owned()).into()),
        }
    }

    /// What the user called it, where the endpoint does not say it all.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Url { host, path, is_tls, .. } => {
                let scheme = if *is_tls { "https" } else { "http" };
                Some(format!("{scheme}://{host}{path}"))
            }
            Self::Endpoint(_) | Self::Engines(_) => None,
        }
    }

    /// What is spoken there, where the endpoint does not say it.
    pub(crate) fn transport(&self) -> Option<&'static str> {
        match self {
            Self::Url { is_tls, .. } => Some(if *is_tls { "https" } else { "http" }),
            Self::Endpoint(_) | Self::Engines(_) => None,
        }
    }
}

fn parsed(text: &str) -> Result<Endpoint> {
    text.parse().map_err(|wrong: sock_proto::ParseError| Usage(wrong.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_an_endpoint_and_a_path() {
        let read = |text: &str| match Target::parse(text) {
            Ok(Target::Url { endpoint, host, path, .. }) => format!("{endpoint} {host} {path}"),
            other => format!("{other:?}"),
        };
        assert_eq!(read("http://127.0.0.1:8000"), "tcp://127.0.0.1:8000 127.0.0.1:8000 /");
        assert_eq!(read("https://a.example/x?y#z"), "tls://a.example:443 a.example /x?y");
        assert_eq!(read("http://[::1]/a"), "tcp://[::1]:80 [::1] /a");
        assert_eq!(read("http://h?q"), "tcp://h:80 h /?q");
        for wrong in ["http://", "http:///x", "http://me:pw@h/", "http://h/a b"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
        let named = |text: &str| Target::parse(text).ok().and_then(|target| target.name());
        assert_eq!(named("https://a.example/x?y#z").as_deref(), Some("https://a.example/x?y"));
        assert_eq!(named("50007"), None);
        assert!(matches!(Target::parse("50007"), Ok(Target::Endpoint(_))));
    }
}
