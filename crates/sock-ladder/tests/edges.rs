//! What is at the edge of a conversation: resets that are met later, places that are not there, signals, urgent bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, Live, mermaid, pair, svg, text};
use sock_record::{
    CallKind, Dir, End, Family, Interval, Kind, Line, LinkKind, Origin, Proc, ProcHow, ProcId,
    SockId,
};
use tape::{CLIENT, SERVER, Tape};

fn page(lines: &[Line]) -> String {
    text(lines, &Drawing { width: 100, ..Drawing::default() })
}

fn live(lines: &[Line]) -> String {
    let mut live = Live::new(&Drawing { width: 100, ..Drawing::default() });
    for told in lines {
        let mut told = told.clone();
        if let Line::Sock(sock) = &mut told
            && sock.peer.is_some()
        {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
        live.hear(&told);
    }
    live.take()
}

#[test]
fn a_reset_stands_where_it_is_met_and_not_before() {
    let mut tape = Tape::connected(7);
    tape.close(SERVER, 2, 100);
    tape.send(CLIENT, 1, 200_000, b"a");
    tape.call(CLIENT, CallKind::Send, 1, 900_000, 900_050, Err("EPIPE")).dir = Some(Dir::Out);
    let page = page(&tape.lines);
    let row = |word: &str| page.lines().find(|row| row.contains(word)).unwrap();
    assert!(row("EPIPE").starts_with("900.0") && row("EPIPE").contains("╳"), "{page}");
    // It came as the answer to a send, long before: its two halves bear a number.
    assert!(row("RST").starts_with("200.0") && row("RST").contains("(1)"), "{page}");
    assert!(row("EPIPE").contains("(1)") && !row("RST").contains("EPIPE"), "{page}");
}

/// A connect of a unix socket to a path that is not there.
fn nowhere(path: &str) -> Vec<Line> {
    let mut tape = Tape::connected(7);
    let sock = tape.sock(8, Kind::Stream, Origin::Socket, 70);
    sock.family = Family::Unix;
    tape.call(CLIENT, CallKind::Connect, 8, 80, 90, Err("ENOENT")).args.addr = Some(path.into());
    tape.close(CLIENT, 8, 95);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.lines
}

#[test]
fn a_place_that_is_not_there_refuses_nothing_and_has_no_lane() {
    let lines = nowhere("/tmp/none.sock");
    for drawn in [page(&lines), live(&lines), mermaid(&lines, &Drawing::default())] {
        assert!(drawn.contains("connect ENOENT"), "{drawn}");
        assert!(!drawn.contains("refused") && !drawn.contains("/tmp/none.sock"), "{drawn}");
    }
    assert!(!svg(&lines, &Drawing::default()).contains("/tmp/none.sock"));
}

#[test]
fn what_the_c_library_asks_for_itself_is_not_the_programs() {
    let lines = nowhere("/var/run/nscd/socket");
    for drawn in [page(&lines), live(&lines)] {
        assert!(!drawn.contains("ENOENT"), "{drawn}");
    }
    assert!(!page(&lines).contains("close"), "{}", page(&lines));
    let all = text(&lines, &Drawing { width: 100, all_calls: true, ..Drawing::default() });
    assert!(all.contains("connect ENOENT"), "{all}");
}

#[test]
fn a_program_that_sigpipe_ended_is_said_to_be() {
    let ended = |status: i32| {
        let mut tape = Tape::connected(7);
        tape.close(SERVER, 2, 100);
        tape.call(CLIENT, CallKind::Send, 1, 300, 310, Err("EPIPE")).dir = Some(Dir::Out);
        tape.close(CLIENT, 1, 320).args.more.insert("by".into(), json!("exit"));
        tape.lines.push(End { t: 400_000, exit: vec![Some(status), Some(0)], dropped: 0 }.into());
        page(&tape.lines)
    };
    assert!(ended(141).contains("ended by SIGPIPE"), "{}", ended(141));
    let other = ended(1);
    assert!(!other.contains("SIGPIPE") && other.contains("exit"), "{other}");
    // What the tracer knows of a close says more than that it was the end.
    let mut tape = Tape::connected(7);
    let args = &mut tape.close(CLIENT, 1, 320).args;
    args.more.insert("by".into(), json!("kill"));
    assert!(page(&tape.lines).contains("killed"), "{}", page(&tape.lines));
    let mut tape = Tape::connected(7);
    let args = &mut tape.close(CLIENT, 1, 320).args;
    args.more.insert("by".into(), json!("kill"));
    args.more.insert("by_signal".into(), json!("SIGKILL"));
    assert!(page(&tape.lines).contains("ended by SIGKILL"), "{}", page(&tape.lines));
    // A child has no status in the record, but the tracer saw the signal.
    let mut tape = Tape::connected(7);
    tape.call(CLIENT, CallKind::Send, 1, 300, 310, Err("EPIPE")).dir = Some(Dir::Out);
    tape.note("sigpipe", "SIGPIPE came with EPIPE and ended client");
    let Some(Line::Note(note)) = tape.lines.last_mut() else { panic!("no note") };
    note.level = sock_record::Level::Warn;
    tape.close(CLIENT, 1, 320).args.more.insert("by".into(), json!("exit"));
    assert!(page(&tape.lines).contains("ended by SIGPIPE"), "{}", page(&tape.lines));
}

#[test]
fn an_end_arrives_before_the_reset_that_answers_what_came_after_it() {
    let mut tape = Tape::connected(7);
    tape.close(SERVER, 2, 700);
    tape.send(CLIENT, 1, 300_000, b"too late");
    tape.call(CLIENT, CallKind::Send, 1, 600_000, 600_010, Err("EPIPE")).dir = Some(Dir::Out);
    tape.close(CLIENT, 1, 600_020);
    tape.end(700_000);
    let drawn = svg(&tape.lines, &Drawing::default());
    let document = roxmltree::Document::parse(&drawn).unwrap();
    // From where to where an arrow goes down the page.
    let heights = |class: &str| {
        let arrow = document.descendants().find(|node| node.attribute("class") == Some(class));
        let line = arrow.and_then(|arrow| arrow.first_element_child()).unwrap();
        ["y1", "y2"].map(|name| line.attribute(name).unwrap().parse::<f64>().unwrap())
    };
    let (end, reset) = (heights("arrow fin"), heights("arrow reset"));
    assert!(end[0] <= end[1] && end[1] < reset[0] && reset[0] < reset[1], "{drawn}");
}

/// Each process forks the next one, says a word on what all of them share, and ends: so do programs that fork without end.
#[test]
fn a_long_chain_of_forks_is_one_lane_and_takes_no_minutes() {
    /// Looking for each one's parent, of all its forebears, among all of them: 27,000,000,000 looks.
    const LONG: u32 = 3_000;
    let mut tape = Tape::connected(7);
    for id in 3..LONG {
        let parent = if id == 3 { CLIENT } else { id - 1 };
        let [pid, by] = [100 + id, 100 + parent].map(Some);
        let name = Proc::new(ProcId(id), "chain", 100 + u64::from(id));
        tape.lines.push(Proc { pid, ppid: by, how: ProcHow::Fork, ..name }.into());
        let t = 100 + u64::from(id) * 10;
        tape.send(id, 1, t, b"x");
        tape.close(id, 1, t + 5)
            .args
            .more
            .insert("held_by".into(), json!([{ "proc": id + 1, "fd": 3 }]));
    }
    let page = page(&tape.lines);
    assert!(
        page.contains(&format!("{} forks", LONG - 4)),
        "{}",
        page.lines().take(9).collect::<String>()
    );
}

/// How many it takes to see that each looks at all the others: 400,000,000 looks.
const THOUSANDS: u32 = 20_000;

#[test]
fn thousands_of_datagrams_to_nobody_take_no_minutes() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    tape.udp(1, "127.0.0.1:40000");
    for n in 0..THOUSANDS {
        let send = tape.send(CLIENT, 1, u64::from(n) * 10, b"x");
        send.args.addr = Some(format!("127.0.0.1:{}", 10_000 + n).into());
    }
    let notes = sock_ladder::explain(&tape.lines);
    let lost = notes.iter().filter(|note| note.code == "nobody-bound").count();
    assert_eq!(lost, THOUSANDS as usize);
}

#[test]
fn thousands_of_urgent_bytes_take_no_minutes() {
    let mut tape = Tape::connected(7);
    for kind in [CallKind::Send, CallKind::Recv] {
        for n in 0..THOUSANDS {
            let (who, sock) = if kind == CallKind::Send { (CLIENT, 1) } else { (SERVER, 2) };
            let t = 100 + u64::from(n) * 20 + u64::from(sock) * 5;
            let call = tape.call(who, kind.clone(), sock, t, t + 1, Ok(1));
            (call.dir, call.args.flags) = (None, vec!["MSG_OOB".into()].into());
        }
    }
    let links = pair(&tape.lines).links;
    let urgent = links.iter().filter(|paired| paired.link.kind == LinkKind::Bytes).count();
    assert_eq!(urgent, THOUSANDS as usize);
}

/// Sends 5 bytes, 3 urgent ones and 5 more; the receiver takes them as the kernel gives them.
fn urgent(inline: bool) -> Vec<Line> {
    let mut tape = Tape::connected(7);
    if inline {
        let option = tape.call(SERVER, CallKind::Setsockopt, 2, 70, 71, Ok(0));
        option.args.more.insert("name".into(), json!("SO_OOBINLINE"));
    }
    // As a tracer counts, which has no bytes of the urgent ones.
    tape.send(CLIENT, 1, 100, b"hello").off = Some(Interval::at(0, 5));
    let oob = tape.call(CLIENT, CallKind::Send, 1, 200, 210, Ok(3));
    (oob.dir, oob.args.flags) = (None, vec!["MSG_OOB".into()].into());
    tape.send(CLIENT, 1, 300, b"world").off = Some(Interval::at(5, 5));
    let first: &[u8] = if inline { b"helloxyz" } else { b"helloxy" };
    let at = first.len() as u64;
    tape.recv(SERVER, 2, 400, 410, first).off = Some(Interval::at(0, at));
    if !inline {
        let oob = tape.call(SERVER, CallKind::Recv, 2, 420, 430, Ok(1));
        (oob.dir, oob.args.flags) = (None, vec!["MSG_OOB".into()].into());
    }
    tape.recv(SERVER, 2, 440, 450, b"world").off = Some(Interval::at(at, 5));
    tape.lines
}

#[test]
fn of_urgent_bytes_the_last_is_beside_the_stream_and_the_others_are_in_it() {
    let found = |lines: &[Line]| {
        let links = pair(lines).links.into_iter().map(|paired| paired.link);
        let bytes = links.filter(|link| link.kind == LinkKind::Bytes);
        let plain = bytes.map(|link| {
            assert_eq!(link.how.as_str(), "offset");
            let off = link.off.unwrap();
            (link.from.0, link.to.0, off.start(), off.len())
        });
        plain.collect::<Vec<_>>()
    };
    let lines = urgent(false);
    assert_eq!(found(&lines), [(3, 6, 0, 5), (4, 6, 5, 2), (4, 7, 7, 0), (5, 8, 7, 5)]);
    assert_eq!(found(&urgent(true)), [(4, 7, 0, 5), (5, 7, 5, 3), (6, 8, 8, 5)]);
    for drawn in [page(&lines), live(&lines), svg(&lines, &Drawing::default())] {
        assert!(drawn.contains("world") && !drawn.contains("never read"), "{drawn}");
    }
    let drawn = page(&lines);
    assert!(drawn.contains("send 3 B urgent") && drawn.contains("recv 1 B urgent"), "{drawn}");
    assert!(drawn.contains(" 1 B urgent ─"), "{drawn}");
}
