//! Gathering: several share a lane where there is no room for each.
//!
//! What is lost thereby is who said what. With forked servers that is the least: each child speaks with one client, whose
//! lane says which it is. So first the children of a program share a lane, then they stand with it, and only then do clients
//! share one, and servers.

use sock_record::ProcId;

use super::lanes::{Lane, Lanes};

type Side = (bool, bool);

impl Lanes {
    /// Puts lanes together until at most `most` are left, or no two are alike.
    pub(crate) fn gather(&mut self, most: usize) {
        let mut families: Vec<(ProcId, Side)> = Vec::new();
        for lane in self.all.iter().filter(|lane| lane.is_forked) {
            let family = lane.family.map(|family| (family, side(lane)));
            families.extend(family.filter(|family| !families.contains(family)));
        }
        for with_parent in [false, true] {
            for &(family, at) in &families {
                let here = |lane: &Lane| {
                    lane.family == Some(family)
                        && side(lane) == at
                        && (with_parent || lane.is_forked)
                };
                self.merge(most, here, |count, first| {
                    if with_parent {
                        (first.name.clone(), format!("and {}", forks(count - 1)))
                    } else {
                        (format!("{count} forks"), format!("of {}", first.name))
                    }
                });
            }
        }
        for (at, what) in [((true, false), "clients"), ((false, true), "servers")] {
            let words = |count: usize, _: &Lane| (format!("{count} {what}"), String::new());
            self.merge(most, |lane| side(lane) == at, words);
        }
    }

    /// Puts those together that are meant, if there are more lanes than there is room for.
    fn merge(
        &mut self,
        most: usize,
        here: impl Fn(&Lane) -> bool,
        words: impl FnOnce(usize, &Lane) -> (String, String),
    ) {
        let meant = self.all.iter().filter(|lane| here(lane));
        let (lanes, count) = (meant.clone().count(), meant.map(|lane| lane.count.max(1)).sum());
        if self.all.len() <= most || lanes < 2 {
            return;
        }
        let first = self.all.iter().position(&here).unwrap_or(0);
        let mut new = Vec::with_capacity(self.all.len());
        let mut kept: Vec<Lane> = Vec::new();
        for (n, lane) in self.all.iter().enumerate() {
            if here(lane) && n != first {
                new.push(first);
            } else {
                new.push(kept.len());
                kept.push(lane.clone());
            }
        }
        let lane = &mut kept[first];
        (lane.name, lane.under) = words(count, lane);
        lane.count = count;
        self.all = kept;
        self.own.iter_mut().filter(|lane| **lane < new.len()).for_each(|lane| *lane = new[*lane]);
        self.ghosts.values_mut().for_each(|lane| *lane = new[*lane]);
        self.by_proc.change(|lane| new[lane]);
    }
}

fn side(lane: &Lane) -> Side {
    (lane.asks, lane.answers)
}

fn forks(count: usize) -> String {
    if count == 1 { "1 fork".to_owned() } else { format!("{count} forks") }
}
