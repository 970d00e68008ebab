//! Who waited, who gave up, and whom sock ended, as the picture says it.

use sock_record::{CallKind, Line, Note};

use crate::bench::{Bench, Traced};

/// The notes that say whom sock ended.
fn stopped(traced: &Traced) -> Vec<&Note> {
    let notes = traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None });
    notes.filter(|note| note.code == "stopped").collect()
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
