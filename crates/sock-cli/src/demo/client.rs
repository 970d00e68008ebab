//! The clients of the demo: they say what a lecture's client says, and check every byte that comes
//! back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use sock::{Input, Out, Protocol};
use sock_proto::Kind;

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// When the server ends.
    WithServer,
    /// By a half-close, once it has heard everything.
    Finish,
    /// By a reset, once it has heard everything.
    Reset,
}

/// What one client says and must hear.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Each message, and the answer to it; a client that is spoken to first says nothing.
    pub(crate) exchanges: Vec<(&'static str, &'static str)>,
    pub(crate) leaving: Leaving,
    /// Before its last message it thinks, until this is over.
    pub(crate) thinks: Option<Beside>,
    /// What it heard, with what differs from day to day as it stands in the answers.
    pub(crate) timeless: fn(&[u8]) -> Vec<u8>,
}

impl Script {
    pub(crate) fn new(exchanges: &[(&'static str, &'static str)], leaving: Leaving) -> Self {
        let exchanges = exchanges.to_vec();
        Self { exchanges, leaving, thinks: None, timeless: <[u8]>::to_vec }
    }

    /// Everything that must come back.
    pub(crate) fn answers(&self) -> String {
        self.exchanges.iter().map(|(_, answer)| *answer).collect()
    }

    /// The client, and what it hears: after each answer all that it has heard so far.
    pub(crate) fn cast(self) -> (Client, Receiver<Vec<u8>>) {
        let (tell, heard) = channel();
        (Client { script: self, at: 0, heard: Vec::new(), expected: 0, thought: 0, tell }, heard)
    }
}

/// What happens while a client thinks. By time alone, a machine that is slow would make the quick client the slow one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside(Arc<AtomicBool>);

impl Beside {
    /// So long somebody thinks at least, and between two looks: long beside a conversation, short for who watches.
    const STEP: Duration = Duration::from_millis(50);
    /// After so many steps it is clear that the other one is held up: a machine that is slow is not so slow.
    const STEPS: u32 = 100;

    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A client of a lecture.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    script: Script,
    at: usize,
    heard: Vec<u8>,
    /// How much it will have heard once the exchange that is under way is over.
    expected: usize,
    /// How many steps it has thought.
    thought: u32,
    tell: Sender<Vec<u8>>,
}

impl Client {
    /// Says the next message, unless it thinks before it.
    fn go_on(&mut self, out: &mut Out<'_>) {
        let is_last = self.at + 1 == self.script.exchanges.len();
        match &self.script.thinks {
            Some(beside) if is_last && self.goes_on_thinking(beside) => {
                self.thought += 1;
                out.wake_at(out.now() + Beside::STEP);
            }
            _ => self.say(out),
        }
    }

    fn goes_on_thinking(&self, beside: &Beside) -> bool {
        let is_over = beside.0.load(Ordering::Acquire);
        self.thought == 0 || !is_over && self.thought < Beside::STEPS
    }

    fn say(&mut self, out: &mut Out<'_>) {
        let Some((message, answer)) = self.script.exchanges.get(self.at) else {
            return self.leave(out);
        };
        self.at += 1;
        self.expected += answer.len();
        if !message.is_empty() {
            out.send(message.as_bytes());
        }
    }

    fn leave(&self, out: &mut Out<'_>) {
        match self.script.leaving {
            Leaving::WithServer if out.kind() == Kind::Stream => {}
            Leaving::WithServer | Leaving::Finish => out.finish(),
            Leaving::Reset => out.abort(),
        }
    }
}

impl Protocol for Client {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => {
                self.heard.extend_from_slice(bytes);
                if self.heard.len() == self.expected {
                    // Whoever does not ask what was heard, does not want to know.
                    let _ = self.tell.send(self.heard.clone());
                    self.go_on(out);
                }
            }
            Input::Open | Input::Timeout => self.go_on(out),
            Input::Eof => out.finish(),
            Input::Closed(_) => {
                // As above.
                let _ = self.tell.send(std::mem::take(&mut self.heard));
            }
            Input::Drained | Input::Stop => {}
        }
    }
}
