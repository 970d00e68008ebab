//! How many descriptors the tracer may have: it keeps copies of the programs' sockets, beside whatever it has itself.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit as far up as it goes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Raised {
    /// As it was: so it is for the programs.
    pub(crate) before: Rlimit,
}

impl Raised {
    pub(crate) fn now() -> Self {
        let before = getrlimit(Resource::Nofile);
        // With the old limit fewer copies are kept, and the story is the same.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, ..before });
        Self { before }
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        // It was allowed a moment ago; if not, the program may open more files than it asked for.
        let _ = setrlimit(Resource::Nofile, self.before);
    }
}
