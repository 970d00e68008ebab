//! Watch: a look at the tallies once a second, and what all of it comes to.

use std::sync::Arc;
use std::time::Duration;

use sock_load::{Bytes, Histogram, Report, Second};
use sock_proto::Time;

use super::cell::Seen;
use super::lanes::Told;
use super::report::{Found, assemble};
use super::serving::{Serving, Used};
use super::tally::{Read, Sum, Tally, nanos};
use super::work::Moments;
use super::{Length, Loader, Pace};
use crate::stop::Urgency;

/// A second of the timeline.
const SECOND: Duration = Duration::from_secs(1);
/// Looks at the tallies once a second.
pub(super) struct Watch<'a> {
    loader: &'a Loader,
    moments: Moments,
    serving: Option<Serving>,
    before: Option<Used>,
    /// When it looks next.
    look: Time,
    /// How far each tally was read.
    read: Vec<Read>,
    timeline: Vec<Second>,
    sum: Sum,
}

impl<'a> Watch<'a> {
    pub(super) fn new(loader: &'a Loader, moments: Moments, serving: Option<Serving>) -> Self {
        Self {
            loader,
            moments,
            serving,
            before: None,
            look: moments.from,
            read: Vec::new(),
            timeline: Vec::new(),
            sum: Sum::default(),
        }
    }

    /// When to look next: the last second ends with the run.
    pub(super) fn next(&self, now: Time) -> Time {
        let is_last = self.before.is_some() && self.look + SECOND / 2 > self.moments.ends;
        if is_last || (self.before.is_some() && now >= self.moments.ends) {
            Time::from_nanos(u64::MAX / 4)
        } else {
            self.look
        }
    }

    pub(super) fn look(&mut self, tallies: &[Arc<Tally>], tell: &mut dyn FnMut(&Second)) {
        let now = self.loader.run.now();
        if self.before.is_none() {
            // Measuring begins: what was before does not count.
            self.before =
                Some(self.serving.as_ref().map(Serving::used_by_known).unwrap_or_default());
            let connected = self.take(tallies);
            self.sum.absorb(connected);
        } else {
            let sum = self.take(tallies);
            self.second(now, sum, tell);
        }
        self.look = self.look + SECOND;
    }

    /// What notes have told.
    pub(super) fn hear(&mut self, told: Told) {
        self.sum.told = told;
    }

    fn take(&mut self, tallies: &[Arc<Tally>]) -> Sum {
        let mut sum = Sum::default();
        self.read.resize_with(tallies.len(), Read::default);
        for (tally, read) in tallies.iter().zip(&mut self.read) {
            tally.give(read, &mut sum);
        }
        sum
    }

    fn second(&mut self, now: Time, sum: Sum, tell: &mut dyn FnMut(&Second)) {
        let began = self.timeline.last().map_or(0, |last| last.t + last.span);
        let second = Second {
            t: began,
            span: nanos(now.since(self.moments.from)).saturating_sub(began),
            replies: sum.counts.replies,
            errors: sum.errors(),
            open: sum.open,
            bytes: Bytes { ..sum.counts.bytes },
            p50: sum.latency.at(0.5),
            p99: sum.latency.at(0.99),
            max: sum.latency.max(),
        };
        self.sum.absorb(sum);
        tell(&second);
        self.timeline.push(second);
    }

    pub(super) fn finish(
        mut self,
        tallies: &[Arc<Tally>],
        tell: &mut dyn FnMut(&Second),
    ) -> Report {
        let now = self.loader.run.now();
        let after = self.serving.as_ref().map(Serving::used);
        let has_begun = now > self.moments.from;
        let rest = self.take(tallies);
        let last_reply = self.sum.last_reply.max(rest.last_reply);
        let due = self.sum.counts.due + rest.counts.due;
        let measured = self.measured(now, due, last_reply);
        if has_begun {
            // The wait for what was owed at the end is no part of it, unless it has nothing else.
            let end = self.moments.from + measured;
            let told = self.timeline.last().map_or(0, |last| last.t + last.span);
            self.second(if nanos(measured) > told { end } else { now }, rest, tell);
        } else {
            self.sum.absorb(rest);
        }
        let (mut connect, mut lateness) = (Histogram::new(), Histogram::new());
        let mut spent = Vec::new();
        let (mut unheard, mut cut, mut first_cut) = (0, 0, None::<Time>);
        for tally in tallies {
            tally.lateness.since(&mut Seen::default(), &mut lateness);
            let rare = tally.rare();
            connect.merge(&rare.connect);
            spent.push((rare.usage, tally.looked.get()));
            unheard += rare.unheard;
            cut += rare.cut;
            first_cut = first_cut.into_iter().chain(rare.first_cut).min();
        }
        let replies = self.sum.counts.replies;
        let server = self.serving.as_ref().zip(self.before.as_ref()).zip(after.as_ref());
        let server =
            server.and_then(|((serving, before), after)| serving.between(before, after, replies));
        let found = Found {
            measured,
            began: self.loader.run.wall_origin() + (self.moments.from - Time::ZERO),
            sum: self.sum,
            timeline: self.timeline,
            connect,
            lateness,
            spent,
            unheard,
            cut,
            first_cut: first_cut.map(|first| first.since(self.moments.from)),
            lasted: now.since(self.moments.from),
            server,
            was_stopped: self.loader.run.stop().urgency() != Urgency::None,
        };
        assemble(self.loader, found)
    }

    /// How long was measured. In an open loop what was late in coming took its time: who divides all
    /// replies by the time in which messages left would praise a server that was behind.
    fn measured(&self, now: Time, due: u64, last: Time) -> Duration {
        let Moments { from, ends, .. } = self.moments;
        let end = match (self.loader.length, self.loader.pace) {
            // The last message has its share of the time as every other: ten at 10 a second are a second.
            (Length::Messages(n), Pace::Open { rate, .. }) if due >= n => {
                (from + spread(n, rate)).max(last)
            }
            (Length::Messages(_), _) if last > from => last,
            (Length::Time(_), Pace::Open { .. }) => ends.min(now).max(last),
            (Length::Messages(_) | Length::Time(_), _) => ends.min(now),
        };
        end.since(from)
    }
}

/// How long so many messages take at this rate.
#[allow(clippy::cast_precision_loss, reason = "a time that is measured has less digits")]
fn spread(messages: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(messages as f64 / rate).unwrap_or(Duration::MAX)
}
