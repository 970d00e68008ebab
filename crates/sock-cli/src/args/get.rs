//! The arguments of `get`.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use sock::http::Multipart;

use super::files::{first_line, is_to_be_read};
use super::screen::ScreenArgs;
use super::sockets::SocketArgs;
use super::tls::TrustArgs;
use super::values::duration;
use crate::get::{self, Asking, Auth, Output, Payload, Pin, Reach};
use crate::screen::Detail;
use crate::status::Usage;

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct GetArgs {
    #[arg(
        value_name = "URL",
        required = true,
        help = "What to get: http://HOST/PATH, https://…, file:///PATH, HOST:PORT/PATH"
    )]
    urls: Vec<String>,
    /// Write to FILE, which is only replaced by what is whole; - is stdout, as it is
    #[arg(short, long, value_name = "FILE", conflicts_with = "remote_name")]
    output: Option<PathBuf>,
    /// Write to a file of the name that the server or the URL gives; one that is there is not replaced
    #[arg(short = 'O', long)]
    remote_name: bool,
    /// Go on with what an earlier attempt left in FILE.part, if it is of the same version, as FILE.part.json proves
    #[arg(short = 'C', long = "continue")]
    go_on: bool,
    /// Try again so often after a failure that may pass; 3, or 0 for a request that does something
    #[arg(long, value_name = "N")]
    retry: Option<u32>,
    /// Wait so long before it, then twice as long each time, up to 8s; a server may ask for more
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "500ms")]
    retry_delay: Duration,
    /// Fail unless the bytes have this SHA-256
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<[u8; 32]>,
    /// Get so many URLs at once (with -O)
    #[arg(long, value_name = "N", default_value = "1")]
    parallel: NonZeroUsize,
    /// Give up when nothing came for so long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    stall_timeout: Duration,
    /// Show the body of a refusal (status 400 and above) too, on stdout
    #[arg(long)]
    show_error_body: bool,
    /// Show the head of the response before its body
    #[arg(short, long)]
    include: bool,
    /// Ask for the head only, and show it
    #[arg(short = 'I', long, conflicts_with_all = ["method", "output", "remote_name"])]
    head: bool,
    /// Tell how long each step took
    #[arg(long)]
    timing: bool,
    /// Show every write and read of the socket, with its size
    #[arg(long, conflicts_with = "quiet")]
    show_wire: bool,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    sockets: SocketArgs,
    #[command(flatten)]
    tls: TrustArgs,
    #[command(flatten)]
    screen: ScreenArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Request")]
struct RequestArgs {
    /// The method; GET, or POST where something is sent
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    method: Option<String>,
    /// Add a field to the head: 'Name: value'
    #[arg(short = 'H', long, value_name = "FIELD", value_parser = field)]
    header: Vec<(String, String)>,
    /// Send TEXT, or what FILE holds (@- is stdin)
    #[arg(short, long, value_name = "TEXT|@FILE", group = "sent", allow_hyphen_values = true)]
    data: Option<String>,
    /// The same, as JSON
    #[arg(long, value_name = "JSON|@FILE", group = "sent", allow_hyphen_values = true)]
    data_json: Option<String>,
    /// Send a field of a form; may be repeated
    #[arg(long, value_name = "NAME=VALUE", group = "sent", value_parser = pair)]
    form: Vec<(String, String)>,
    /// Send a field of a form that may hold files (multipart): text, or FILE with its name; may be repeated
    #[arg(short = 'F', long, value_name = "NAME=VALUE|@FILE", group = "sent", value_parser = pair)]
    multipart: Vec<(String, String)>,
    /// The same, always text, also where it begins with @; behind what -F names
    #[arg(long, value_name = "NAME=TEXT", conflicts_with_all = ["data", "data_json", "form"], value_parser = pair)]
    form_string: Vec<(String, String)>,
    /// Say who one is, by a password: sent as it is, which only TLS hides, and as a digest where that is asked for
    #[arg(long, value_name = "NAME:PASSWORD|@FILE", group = "auth")]
    user: Option<String>,
    /// The same, by a token
    #[arg(long, value_name = "TOKEN|@FILE", group = "auth", allow_hyphen_values = true)]
    bearer: Option<String>,
    /// Send a cookie; those that the server sets are kept for the other URLs
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    cookie: Vec<(String, String)>,
    /// Let the server compress what it sends; what breaks off then begins anew
    #[arg(long, conflicts_with_all = ["go_on", "sha256"])]
    compressed: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Way")]
struct ReachArgs {
    /// Do not follow redirects
    #[arg(long)]
    no_redirect: bool,
    /// Follow so many redirects
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "no_redirect")]
    max_redirects: usize,
    /// Call this HOST at this PORT at this address, whatever the name service says
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = pin)]
    resolve: Vec<Pin>,
    /// Call the unix socket PATH, whatever host the URL names
    #[arg(long, value_name = "PATH")]
    unix: Option<PathBuf>,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "no_proxy",
        help = "Go through this proxy: http://HOST:PORT, socks5h://…; else as http_proxy and its like say"
    )]
    proxy: Option<String>,
    /// Go through no proxy
    #[arg(long)]
    no_proxy: bool,
}

/// 64 digits in hexadecimal.
fn sha256(text: &str) -> Result<[u8; 32], String> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "write 64 digits 0-9 a-f".to_owned())
}

/// A token (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

fn method(text: &str) -> Result<String, String> {
    if is_token(text) { Ok(text.to_owned()) } else { Err("write one word, such as PUT".to_owned()) }
}

fn field(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_token(name)) else {
        return Err("write a name, a colon and a value: 'X-Name: value'".to_owned());
    };
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a value is one line without control characters".to_owned());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write a name, = and a value: name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn pin(text: &str) -> Result<Pin, String> {
    let wrong = || "write a host, a port and an address: example.org:443:127.0.0.1".to_owned();
    let (host, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (port, addr) = rest.split_once(':').ok_or_else(wrong)?;
    let addr = addr.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match (port.parse(), addr) {
        (Ok(port), Ok(addr)) if !host.is_empty() => Ok(Pin { host: host.to_owned(), port, addr }),
        _ => Err(wrong()),
    }
}

impl GetArgs {
    pub(super) fn plan(self) -> Result<get::Plan> {
        let usage = |text: &str| Err(Usage(text.to_owned()).into());
        let several = self.urls.len() > 1;
        let output = match self.output {
            Some(file) if file.as_os_str() == "-" => Output::Stdout { raw: true },
            Some(_) if several => return usage("-o names one file; with several URLs, use -O"),
            Some(file) => Output::File(file),
            None if self.remote_name => Output::Named,
            None => Output::Stdout { raw: false },
        };
        let is_file = matches!(output, Output::File(_) | Output::Named);
        if self.go_on && !is_file {
            return usage("-C goes on with a file: name it with -o FILE, or use -O");
        }
        if self.parallel.get() > 1 && output != Output::Named {
            return usage("--parallel needs -O: several bodies at once have no place on stdout");
        }
        if self.sha256.is_some() && several {
            return usage("--sha256 is of one URL");
        }
        let mut screen = self.screen.plan();
        if self.show_wire {
            screen.detail = Detail::Data;
        }
        Ok(get::Plan {
            urls: self.urls,
            asking: self.request.plan(self.head)?,
            reach: self.reach.plan(self.stall_timeout),
            output,
            goes_on: self.go_on,
            retries: self.retry,
            pause: self.retry_delay,
            sha256: self.sha256,
            parallel: self.parallel.get(),
            shows_refusal: self.show_error_body,
            shows_head: self.include,
            timing: self.timing,
            sockets: self.sockets.plan(),
            tls: self.tls.plan(),
            screen,
        })
    }
}

impl RequestArgs {
    fn plan(self, is_head: bool) -> Result<Asking> {
        let is_media = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
        let has_parts = !(self.multipart.is_empty() && self.form_string.is_empty());
        if has_parts && self.header.iter().any(is_media) {
            let text = "-F says in Content-Type where a part ends: leave that field away";
            return Err(Usage(text.to_owned()).into());
        }
        let payload = match (self.data, self.data_json) {
            (Some(data), _) => {
                let media = "application/x-www-form-urlencoded";
                payload(&data, media, "application/octet-stream")?
            }
            (None, Some(json)) => {
                let sent = payload(&json, "application/json", "application/json")?;
                is_json(&sent)?;
                sent
            }
            (None, None) if has_parts => multipart(self.multipart, self.form_string)?,
            (None, None) if self.form.is_empty() => Payload::None,
            (None, None) => Payload::Form(self.form),
        };
        let auth = match (self.user, self.bearer) {
            (Some(user), _) => {
                let user = secret(&user)?;
                let Some((name, password)) = user.split_once(':') else {
                    let text = "--user: write NAME:PASSWORD, or @FILE that holds it";
                    return Err(Usage(text.to_owned()).into());
                };
                Auth::Basic(name.to_owned(), password.to_owned())
            }
            (None, Some(token)) => Auth::Bearer(secret(&token)?),
            (None, None) => Auth::None,
        };
        let cookies = self.cookie.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        Ok(Asking {
            method: self.method,
            is_head,
            fields: self.header,
            payload,
            auth,
            cookies,
            compressed: self.compressed,
        })
    }
}

/// What is typed, or what a file holds: each of them has a media type of its own.
fn payload(text: &str, media: &str, file_media: &str) -> Result<Payload> {
    Ok(match text.strip_prefix('@') {
        Some("-") => Payload::Stdin(file_media.to_owned()),
        Some(path) => {
            is_to_be_read(Path::new(path), "send")?;
            Payload::File(path.into(), file_media.to_owned())
        }
        None => Payload::Text(text.to_owned(), media.to_owned()),
    })
}

/// A form, of which each file is one that can be read, and `texts` behind it.
fn multipart(pairs: Vec<(String, String)>, texts: Vec<(String, String)>) -> Result<Payload> {
    let mut form = Multipart::new();
    for (name, value) in pairs {
        form = match value.strip_prefix('@') {
            Some("-") => {
                let text = "-F: stdin has no name; name a file, or send stdin alone: -d @-";
                return Err(Usage(text.to_owned()).into());
            }
            Some(path) => {
                is_to_be_read(Path::new(path), "send")?;
                form.file(name, path)
            }
            None => form.text(name, value),
        };
    }
    let form = texts.into_iter().fold(form, |form, (name, value)| form.text(name, value));
    Ok(Payload::Multipart(form))
}

/// Refuses what is typed as JSON and is none; what a file holds is its own matter.
fn is_json(sent: &Payload) -> Result<()> {
    let Payload::Text(text, _) = sent else { return Ok(()) };
    serde_json::from_str::<serde_json::Value>(text).map(|_| ()).map_err(|error| {
        let text = format!("--data-json: this is no JSON: {error}; -d sends it as it is");
        Usage(text).into()
    })
}

/// A secret, or the first line of a file that holds it: what is typed is seen in the list of processes.
fn secret(text: &str) -> Result<String> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    first_line(path, "read the secret in")
}

impl ReachArgs {
    fn plan(self, stall: Duration) -> Reach {
        Reach {
            redirects: if self.no_redirect { 0 } else { self.max_redirects },
            pins: self.resolve,
            unix: self.unix,
            proxy: self.proxy,
            no_proxy: self.no_proxy,
            stall,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_token_a_colon_and_one_line() {
        let ok = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(field("X-A:  b: c "), ok("X-A", "b: c"));
        assert_eq!(field("A:"), ok("A", ""));
        for text in ["", "A", ": b", "A B: c", "Ä: b", "A: b\r\nC: d", "A: \0"] {
            assert!(field(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_pin_is_a_host_a_port_and_an_address() {
        let pinned =
            |addr: &str| Pin { host: "a.b".to_owned(), port: 80, addr: addr.parse().unwrap() };
        assert_eq!(pin("a.b:80:127.0.0.1"), Ok(pinned("127.0.0.1")));
        assert_eq!(pin("a.b:80:[::1]"), Ok(pinned("::1")));
        assert_eq!(pin("a.b:80:::1"), Ok(pinned("::1")));
        for text in ["", "a", "a:80", ":80:::1", "a:x:::1", "a:80:b"] {
            assert!(pin(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_hash_is_32_bytes() {
        assert_eq!(sha256(&"0f".repeat(32)), Ok([15; 32]));
        assert_eq!(sha256(&"0F".repeat(32)), Ok([15; 32]));
        for text in ["", "0f", &"0g".repeat(32), &"0f".repeat(33)] {
            assert!(sha256(text).is_err(), "{text}");
        }
    }
}
