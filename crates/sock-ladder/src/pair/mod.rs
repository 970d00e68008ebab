//! From calls to links: which send's bytes came out of which receive.
//!
//! Pairing happens after the run and looks at calls only through what the kernel promises. A stream is one row of
//! numbered bytes in each direction; every send and every receive is an interval of it, and two intervals that meet
//! are a link. A message of a connection that keeps them apart is taken in its turn. A datagram is whole, and is known by where it came from, where it went, its length and its content.

mod dgram;
mod ends;
mod mates;
mod order;
mod passed;
mod seq;
mod stream;
mod torn;
mod urgent;

use std::collections::{BTreeMap, HashMap, HashSet};

use sock_record::{Ev, Interval, Line, Link, LinkHow, LinkKind, SockId};

pub(crate) use dgram::Bound;
pub(crate) use ends::accepted_by;
pub(crate) use seq::empty_messages;
pub(crate) use stream::part;
pub(crate) use urgent::urgent;

use crate::story::Story;

/// A link, and whether the receiver only looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// What went from which call to which.
    pub link: Link,
    /// The receiver peeked: another receive takes these bytes.
    pub peek: bool,
}

/// What belongs together in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// The links, by the time at which their sends began.
    pub links: Vec<Paired>,
    /// The other end of each socket whose other end is in the record too.
    pub mates: BTreeMap<SockId, SockId>,
}

/// Pairs a record's calls: byte intervals, datagrams, connects with accepts, ends with the receives that met them.
///
/// Links that the record itself holds win over the ones found here for the same receiving call. What has no other side
/// in the record has no link.
///
/// # Examples
///
/// ```
/// use sock_record::{Interval, Line, Reader};
///
/// let record = r#"
/// {"type":"sock","sock":1,"family":"inet","kind":"stream","t":0,"from":"socket","local":"127.0.0.1:4000","peer":"127.0.0.1:7"}
/// {"type":"sock","sock":2,"family":"inet","kind":"stream","t":1,"from":"accept","local":"127.0.0.1:7","peer":"127.0.0.1:4000"}
/// {"type":"call","ev":1,"proc":1,"call":"send","sock":1,"enter":10,"exit":11,"ret":3,"dir":"out"}
/// {"type":"call","ev":2,"proc":1,"call":"send","sock":1,"enter":12,"exit":13,"ret":2,"dir":"out"}
/// {"type":"call","ev":3,"proc":2,"call":"recv","sock":2,"enter":5,"exit":20,"ret":5,"dir":"in"}
/// "#;
/// let lines: Vec<Line> = Reader::new(record.as_bytes()).collect::<Result<_, _>>()?;
/// let links = sock_ladder::pair(&lines).links;
/// let bytes: Vec<_> = links.iter().map(|paired| (paired.link.from.0, paired.link.to.0, paired.link.off)).collect();
/// assert_eq!(bytes, [(1, 3, Interval::new(0, 3)), (2, 3, Interval::new(3, 5))]);
/// # Ok::<(), sock_record::ReadError>(())
/// ```
#[must_use]
pub fn pair<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Pairing {
    let story = Story::new(lines);
    let joined = Joined::new(&story);
    let id = |sock: usize| story.socks[sock].sock;
    Pairing {
        links: joined
            .joins
            .iter()
            .map(|join| Paired { link: join.link(&story), peek: join.peek })
            .collect(),
        mates: joined
            .mates
            .iter()
            .enumerate()
            .filter_map(|(sock, mate)| Some((id(sock), id((*mate)?))))
            .collect(),
    }
}

/// A link between calls by index.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub(crate) kind: LinkKind,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) off: Option<Interval>,
    pub(crate) how: LinkHow,
    pub(crate) peek: bool,
}

impl Join {
    /// The link as a record has it.
    pub(crate) fn link(&self, story: &Story<'_>) -> Link {
        Link {
            kind: self.kind.clone(),
            from: story.calls[self.from].ev,
            to: story.calls[self.to].ev,
            off: self.off,
            how: self.how.clone(),
        }
    }
}

/// A paired story.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) joins: Vec<Join>,
    /// The other end of each socket.
    pub(crate) mates: Vec<Option<usize>>,
    /// The `accept` that each socket came out of.
    pub(crate) accepts: Vec<Option<usize>>,
    /// The byte interval of each call that moved bytes of a stream.
    pub(crate) spans: Vec<Option<Interval>>,
    /// Sends of several threads at once whose bytes may lie among each other's, by the rows that they are in.
    pub(crate) torn: Vec<Vec<usize>>,
}

impl Joined {
    pub(crate) fn new(story: &Story<'_>) -> Self {
        let mates = mates::mates(story);
        let accepts = accepted_by(story);
        let (mut joins, spans, torn) = stream::joins(story, &mates);
        joins.extend(urgent::joins(story, &mates, &spans));
        joins.extend(dgram::joins(story));
        joins.extend(seq::joins(story, &mates));
        joins.extend(passed::joins(story, &joins));
        joins.extend(ends::joins(story, &mates, &accepts));
        keep_given(story, &mut joins);
        // They come in long rows that are in order: merging those is less work than sorting anew.
        joins.sort_by_key(|join| (join.from, join.off, join.to));
        Self { joins, mates, accepts, spans, torn }
    }
}

/// Puts the record's own links in the place of the ones found.
fn keep_given(story: &Story<'_>, joins: &mut Vec<Join>) {
    if story.links.is_empty() {
        return;
    }
    let calls: HashMap<Ev, usize> =
        story.calls.iter().enumerate().map(|(n, call)| (call.ev, n)).collect();
    let given: Vec<Join> = story
        .links
        .iter()
        .filter_map(|link| {
            let to = *calls.get(&link.to)?;
            Some(Join {
                kind: link.kind.clone(),
                from: *calls.get(&link.from)?,
                to,
                off: link.off,
                how: link.how.clone(),
                peek: crate::story::is_peek(story.calls[to]),
            })
        })
        .collect();
    let told: HashSet<(LinkKind, usize)> =
        given.iter().map(|join| (join.kind.clone(), join.to)).collect();
    joins.retain(|join| !told.contains(&(join.kind.clone(), join.to)));
    joins.extend(given);
}
