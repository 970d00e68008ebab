//! Script: a protocol that does what it was told, step by step; the other side of a test.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::time::Time;
use crate::{Input, Out, Protocol};

/// A client, or a server, that does given things at given times; for a session with one peer.
///
/// It begins when the peer opens. When all is done and the peer has ended, it ends too.
///
/// ```
/// use core::time::Duration;
/// use sock_proto::sim::Script;
///
/// let asks = Script::new().send("hello").hear(5).wait(Duration::from_millis(10)).finish();
/// # let _ = asks;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Script {
    steps: VecDeque<Step>,
    received: usize,
    eof: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    Hear(usize),
    Wait(Duration),
    At(Time),
    Finish,
    Close,
    Abort,
}

impl Script {
    /// A script that does nothing but listen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends bytes, or one datagram.
    #[must_use]
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Goes on when `n` bytes have come since the beginning, or when no more can come.
    #[must_use]
    pub fn hear(self, n: usize) -> Self {
        self.then(Step::Hear(n))
    }

    /// Goes on after so long.
    #[must_use]
    pub fn wait(self, long: Duration) -> Self {
        self.then(Step::Wait(long))
    }

    /// Goes on at this moment of the run.
    #[must_use]
    pub fn at(self, time: Time) -> Self {
        self.then(Step::At(time))
    }

    /// Ends our direction: [`Out::finish`].
    #[must_use]
    pub fn finish(self) -> Self {
        self.then(Step::Finish)
    }

    /// Ends the conversation: [`Out::close`].
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// Cuts the conversation short: [`Out::abort`].
    #[must_use]
    pub fn abort(self) -> Self {
        self.then(Step::Abort)
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }

    fn go_on(&mut self, out: &mut Out<'_>) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Send(bytes) => out.send(&bytes),
                Step::Hear(n) if self.received < n && !self.eof => {
                    return self.steps.push_front(step);
                }
                Step::Wait(long) => self.steps.push_front(Step::At(out.now() + long)),
                Step::At(time) if time > out.now() => {
                    out.wake_at(time);
                    return self.steps.push_front(step);
                }
                Step::Finish => out.finish(),
                Step::Close => out.close(),
                Step::Abort => out.abort(),
                Step::Hear(_) | Step::At(_) => {}
            }
        }
        if self.eof {
            out.finish();
        }
    }
}

impl Protocol for Script {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => self.received += bytes.len(),
            Input::Eof => self.eof = true,
            Input::Open | Input::Timeout => {}
            Input::Drained | Input::Stop => return,
            Input::Closed(_) => {
                self.steps.clear();
                return out.sleep();
            }
        }
        self.go_on(out);
    }
}
