//! Who says the sentences: each once, in the order of the calls, and what is often true with a count.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use sock_record::{Level, Note};

use crate::story::Story;

/// What happened more often than this is said once and counted: a fourth time teaches nothing.
const OFTEN: usize = 3;

/// What belongs to every conversation teaches nothing the second time.
const ORDINARY: &[&str] =
    &["end", "merged", "no-fin", "split", "time-wait", "timed-out", "would-block"];

/// What is said because a call is not there: of a record that was cut off, nobody knows.
const ABSENT: &[&str] = &["never-accepted", "not-read", "not-received"];

/// What stands before how often it was.
const COUNTED: &str = " (× ";

/// Collects sentences.
pub(super) struct Teller<'s, 'a> {
    story: &'s Story<'a>,
    said: HashMap<(&'static str, u64), Said>,
}

/// What was said of one matter.
#[derive(Default)]
struct Said {
    /// The first of the sentences, each with its call.
    notes: Vec<(usize, Level, String)>,
    times: usize,
    /// The record says it already, for all of them.
    is_counted: bool,
}

impl<'s, 'a> Teller<'s, 'a> {
    pub(super) fn new(story: &'s Story<'a>) -> Self {
        Self { story, said: HashMap::new() }
    }

    /// Says something about a call. Sentences with the same code and the same `matter` (the programs that it is about,
    /// for most) are counted together; the text is made only where it is said.
    pub(super) fn say(
        &mut self,
        code: &'static str,
        level: Level,
        call: usize,
        matter: impl Hash,
        text: impl FnOnce() -> String,
    ) {
        if self.story.is_cut_off() && ABSENT.contains(&code) {
            return;
        }
        let ev = self.story.calls[call].ev;
        let known = self.story.notes.get(&ev).into_iter().flatten().find(|note| note.code == code);
        let mut hash = DefaultHasher::new();
        matter.hash(&mut hash);
        let said = self.said.entry((code, hash.finish())).or_default();
        if let Some(known) = known {
            said.is_counted |= known.text.contains(COUNTED);
            return;
        }
        said.times += 1;
        if said.notes.len() < OFTEN {
            said.notes.push((call, level, text()));
        }
    }

    /// All that was said.
    pub(super) fn notes(self) -> Vec<Note> {
        let mut all: Vec<(usize, &'static str, Level, String)> = Vec::new();
        for ((code, _), mut said) in self.said.into_iter().filter(|(_, said)| !said.is_counted) {
            let is_same = said.notes.windows(2).all(|pair| pair[0].2 == pair[1].2);
            let most = if is_same || ORDINARY.contains(&code) { 1 } else { OFTEN };
            if said.times > most {
                said.notes.truncate(1);
                if let Some((_, _, text)) = said.notes.first_mut() {
                    text.push_str(COUNTED);
                    text.push_str(&crate::text::count(said.times as u64));
                    text.push(')');
                }
            }
            all.extend(said.notes.into_iter().map(|(call, level, text)| (call, code, level, text)));
        }
        all.sort_by(|a, b| (a.0, a.1, &a.3).cmp(&(b.0, b.1, &b.3)));
        let note = |(call, code, level, text): (usize, &str, Level, String)| Note {
            ev: Some(self.story.calls[call].ev),
            code: code.to_owned(),
            level,
            text,
        };
        all.into_iter().map(note).collect()
    }
}
