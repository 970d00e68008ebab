//! Converse: one conversation over a socket that is connected already.

use std::sync::{Arc, Mutex, PoisonError};

use sock_proto::{By, Event, How, Interest, Observer, Reason, What};

use crate::engine::{self, Engine};
use crate::serve::{Plan, Stdio};
use crate::service::Service;
use crate::socket::{Kind, Socket};
use crate::{Result, Run};

/// How a conversation ended, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Who ended it, and how.
    pub reason: Reason,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that were received.
    pub received: u64,
    /// Bytes that we had queued and that were never sent.
    pub unsent: u64,
}

/// Holds one conversation over `socket`, in which `service` speaks for us, to its end. The socket
/// is [detached](Socket::detach) for it.
///
/// A protocol that dials [`Endpoint::Stdio`](crate::Endpoint::Stdio) gets what `stdio` opens.
///
/// # Errors
///
/// The socket is closed; the system gives no descriptors to wait with. What happens to the conversation is its
/// [`Ending`], not an error.
///
/// # Examples
///
/// ```
/// use sock::socket::Socket;
/// use sock::{How, Run, Service, converse};
/// use sock_proto::protocols::Echo;
///
/// let (ours, theirs) = Socket::pair()?;
/// theirs.send_all(b"hello")?;
/// theirs.shutdown(std::net::Shutdown::Write)?;
/// let ending = converse(&Run::new(), Service::each("echo", || Echo), &ours, None)?;
/// assert_eq!((ending.received, ending.sent, ending.reason.how), (5, 5, How::Fin));
/// # Ok::<(), sock::Error>(())
/// ```
pub fn converse(
    run: &Run,
    service: Service,
    socket: &Socket,
    stdio: Option<Stdio>,
) -> Result<Ending> {
    run.stop().check()?;
    let is_stream = socket.kind() == Kind::Stream;
    let witness = Arc::new(Witness { next: run.observer().cloned(), ending: Mutex::new(None) });
    let run = run.clone().observed_by(Arc::clone(&witness) as Arc<dyn Observer>);
    let mut plan = Plan::new(run, service);
    plan.stdio = stdio;
    engine::hold(Engine::default(), plan, socket.detach()?, is_stream)?;
    let ending = *witness.ending.lock().unwrap_or_else(PoisonError::into_inner);
    // A run that was stopped before it began has held no conversation.
    let stopped = Reason { by: By::Us, how: How::Stop };
    Ok(ending.unwrap_or(Ending { reason: stopped, sent: 0, received: 0, unsent: 0 }))
}

/// Sees how the conversation ends, and passes everything on.
struct Witness {
    next: Option<Arc<dyn Observer>>,
    ending: Mutex<Option<Ending>>,
}

impl Observer for Witness {
    fn event(&self, event: &Event<'_>) {
        if let What::Closed { reason, sent, received, unsent, .. } = event.what
            && event.conn == engine::HELD
        {
            let ending = Ending { reason, sent, received, unsent };
            *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
        }
        if let Some(next) = &self.next
            && next.interest().contains(event.what.interest())
        {
            next.event(event);
        }
    }

    fn interest(&self) -> Interest {
        let next = self.next.as_ref().map_or(Interest::NONE, |next| next.interest());
        next.union(Interest::CONVERSATIONS)
    }
}
