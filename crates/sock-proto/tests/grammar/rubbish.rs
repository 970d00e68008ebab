//! Rubbish: any call of a session at any time, for peers that exist and peers that do not.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use sock_proto::{By, Context, How, Kind, Limits, Link, Pauses, Peer, Reason};

use crate::ledger::Ledger;
use crate::player::{Act, Player, acts, peers, size};

#[derive(Debug, Clone)]
enum Call {
    Join,
    Open(u8, bool, bool),
    Data(u8, usize),
    Eof(u8),
    Closed(u8),
    Stop,
    Output(u8),
    Sent(u8, usize),
    Unsendable(u8),
    Stalled(u8),
    Command(u8),
    Dial,
    Active,
    Expired,
    Advance(u64),
    Tick,
    WantsRead(u8),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    limits: Limits,
    calls: bool,
    acts: Vec<Vec<Act>>,
    does: Vec<Call>,
}

fn millis() -> impl Strategy<Value = Duration> {
    (0..100_u64).prop_map(Duration::from_millis)
}

pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let pause = || prop_oneof![4 => Just(Duration::ZERO), 1 => millis()];
    let pauses = (pause(), pause(), pause());
    let pauses = pauses.prop_map(|(read, write, close)| Pauses { read, write, close });
    let wait = || prop::option::of(millis());
    (wait(), wait(), wait(), prop::bool::weighted(0.1), size(), pauses).prop_map(
        |(idle, linger, patience, reset, relayed, pauses)| Limits {
            idle,
            linger,
            patience,
            reset,
            relayed,
            pauses,
            ..Limits::default()
        },
    )
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    // The first peer is the busiest, or hardly a case would reach an end.
    let peer = || prop_oneof![2 => Just(0), 1 => 0..8_u8];
    let call = prop_oneof![
        2 => Just(Call::Join),
        6 => (peer(), any::<bool>(), any::<bool>()).prop_map(|(p, d, t)| Call::Open(p, d, t)),
        8 => (peer(), size()).prop_map(|(p, n)| Call::Data(p, n)),
        3 => peer().prop_map(Call::Eof),
        1 => peer().prop_map(Call::Closed),
        1 => Just(Call::Stop),
        4 => peer().prop_map(Call::Output),
        6 => (peer(), size()).prop_map(|(p, n)| Call::Sent(p, n)),
        1 => peer().prop_map(Call::Unsendable),
        2 => peer().prop_map(Call::Stalled),
        8 => peer().prop_map(Call::Command),
        2 => Just(Call::Dial),
        2 => Just(Call::Active),
        2 => Just(Call::Expired),
        2 => (0..60_u64).prop_map(Call::Advance),
        2 => Just(Call::Tick),
        2 => peer().prop_map(Call::WantsRead),
    ];
    (limits(), any::<bool>(), acts(), prop::collection::vec(call, 0..80))
        .prop_map(|(limits, calls, acts, does)| Case { limits, calls, acts, does })
}

pub(crate) fn run(case: &Case) -> TestCaseResult {
    let ledger = Arc::new(Ledger::default());
    let mut cx = Context::new(case.limits, Duration::ZERO, 1).observed_by(Some(ledger.clone()));
    let mut session = Player::session(case.acts.clone(), case.calls);
    let peers = peers();
    let peer = |n: u8| peers[usize::from(n)];
    let mut conn = 0;
    for call in &case.does {
        let now = cx.now;
        match *call {
            Call::Join => drop(session.join()),
            Call::Open(p, datagram, transient) => {
                conn += 1;
                let kind = if datagram { Kind::Datagram } else { Kind::Stream };
                let link = Link { kind, transient, ..Link::stream(conn) };
                session.open(peer(p), &link, &mut cx);
            }
            Call::Data(p, n) => session.data(peer(p), &vec![b'd'; n], now, &mut cx),
            Call::Eof(p) => session.eof(peer(p), &mut cx),
            Call::Closed(p) => {
                let was_open = session.is_open(peer(p));
                session.closed(peer(p), Reason { by: By::Peer, how: How::Reset }, &mut cx);
                prop_assert!(!was_open || !session.is_open(peer(p)));
            }
            Call::Stop => session.stop(&mut cx),
            Call::Output(p) => {
                let has = session.output(peer(p), &cx).is_some();
                prop_assert!(!has || session.is_open(peer(p)), "output of {:?}", peer(p));
            }
            Call::Sent(p, n) => session.sent(peer(p), n, now, &mut cx),
            Call::Unsendable(p) => session.unsendable(peer(p), "of chance", &mut cx),
            Call::Stalled(p) => session.stalled(peer(p), &mut cx),
            Call::Command(p) => drop(session.command(peer(p), &mut cx)),
            Call::Dial => drop(session.dial()),
            Call::Active => drop(session.active()),
            Call::Expired => drop(session.expired(&mut cx)),
            Call::Advance(ms) => cx.now = cx.now + Duration::from_millis(ms),
            Call::Tick => session.tick(&mut cx),
            Call::WantsRead(p) => {
                let wants = session.wants_read(peer(p), &cx);
                prop_assert!(!wants || session.is_open(peer(p)), "read of {:?}", peer(p));
            }
        }
        prop_assert_eq!(&session.protocol().wrong, &None);
    }
    // A protocol may dial while the peers are being closed.
    for _ in 0..40 {
        for &peer in peers.iter().chain(dialled(&mut session).iter()) {
            session.closed(peer, Reason { by: By::Us, how: How::Stop }, &mut cx);
            prop_assert!(session.output(peer, &cx).is_none(), "output after Closed");
            prop_assert!(
                !session.wants_read(peer, &cx) && session.command(peer, &mut cx).is_none()
            );
        }
    }
    prop_assert_eq!(&session.protocol().wrong, &None);
    let sums = ledger.sums();
    prop_assert_eq!(&sums.wrong, &None);
    prop_assert_eq!(sums.sent + sums.unsent + sums.noted, session.protocol().queued);
    Ok(())
}

fn dialled<P: sock_proto::Protocol>(session: &mut sock_proto::Session<P>) -> Vec<Peer> {
    std::iter::from_fn(|| session.dial()).map(|(peer, _)| peer).collect()
}
