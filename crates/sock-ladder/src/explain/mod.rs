//! Explanations: what happened between two programs, in sentences, from what both sides did.
//!
//! Each sentence has a code that stays the same for ever, and a page that says more: [`page`]. A sentence is about a
//! call; it names programs and numbers, and the cure where there is one. What is true of many calls is said of the first,
//! with how often it was so.

mod backlog;
mod boundaries;
mod case;
mod datagrams;
mod deadlock;
mod ends;
mod full;
mod held;
mod interleaved;
mod kept;
mod kinds;
mod loops;
mod misuse;
mod nagle;
mod names;
mod pages;
mod passed;
mod places;
mod refused;
mod reset;
mod short;
mod taken;
mod teller;
mod time_wait;
mod unanswered;
mod unread;
mod waits;

use sock_record::{Line, Note};

pub use pages::{codes, page};

use crate::pair::Joined;
use crate::story::Story;
use case::Case;
use teller::Teller;

/// Says what happened in a record and why, in the order of the calls that the sentences are about.
///
/// What the record says already (a note with the same code about the same call) is not said again. What happened more
/// than three times between the same programs is said once and counted: `(× 98)`.
///
/// # Examples
///
/// ```
/// use sock_record::{Line, Reader};
///
/// let record = r#"
/// {"type":"proc","proc":1,"name":"client.py","t":0,"how":"start"}
/// {"type":"sock","sock":1,"family":"inet","kind":"stream","proto":"tcp","t":0,"from":"socket"}
/// {"type":"call","ev":1,"proc":1,"call":"connect","sock":1,"args":{"addr":"127.0.0.1:9099"},"enter":5,"exit":9,"ret":-1,"err":"ECONNREFUSED"}
/// "#;
/// let lines: Vec<Line> = Reader::new(record.as_bytes()).collect::<Result<_, _>>()?;
/// let notes = sock_ladder::explain(&lines);
/// assert_eq!(notes[0].code, "refused");
/// assert_eq!(notes[0].text, "refused: nobody listens on 127.0.0.1:9099, and nobody in this record listens anywhere; start the server first, or mend the address");
/// assert!(sock_ladder::page("refused").is_some());
/// # Ok::<(), sock_record::ReadError>(())
/// ```
#[must_use]
pub fn explain<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<Note> {
    let story = Story::new(lines);
    let joined = Joined::new(&story);
    notes(&story, &joined)
}

/// The sentences about a paired story.
pub(crate) fn notes(story: &Story<'_>, joined: &Joined) -> Vec<Note> {
    let case = Case::new(story, joined);
    let mut teller = Teller::new(story);
    let topics = [
        boundaries::tell,
        interleaved::tell,
        waits::tell,
        ends::tell,
        reset::tell,
        held::tell,
        passed::tell,
        time_wait::tell,
        refused::tell,
        taken::tell,
        misuse::tell,
        backlog::tell,
        full::tell,
        nagle::tell,
        deadlock::tell,
        kept::tell,
        unread::tell,
        unanswered::tell,
        datagrams::tell,
    ];
    for topic in topics {
        topic(&case, &mut teller);
    }
    teller.notes()
}
