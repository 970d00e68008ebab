//! Several recordings made one, such as those of both ends of a conversation.
//!
//! Each recording counts its processes, sockets and calls from 1, and its time from its own beginning. In one record
//! all of them need numbers that no other has, and one time.

use crate::call::Ev;
use crate::clock::{self, Clock};
use crate::line::{End, Level, Line, Link, Note};
use crate::who::{Meta, ProcId, SockId};

/// Takes lines apart where a `meta` line begins another recording, as in files that were put one behind the other.
///
/// # Examples
///
/// ```
/// use sock_record::{Line, Meta, Proc, ProcId, split};
///
/// let one = [Line::from(Meta::new("serve")), Proc::new(ProcId(1), "serve", 0).into()];
/// let other = [Line::from(Meta::new("send"))];
/// assert_eq!(split([one.as_slice(), &other].concat()), [one.to_vec(), other.to_vec()]);
/// ```
#[must_use]
pub fn split(lines: impl IntoIterator<Item = Line>) -> Vec<Vec<Line>> {
    let mut all: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match all.last_mut() {
            Some(last) if !matches!(line, Line::Meta(_)) => last.push(line),
            _ => all.push(vec![line]),
        }
    }
    all
}

/// Makes several recordings one record: one `meta`, the lines of each in turn, one `end`.
///
/// - **Numbers** of processes, sockets and calls are given anew, in their old order, so that none stands for two.
/// - **Times** count from the earliest `t0`. The clocks of two recordings may disagree; where both hold ends of the same
///   connection, the later one in the list is shifted as little as is needed for nothing to arrive before it was sent.
///   A note says so when that is a millisecond or more, or when a recording does not say when it began.
/// - **Lines of an unknown type** are kept as they are, numbers and all.
///
/// One recording alone stays as it is.
///
/// # Examples
///
/// ```
/// use sock_record::{Call, CallKind, Ev, Line, Meta, ProcId, merge};
///
/// let recording = |source: &str, t0: u64| {
///     let meta = Meta { t0_unix_ns: Some(t0), ..Meta::new(source) };
///     vec![Line::from(meta), Call::new(Ev(1), ProcId(1), CallKind::Send, 5).into()]
/// };
/// let merged = merge([recording("serve", 1_000), recording("send", 1_200)]);
/// let calls: Vec<_> = merged
///     .iter()
///     .filter_map(|line| if let Line::Call(call) = line { Some((call.ev.0, call.proc.0, call.enter)) } else { None })
///     .collect();
/// assert_eq!(calls, [(1, 1, 5), (2, 2, 205)]);
/// ```
#[must_use]
pub fn merge(recordings: impl IntoIterator<Item = Vec<Line>>) -> Vec<Line> {
    let mut all: Vec<Vec<Line>> = recordings.into_iter().filter(|one| !one.is_empty()).collect();
    if all.len() < 2 {
        return all.pop().unwrap_or_default();
    }
    let clocks = clock::clocks(&all);
    let start = clocks.iter().map(|clock| clock.t0).min().unwrap_or(0);
    let is_told = clocks.iter().any(|clock| clock.told);

    let (mut metas, mut notes, mut lines, mut ends) = (vec![], vec![], vec![], vec![]);
    let mut used = Numbers::default();
    for (n, (mut recording, clock)) in all.into_iter().zip(clocks).enumerate() {
        let numbers = Numbers::of(&mut recording);
        let shift = u64::try_from(clock.t0 - start).unwrap_or(u64::MAX);
        let mut name = format!("recording {}", n + 1);
        for mut line in recording {
            numbers.renumber(&mut line, &used);
            times(&mut line, |t| *t = t.saturating_add(shift));
            match line {
                Line::Meta(meta) => {
                    name = format!("recording {} ({})", n + 1, meta.source);
                    metas.push(meta);
                }
                Line::End(end) => ends.push(end),
                line @ (Line::Proc(_)
                | Line::Sock(_)
                | Line::Call(_)
                | Line::Link(_)
                | Line::Note(_)
                | Line::Gap(_)
                | Line::Other(_)) => lines.push(line),
            }
        }
        notes.extend(remark(&clock, &name).map(Line::from));
        used.add(&numbers);
    }
    let t0 = u64::try_from(start).ok().filter(|_| is_told);
    let meta = one_meta(&metas, t0).map(Line::from);
    let end = one_end(&ends).map(Line::from);
    meta.into_iter().chain(notes).chain(lines).chain(end).collect()
}

fn one_meta(metas: &[Meta], t0_unix_ns: Option<u64>) -> Option<Meta> {
    let first = metas.first()?;
    let mut sources: Vec<&str> = Vec::new();
    for meta in metas {
        if !sources.contains(&&*meta.source) {
            sources.push(&meta.source);
        }
    }
    // What they do not agree on is not known of the whole.
    let agree = |same: fn(&Meta, &Meta) -> bool| metas.iter().all(|meta| same(first, meta));
    Some(Meta {
        backend: first.backend.clone().filter(|_| agree(|a, b| a.backend == b.backend)),
        kernel: first.kernel.clone().filter(|_| agree(|a, b| a.kernel == b.kernel)),
        t0_unix_ns,
        hold_us: first.hold_us.filter(|_| agree(|a, b| a.hold_us == b.hold_us)),
        preview: metas.iter().filter_map(|meta| meta.preview).min(),
        ..Meta::new(sources.join(", "))
    })
}

fn one_end(ends: &[End]) -> Option<End> {
    Some(End {
        t: ends.iter().map(|end| end.t).max()?,
        exit: ends.iter().flat_map(|end| end.exit.iter().copied()).collect(),
        dropped: ends.iter().fold(0, |sum, end| sum.saturating_add(end.dropped)),
    })
}

/// From here on a correction is said: two clocks that a busy machine reads one after the other are less apart.
const WORTH_SAYING: i128 = 1_000_000;

fn remark(clock: &Clock, name: &str) -> Option<Note> {
    let text = if clock.told {
        let moved = Some(clock.moved).filter(|moved| moved.abs() >= WORTH_SAYING)?;
        let (us, way) = (moved.abs() / 1_000, if moved > 0 { "later" } else { "earlier" });
        let (ms, us) = (us / 1_000, us % 1_000);
        format!(
            "{name} is shown {ms}.{us:03} ms {way} than its clock says: \
             otherwise something would arrive before it was sent"
        )
    } else {
        format!("{name} does not say when it began: where it stands beside the others is a guess")
    };
    Some(Note { ev: None, code: "clock".into(), level: Level::Info, text })
}

/// The numbers that a recording uses, sorted, each once; or how many are used already.
#[derive(Default)]
struct Numbers {
    procs: Vec<u32>,
    socks: Vec<u32>,
    evs: Vec<u64>,
}

/// A place in a line that holds a number.
enum Number<'a> {
    Proc(&'a mut ProcId),
    Sock(&'a mut SockId),
    Ev(&'a mut Ev),
}

impl Numbers {
    fn of(lines: &mut [Line]) -> Self {
        let mut all = Self::default();
        for line in lines {
            numbers(line, |number| match number {
                Number::Proc(id) => all.procs.push(id.0),
                Number::Sock(id) => all.socks.push(id.0),
                Number::Ev(id) => all.evs.push(id.0),
            });
        }
        sort(&mut all.procs);
        sort(&mut all.socks);
        sort(&mut all.evs);
        all
    }

    /// Gives the numbers of a line those that follow the ones in use.
    fn renumber(&self, line: &mut Line, used: &Self) {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        numbers(line, |number| match number {
            Number::Proc(id) => id.0 = short(new(&self.procs, &id.0, used.procs.len())),
            Number::Sock(id) => id.0 = short(new(&self.socks, &id.0, used.socks.len())),
            Number::Ev(id) => id.0 = new(&self.evs, &id.0, used.evs.len()) as u64,
        });
    }

    /// Counts the numbers of another recording as used. Only how many there are matters from then on.
    fn add(&mut self, other: &Self) {
        self.procs.extend(&other.procs);
        self.socks.extend(&other.socks);
        self.evs.extend(&other.evs);
    }
}

fn sort<T: Ord>(numbers: &mut Vec<T>) {
    numbers.sort_unstable();
    numbers.dedup();
}

fn new<T: Ord>(sorted: &[T], old: &T, used: usize) -> usize {
    used + 1 + sorted.partition_point(|each| each < old)
}

/// Visits every number that a line holds.
fn numbers(line: &mut Line, mut visit: impl FnMut(Number<'_>)) {
    match line {
        Line::Proc(proc) => visit(Number::Proc(&mut proc.proc)),
        Line::Sock(sock) => {
            visit(Number::Sock(&mut sock.sock));
            for other in [&mut sock.listener, &mut sock.mate].into_iter().flatten() {
                visit(Number::Sock(other));
            }
        }
        Line::Call(call) => {
            visit(Number::Ev(&mut call.ev));
            visit(Number::Proc(&mut call.proc));
            call.sock.iter_mut().for_each(|sock| visit(Number::Sock(sock)));
        }
        Line::Link(Link { from, to, .. }) => {
            visit(Number::Ev(from));
            visit(Number::Ev(to));
        }
        Line::Note(note) => note.ev.iter_mut().for_each(|ev| visit(Number::Ev(ev))),
        Line::Gap(gap) => visit(Number::Sock(&mut gap.sock)),
        Line::Meta(_) | Line::End(_) | Line::Other(_) => {}
    }
}

/// Visits every time that a line holds.
fn times(line: &mut Line, mut visit: impl FnMut(&mut u64)) {
    match line {
        Line::Proc(proc) => visit(&mut proc.t),
        Line::Sock(sock) => visit(&mut sock.t),
        Line::Call(call) => {
            visit(&mut call.enter);
            call.exit.iter_mut().for_each(visit);
        }
        Line::End(end) => visit(&mut end.t),
        Line::Meta(_) | Line::Link(_) | Line::Note(_) | Line::Gap(_) | Line::Other(_) => {}
    }
}
