//! Who stands on which lane of a live page.
//!
//! There is room for a few lanes. Where it is not enough, who has nothing open any more gives way; where everybody is still
//! there, whoever comes shares a lane: with those who were forked from the same program, or with the others of its side. A
//! lane that came and went with each row could not be followed.

use std::collections::HashMap;

use sock_record::ProcId;

use super::book::{Book, Who};

/// The lanes of a page, left to right.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) lanes: Vec<Lane>,
    drawn: u64,
    /// Who bore each name first.
    bearers: HashMap<String, Who>,
}

/// So many names are remembered.
const NAMES: usize = 1024;

/// A lane, and who stands there.
#[derive(Debug)]
pub(super) struct Lane {
    members: Vec<Who>,
    /// When it was last drawn, in rows.
    drawn: u64,
    /// Those who share it have nothing in common but their side.
    is_mixed: bool,
}

impl Places {
    pub(super) fn at(&self, who: &Who) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.members.contains(who))
    }

    /// Whether somebody shares a lane with others that spoke for themselves.
    pub(super) fn is_shared(&self, who: &Who) -> bool {
        self.at(who).is_some_and(|at| self.lanes[at].members.len() > 1)
    }

    /// Sees to it that all of a row have a lane, of `most` at most. Says whether anything is where it was not before.
    pub(super) fn seat(&mut self, book: &Book, all: &[&Who], most: usize) -> bool {
        self.drawn += 1;
        let mut is_new = false;
        for &who in all {
            if let Some(at) = self.at(who) {
                self.lanes[at].drawn = self.drawn;
                continue;
            }
            let is_full = self.lanes.len() >= most && !self.gives_way(book, all);
            if is_full && !self.gathers(book, false) {
                // What a program's forks do is told by whom they speak with.
                if self.joins(book, who) {
                    continue;
                }
                if !self.gathers(book, true) {
                    is_new = true;
                    self.share(book, who, all);
                    continue;
                }
            }
            is_new = true;
            self.lanes.push(Lane {
                members: vec![who.clone()],
                drawn: self.drawn,
                is_mixed: false,
            });
        }
        if is_new {
            if self.bearers.len() >= NAMES {
                self.bearers.clear();
            }
            for lane in &self.lanes {
                let who = &lane.members[0];
                self.bearers.entry(book.title(who).0).or_insert_with(|| who.clone());
            }
            // Clients left, servers right, who is both in between.
            self.lanes.sort_by_key(|lane| {
                let part = book.part(&lane.members[0]);
                (part.answers, !part.asks, part.turn)
            });
        }
        is_new
    }

    /// Takes away the lane of whom nothing more is to be expected, and who was not drawn for longest.
    fn gives_way(&mut self, book: &Book, needed: &[&Who]) -> bool {
        let is_free = |lane: &Lane| {
            lane.members.iter().all(|who| book.is_done(who) && !needed.contains(&who))
        };
        let free = (0..self.lanes.len()).filter(|&n| is_free(&self.lanes[n]));
        let oldest = free.min_by_key(|&n| self.lanes[n].drawn);
        oldest.map(|oldest| self.lanes.remove(oldest)).is_some()
    }

    /// Puts two forked children of a program on one lane; or, `with_parent`, a child with the program.
    fn gathers(&mut self, book: &Book, with_parent: bool) -> bool {
        let mut kept: Vec<(ProcId, usize)> = Vec::new();
        for n in 0..self.lanes.len() {
            let first = &self.lanes[n].members[0];
            let is_meant = with_parent || book.is_forked(first);
            let Some(family) = book.family(first).filter(|_| is_meant) else { continue };
            let Some(&(_, before)) = kept.iter().find(|(other, _)| *other == family) else {
                kept.push((family, n));
                continue;
            };
            let lane = self.lanes.remove(n);
            let other = &mut self.lanes[before];
            other.members.extend(lane.members);
            // The program that they come from names the lane.
            other.members.sort_by_key(|who| book.is_forked(who));
            return true;
        }
        false
    }

    /// Puts a forked child on the lane of its siblings.
    fn joins(&mut self, book: &Book, who: &Who) -> bool {
        let drawn = self.drawn;
        let is_family =
            |other: &Who| book.is_forked(other) && book.family(other) == book.family(who);
        let mut lanes = self.lanes.iter_mut();
        let lane = lanes.find(|lane| book.is_forked(who) && lane.members.iter().any(is_family));
        lane.map(|lane| {
            lane.members.push(who.clone());
            lane.drawn = drawn;
        })
        .is_some()
    }

    /// Puts somebody on a lane with others of its side, rather one that is shared already.
    fn share(&mut self, book: &Book, who: &Who, row: &[&Who]) {
        let part = book.part(who);
        let likeness = |lane: &Lane| {
            let first = &lane.members[0];
            let other = book.part(first);
            let is_same_side = (part.asks, part.answers) == (other.asks, other.answers);
            // Whom it speaks with stands elsewhere.
            let is_apart = row.iter().all(|other| !lane.members.contains(other));
            let is_like = is_same_side && book.is_forked(first) == book.is_forked(who);
            (is_apart, is_like, lane.is_mixed)
        };
        let drawn = self.drawn;
        if let Some(lane) = self.lanes.iter_mut().max_by_key(|lane| likeness(lane)) {
            lane.members.push(who.clone());
            (lane.drawn, lane.is_mixed) = (drawn, true);
        }
    }

    /// The name of each lane, and where that is.
    pub(super) fn titles(&self, book: &Book) -> Vec<(String, String)> {
        let title = |lane: &Lane| match &lane.members[..] {
            [one] => book.title(one),
            several => {
                let is_forked = |who: &Who| book.is_forked(who);
                let what = match book.part(&several[0]).answers {
                    _ if several.iter().all(is_forked) => "forks",
                    _ if several[1..].iter().all(is_forked) => {
                        let name = book.title(&several[0]).0;
                        return (
                            format!("{name} +{}", several.len() - 1),
                            "with its forks".to_owned(),
                        );
                    }
                    true => "servers",
                    false => "clients",
                };
                (format!("{} {what}", several.len()), String::new())
            }
        };
        self.lanes.iter().map(title).collect()
    }

    /// A word for each lane, for a header of one line: what tells it from the others.
    pub(super) fn words(&self, book: &Book, room: usize) -> Vec<String> {
        let titles = self.titles(book);
        // A name that somebody bore before, who has gone, says nothing either.
        let is_first =
            |name: &str, who: &Who| self.bearers.get(name).is_none_or(|other| other == who);
        let is_alone = |name: &str, who: &Who| {
            titles.iter().filter(|title| title.0 == name).count() <= 1 && is_first(name, who)
        };
        let short = |(name, under): &(String, String), who: &Who| {
            if is_alone(name, who) || under.is_empty() {
                return name.clone();
            }
            // Of an address the port tells it from the others on one machine.
            let port = under.rfind(':').map_or(&**under, |at| &under[at..]);
            let both = format!("{name} {port}");
            if both.chars().count() <= room { both } else { port.to_owned() }
        };
        let word = |(lane, title): (&Lane, &(String, String))| match &lane.members[..] {
            // Who came last is news; the others were named before.
            [.., last] if lane.is_mixed => format!("+ {}", short(&book.title(last), last)),
            [first, rest @ ..] if !rest.is_empty() && !book.is_forked(first) => {
                let more = format!(" +{}", rest.len());
                let room = room.saturating_sub(more.len());
                book.title(first).0.chars().take(room).collect::<String>() + &more
            }
            [first, ..] => short(title, first),
            [] => String::new(),
        };
        self.lanes.iter().zip(&titles).map(word).collect()
    }
}
