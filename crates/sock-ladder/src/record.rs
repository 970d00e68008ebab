//! The record with what was found out about it.

use sock_record::{Line, Link};

use crate::explain::notes;
use crate::pair::Joined;
use crate::story::Story;

/// A record with its links and its explanations as lines of their own: a record again, which readers that neither pair
/// nor explain can use.
///
/// The lines come in the record's order; then the links that it did not have, by the calls that they lead away from; then
/// the notes that it did not have, by their calls; then its end.
///
/// # Examples
///
/// ```
/// use sock_record::{Line, Reader};
///
/// let record = r#"
/// {"type":"sock","sock":1,"family":"unix","kind":"stream","t":0,"from":"pair","mate":2}
/// {"type":"sock","sock":2,"family":"unix","kind":"stream","t":0,"from":"pair","mate":1}
/// {"type":"call","ev":1,"proc":1,"call":"send","sock":1,"enter":10,"exit":11,"ret":3,"dir":"out"}
/// {"type":"call","ev":2,"proc":1,"call":"recv","sock":2,"enter":5,"exit":20,"ret":3,"dir":"in"}
/// "#;
/// let lines: Vec<Line> = Reader::new(record.as_bytes()).collect::<Result<_, _>>()?;
/// let joined = sock_ladder::joined(&lines);
/// assert_eq!(joined[..4], lines);
/// assert!(matches!(&joined[4], Line::Link(link) if link.from.0 == 1 && link.to.0 == 2));
/// // What was found once is not found again.
/// assert_eq!(sock_ladder::joined(&joined), joined);
/// # Ok::<(), sock_record::ReadError>(())
/// ```
#[must_use]
pub fn joined<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<Line> {
    let lines: Vec<&Line> = lines.into_iter().collect();
    let story = Story::new(lines.iter().copied());
    let found = Joined::new(&story);
    let is_end = |line: &&Line| matches!(line, Line::End(_));
    let (ends, mut all): (Vec<Line>, Vec<Line>) = {
        let (ends, rest): (Vec<&Line>, Vec<&Line>) = lines.iter().copied().partition(is_end);
        (ends.into_iter().cloned().collect(), rest.into_iter().cloned().collect())
    };
    let is_new = |link: &Link| !story.links.contains(&link);
    let found_links = found.joins.iter().map(|join| join.link(&story));
    all.extend(found_links.filter(is_new).map(Line::from));
    all.extend(notes(&story, &found).into_iter().map(Line::from));
    all.extend(ends);
    all
}
