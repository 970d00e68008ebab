//! Parts: which of its call's steps a step is, in the order in which they happen.

use sock_record::Interval;

use super::steps::{Part, Step, What};

/// Numbers the steps of each call that has several, in the order in which they happen.
pub(crate) fn number(steps: &mut [Step]) {
    // One list after the other: a long record has millions of steps.
    let sends = gathered(steps, |step| Some((step.from.call?, step.taken())));
    group(steps, &sends, true);
    drop(sends);
    let receives = gathered(steps, |step| Some((step.to?.call?, 0)));
    group(steps, &receives, false);
}

/// A call, what its steps go by, the first of their bytes, and which step it is.
type Share = (usize, u64, u64, u32);

/// The steps of streams by call, in the order of `key`.
fn gathered(steps: &[Step], key: impl Fn(&Step) -> Option<(usize, u64)>) -> Vec<Share> {
    let streams = (0..).zip(steps).filter(|(_, step)| matches!(step.what, What::Bytes(_)));
    let mut all: Vec<Share> = streams
        .filter_map(|(n, step)| {
            let (call, order) = key(step)?;
            Some((call, order, step.start(), n))
        })
        .collect();
    all.sort_unstable();
    all
}

fn group(steps: &mut [Step], all: &[Share], is_send: bool) {
    for group in all.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let last = group.len() - 1;
        for (i, &(.., n)) in group.iter().enumerate() {
            let part = match i {
                0 => Part::First,
                i if i == last => Part::Last,
                _ => Part::Middle,
            };
            let step = &mut steps[n as usize];
            match &mut step.to {
                Some(to) if !is_send => to.part = part,
                _ => step.from.part = part,
            }
        }
    }
}

/// The bytes of `whole` that none of `met` has.
pub(super) fn without(whole: Interval, met: &[Interval]) -> Vec<Interval> {
    let mut met = met.to_vec();
    met.sort_unstable();
    let (mut left, mut at) = (Vec::new(), whole.start());
    for each in met {
        left.extend(Interval::new(at, each.start()).filter(|off| !off.is_empty()));
        at = at.max(each.end());
    }
    left.extend(Interval::new(at, whole.end()).filter(|off| !off.is_empty()));
    left
}
