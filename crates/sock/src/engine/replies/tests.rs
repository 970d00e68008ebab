//! Replies against a kernel that takes some, refuses others and at times takes nothing.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use sock_proto::{
    By, Event, How, Input, Interest, Link, Observer, Out, Peer, Protocol, Session, What,
};

use super::*;

/// What a conversation was told of, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Sent(u64, Vec<u8>),
    Unsendable(u64),
    Closed(u64, How, u64, u64),
}

#[derive(Default)]
struct Ears(Mutex<Vec<Told>>);

impl Observer for Ears {
    fn event(&self, event: &Event<'_>) {
        let told = match &event.what {
            What::Sent { bytes, .. } => Told::Sent(event.conn, bytes.to_vec()),
            What::Note { code: "unsendable", .. } => Told::Unsendable(event.conn),
            What::Closed { reason, sent, unsent, .. } => {
                Told::Closed(event.conn, reason.how, *sent, *unsent)
            }
            What::Note { .. }
            | What::Open { .. }
            | What::Received { .. }
            | What::Eof
            | What::Finished
            | What::Listening { .. }
            | What::Request { .. }
            | What::Stopped { .. } => return,
        };
        self.0.lock().unwrap().push(told);
    }

    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

/// Says what it hears.
struct Repeat;

impl Protocol for Repeat {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if let Input::Data(bytes) = input {
            out.send(bytes);
        }
    }
}

/// What the kernel makes of one call.
#[derive(Debug, Clone, Copy)]
enum Kernel {
    Takes(usize),
    IsFull,
    IsInterrupted,
    RefusesTrains,
    Refuses,
    FindsNobody,
}

fn kernel() -> impl Strategy<Value = Kernel> {
    prop_oneof![
        4 => (1..20_usize).prop_map(Kernel::Takes),
        1 => Just(Kernel::IsFull),
        1 => Just(Kernel::IsInterrupted),
        2 => Just(Kernel::RefusesTrains),
        1 => Just(Kernel::Refuses),
        1 => Just(Kernel::FindsNobody),
    ]
}

/// One datagram that came: from whom, and the sizes of what is answered.
fn talks() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    let size = prop_oneof![Just(0_usize), Just(9), Just(10), 1..2000_usize, Just(33_000)];
    let replies = prop_oneof![
        6 => size.clone().prop_map(|size| vec![size]),
        1 => prop::collection::vec(size, 0..5),
    ];
    prop::collection::vec((0..3_usize, replies), 0..150)
}

/// Everything that left, as datagrams: to whom, and which bytes.
type Left = Vec<(usize, Vec<u8>)>;

fn cut(bytes: &[u8], parcel: &Parcel, left: &mut Left) {
    let whole = &bytes[parcel.start..parcel.end];
    match parcel.segment {
        None => left.push((parcel.message, whole.to_vec())),
        Some(size) => {
            let size = usize::from(size);
            assert!(whole.len() <= TRAIN && whole.len().div_ceil(size) <= SEGMENTS);
            assert!(whole.len() > size, "a train of one");
            left.extend(whole.chunks(size).map(|datagram| (parcel.message, datagram.to_vec())));
        }
    }
}

fn letters(conn: u64, size: usize) -> Vec<u8> {
    vec![conn.to_le_bytes()[0]; size]
}

/// The replies of each conversation are its number, again and again.
fn gather(talks: &[(usize, Vec<usize>)], cx: &mut Context) -> Replies {
    let mut replies = Replies::default();
    let mut session = Session::answer(Repeat);
    for (conn, (message, sizes)) in (1_u64..).zip(talks) {
        session.open(Peer::FIRST, &Link::datagram(conn), cx);
        let now = cx.now;
        for size in sizes {
            session.data(Peer::FIRST, &letters(conn, *size), now, cx);
        }
        replies.gather(|bytes| session.take(Peer::FIRST, bytes, cx));
        let parting = session.part(Peer::FIRST, cx).unwrap();
        replies.part(parting, *message, true);
    }
    replies
}

proptest! {
    /// Whatever the kernel does, each reply leaves once and in order, or is told not to; what it
    /// refuses is nobody else's trouble; and each conversation is told its own story, with its end.
    #[test]
    fn nothing_is_lost_or_sent_twice(
        talks in talks(),
        kernel in prop::collection::vec(kernel(), 0..60),
        drops in any::<bool>(),
    ) {
        let ears = Arc::new(Ears::default());
        let mut cx = Context::default().observed_by(Some(Arc::clone(&ears) as _));
        let mut replies = gather(&talks, &mut cx);
        ears.0.lock().unwrap().clear();
        let full = if drops { Full::Drops } else { Full::Waits };
        let mut left = Left::new();
        let mut kernel = kernel.into_iter();
        let mut attempts = 0;
        loop {
            attempts += 1;
            prop_assert!(attempts < 100, "it comes to an end");
            let flushed = replies.flush(full, &mut cx, |cx| cx.now, |bytes, parcels| {
                assert!(!parcels.is_empty() && parcels.len() <= MANY);
                let is_train = parcels[0].segment.is_some();
                match kernel.next().unwrap_or(Kernel::Takes(usize::MAX)) {
                    Kernel::Takes(n) => {
                        let taken = &parcels[..n.min(parcels.len())];
                        for parcel in taken {
                            cut(bytes, parcel, &mut left);
                        }
                        Ok(taken.len())
                    }
                    Kernel::IsFull => Err(Errno::AGAIN),
                    Kernel::IsInterrupted => Err(Errno::INTR),
                    Kernel::RefusesTrains if is_train => Err(Errno::IO),
                    Kernel::RefusesTrains => Err(Errno::NOBUFS),
                    Kernel::Refuses => Err(Errno::MSGSIZE),
                    Kernel::FindsNobody => Err(Errno::CONNREFUSED),
                }
            });
            if flushed == Flushed::All {
                break;
            }
            prop_assert_eq!(full, Full::Waits, "nobody waits for a receiver on this machine");
        }
        prop_assert!(replies.is_empty());

        let told = std::mem::take(&mut *ears.0.lock().unwrap());
        let mut heard = told.iter();
        let mut left = left.into_iter();
        for (conn, (message, sizes)) in (1_u64..).zip(&talks) {
            let (mut sent, mut unsent) = (0, 0);
            let mut is_refused = false;
            let mut next = heard.next().unwrap();
            for size in sizes {
                match next {
                    Told::Sent(who, bytes) => {
                        prop_assert_eq!((*who, bytes), (conn, &letters(conn, *size)));
                        let gone = left.next().unwrap();
                        prop_assert_eq!(&gone.0, message);
                        prop_assert_eq!(&gone.1, bytes);
                        sent += *size as u64;
                    }
                    Told::Unsendable(who) => prop_assert_eq!(*who, conn),
                    // Its receiver has gone: the rest is not sent.
                    Told::Closed(..) => {
                        is_refused = true;
                        unsent += *size as u64;
                        continue;
                    }
                }
                next = heard.next().unwrap();
            }
            let how = if is_refused { How::Refused } else { How::Fin };
            prop_assert_eq!(next, &Told::Closed(conn, how, sent, unsent));
        }
        prop_assert!(heard.next().is_none() && left.next().is_none());
    }

    /// A kernel that takes everything is given as few parcels as there can be.
    #[test]
    fn what_lies_side_by_side_leaves_as_one(count in 1..500_usize, size in 1..3000_usize) {
        let mut cx = Context::default();
        let talks = vec![(7, vec![size]); count];
        let mut replies = gather(&talks, &mut cx);
        let mut parcels_sent = 0;
        let flushed = replies.flush(Full::Waits, &mut cx, |cx| cx.now, |_, parcels| {
            parcels_sent += parcels.len();
            Ok(parcels.len())
        });
        prop_assert_eq!(flushed, Flushed::All);
        prop_assert_eq!(parcels_sent, count.div_ceil(SEGMENTS.min(TRAIN / size)));
        prop_assert_eq!(cx.tally.sent, (count * size) as u64);
    }
}

/// A port that closes owes nothing any more, and says of each conversation what did not leave.
#[test]
fn what_is_given_up_is_told() {
    let ears = Arc::new(Ears::default());
    let mut cx = Context::default().observed_by(Some(Arc::clone(&ears) as _));
    let mut replies = gather(&[(0, vec![5]), (1, vec![6, 7]), (2, vec![])], &mut cx);
    let mut calls = 0;
    let flushed = replies.flush(
        Full::Waits,
        &mut cx,
        |cx| cx.now,
        |_, _| {
            calls += 1;
            if calls == 1 { Ok(1) } else { Err(Errno::AGAIN) }
        },
    );
    assert_eq!(flushed, Flushed::Blocked);
    replies.give_up(Reason { by: By::Us, how: How::Stop }, &mut cx);
    assert!(replies.is_empty());
    let told = std::mem::take(&mut *ears.0.lock().unwrap());
    let ends: Vec<&Told> = told.iter().filter(|told| matches!(told, Told::Closed(..))).collect();
    let expected = [
        &Told::Closed(1, How::Fin, 5, 0),
        &Told::Closed(2, How::Stop, 0, 13),
        &Told::Closed(3, How::Fin, 0, 0),
    ];
    assert_eq!(ends, expected);
}
