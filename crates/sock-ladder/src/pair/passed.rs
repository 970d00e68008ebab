//! Descriptors that travelled: they go with the bytes of a message, so its link leads the way.

use sock_record::{Call, LinkKind};

use super::Join;
use crate::story::Story;

/// The links of descriptors, from those of the messages that they came with.
pub(super) fn joins(story: &Story<'_>, joins: &[Join]) -> Vec<Join> {
    let carries = |call: usize| has_passed(story.calls[call]);
    let is_message = |join: &&Join| {
        matches!(join.kind, LinkKind::Bytes | LinkKind::Dgram)
            && !join.peek
            && carries(join.to)
            && carries(join.from)
    };
    let passed = joins.iter().filter(is_message);
    let mut passed: Vec<Join> =
        passed.map(|join| Join { kind: LinkKind::Passed, off: None, ..join.clone() }).collect();
    passed.sort_by_key(|join| (join.from, join.to));
    passed.dedup_by_key(|join| (join.from, join.to));
    passed
}

/// Whether descriptors came or went with a call.
fn has_passed(call: &Call) -> bool {
    call.args
        .more
        .get("passed")
        .and_then(|list| list.as_array())
        .is_some_and(|list| !list.is_empty())
}
