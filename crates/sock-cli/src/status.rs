//! The exit status: decided here, once, from what failed or how a conversation ended.

use std::process::ExitCode;
use std::{fmt, io};

use sock::ErrorKind;

use crate::ending::Broken;
use crate::trace::ToolFailed;

/// What the program leaves to whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, and nothing is missing.
    Done,
    /// A failure that has no number of its own.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A name could not be resolved.
    Name,
    /// Refused, or unreachable.
    Refused,
    /// A timeout.
    Timeout,
    /// A reset, or less than was promised.
    CutShort,
    /// TLS: not trusted, or not spoken.
    Tls,
    /// In use, or not permitted.
    CannotListen,
    /// Ended by this signal before the work was done.
    Signal(i32),
    /// What a traced program left.
    Program(u8),
    /// `trace`: the tool itself failed.
    Tool,
    /// `trace`: a program cannot be run.
    CannotRun,
    /// `trace`: a program is not there.
    NotThere,
}

impl Status {
    /// The number, as scripts read it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Name => 3,
            Self::Refused => 4,
            Self::Timeout => 5,
            Self::CutShort => 6,
            Self::Tls => 7,
            Self::CannotListen => 8,
            Self::Program(status) => status,
            Self::Tool => 125,
            Self::CannotRun => 126,
            Self::NotThere => 127,
            // As a shell counts it.
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }

    /// The status of a program that failed with `error`.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error.is::<Usage>() {
            return Self::Usage;
        }
        if error.is::<ToolFailed>() {
            return Self::Tool;
        }
        if let Some(broken) = error.downcast_ref::<Broken>() {
            return broken.status();
        }
        let kind = error.chain().find_map(|cause| cause.downcast_ref::<sock::Error>());
        let status = kind.map_or(Self::Failed, |error| Self::of_kind(error.kind()));
        // Whatever the system says when it will not let us listen.
        let specific = [Self::Name, Self::Usage, Self::Tls];
        if error.is::<Listening>() && !specific.contains(&status) {
            return Self::CannotListen;
        }
        status
    }

    fn of_kind(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NameNotKnown | ErrorKind::NameTryAgain | ErrorKind::NameFailed => Self::Name,
            // A unix socket that is not there is a port where nothing listens.
            ErrorKind::Refused | ErrorKind::Unreachable | ErrorKind::NotFound => Self::Refused,
            ErrorKind::TimedOut => Self::Timeout,
            ErrorKind::Reset | ErrorKind::Aborted | ErrorKind::BrokenPipe | ErrorKind::CutShort => {
                Self::CutShort
            }
            ErrorKind::InUse => Self::CannotListen,
            ErrorKind::Tls => Self::Tls,
            ErrorKind::InvalidArgument => Self::Usage,
            ErrorKind::WouldBlock
            | ErrorKind::AddressNotAvailable
            | ErrorKind::PermissionDenied
            | ErrorKind::NotConnected
            | ErrorKind::AlreadyConnected
            | ErrorKind::BadDescriptor
            | ErrorKind::Interrupted
            | ErrorKind::MessageTooLong
            | ErrorKind::NotSocket
            | ErrorKind::AlreadyExists
            | ErrorKind::Unsupported
            | ErrorKind::OutOfDescriptors
            | ErrorKind::Status
            | ErrorKind::Malformed
            | ErrorKind::Other
            | _ => Self::Failed,
        }
    }

    /// Whether the reader of our output has gone: no failure of ours, and nobody is left to tell. A file that was asked for
    /// by its name is another matter, whoever reads it.
    pub(crate) fn is_unheard(error: &anyhow::Error) -> bool {
        if error.is::<ToolFailed>() {
            return false;
        }
        let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

/// The command line is wrong in a way that its grammar does not tell.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// What failed was to listen.
#[derive(Debug)]
pub(crate) struct Listening(pub(crate) sock::Error);

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Listening {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
