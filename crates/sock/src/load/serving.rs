//! Serving: the processor's time of a server on this machine, with its threads and children.

use std::collections::BTreeMap;
use std::fs;

use sock_load::{ServerCpu, Usage};
use sock_proto::Endpoint;

use crate::holder::holders;

/// The processes of a server.
#[derive(Debug, Clone)]
pub(super) struct Serving {
    holders: Vec<u32>,
    /// These and their children, when it was found.
    known: Vec<u32>,
}

/// What each of its processes had used.
pub(super) type Used = BTreeMap<u32, Usage>;

/// Of `/proc/PID/stat` behind the name: state, ppid, … utime is the 14th field, stime the 15th.
const PARENT: usize = 1;
const TIMES: usize = 11;
/// So many ticks tell something: one is what a process has that happened to run when the clock looked.
const LEAST: u64 = 2;

impl Serving {
    /// Finds whoever listens at `endpoint`, as far as this user may see.
    pub(super) fn find(endpoint: &Endpoint) -> Option<Self> {
        let holders = holders(endpoint);
        let mut serving = (!holders.is_empty()).then_some(Self { holders, known: Vec::new() })?;
        serving.known = serving.used().into_keys().collect();
        Some(serving)
    }

    /// What those have used that were known when it was found: to look for others takes the
    /// processor's time from whoever loads.
    pub(super) fn used_by_known(&self) -> Used {
        self.known.iter().filter_map(|pid| Some((*pid, stat(*pid)?.1))).collect()
    }

    /// What it has used so far, each process of it. Children that have ended are in their parent's count
    /// once it has waited for them.
    pub(super) fn used(&self) -> Used {
        let mut parents = BTreeMap::new();
        let mut used = BTreeMap::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let Some((parent, usage)) = stat(pid) else { continue };
            parents.insert(pid, parent);
            used.insert(pid, usage);
        }
        let is_one = |pid: &u32| {
            let mut at = *pid;
            // A chain of parents ends at process 1; one that changes meanwhile ends too.
            for _ in 0..64 {
                if self.holders.contains(&at) {
                    return true;
                }
                match parents.get(&at) {
                    Some(parent) if *parent > 1 => at = *parent,
                    Some(_) | None => return false,
                }
            }
            false
        };
        used.retain(|pid, _| is_one(pid));
        used
    }

    /// What it has used from one moment to another.
    pub(super) fn between(&self, before: &Used, after: &Used, replies: u64) -> Option<ServerCpu> {
        let mut sum = Usage::default();
        for (pid, now) in after {
            let then = before.get(pid).copied().unwrap_or_default();
            sum.user += now.user.saturating_sub(then.user);
            sum.sys += now.sys.saturating_sub(then.sys);
        }
        #[allow(clippy::cast_precision_loss, reason = "a mean of nanoseconds needs no more")]
        let per_message = (replies > 0 && sum.total() >= LEAST * tick())
            .then(|| sum.total() as f64 / replies as f64);
        let pid = *self.holders.first()?;
        (!after.is_empty()).then_some(ServerCpu { pid, user: sum.user, sys: sum.sys, per_message })
    }
}

/// What the system counts a processor's time in, in ns.
fn tick() -> u64 {
    1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)
}

/// The parent of a process, and what it has used with the children that it has waited for.
fn stat(pid: u32) -> Option<(u32, Usage)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold some itself.
    let rest = text.rsplit_once(") ")?.1;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let ticks = |n: usize| fields.get(n)?.parse::<u64>().ok();
    let nanos = tick();
    let user = (ticks(TIMES)? + ticks(TIMES + 2)?) * nanos;
    let sys = (ticks(TIMES + 1)? + ticks(TIMES + 3)?) * nanos;
    Some((u32::try_from(ticks(PARENT)?).ok()?, Usage { user, sys }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_less_than_two_ticks_is_not_said_to_be_nothing() {
        let serving = Serving { holders: vec![7], known: vec![7] };
        let used = |ticks: u64| Used::from([(7_u32, Usage { user: ticks * tick(), sys: 0 })]);
        let each = |ticks: u64| serving.between(&used(3), &used(3 + ticks), 100)?.per_message;
        assert_eq!((each(0), each(1)), (None, None));
        #[allow(clippy::cast_precision_loss, reason = "a few ticks")]
        let two = 2.0 * tick() as f64 / 100.0;
        assert_eq!(each(2), Some(two));
    }
}
