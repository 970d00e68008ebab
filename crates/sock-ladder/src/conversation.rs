//! Conversations: a record with many peers, taken apart into what each pair of peers said to each other.

use std::collections::{BTreeSet, HashMap};

use sock_record::{Ev, Line, LinkKind, SockId};

use crate::pair::Joined;
use crate::place::Place;
use crate::story::Story;
use crate::text::{Drawing, text};

/// What two peers said to each other: the lines of a record that concern them.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation<'a> {
    /// When it began, in ns since t0.
    pub t: u64,
    /// Its sockets: one where the record has only one side.
    pub socks: Vec<SockId>,
    /// Its lines, in the record's order: a record of their own.
    pub lines: Vec<&'a Line>,
}

impl Conversation<'_> {
    /// Draws it as a ladder.
    #[must_use]
    pub fn text(&self, drawing: &Drawing) -> String {
        text(self.lines.iter().copied(), drawing)
    }
}

/// Takes a record apart, by the time at which each conversation began.
///
/// A connection is a conversation. So is what two datagram sockets, or a datagram socket and one peer's address, sent to
/// each other. Lines about the whole (`meta`, processes) are in each; calls that belong to none (`bind`, `listen`,
/// waiting) are in none.
///
/// # Examples
///
/// ```
/// use sock_ladder::{Drawing, conversations};
/// use sock_record::{Line, Reader};
///
/// let record = r#"
/// {"type":"sock","sock":1,"family":"inet","kind":"stream","t":0,"from":"accept","local":"127.0.0.1:7","peer":"127.0.0.1:4000"}
/// {"type":"sock","sock":2,"family":"inet","kind":"stream","t":5,"from":"accept","local":"127.0.0.1:7","peer":"127.0.0.1:4001"}
/// {"type":"call","ev":1,"proc":1,"call":"recv","sock":2,"enter":9,"exit":9,"ret":2,"dir":"in","data":"SGk="}
/// "#;
/// let lines: Vec<Line> = Reader::new(record.as_bytes()).collect::<Result<_, _>>()?;
/// let all = conversations(&lines);
/// assert_eq!(all.len(), 2);
/// assert!(all[1].text(&Drawing::default()).contains("\"Hi\""));
/// # Ok::<(), sock_record::ReadError>(())
/// ```
#[must_use]
pub fn conversations<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<Conversation<'a>> {
    let lines: Vec<&Line> = lines.into_iter().collect();
    let story = Story::new(lines.iter().copied());
    let joined = Joined::new(&story);
    let mut parts = Parts { story: &story, all: Vec::new() };
    parts.connections(&joined);
    parts.datagrams(&joined);
    parts.give_out(&lines)
}

struct Parts<'s, 'a> {
    story: &'s Story<'a>,
    all: Vec<Part>,
}

struct Part {
    t: u64,
    socks: BTreeSet<usize>,
    calls: Vec<usize>,
}

impl Parts<'_, '_> {
    fn connections(&mut self, joined: &Joined) {
        let story = self.story;
        for sock in (0..story.socks.len()).filter(|&sock| story.is_connection(sock)) {
            let mate = joined.mates[sock].unwrap_or(sock);
            if mate < sock {
                continue;
            }
            let socks = BTreeSet::from([sock, mate]);
            let accepts = socks.iter().filter_map(|&sock| joined.accepts[sock]);
            let calls =
                socks.iter().flat_map(|&sock| story.calls_of[sock].iter().copied()).chain(accepts);
            let t = socks.iter().map(|&sock| story.life(sock).0).min().unwrap_or(0);
            self.all.push(Part { t, calls: calls.collect(), socks });
        }
    }

    /// Two sockets where a datagram went from one to the other, or one socket and an address.
    fn datagrams(&mut self, joined: &Joined) {
        let story = self.story;
        let mut other: HashMap<usize, usize> = HashMap::new();
        for join in joined.joins.iter().filter(|join| join.kind == LinkKind::Dgram) {
            if let Some((from, to)) = story.on(join.from).zip(story.on(join.to)) {
                other.insert(join.from, to);
                other.insert(join.to, from);
            }
        }
        let bound = crate::pair::Bound::new(story, |sock| story.is_dgram(sock));
        let mut by_ends: HashMap<(usize, Result<usize, Option<Place>>), usize> = HashMap::new();
        for sock in (0..story.socks.len()).filter(|&sock| story.is_dgram(sock)) {
            let mut own: Vec<usize> = Vec::new();
            for (call, line) in story.calls_on(sock).filter(|(_, line)| line.moved().is_some()) {
                let address = line.args.addr.as_deref().or(story.peer_text(sock));
                let place = address.and_then(Place::new);
                let peer = other.get(&call).copied();
                let peer = peer.or_else(|| bound.at(place.as_ref()?));
                let ends = match peer {
                    Some(peer) => (sock.min(peer), Ok(sock.max(peer))),
                    None => (sock, Err(place)),
                };
                let n = *by_ends.entry(ends).or_insert_with(|| {
                    let socks = BTreeSet::from([sock, peer.unwrap_or(sock)]);
                    self.all.push(Part { t: line.enter, socks, calls: Vec::new() });
                    self.all.len() - 1
                });
                self.all[n].t = self.all[n].t.min(line.enter);
                self.all[n].calls.push(call);
                own.push(n);
            }
            // The other calls on a socket with one conversation belong to it.
            own.dedup();
            if let [only] = own[..] {
                let rest = story.calls_on(sock).filter(|(_, line)| line.moved().is_none());
                self.all[only].calls.extend(rest.map(|(call, _)| call));
            }
        }
    }

    /// Gives each conversation its lines.
    fn give_out<'a>(self, lines: &[&'a Line]) -> Vec<Conversation<'a>> {
        let story = self.story;
        let mut parts = self.all;
        parts.sort_by_key(|part| (part.t, part.socks.first().copied()));
        let mut of_call: HashMap<Ev, usize> = HashMap::new();
        let mut of_sock: HashMap<SockId, Vec<usize>> = HashMap::new();
        for (n, part) in parts.iter().enumerate() {
            of_call.extend(part.calls.iter().map(|&call| (story.calls[call].ev, n)));
            // A listener is told with what came out of it: it says where the server is.
            let listeners = part.socks.iter().filter_map(|&sock| story.socks[sock].listener);
            for id in part.socks.iter().map(|&sock| story.socks[sock].sock).chain(listeners) {
                of_sock.entry(id).or_default().push(n);
            }
        }
        let mut all: Vec<Conversation<'a>> = parts
            .iter()
            .map(|part| Conversation {
                t: part.t,
                socks: part.socks.iter().map(|&sock| story.socks[sock].sock).collect(),
                lines: Vec::new(),
            })
            .collect();
        for line in lines {
            let owners: &[usize] = match line {
                Line::Meta(_) | Line::Proc(_) => {
                    for each in &mut all {
                        each.lines.push(line);
                    }
                    continue;
                }
                Line::Sock(sock) => of_sock.get(&sock.sock).map_or(&[], Vec::as_slice),
                Line::Gap(gap) => of_sock.get(&gap.sock).map_or(&[], Vec::as_slice),
                Line::Call(call) => of_call.get(&call.ev).map_or(&[], std::slice::from_ref),
                Line::Link(link) => of_call.get(&link.to).map_or(&[], std::slice::from_ref),
                Line::Note(note) => {
                    note.ev.and_then(|ev| of_call.get(&ev)).map_or(&[], std::slice::from_ref)
                }
                Line::End(_) | Line::Other(_) | _ => &[],
            };
            for &n in owners {
                all[n].lines.push(line);
            }
        }
        all
    }
}
