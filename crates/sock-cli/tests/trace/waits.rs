//! Who waited, who gave up, and whom sock ended, as the picture says it.

use sock_record::{Call, CallKind, Line, Note, SockId};

use crate::bench::{Bench, Traced};

/// The notes that say whom sock ended.
fn stopped(traced: &Traced) -> Vec<&Note> {
    let notes = traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None });
    notes.filter(|note| note.code == "stopped").collect()
}

/// The socket that listened.
fn listener(traced: &Traced) -> Option<SockId> {
    traced.calls().find(|call| call.call == CallKind::Listen)?.sock
}

#[test]
fn a_server_that_would_go_on_for_ever_is_ended_by_sock_and_closes_nothing() {
    let Some(bench) = Bench::new() else { return };
    let names = ["--name", "server", "--name", "client"];
    let programs = [bench.actor("udp_upper", &[]), bench.actor("udp_client", &[])];
    let traced = bench.trace(&names, &programs);
    let [note] = stopped(&traced)[..] else { panic!("{:?}", traced.lines) };
    assert_eq!(
        note.text,
        "sock ended server here (SIGTERM): the last program had ended, and this one went on"
    );
    let close = traced.calls().find(|call| Some(call.ev) == note.ev).unwrap();
    assert_eq!(close.call, CallKind::Close);
    let page = &traced.finished.stderr;
    assert!(page.contains("│  ended by sock"), "{page}");
    assert!(page.contains("│  recv still waiting"), "{page}");
    assert!(page.contains("│  when sock ended it"), "{page}");
}

#[test]
fn who_does_not_obey_is_said_to_be_killed() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("stubborn", &[]), bench.actor("one", &[])]);
    let [note] = stopped(&traced)[..] else { panic!("{:?}", traced.lines) };
    assert!(note.text.contains(" here (SIGKILL): the last program had ended"), "{}", note.text);
}

#[test]
fn who_obeys_and_leaves_by_itself_was_asked_to() {
    let Some(bench) = Bench::new() else { return };
    let names = ["--name", "server", "--name", "client"];
    let traced = bench.trace(&names, &[bench.actor("obedient", &[]), bench.actor("one", &[])]);
    let [note] = stopped(&traced)[..] else { panic!("{:?}", traced.lines) };
    assert_eq!(
        note.text,
        "sock asked server to end here (SIGTERM): the last program had ended, and this one went on"
    );
    let asked = traced.calls().find(|call| Some(call.ev) == note.ev).unwrap();
    assert_eq!((&asked.call, asked.args.more.get("by")), (&CallKind::Close, None));
    assert!(asked.sock != listener(&traced), "a connection says more than a listener");
    let Some(Line::End(end)) = traced.lines.last() else { panic!("{:?}", traced.lines) };
    assert_eq!(end.exit, [Some(0), Some(0)]);
    assert!(traced.finished.stderr.contains("sock asked server"), "{}", traced.finished.stderr);
}

#[test]
fn a_child_is_ended_by_sock_like_its_parent() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("child_serves", &[]), bench.actor("one", &[])];
    let traced = bench.trace(&[], &programs);
    let notes = stopped(&traced);
    let ends = traced.calls().filter(|call| call.args.more.contains_key("by"));
    let [end] = ends.collect::<Vec<_>>()[..] else { panic!("{:?}", traced.lines) };
    let note = notes.iter().find(|note| note.ev == Some(end.ev)).unwrap();
    assert!(note.text.contains(" here (SIGTERM): the last program had ended"), "{notes:?}");
    let children: Vec<_> = traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Proc(proc) = line { Some(proc) } else { None })
        .filter(|proc| proc.how == "fork".into())
        .map(|proc| proc.proc)
        .collect();
    assert_eq!(children, [end.proc]);
}

#[test]
fn when_the_time_is_over_sock_ends_them_all() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("mute", &[]), bench.actor("listen_back", &[])];
    let traced = bench.trace(&["--timeout", "1s"], &programs);
    let notes = stopped(&traced);
    assert_eq!(notes.len(), 2, "{:?}", traced.lines);
    let over = |note: &&Note| note.text.ends_with("the time that --timeout gives was over");
    assert!(notes.iter().all(over), "{notes:?}");
}

#[test]
fn who_gave_up_has_a_row() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("gives_up", &[])];
    let traced = bench.trace(&["--live", "always"], &programs);
    assert_eq!(traced.printed(), ("nobody\n".to_owned(), 0));
    let page = &traced.finished.stderr;
    assert_eq!(page.matches("recv gave up").count(), 2, "live and at the end: {page}");
    assert!(page.contains("nothing came") && page.contains("[timed-out]"), "{page}");
}

#[test]
fn a_wait_for_what_is_no_socket_leaves_no_number_out() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("waits_for_no_socket", &[])]);
    assert_eq!(traced.is_whole().calls().filter(|call| call.call == CallKind::Send).count(), 3);
    assert_eq!(traced.calls().filter(|call| call.call == CallKind::Wait).count(), 0);
}

#[test]
fn a_wait_that_a_signal_ended_has_a_row_and_its_signal() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("alarmed", &[])]);
    assert_eq!(traced.is_whole().printed(), ("late\n".to_owned(), 128 + 14));
    let is_alarmed = |call: &&Call| call.args.more.get("signal").is_some_and(|s| s == "SIGALRM");
    let alarmed: Vec<_> =
        traced.calls().filter(is_alarmed).map(|call| (&call.call, call.err.as_deref())).collect();
    let (eintr, recv) = (Some("EINTR"), &CallKind::Recv);
    let expected = [
        (recv, eintr),
        (&CallKind::Accept, eintr),
        (&CallKind::Wait, eintr),
        (recv, eintr),
        (recv, None),
    ];
    assert_eq!(alarmed, expected);
    let page = &traced.finished.stderr;
    for row in ["recv EINTR", "accept EINTR", "select EINTR", "when SIGALRM came"] {
        assert!(page.contains(row), "{row}: {page}");
    }
    assert_eq!(page.matches("(SIGALRM)").count(), 4, "{page}");
    // It ended of the last, which it did not catch.
    assert_eq!(page.matches("ended by SIGALRM").count(), 3, "two sockets and the program: {page}");
}
