//! What TLS has agreed on with the first connection, for `--tls-info`: the others agree on the same.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use sock_proto::{Event, Interest, Observer, What};

/// Tells what the first connection that says it has agreed on, on stderr.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    /// The number of that connection; 0: none has said anything.
    first: AtomicU64,
}

impl Observer for Agreed {
    fn event(&self, event: &Event<'_>) {
        let What::Note { code: "tls-info", text } = event.what else { return };
        let first = match self.first.compare_exchange(
            0,
            event.conn,
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            Ok(_) => event.conn,
            Err(first) => first,
        };
        if first == event.conn {
            // Nobody reads: nothing can be told, and nothing is lost that was measured.
            let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
        }
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }
}
