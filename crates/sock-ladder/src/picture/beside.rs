//! Beside each other: calls at the same time on one lane, as threads make them, do not stand upon each other.

use std::collections::{BTreeMap, HashMap};

use super::layout::HALF;
use crate::plan::fold::Shown;
use crate::scene::Scene;

/// So many boxes stand beside the first; more stand upon the last.
const DEEP: usize = 5;

/// From one box to the next beside it.
const NEXT: i32 = 2 * HALF + 2;

/// How far right of its lane each box stands, where it is not on it.
#[derive(Debug)]
pub(super) struct Beside {
    shifts: HashMap<usize, i32>,
    most: Vec<i32>,
}

/// From when to when something takes a place, and the calls that are it.
type Life = (u64, u64, Vec<usize>);

impl Beside {
    /// Finds a place for every call that is shown. Each thread has one of its own for as long as it is there; where there are
    /// more threads than places, each call has one.
    pub(super) fn new(scene: &Scene<'_, '_>, shown: &[Shown]) -> Self {
        let mut lanes: BTreeMap<usize, Vec<Life>> = BTreeMap::new();
        for each in shown {
            let Shown::Row(n) = *each else { continue };
            let step = &scene.steps[scene.rows[n].step];
            for call in [step.from.call, step.to.and_then(|to| to.call)].into_iter().flatten() {
                let since = scene.story.waits.since(call, scene.story.calls[call]);
                let life = (since, scene.story.until(call), vec![call]);
                lanes.entry(scene.lanes.of_call(scene.story, call)).or_default().push(life);
            }
        }
        let mut beside = Self { shifts: HashMap::new(), most: vec![0; scene.lanes.all.len()] };
        for (lane, mut calls) in lanes {
            calls.sort_unstable();
            calls.dedup();
            let mut threads: BTreeMap<_, Life> = BTreeMap::new();
            for (since, until, call) in &calls {
                let told = scene.story.calls[call[0]];
                // Whose thread is not known is nobody's.
                let own = told.tid.is_none().then_some(call[0]);
                let life =
                    threads.entry((told.proc, told.tid, own)).or_insert((*since, 0, Vec::new()));
                life.1 = life.1.max(*until);
                life.2.extend(call);
            }
            let mut lives: Vec<Life> = threads.into_values().collect();
            lives.sort_unstable();
            let places = places(&lives);
            if places.iter().all(|place| *place <= DEEP) {
                beside.seat(lane, &lives, &places);
            } else {
                beside.seat(lane, &calls, &self::places(&calls));
            }
        }
        beside
    }

    fn seat(&mut self, lane: usize, lives: &[Life], places: &[usize]) {
        for ((.., calls), place) in lives.iter().zip(places) {
            let shift = i32::try_from(*place.min(&DEEP)).unwrap_or(0) * NEXT;
            self.shifts.extend(calls.iter().map(|call| (*call, shift)));
            if let Some(most) = self.most.get_mut(lane) {
                *most = shift.max(*most);
            }
        }
    }

    pub(super) fn of(&self, call: Option<usize>) -> i32 {
        call.and_then(|call| self.shifts.get(&call)).copied().unwrap_or(0)
    }

    /// Whether any box stands so.
    pub(super) fn is_used(&self) -> bool {
        self.most.iter().any(|most| *most > 0)
    }

    /// The most of it on a lane.
    pub(super) fn most(&self, lane: usize) -> i32 {
        self.most.get(lane).copied().unwrap_or(0)
    }
}

/// The first free place for each, in their order.
fn places(lives: &[Life]) -> Vec<usize> {
    // Until when each place is taken.
    let mut taken: Vec<u64> = Vec::new();
    let place = |(since, until, _): &Life| {
        let place = taken.iter().position(|end| end <= since).unwrap_or(taken.len());
        if place == taken.len() {
            taken.push(0);
        }
        taken[place] = *until;
        place
    };
    lives.iter().map(place).collect()
}
