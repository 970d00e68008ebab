//! Form: how events become text, without a word about where the text goes.

use sock_proto::{Event, How, Reason, Time, What};

/// Something failed, as the program says it when it has to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// The program's exit status for it.
    pub code: u8,
    /// What failed and why.
    pub text: &'a str,
    /// What the reader can do about it; empty where nothing is known.
    pub cure: &'a str,
}

/// An event as a form hears it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    /// The side that it happened on, from 0; an observer of one run has one side.
    pub(super) side: usize,
    /// The event; its data may be only the first of the bytes.
    pub(super) event: Event<'a>,
    /// How many bytes there were.
    pub(super) len: usize,
}

impl<'a> Told<'a> {
    /// An event as it is told with up to `keep` bytes of its data.
    pub(super) fn cut(side: usize, event: &Event<'a>, keep: usize) -> Self {
        let mut event = *event;
        let len = match &mut event.what {
            What::Received { bytes, .. } | What::Sent { bytes, .. } => {
                let len = bytes.len();
                *bytes = &bytes[..len.min(keep)];
                len
            }
            What::Listening { .. }
            | What::Open { .. }
            | What::Request { .. }
            | What::Eof
            | What::Finished
            | What::Closed { .. }
            | What::Note { .. }
            | What::Stopped { .. } => 0,
        };
        Self { side, event, len }
    }
}

/// Tells whether the end of a conversation is worth a line: what is transient only matters if it went wrong.
pub(super) fn is_told(is_transient: bool, reason: Reason) -> bool {
    match reason.how {
        How::Fin | How::Stop => !is_transient,
        How::Reset
        | How::Timeout
        | How::Refused
        | How::Unreachable
        | How::Denied
        | How::Tls
        | How::Truncated
        | How::Failed => true,
    }
}

/// Turns events into lines: pure but for what it remembers of conversations.
pub(super) trait Form: Send {
    /// Appends the line of an event, if it has one.
    fn event(&mut self, told: &Told<'_>, to: &mut Vec<u8>);

    /// Appends the line of a failure.
    fn failure(&mut self, time: Time, failure: &Failure<'_>, to: &mut Vec<u8>);

    /// Appends the line that says that `count` events, from `time` on, were lost.
    fn dropped(&mut self, time: Time, count: u64, to: &mut Vec<u8>);

    /// Appends what comes before everything else.
    fn begin(&mut self, _to: &mut Vec<u8>) {}

    /// Appends what comes after everything else; `dropped` is the number of events that were lost in all.
    fn end(&mut self, _dropped: u64, _to: &mut Vec<u8>) {}
}
