//! Programs with threads: what one of them does says nothing of the others.

use sock_record::{Call, CallKind, Line};

use crate::bench::Bench;

#[test]
fn a_thread_that_may_still_send_makes_no_deadlock() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("chat", &[]), bench.actor("chat_back", &[])];
    let traced = bench.trace(&["--live", "always"], &programs);
    assert_eq!(traced.printed().1, 0, "{}", traced.finished.stderr);
    let told = |line: &&Line| matches!(line, Line::Note(note) if note.code == "deadlock");
    assert_eq!(traced.lines.iter().find(told), None);
    let page = &traced.finished.stderr;
    assert!(!page.contains("deadlock") && page.contains("\"hi\""), "{page}");
}

#[test]
fn a_program_that_ends_while_its_threads_wait_has_ended_by_itself() {
    let Some(bench) = Bench::new() else { return };
    for ends in ["main", "another"] {
        let traced = bench.trace(&["-q"], &[bench.actor("leaves_threads", &[ends])]);
        assert_eq!(traced.is_whole().printed(), (String::new(), 0), "{}", traced.finished.stderr);
        let by = |call: &Call| call.args.more.get("by").cloned();
        let closes = traced.calls().filter(|call| call.call == CallKind::Close);
        let closes: Vec<&Call> = closes.filter(|call| by(call).is_some()).collect();
        assert_eq!(closes.len(), 5, "{closes:?}");
        assert!(closes.iter().all(|call| by(call).unwrap() == "exit"), "{closes:?}");
        // What the kernel tells of each, it told before anything was gone.
        let unread = |call: &Call| call.args.more.get("unread").and_then(serde_json::Value::as_u64);
        assert_eq!(closes.iter().filter(|call| unread(call).is_some()).count(), 4, "{closes:?}");
        assert_eq!(closes.iter().filter_map(|call| unread(call)).sum::<u64>(), 10, "{closes:?}");
    }
}

#[test]
fn the_end_of_one_who_shares_its_descriptors_closes_none_of_them() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["-q"], &[bench.actor("leaves_table", &[])]);
    let printed = ("from the child and after it\n".to_owned(), 0);
    assert_eq!(traced.is_whole().printed(), printed, "{}", traced.finished.stderr);
    let received = traced.calls().find(|call| call.call == CallKind::Recv).unwrap();
    let closes: Vec<&Call> = traced.calls().filter(|call| call.call == CallKind::Close).collect();
    let is_later = |call: &&Call| call.proc == received.proc && Some(call.enter) > received.exit;
    assert!(closes.len() == 2 && closes.iter().all(is_later), "{closes:?}");
}
