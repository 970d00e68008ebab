//! What programs are called in sentences: so that a reader of the picture finds them.

use std::collections::{HashMap, HashSet};

use sock_record::{Origin, Proc, ProcId};

use crate::place::Place;
use crate::story::Story;

/// The names of all programs. Where several have the same one, the address that stands over a lane tells them apart, or else
/// the process id.
pub(super) fn names(story: &Story<'_>) -> HashMap<ProcId, String> {
    let mut count: HashMap<&str, u32> = HashMap::new();
    for proc in story.procs.values() {
        *count.entry(&proc.name).or_default() += 1;
    }
    let is_shared = |proc: &Proc| count[&*proc.name] > 1;
    let places = if story.procs.values().any(|proc| is_shared(proc)) {
        places(story)
    } else {
        HashMap::new()
    };
    let mut tenants: HashMap<(&str, &str), u32> = HashMap::new();
    for (id, place) in &places {
        if let Some(proc) = story.procs.get(id) {
            *tenants.entry((&proc.name, place)).or_default() += 1;
        }
    }
    let name = |id: &ProcId, proc: &Proc| {
        let own = places.get(id).filter(|place| tenants.get(&(&*proc.name, *place)) == Some(&1));
        match (own, proc.pid) {
            (Some(place), _) if is_shared(proc) => format!("{} ({place})", proc.name),
            (_, Some(pid)) if is_shared(proc) => format!("{} (pid {pid})", proc.name),
            _ => proc.name.clone(),
        }
    };
    story.procs.iter().map(|(id, proc)| (*id, name(id, proc))).collect()
}

/// The one address that each program is known by: where it listens, where it was called, or the only one that it has.
fn places<'s>(story: &'s Story<'_>) -> HashMap<ProcId, &'s str> {
    let mut all: HashMap<ProcId, [HashSet<&str>; 3]> = HashMap::new();
    for sock in 0..story.socks.len() {
        let line = &story.socks[sock];
        let local = line.local.as_deref().filter(|local| Place::new(local).is_some());
        let (Some(local), Some(proc)) = (local, story.proc(sock)) else { continue };
        let known = all.entry(proc).or_default();
        let is_known_by = [story.is_listener(sock), line.from == Origin::Accept, true];
        for (set, _) in known.iter_mut().zip(is_known_by).filter(|(_, is_known)| *is_known) {
            set.insert(local);
        }
    }
    let one = |sets: [HashSet<&'s str>; 3]| {
        let first = sets.into_iter().find(|set| !set.is_empty())?;
        (first.len() == 1).then(|| first.into_iter().next()).flatten()
    };
    all.into_iter().filter_map(|(id, sets)| Some((id, one(sets)?))).collect()
}
