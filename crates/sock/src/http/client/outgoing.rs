//! Outgoing: a request as it is sent, and what a redirect makes of it.

use hyper::body::Body as _;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Uri};

use super::challenge::challenges;
use super::digest::{Digest, User};
use super::payload::{Payload, Sending};
use super::place::Place;
use super::proxy::Proxy;
use super::request::Request;
use crate::http::{Fields, Resume, Unproved};
use crate::{Error, ErrorKind, Result};

/// A server and a proxy may each ask for a proof, and each may find once that its question was too old.
const PROOFS: usize = 4;

/// A request on its way, over every redirect.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) method: String,
    pub(super) place: Place,
    pub(super) fields: Fields,
    pub(super) payload: Payload,
    auth: Option<String>,
    user: Option<User>,
    /// How the server wants the password to be proved, and how the proxy does.
    proof: Option<Digest>,
    proxy_proof: Option<Digest>,
    /// So often more was asked for.
    proofs: usize,
    pub(super) is_identity: bool,
    resume: Option<Resume>,
}

impl Outgoing {
    pub(super) fn new(place: Place, request: &Request, resume: Option<&Resume>) -> Self {
        let user = place.user().map(|(name, word)| super::request::basic(name, word));
        let is_named = request.auth.is_some();
        Self {
            method: request.method_for_payload().to_owned(),
            fields: request.fields.clone(),
            payload: request.payload.clone(),
            auth: request.auth.clone().or(user),
            user: if is_named { request.user.clone() } else { place.user().cloned() },
            proof: None,
            proxy_proof: None,
            proofs: 0,
            is_identity: request.is_identity || resume.is_some(),
            resume: resume.cloned(),
            place,
        }
    }

    /// Whether it may be sent twice without harm (RFC 9110, section 9.2.2), and can be.
    pub(super) fn is_repeatable(&self) -> bool {
        let harmless = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
        harmless.contains(&self.method.as_str()) && self.payload.stays()
    }

    /// The request as the library under this takes it; a proxy that reads it is told the whole URL.
    pub(super) fn build(
        &self,
        cookies: Option<&str>,
        reader: Option<&Proxy>,
    ) -> Result<hyper::Request<Sending>> {
        let wrong = |what: &str| {
            let text = format!("cannot ask for {}: {what}", self.place);
            Error::new(ErrorKind::InvalidArgument, text)
        };
        let method = Method::from_bytes(self.method.as_bytes());
        let method = method.map_err(|_| wrong(&format!("{:?} is no method", self.method)))?;
        let target = match reader {
            Some(_) => self.place.url().as_str(),
            None => self.place.target(),
        };
        let uri = Uri::try_from(target).map_err(|error| wrong(&error.to_string()))?;
        let body = self.payload.open()?;
        let len = body.size_hint().exact();
        self.check(len).map_err(|what| wrong(&what))?;
        let mut request = hyper::Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let mut put = |name: &str, value: &[u8]| -> Result<()> {
            let shown = String::from_utf8_lossy(value);
            let no_field = || wrong(&format!("{name:?}: {shown:?} is no field"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| no_field())?;
            let value = HeaderValue::from_bytes(value).map_err(|_| no_field())?;
            request.headers_mut().append(name, value);
            Ok(())
        };
        for (name, value) in self.ours(len, cookies, reader, target)? {
            if self.fields.get(name).is_none() {
                put(name, &value)?;
            }
        }
        let mut kept = cookies;
        for (name, value) in self.fields.iter() {
            match kept.take_if(|_| name.eq_ignore_ascii_case("cookie")) {
                Some(kept) => put(name, with_kept(value, kept).as_bytes())?,
                None => put(name, value.as_bytes())?,
            }
        }
        Ok(request)
    }

    /// Refuses fields that would say something else of the request than what is sent, or two things:
    /// whoever reads it would not see where it ends, or whom it is for.
    fn check(&self, len: Option<u64>) -> std::result::Result<(), String> {
        if self.fields.get("transfer-encoding").is_some() {
            return Err(
                "how the body is cut is not said by a Transfer-Encoding of one's own".into()
            );
        }
        if self.fields.all("host").count() > 1 {
            return Err("it has more than one Host".into());
        }
        let wrong = |said: &&str| match said.trim().parse::<u64>() {
            Ok(said) => len.is_some_and(|len| len != said),
            Err(_) => true,
        };
        let said = self.fields.all("content-length");
        if let Some(said) = self.fields.all("content-length").find(wrong) {
            let len = len.map_or("of unknown length".to_owned(), |len| format!("of {len} bytes"));
            return Err(format!("it says Content-Length: {said:?} of a body {len}"));
        }
        if said.count() > 1 {
            return Err("it has more than one Content-Length".into());
        }
        Ok(())
    }

    /// The fields that are sent unless others are asked for, with a body of this length, if that is known.
    fn ours(
        &self,
        len: Option<u64>,
        cookies: Option<&str>,
        reader: Option<&Proxy>,
        target: &str,
    ) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let coding: &[u8] = if self.is_identity { b"identity" } else { b"gzip" };
        let mut fields = vec![
            ("host", self.place.host_field().into_bytes()),
            ("user-agent", concat!("sock/", env!("CARGO_PKG_VERSION")).into()),
            ("accept", b"*/*".to_vec()),
            ("accept-encoding", coding.to_vec()),
        ];
        let basic = |auth: &Option<String>| auth.clone().map(String::into_bytes);
        let prove = |proof: Option<&Digest>, user: Option<&User>| {
            proof
                .zip(user)
                .map(|(proof, user)| proof.answer(user, &self.method, target))
                .transpose()
        };
        let auth = prove(self.proof.as_ref(), self.user.as_ref())?.or_else(|| basic(&self.auth));
        fields.extend(auth.map(|auth| ("authorization", auth)));
        if let Some(proxy) = reader {
            let proof = prove(self.proxy_proof.as_ref(), proxy.user())?;
            let auth = proof.or_else(|| basic(&proxy.basic));
            fields.extend(auth.map(|auth| ("proxy-authorization", auth)));
        }
        fields.extend(cookies.map(|cookies| ("cookie", cookies.into())));
        if let Some(resume) = &self.resume {
            fields.push(("range", format!("bytes={}-", resume.from).into_bytes()));
            fields.push(("if-range", resume.validator.clone().into_bytes()));
        }
        // A body that might be expected and is not there has a length too (RFC 9110, section 8.6).
        let is_expected = ["POST", "PUT", "PATCH"].contains(&self.method.as_str());
        if len == Some(0) && (is_expected || !self.payload.is_none()) {
            fields.push(("content-length", b"0".to_vec()));
        }
        Ok(fields)
    }

    /// Whether a response like this wants a password to be proved, and the next request will: by a server, or
    /// by a proxy whose user has a password.
    ///
    /// # Errors
    ///
    /// It is asked for as it cannot be done, and in no other way.
    pub(super) fn proves(
        &mut self,
        status: u16,
        said: &Fields,
        proxy: Option<&User>,
    ) -> std::result::Result<bool, Unproved> {
        let (asks, says, user, kept) = match status {
            401 => ("www-authenticate", "authorization", self.user.as_ref(), &mut self.proof),
            407 => ("proxy-authenticate", "proxy-authorization", proxy, &mut self.proxy_proof),
            _ => return Ok(false),
        };
        // What is said by a field of one's own is not mended.
        let can = user.is_some() && self.fields.get(says).is_none() && self.proofs < PROOFS;
        if !can {
            return Ok(false);
        }
        let digest = match Digest::asked(said, asks) {
            Ok(Some(digest)) => digest,
            Ok(None) => return Ok(false),
            // It has seen the password as it is, and would have taken that.
            Err(_) if takes_basic(said, asks) => return Ok(false),
            Err(why) => return Err(why),
        };
        // The same again: it does not know this user, or not this password.
        if kept.is_some() && !digest.is_stale {
            return Ok(false);
        }
        // What was read is gone.
        if !self.payload.stays() {
            return if takes_basic(said, asks) { Ok(false) } else { Err(Unproved::Stream) };
        }
        self.proofs += 1;
        *kept = Some(digest);
        Ok(true)
    }

    /// Whether whoever reads it learns who sends it, and could say so himself: by a password as it is, or by a token.
    pub(super) fn tells_secret(&self) -> bool {
        let is_proved = self.proof.is_some() && self.fields.get("authorization").is_none();
        let is_named = self.auth.is_some() || self.fields.get("authorization").is_some();
        is_named && !is_proved
    }

    /// Whether a redirect of this status is followed: a request that does something is not sent elsewhere
    /// as it is unless somebody says so.
    pub(super) fn follows(&self, status: u16) -> bool {
        let goes_as_it_is = matches!(status, 307 | 308);
        !goes_as_it_is || ["GET", "HEAD", "OPTIONS"].contains(&self.method.as_str())
    }

    /// The request that a redirect asks for. What is secret stays with the server that it was meant for.
    pub(super) fn follow(&mut self, status: u16, to: Place) {
        let is_get = match status {
            303 => self.method != "HEAD",
            301 | 302 => self.method == "POST",
            _ => false,
        };
        if is_get {
            "GET".clone_into(&mut self.method);
            self.payload = Payload::None;
            self.without(&["content-type", "content-length", "transfer-encoding", "expect"]);
        }
        if !self.place.is_same_origin(&to) {
            (self.auth, self.user, self.proof) = (None, None, None);
            self.without(&["authorization", "cookie", "proxy-authorization", "host"]);
        }
        self.place = to;
    }

    fn without(&mut self, names: &[&str]) {
        let mut kept = Fields::new();
        for (name, value) in self.fields.iter() {
            if !names.iter().any(|gone| name.eq_ignore_ascii_case(gone)) {
                kept.push(name, value);
            }
        }
        self.fields = kept;
    }
}

/// What the user says as a cookie, with those that are kept and have other names.
fn with_kept(said: &str, kept: &str) -> String {
    let name_of = |pair: &str| pair.split('=').next().unwrap_or_default().trim().to_owned();
    let names: Vec<String> = said.split(';').map(name_of).collect();
    let others = kept.split("; ").filter(|pair| !names.contains(&name_of(pair)));
    std::iter::once(said).chain(others).collect::<Vec<_>>().join("; ")
}

fn takes_basic(said: &Fields, asks: &str) -> bool {
    let mut all = said.all_bytes(asks).flat_map(|field| challenges(&field));
    all.any(|asked| asked.scheme.eq_ignore_ascii_case(b"basic"))
}

/// What a proxy is asked so that it lets us through.
pub(super) fn connect(to: &str, auth: Option<&[u8]>) -> Result<hyper::Request<Sending>> {
    let wrong = |error: hyper::http::Error| {
        Error::new(ErrorKind::InvalidArgument, format!("cannot ask a proxy for {to}: {error}"))
    };
    let mut request = hyper::Request::connect(to).header("host", to);
    if let Some(auth) = auth {
        request = request.header("proxy-authorization", auth);
    }
    request.body(Payload::None.open()?).map_err(wrong)
}
