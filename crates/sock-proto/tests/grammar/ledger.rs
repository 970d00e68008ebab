//! Ledger: adds up the bytes that the events tell of, and holds each closing to its sums.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sock_proto::{Event, Observer, What};

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Sums>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Sums {
    conns: BTreeMap<u64, (u64, u64)>,
    /// Bytes that were sent, that were never sent, and that were refused or dropped with a note.
    pub(crate) sent: u64,
    pub(crate) unsent: u64,
    pub(crate) noted: u64,
    /// What was wrong, if anything was.
    pub(crate) wrong: Option<String>,
}

impl Ledger {
    pub(crate) fn sums(&self) -> Sums {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Ledger {
    fn event(&self, event: &Event<'_>) {
        let mut sums = self.0.lock().unwrap();
        let (sent, received) = sums.conns.entry(event.conn).or_default();
        match event.what {
            What::Received { bytes, .. } => *received += bytes.len() as u64,
            What::Sent { bytes, .. } => {
                *sent += bytes.len() as u64;
                sums.sent += bytes.len() as u64;
            }
            What::Closed { sent: s, received: r, unsent, .. } => {
                if event.conn != 0 && (s, r) != (*sent, *received) {
                    sums.wrong = Some(format!("{} closed with other sums: {event:?}", event.conn));
                }
                sums.unsent += unsent;
            }
            What::Note { code: "late-send" | "unsendable", text } => {
                let text = text.to_string();
                let mut numbers = text.split(' ').filter_map(|word| word.parse::<u64>().ok());
                sums.noted += numbers.next().unwrap();
            }
            What::Note { .. }
            | What::Request { .. }
            | What::Listening { .. }
            | What::Open { .. }
            | What::Eof
            | What::Finished
            | What::Stopped { .. } => {}
        }
    }
}
