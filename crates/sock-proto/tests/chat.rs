//! The room, to the byte: who hears what, who is told what, and who harms nobody.

mod pump;

use std::time::Duration;

use pump::Pump;
use sock_proto::protocols::Chat;
use sock_proto::{By, Command, How, Peer, Reason};

/// A room with so many members, all greeted.
fn room<const N: usize>() -> (Pump<Chat>, [Peer; N]) {
    let mut pump = Pump::new(Chat::default());
    let peers = [(); N].map(|()| pump.join());
    for peer in peers {
        pump.news(peer);
    }
    (pump, peers)
}

#[test]
fn a_newcomer_is_greeted_and_announced() {
    let mut pump = Pump::new(Chat::default());
    let a = pump.join();
    assert_eq!(
        pump.news(a),
        "* Welcome. You are guest-1; what you type, everybody here reads.\n\
         * /name NEW changes your name, /who lists who is here, /quit leaves.\n\
         * 1 here: guest-1\n"
    );
    let b = pump.join();
    assert_eq!(pump.news(a), "* guest-2 joined\n");
    assert!(pump.news(b).ends_with("* 2 here: guest-1, guest-2\n"));
}

#[test]
fn a_line_goes_to_all_the_others() {
    let (mut pump, [a, b, c]) = room();
    pump.data(a, b"hello\r\n\n  \n there \nhal");
    for other in [b, c] {
        assert_eq!(pump.news(other), "guest-1: hello\nguest-1:  there\n");
    }
    pump.data(b, b"no\n");
    pump.data(a, b"f\n");
    assert_eq!(pump.news(a), "guest-2: no\n");
    assert_eq!(pump.news(b), "guest-1: half\n");
    assert_eq!(pump.news(c), "guest-2: no\nguest-1: half\n");
}

#[test]
fn a_member_may_take_a_free_name() {
    let (mut pump, [a, b]) = room();
    pump.data(a, b"/name ann\n");
    assert_eq!(pump.news(a), "* guest-1 is now ann\n");
    assert_eq!(pump.news(b), "* guest-1 is now ann\n");
    pump.data(
        b,
        b"/name Ann\n/name guest-1\n/name\n/name a b\n/name * x\n/name aaaaaaaaaaaaaaaaaaaaa\n",
    );
    let rule = "* /name NEW: a name is 1 to 20 letters, digits, `-`, `_` or `.`\n";
    let guests = "* names that begin with guest- are given by the room\n";
    assert_eq!(pump.news(b), format!("* Ann is taken\n{guests}{}", rule.repeat(4)));
    pump.data(b, "/name Zoë\n".as_bytes());
    pump.data(b, b"hi\n/who\n");
    assert_eq!(pump.news(a), "* guest-2 is now Zoë\nZoë: hi\n");
    assert_eq!(pump.news(b), "* guest-2 is now Zoë\n* 2 here: ann, Zoë\n");
    pump.data(a, b"/name ANN\n");
    assert_eq!(pump.news(b), "* ann is now ANN\n");
}

#[test]
fn a_member_that_ends_leaves_with_its_last_word() {
    let (mut pump, [a, b, c, d]) = room();
    pump.data(b, b"bye all");
    pump.eof(b);
    assert_eq!(pump.commands(b), [Command::Finish, Command::Close]);
    assert_eq!(pump.news(a), "guest-2: bye all\n* guest-2 left\n");
    pump.data(c, b"/quit\nnot heard\n");
    assert_eq!(pump.news(c), "guest-2: bye all\n* guest-2 left\n* bye\n");
    assert_eq!(pump.commands(c), [Command::Finish]);
    assert_eq!(pump.news(a), "* guest-3 left\n");
    let reason = Reason { by: By::Peer, how: How::Reset };
    pump.session.closed(d, reason, &mut pump.cx);
    pump.flush();
    assert_eq!(pump.news(a), "* guest-4 left\n");
    pump.eof(c);
    assert_eq!(pump.news(a), "", "who has left cannot leave");
}

#[test]
fn a_command_that_is_none_is_not_passed_on() {
    let (mut pump, [a, b]) = room();
    pump.data(a, b"/help\n");
    assert!(pump.news(a).starts_with("* there is no such command: /name NEW "));
    assert_eq!(pump.news(b), "");
}

#[test]
fn what_members_write_does_no_harm_to_a_terminal() {
    let (mut pump, [a, b]) = room();
    pump.data(a, b"\x1b[2J\ta\rb\x07\x00\x7f \xff\xc2\x9b \xe2\x80\xaeevil \xe2\x80\xa8* fake\n");
    assert_eq!(pump.news(b), "guest-1: ␛[2J a␍b␇␀␡ \u{fffd}\u{fffd} \u{fffd}evil \u{fffd}* fake\n");
    pump.data(a, "שלום עולם 👩‍👩‍👧 ✓\n".as_bytes());
    assert_eq!(pump.news(b), "guest-1: שלום עולם 👩‍👩‍👧 ✓\n");
}

#[test]
fn a_line_without_end_is_cut_and_its_writer_told() {
    let (mut pump, [a, b]) = room();
    for _ in 0..100 {
        pump.data(a, &[b'x'; 1000]);
    }
    assert_eq!(pump.news(b), "");
    pump.data(a, b"\nnext\n");
    assert_eq!(pump.news(a), "* your line was cut: only the first 1000 bytes are passed on\n");
    assert_eq!(pump.news(b), format!("guest-1: {}\nguest-1: next\n", "x".repeat(1000)));
}

#[test]
fn who_does_not_read_is_dropped_and_everybody_told() {
    let (mut pump, [a, stuck, c]) = room();
    pump.takes.insert(stuck, 0);
    let line = [&[b'x'; 999][..], b"\n"].concat();
    for said in 1.. {
        pump.data(a, &line);
        pump.wait(Duration::from_millis(100));
        if pump.commands(stuck) == [Command::Abort] {
            assert_eq!(said, 262_144 / (1000 + "guest-1: ".len()) + 1);
            break;
        }
        assert!(said < 1000, "never dropped");
    }
    assert_eq!(pump.news(a), "* guest-2 was dropped: it does not read\n");
    assert!(pump.news(c).ends_with("x\n* guest-2 was dropped: it does not read\n"));
    pump.data(c, b"/who\n");
    assert_eq!(pump.news(c), "* 2 here: guest-1, guest-3\n");
}

#[test]
fn many_that_do_not_read_are_all_dropped() {
    let (mut pump, [a, b]) = room();
    let stuck: Vec<_> = (0..20).map(|_| pump.join()).collect();
    for peer in &stuck {
        pump.takes.insert(*peer, 0);
    }
    for _ in 0..300 {
        pump.data(a, &[&[b'x'; 999][..], b"\n"].concat());
        pump.wait(Duration::from_secs(1));
    }
    assert!(stuck.iter().all(|peer| pump.commands(*peer) == [Command::Abort]));
    assert_eq!(pump.news(b).matches(" was dropped: it does not read\n").count(), 20);
    pump.data(b, b"/who\n");
    assert_eq!(pump.news(b), "* 2 here: guest-1, guest-2\n");
}

#[test]
fn who_says_too_much_is_not_passed_on_and_harms_nobody() {
    let (mut pump, [a, b]) = room();
    // One receive that an unbounded room would make a dozen times as long.
    pump.data(a, &b"x\n".repeat(32 * 1024));
    assert_eq!(pump.news(a), "* too fast: what you say is not passed on for a second\n");
    let heard = pump.news(b);
    assert!((1000..64 * 1024).contains(&heard.len()), "{}", heard.len());
    assert_eq!(heard, "guest-1: x\n".repeat(heard.len() / 11));
    pump.data(a, b"still\n");
    assert_eq!((pump.news(a), pump.news(b)), (String::new(), String::new()));
    pump.wait(Duration::from_secs(1));
    pump.data(a, b"again\n");
    assert_eq!(pump.news(b), "guest-1: again\n");
    assert_eq!((pump.commands(a), pump.commands(b)), (&[][..], &[][..]));
}

#[test]
fn a_long_list_is_cut_short() {
    let (mut pump, peers) = room::<60>();
    pump.data(peers[0], b"/who\n");
    let who = pump.news(peers[0]);
    assert!(
        who.starts_with("* 60 here: guest-1, guest-2, ") && who.ends_with("guest-50 and 10 more\n")
    );
    pump.data(peers[0], &b"/who\n".repeat(10_000));
    assert!(pump.news(peers[0]).len() < 2 * 64 * 1024);
}

#[test]
fn the_room_closes_when_the_run_ends() {
    let (mut pump, [a, b]) = room();
    pump.stop();
    for peer in [a, b] {
        assert_eq!(pump.news(peer), "* the room closes\n");
        pump.eof(peer);
        assert_eq!(pump.commands(peer), [Command::Finish, Command::Close]);
    }
    assert!(pump.session.is_done());
}
