//! How much is sent and answered: exactly.

use std::time::Duration;

use sock::load::{Length, Loader, Pace};
use sock::{Engine, Run, Server};
use sock_load::{Cause, Pacing};
use sock_proto::Kind;
use sock_proto::load::{Check, Direction, Message, Until};
use sock_proto::protocols::find;

use crate::rig::{Served, causes, check_sum, service};

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn checked(loader: Loader, service: &str, message: &str, kind: Kind) -> Loader {
    let message = Message::parse(message.as_bytes()).expect("a message");
    let row = find(service).expect("a row");
    let check = Check::of(row, &message, kind).expect("it can be checked");
    loader.message(message).check(check, service)
}

#[test]
fn a_number_of_messages_is_sent_and_answered_on_each_engine() {
    for engine in [Engine::Epoll, Engine::Select, Engine::Uring] {
        let served = Served::row("echo", "tcp:127.0.0.1:0");
        let report = served.loader().engine(engine).run().expect("it loads");
        assert_eq!((report.messages.sent, report.messages.replies), (1000, 1000), "{engine}");
        assert_eq!((report.bytes.out, report.bytes.back), (64_000, 64_000));
        let connections = report.connections;
        assert_eq!((connections.asked, connections.opened), (4, 4));
        assert_eq!((connections.peak, connections.open_at_end), (4, 4));
        assert_eq!(report.connect.as_ref().map(|connect| connect.count), Some(4));
        assert_eq!(causes(&report), []);
        let waited = report.told.engine.as_str();
        let is_refused = engine == Engine::Uring && waited == Engine::Epoll.name();
        assert!(waited == engine.name() || is_refused, "{engine}: {waited}");
        assert!(report.rate.is_some_and(|rate| rate > 0.0) && report.lateness.is_none());
        let here = report.cpu.server.expect("it is this very process");
        assert_eq!(here.pid, std::process::id());
        check_sum(&report);
    }
}

#[test]
fn the_generator_waits_with_rings_where_there_are_some() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let by_itself = served.loader().run().expect("it loads").told.engine;
    let asked = served.loader().engine(Engine::Uring).run().expect("it loads").told.engine;
    // Where the kernel refuses them both say so.
    assert_eq!(by_itself, asked);
    assert!(["uring", "epoll"].contains(&by_itself.as_str()), "{by_itself}");
}

#[test]
fn each_connection_opens_at_its_own_moment() {
    for engine in [Engine::Epoll, Engine::Select, Engine::Uring] {
        let served = Served::row("echo", "tcp:127.0.0.1:0");
        let report = served.loader().engine(engine).connections(64).run().expect("it loads");
        let connect = report.connect.expect("a stream connects");
        assert_eq!((connect.count, report.messages.replies), (64, 1000), "{engine}");
        let all = connect.histogram.expect("64 times");
        // One reading of the clock for all that open in one turn would make them one time.
        assert!(all.steps().count() > 8, "{engine}: {all:?}");
    }
}

#[test]
fn a_crowd_is_answered_to_the_last_message() {
    // Of a crowd replies may be taken several at a time; none is left behind, and few do not wait for more.
    for depth in [1, 4] {
        let served = Served::row("echo", "tcp:127.0.0.1:0");
        let loader = served.loader().connections(100).pace(Pace::Closed { depth });
        let report =
            checked(loader, "echo", "{n} of {conn}\n", Kind::Stream).run().expect("it loads");
        assert_eq!((report.messages.sent, report.messages.replies), (1000, 1000), "{depth}");
        assert_eq!((causes(&report), report.connections.open_at_end), (vec![], 100), "{depth}");
        check_sum(&report);
    }
}

#[test]
fn many_under_way_on_several_workers_are_checked_one_by_one() {
    let served = Served::row("upper", "tcp:127.0.0.1:0");
    let loader = served.loader().workers(2).pace(Pace::Closed { depth: 16 });
    let loader = checked(loader, "upper", "straße {n} of {conn}: {random:20}\n", Kind::Stream);
    let report = loader.run().expect("it loads");
    assert_eq!((report.messages.sent, report.messages.replies), (1000, 1000));
    assert_eq!(causes(&report), []);
    assert_eq!(report.told.service.as_deref(), Some("upper"));
    check_sum(&report);
}

#[test]
fn an_open_loop_sends_every_message_that_is_due() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let pace = Pace::Open { rate: 2000.0, most: u32::MAX };
    let loader = served.loader().pace(pace).length(Length::Time(ms(300))).warm_up(ms(50));
    let report = loader.run().expect("it loads");
    // In 300 ms, each of four connections at its own moments.
    assert_eq!(report.messages.due, Some(600));
    // A machine that gives us no core for a while may leave us no time to send, or to hear; that is told.
    let is_kept = report.verdict.lines.is_empty();
    let found = (report.messages.sent, report.messages.replies);
    assert!(!is_kept || found == (600, 600), "{report:?}");
    // Each of them left by itself, so that its lateness is the generator's own; but for those whose
    // connection opened after they were due.
    let late = report.lateness.as_ref().map_or(0, |late| late.count);
    assert!(late <= found.0 && (late > 0 || !is_kept), "{report:?}");
    assert_eq!(report.told.pacing, Pacing::Open { rate: 2000.0 });
    assert!(report.measured >= 300_000_000);
    check_sum(&report);
}

#[test]
fn a_number_of_messages_counts_from_when_all_are_open() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    for each in [false, true] {
        let loader = served.loader().connections(8).ramp(ms(200)).warm_up(ms(20));
        let report = loader.new_connection(each).length(Length::Messages(100)).run();
        let report = report.expect("it loads");
        assert_eq!((report.messages.sent, report.messages.replies), (100, 100), "{report:?}");
        // Whoever opens last asks as well.
        assert!(each || report.connections.peak == 8, "{report:?}");
        check_sum(&report);
    }
}

#[test]
fn a_number_at_a_rate_takes_as_long_as_that_says() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let pace = Pace::Open { rate: 50.0, most: u32::MAX };
    let report = served.loader().pace(pace).length(Length::Messages(10)).run().expect("it loads");
    assert_eq!((report.messages.due, report.messages.replies), (Some(10), 10));
    // Nine intervals lie between ten messages, and ten intervals are what they were asked to take.
    assert!(report.measured >= 200_000_000, "{report:?}");
    assert!(report.rate.is_some_and(|rate| rate <= 50.0), "{:?}", report.rate);
    check_sum(&report);
}

#[test]
fn a_time_is_measured_without_its_warm_up() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let loader = served.loader().length(Length::Time(ms(1200))).warm_up(ms(100)).ramp(ms(50));
    let mut seconds = 0;
    let report = loader.run_telling(&mut |_| seconds += 1).expect("it loads");
    assert_eq!(report.measured, 1_200_000_000);
    assert_eq!((report.timeline.len(), seconds), (1, 1));
    assert_eq!(report.messages.sent, report.messages.replies);
    assert_eq!(causes(&report), []);
    check_sum(&report);
}

#[test]
fn each_message_may_have_a_connection_of_its_own() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let loader = served.loader().new_connection(true).length(Length::Messages(50));
    let report = loader.run().expect("it loads");
    assert_eq!((report.messages.replies, report.connections.opened), (50, 50));
    assert_eq!(report.connect.as_ref().map(|connect| connect.count), Some(50));
    assert_eq!(causes(&report), []);

    // In an open loop too, where connecting is part of what is waited for.
    let pace = Pace::Open { rate: 500.0, most: 1 };
    let loader = served.loader().new_connection(true).pace(pace).length(Length::Time(ms(200)));
    let report = loader.run().expect("it loads");
    assert_eq!(report.messages.due, Some(100));
    // A machine that gave us no core for a while is told of, and then alone some were not sent.
    let is_kept = report.verdict.lines.is_empty();
    let found = (report.messages.replies, report.connections.opened);
    assert!(!is_kept || found == (100, 100), "{report:?}");
    check_sum(&report);
}

#[test]
fn a_reply_may_last_until_the_peer_ends() {
    let served = Served::row("greet", "tcp:127.0.0.1:0");
    let loader = checked(served.loader(), "greet", "", Kind::Stream);
    let report = loader.until(Until::Close).length(Length::Messages(40)).run().expect("it loads");
    assert_eq!((report.messages.replies, report.connections.opened), (40, 40));
    assert_eq!(report.bytes.back, 40 * 24);
    check_sum(&report);
}

#[test]
fn connections_that_never_had_a_reply_are_counted() {
    let one_by_one =
        Server::new(service("echo")).listen("tcp:127.0.0.1:0".parse().expect("an endpoint"));
    let served = Served::of(one_by_one.engine(Engine::Iterative).grace(ms(200)));
    let report = served.loader().length(Length::Time(ms(200))).grace(ms(100)).run();
    let report = report.expect("it loads");
    assert_eq!((report.connections.opened, report.connections.unheard), (4, 3));
    assert!(report.messages.replies > 0);
    let lines = &report.verdict.lines;
    assert!(
        lines.iter().any(|line| line.contains("3 of 4 connections had no reply before the end")),
        "{lines:?}"
    );
}

#[test]
fn connections_that_the_server_cuts_are_counted_and_when() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let its_run = served.run.clone();
    let loader = served.loader().length(Length::Time(Duration::from_secs(2))).grace(ms(100));
    let mut seconds = 0;
    let report = loader.run_telling(&mut |_| {
        seconds += 1;
        if seconds == 1 {
            // At once: whatever it owes is not sent.
            its_run.stop().ask();
            its_run.stop().ask();
        }
    });
    let report = report.expect("it loads");
    assert_eq!(report.connections.cut, 4, "{report:?}");
    let first = report.connections.first_cut.expect("a moment");
    assert!((900_000_000..2_000_000_000).contains(&first), "{first}");
    let lines = &report.verdict.lines;
    assert!(
        lines.iter().any(|line| line.starts_with("4 connections were cut by the server")),
        "{lines:?}"
    );
}

#[test]
fn a_load_ends_when_its_run_is_asked_to() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let run = Run::new();
    let loader = served.loader().within(run.clone()).length(Length::Time(Duration::from_hours(1)));
    let report = loader.run_telling(&mut |_| run.stop().ask()).expect("it loads");
    assert!(report.measured >= 1_000_000_000 && report.measured < 600_000_000_000);
    assert_eq!(report.messages.sent, report.messages.replies);
    assert!(report.verdict.lines.iter().any(|line| line.contains("stopped")), "{report:?}");
}

#[test]
fn bulk_counts_bytes_and_no_messages() {
    let served = Served::row("echo", "tcp:127.0.0.1:0");
    let loader = served.loader().pace(Pace::Bulk(Direction::Both)).length(Length::Time(ms(200)));
    let report = loader.run().expect("it loads");
    assert!(report.bytes.out >= report.bytes.back && report.bytes.back > 0, "{report:?}");
    assert_eq!((report.messages.sent, causes(&report).len()), (0, 0));
    let served = Served::row("chargen", "tcp:127.0.0.1:0");
    let loader = served.loader().pace(Pace::Bulk(Direction::Down)).length(Length::Time(ms(200)));
    let report = loader.run().expect("it loads");
    assert!(report.bytes.back > 0 && report.bytes.out == 0);
    assert_eq!(causes(&report), [] as [(Cause, u64); 0]);
}

#[test]
fn calls_come_from_each_source_in_turn() {
    let (told, seen) = std::sync::mpsc::channel();
    let endpoint = crate::rig::treats(move |stream| {
        let from = stream.peer_addr().expect("a peer").ip();
        let _ = told.send(from);
    });
    let sources = (1..=4).map(|n| [127, 0, 0, n].into()).collect();
    let loader = Loader::new(endpoint).connections(8).sources(sources);
    let report = loader.length(Length::Messages(8)).run().expect("it loads");
    assert!(report.connections.opened >= 8);
    let mut from: Vec<_> = seen.try_iter().take(8).collect();
    from.sort_unstable();
    from.dedup();
    assert_eq!(from.len(), 4, "{from:?}");
}
