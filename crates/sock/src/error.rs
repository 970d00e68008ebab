//! The one error of this library: what happened, to what, its number, and what to do about it.

mod kind;

use std::error::Error as StdError;
use std::{fmt, io};

pub use self::kind::ErrorKind;
use crate::socket::Address;

/// What the calls of this library return.
pub type Result<T> = std::result::Result<T, Error>;

/// A call that failed.
///
/// [`kind`](Self::kind) says what happened without reading text, [`errno`](Self::errno) keeps the
/// system's number, [`resolver_code`](Self::resolver_code) the resolver's. The text names the thing
/// and, where there is one, the cure.
///
/// A timeout of ours has the kind [`ErrorKind::TimedOut`] and no errno; a timeout of the kernel has
/// `ETIMEDOUT`. So the two can be told apart.
///
/// # Examples
///
/// ```
/// use sock::{Error, ErrorKind};
///
/// let error = Error::from_errno("recv", 104);
/// assert_eq!(error.kind(), ErrorKind::Reset);
/// assert_eq!(error.errno(), Some(104));
/// assert_eq!(error.to_string(), "recv: connection reset by peer");
/// ```
pub struct Error {
    kind: ErrorKind,
    errno: Option<i32>,
    /// The call that failed. Text beyond it is in `detail`, so that the errors of an ordinary
    /// moment (would block, timed out) allocate nothing.
    call: &'static str,
    detail: Option<Box<Detail>>,
}

#[derive(Default)]
struct Detail {
    about: Option<String>,
    reason: Option<String>,
    cure: Option<String>,
    resolver_code: Option<i32>,
    attempts: Vec<Attempt>,
    shortfall: Option<Shortfall>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// One address that a connect tried, and why it failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address that was tried.
    pub address: Address,
    /// Why it failed.
    pub error: Error,
}

impl Attempt {
    /// One failed attempt.
    #[must_use]
    pub fn new(address: Address, error: Error) -> Self {
        Self { address, error }
    }
}

/// How much had come when less came than was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    /// Bytes that came.
    pub received: u64,
    /// Bytes that were promised, if a number was said.
    pub expected: Option<u64>,
}

impl Error {
    /// An error that no system call gave: `text` is the whole message.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidArgument, "no port in 'localhost'; write localhost:80");
    /// assert_eq!(error.errno(), None);
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let detail = Detail { reason: Some(text.into()), ..Detail::default() };
        Self { kind, errno: None, call: "", detail: Some(Box::new(detail)) }
    }

    /// The failure of `call` with the system's number.
    #[must_use]
    pub fn from_errno(call: &'static str, errno: i32) -> Self {
        Self { kind: ErrorKind::from_errno(errno), errno: Some(errno), call, detail: None }
    }

    /// The failure of a name lookup with the resolver's code (`EAI_…`, negative on Linux).
    ///
    /// `about` says what was looked up. For `EAI_SYSTEM`, add the errno by
    /// [`with_errno`](Self::with_errno).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{Error, ErrorKind};
    ///
    /// let error = Error::from_resolver_code(-2, "cannot resolve 'nowhere.invalid'");
    /// assert_eq!(error.kind(), ErrorKind::NameNotKnown);
    /// assert_eq!(error.resolver_code(), Some(-2));
    /// ```
    #[must_use]
    pub fn from_resolver_code(code: i32, about: impl Into<String>) -> Self {
        let detail =
            Detail { about: Some(about.into()), resolver_code: Some(code), ..Detail::default() };
        Self {
            kind: ErrorKind::from_resolver_code(code),
            errno: None,
            call: "getaddrinfo",
            detail: Some(Box::new(detail)),
        }
    }

    /// The timeout of `call` ran out: no errno, because no system call failed.
    #[must_use]
    pub fn timed_out(call: &'static str) -> Self {
        Self { kind: ErrorKind::TimedOut, errno: None, call, detail: None }
    }

    /// Every address failed: the last failure gives the kind and the errno (a reset before any
    /// other), all are kept.
    pub(crate) fn from_attempts(about: String, attempts: Vec<Attempt>) -> Self {
        let Some(last) = attempts.last() else {
            return Self::new(ErrorKind::NameNotKnown, format!("{about}: no address to try"));
        };
        let reason = match &attempts[..] {
            [only] if about.contains(&only.address.to_string()) => only.error.reason(),
            all => {
                let each = |tried: &Attempt| format!("{}: {}", tried.address, tried.error.reason());
                all.iter().map(each).collect::<Vec<_>>().join(", ")
            }
        };
        // Somebody who answered, and then reset, says more than an address where nobody is.
        let answered = attempts.iter().find(|tried| tried.error.kind == ErrorKind::Reset);
        let mut error = answered.unwrap_or(last).error.bare();
        if error.kind == ErrorKind::Refused {
            error = error.cure("nothing listens there: start the server, or check the port");
        }
        let detail = error.detail_mut();
        detail.about = Some(about);
        detail.reason = Some(reason);
        detail.attempts = attempts;
        error
    }

    /// Says what was being done, in front of the reason: `cannot bind 127.0.0.1:80`.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.detail_mut().about = Some(about.into());
        self
    }

    /// Says what the reader can do about it, behind the reason.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.detail_mut().cure = Some(cure.into());
        self
    }

    /// Keeps a system error number with an error that has another origin.
    #[must_use]
    pub fn with_errno(mut self, errno: i32) -> Self {
        self.errno = Some(errno);
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.detail_mut().source = Some(source.into());
        self
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The system's number, if a system call failed.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        self.errno
    }

    /// The resolver's code (`EAI_…`), if a name lookup failed.
    #[must_use]
    pub fn resolver_code(&self) -> Option<i32> {
        self.detail.as_ref().and_then(|detail| detail.resolver_code)
    }

    /// How much had come, where what came is not whole.
    #[must_use]
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.detail.as_ref().and_then(|detail| detail.shortfall)
    }

    /// Says how much had come.
    #[must_use]
    pub fn with_shortfall(mut self, shortfall: Shortfall) -> Self {
        self.detail_mut().shortfall = Some(shortfall);
        self
    }

    /// Every address that a failed connect tried, in order, each with its own error.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.detail.as_ref().map_or(&[], |detail| &detail.attempts)
    }

    /// The same failure without its texts, for a second place that tells it.
    fn bare(&self) -> Self {
        let detail = self
            .resolver_code()
            .map(|code| Box::new(Detail { resolver_code: Some(code), ..Detail::default() }));
        Self { kind: self.kind, errno: self.errno, call: self.call, detail }
    }

    fn detail_mut(&mut self) -> &mut Detail {
        self.detail.get_or_insert_default()
    }

    fn cure_text(&self) -> Option<&str> {
        self.detail.as_ref().and_then(|detail| detail.cure.as_deref())
    }

    /// Why it failed, without what was being done.
    fn reason(&self) -> String {
        if let Some(reason) = self.detail.as_ref().and_then(|detail| detail.reason.as_deref()) {
            return reason.to_owned();
        }
        match (self.kind, self.errno) {
            (ErrorKind::Other | ErrorKind::Unsupported, Some(errno)) => system_text(errno),
            (kind, _) => kind.text().to_owned(),
        }
    }
}

/// The system's own words, in the form that our messages have.
fn system_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => format!("error {errno}"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.detail.as_ref().and_then(|detail| detail.about.as_deref());
        let about = about.unwrap_or(self.call);
        if !about.is_empty() {
            write!(f, "{about}: ")?;
        }
        f.write_str(&self.reason())?;
        if let Some(cure) = self.cure_text() {
            write!(f, "; {cure}")?;
        }
        Ok(())
    }
}

/// The text, because that is what `fn main() -> sock::Result<()>` shows its user; by `{:#?}` the fields.
#[allow(clippy::missing_fields_in_debug, reason = "the text tells them")]
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind);
        if let Some(errno) = self.errno {
            out.field("errno", &errno);
        }
        if let Some(code) = self.resolver_code() {
            out.field("resolver_code", &code);
        }
        out.field("text", &format_args!("{self}")).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.detail.as_ref()?.source.as_ref()?;
        Some(source.as_ref())
    }
}

impl From<sock_proto::ParseError> for Error {
    fn from(error: sock_proto::ParseError) -> Self {
        Self::new(ErrorKind::InvalidArgument, error.to_string())
    }
}

impl From<io::Error> for Error {
    /// Takes an error of ours back out unchanged; keeps the errno of any other.
    fn from(error: io::Error) -> Self {
        if let Some(errno) = error.raw_os_error() {
            return Self::from_errno("", errno);
        }
        let kind = ErrorKind::from(error.kind());
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(other) => Self::new(kind, other.to_string()).with_source(other),
        }
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::from_errno("", errno.raw_os_error())
    }
}

impl From<Error> for io::Error {
    /// Keeps the errno: a bare system error becomes one of std's, any other travels whole inside.
    fn from(error: Error) -> Self {
        match (error.errno, &error.detail) {
            (Some(errno), None) => Self::from_raw_os_error(errno),
            (_, Some(_)) | (None, None) => Self::new(error.kind.into(), error),
        }
    }
}

#[cfg(test)]
mod tests;
