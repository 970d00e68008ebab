//! What the forms remember of each open conversation: addresses come once, when it opens.

use std::collections::HashMap;

use sock_proto::{Kind, What};

use super::form::Told;

/// One conversation that is open.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) kind: Kind,
    pub(super) called: bool,
    pub(super) transient: bool,
    /// Our endpoint, with its scheme.
    pub(super) local: String,
    /// The peer's endpoint, with its scheme.
    pub(super) remote: String,
}

impl Conversation {
    /// Our address; none where it has no name.
    pub(super) fn local_address(&self) -> Option<&str> {
        address(&self.local)
    }

    /// The peer's address; none where it has no name.
    pub(super) fn remote_address(&self) -> Option<&str> {
        address(&self.remote)
    }
}

/// The conversations that are open; whatever closes is forgotten.
#[derive(Debug, Default)]
pub(super) struct Conversations(HashMap<(usize, u64), Conversation>);

impl Conversations {
    /// Remembers a conversation when it opens.
    pub(super) fn hear(&mut self, told: &Told<'_>) {
        if let What::Open { kind, called, transient, local, remote } = told.event.what {
            let (local, remote) = (local.to_string(), remote.to_string());
            let conversation = Conversation { kind, called, transient, local, remote };
            self.0.insert((told.side, told.event.conn), conversation);
        }
    }

    /// The conversation that the event is about.
    pub(super) fn about(&self, told: &Told<'_>) -> Option<&Conversation> {
        self.0.get(&(told.side, told.event.conn))
    }

    /// Tells whether the event is about a conversation that lives for one moment only.
    pub(super) fn is_transient(&self, told: &Told<'_>) -> bool {
        self.about(told).is_some_and(|about| about.transient)
    }

    /// Forgets a conversation that closed.
    pub(super) fn forget(&mut self, told: &Told<'_>) {
        if let What::Closed { .. } = told.event.what {
            self.0.remove(&(told.side, told.event.conn));
        }
    }
}

/// An endpoint without its scheme: `127.0.0.1:7`, `/run/x`; none where nothing is behind the scheme.
pub(super) fn address(endpoint: &str) -> Option<&str> {
    let (scheme, rest) = endpoint.split_once(':')?;
    let address = rest.strip_prefix("//").filter(|_| !scheme.starts_with("unix")).unwrap_or(rest);
    match (address, scheme) {
        ("", "stdio") => Some("stdio"),
        ("", _) => None,
        (address, _) => Some(address),
    }
}
