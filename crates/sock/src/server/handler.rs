//! What to do with a request, and what becomes of one that fails.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Request;
use crate::engine::crew::Counts;
use crate::error::{Error, Result};

/// What a server does with its requests.
///
/// One handler serves all requests, many at once if the server has threads: what belongs to one
/// request lives in the variables of [`handle`](Self::handle).
///
/// The calls for a request are
/// `verify_request (setup (handle finish)?)? handle_error?`, and then it is closed, whatever
/// happened. A panic in any of them is a [`Failure`] and stays in the request.
///
/// A closure `Fn(&mut R) -> Result<()>` is a handler, too.
#[allow(unused_variables, reason = "the names of the arguments belong to the documentation")]
pub trait Handler<R: Request>: Send + Sync + 'static {
    /// Whether this request is to be served; the others are closed.
    fn verify_request(&self, request: &R) -> bool {
        true
    }

    /// Comes before [`handle`](Self::handle).
    ///
    /// # Errors
    ///
    /// What goes to [`handle_error`](Self::handle_error) instead of serving the request.
    fn setup(&self, request: &mut R) -> Result<()> {
        Ok(())
    }

    /// Serves one request: a complete client session, or one message.
    ///
    /// # Errors
    ///
    /// What goes to [`handle_error`](Self::handle_error).
    fn handle(&self, request: &mut R) -> Result<()>;

    /// Comes after [`handle`](Self::handle), also if that failed.
    ///
    /// # Errors
    ///
    /// What goes to [`handle_error`](Self::handle_error), unless `handle` failed already.
    fn finish(&self, request: &mut R) -> Result<()> {
        Ok(())
    }

    /// Hears what failed. By itself it does nothing, since a library does not write to the
    /// screen: a server that is to tell of failed requests tells here.
    fn handle_error(&self, request: &R, failure: &Failure) {}
}

impl<R: Request, F: Fn(&mut R) -> Result<()> + Send + Sync + 'static> Handler<R> for F {
    fn handle(&self, request: &mut R) -> Result<()> {
        self(request)
    }
}

/// How a request failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The handler returned an error.
    Error(Error),
    /// The handler panicked, with this message.
    Panic(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Panic(message) => write!(f, "the handler panicked: {message}"),
        }
    }
}

/// Serves one request from setup to its end.
pub(super) fn work<R: Request, H: Handler<R>>(handler: &H, mut request: R) -> Counts {
    let served = guarded(|| handler.setup(&mut request)).and_then(|()| {
        let answered = guarded(|| handler.handle(&mut request));
        answered.and(guarded(|| handler.finish(&mut request)))
    });
    if let Err(failure) = served {
        tell(handler, &request, &failure);
    }
    request.close();
    Counts { conversations: 1, ..Counts::default() }
}

/// Tells the handler of a failure.
pub(super) fn tell<R: Request, H: Handler<R>>(handler: &H, request: &R, failure: &Failure) {
    // A failure while a failure is told has nobody left to hear it.
    let _ = guarded(|| {
        handler.handle_error(request, failure);
        Ok(())
    });
}

/// Runs one step of a handler: its panic is a failure like any other.
pub(super) fn guarded<T>(step: impl FnOnce() -> Result<T>) -> std::result::Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(payload) => Err(Failure::Panic(message(&*payload))),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "of a kind that is no text".to_owned())
}
