//! Grip: as many descriptors as a load needs, where the system lets us have them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Error, ErrorKind, Result};

/// What a program holds beside its connections: standard streams, waits, stops, files that are read.
const OTHERS: u64 = 64;

/// Raises the soft limit of descriptors so that so many connections can be open.
pub(super) fn reach(connections: usize) -> Result<()> {
    let needed = connections as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|now| now >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|most| most < needed) {
        let most = limit.maximum.unwrap_or(0);
        let text = format!(
            "{connections} connections need {needed} descriptors, and this program may have {most}; \
             raise the limit (`ulimit -Hn`), or take fewer connections"
        );
        return Err(Error::new(ErrorKind::OutOfDescriptors, text));
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised)?;
    Ok(())
}
