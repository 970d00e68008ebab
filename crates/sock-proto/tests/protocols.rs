//! What each protocol puts on the wire, to the byte.

mod pump;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use pump::Pump;
use sock_proto::protocols::{
    Ack, Chargen, Daytime, Discard, Echo, Greet, MachineTime, Qotd, Upper,
};
use sock_proto::{Command, Context, Kind, Limits, Peer, Protocol, Time};

const ONE: Peer = Peer::FIRST;

/// What a stream gets for these receives and the end, and what becomes of it.
fn stream(protocol: impl Protocol, receives: &[&[u8]]) -> (Vec<u8>, Vec<Command>) {
    let mut pump = Pump::stream(protocol);
    for bytes in receives {
        pump.data(ONE, bytes);
    }
    pump.eof(ONE);
    (pump.heard[&ONE].sent.concat(), pump.commands(ONE).to_vec())
}

/// What these datagrams are answered by, one after the other.
fn datagrams(protocol: impl Protocol, receives: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut pump = Pump::datagrams(protocol);
    for bytes in receives {
        pump.data(ONE, bytes);
    }
    pump.heard[&ONE].sent.clone()
}

#[track_caller]
fn gets(protocol: impl Protocol, receives: &[&[u8]], reply: &[u8]) {
    let (sent, commands) = stream(protocol, receives);
    assert_eq!(sent.escape_ascii().to_string(), reply.escape_ascii().to_string());
    assert_eq!(commands, [Command::Finish, Command::Close]);
}

#[test]
fn greet_says_its_sentence_and_ends_without_waiting_for_a_word() {
    let mut pump = Pump::stream(Greet);
    assert_eq!(pump.text(ONE), "Thank you for connecting");
    assert_eq!(pump.commands(ONE), [Command::Finish]);
    pump.data(ONE, b"ignored");
    pump.eof(ONE);
    assert_eq!(pump.text(ONE), "Thank you for connecting");
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
}

#[test]
fn echo_sends_back_every_byte_and_every_datagram() {
    gets(Echo, &[b"a\0", b"\xff\n"], b"a\0\xff\n");
    assert_eq!(datagrams(Echo, &[b"one", b"", b"two"]), [&b"one"[..], b"", b"two"]);
}

#[test]
fn discard_answers_nothing() {
    gets(Discard, &[b"anything", b"at all"], b"");
    assert!(datagrams(Discard, &[b"anything", b""]).is_empty());
}

#[test]
fn upper_answers_until_the_client_ends() {
    gets(Upper::default(), &[b"hello from ", b"tcp client\n"], b"HELLO FROM TCP CLIENT\n");
    gets(Upper::default(), &[], b"");
}

#[test]
fn upper_knows_the_letters_of_every_script() {
    let reply = "STRASSE ÉCOLE ΣΊΣΥΦΟΣ ПРИВЕТ ŸFFI";
    gets(Upper::default(), &["straße école σίσυφος привет ÿﬃ".as_bytes()], reply.as_bytes());
}

#[test]
fn upper_joins_a_code_point_that_was_cut() {
    gets(Upper::default(), &[b"\xc3", b"\xa9"], "É".as_bytes());
    gets(Upper::default(), &[b"\xf0\x90", b"\x90", b"\xa8"], "𐐀".as_bytes());
    gets(Upper::default(), &[b"x\xe2\x82", b"\xacx"], "X€X".as_bytes());
}

#[test]
fn upper_leaves_bytes_alone_that_are_no_text() {
    gets(Upper::default(), &[b"a\xffb\xc3(c\x80"], b"A\xffB\xc3(C\x80");
    gets(Upper::default(), &[b"\xf0\x90", b"\xf0\x90\x90\xa8"], b"\xf0\x90\xf0\x90\x90\x80");
    gets(Upper::default(), &[b"caf\xe9"], b"CAF\xe9");
    gets(Upper::default(), &[b"\xed", b"\xa0", b"\x80a"], b"\xed\xa0\x80A");
}

#[test]
fn upper_answers_one_datagram_by_one() {
    let reply = datagrams(Upper::default(), &["straße".as_bytes(), b"", b"caf\xc3", b"\xa9a"]);
    assert_eq!(reply, [&b"STRASSE"[..], b"", b"CAF\xc3", b"\xa9A"]);
}

#[test]
fn upper_that_closes_after_its_reply_discards_the_rest() {
    let mut pump = Pump::stream(Upper::new(true));
    assert_eq!(pump.commands(ONE), []);
    pump.data(ONE, b"hello\xc3");
    assert_eq!(pump.heard[&ONE].sent.concat(), b"HELLO\xc3");
    assert_eq!(pump.commands(ONE), [Command::Finish]);
    pump.data(ONE, b"more");
    pump.eof(ONE);
    assert_eq!(pump.heard[&ONE].sent.concat(), b"HELLO\xc3");
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
    gets(Upper::new(true), &[], b"");
}

#[test]
fn ack_without_line_ends_takes_each_receive_for_a_message() {
    gets(Ack::default(), &[b"Hi"], b"Your data was 2 bytes");
    gets(Ack::default(), &[b"Hi\r", b"H"], b"Your data was 3 bytesYour data was 1 bytes");
    gets(Ack::default(), &["é".as_bytes()], b"Your data was 2 bytes");
}

#[test]
fn ack_counts_a_line_without_its_end_and_ends_its_reply_alike() {
    gets(Ack::default(), &[b"Hi\n"], b"Your data was 2 bytes\n");
    gets(Ack::default(), &[b"Hi\r\n"], b"Your data was 2 bytes\r\n");
    gets(
        Ack::default(),
        &[b"\n\r\nabc\nd\re\n"],
        b"Your data was 0 bytes\nYour data was 0 bytes\r\n\
          Your data was 3 bytes\nYour data was 3 bytes\n",
    );
}

#[test]
fn ack_waits_for_the_rest_once_a_line_has_ended() {
    let mut pump = Pump::stream(Ack::default());
    pump.data(ONE, b"Hi\nThe");
    assert_eq!(pump.news(ONE), "Your data was 2 bytes\n");
    pump.data(ONE, b"re\r");
    assert_eq!(pump.news(ONE), "");
    pump.data(ONE, b"\nlast");
    assert_eq!(pump.news(ONE), "Your data was 5 bytes\r\n");
    pump.eof(ONE);
    assert_eq!(pump.news(ONE), "Your data was 4 bytes");
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
}

#[test]
fn ack_disconnects_who_says_exit_and_nobody_else() {
    for (said, reply) in [
        (&b"Exit"[..], &b"Disconnect"[..]),
        (b"Exit\n", b"Disconnect\n"),
        (b"Exit\r\nHi\n", b"Disconnect\r\n"),
        (b"Hi\nExit\nHi\n", b"Your data was 2 bytes\nDisconnect\n"),
    ] {
        let mut pump = Pump::stream(Ack::default());
        pump.data(ONE, said);
        assert_eq!(pump.commands(ONE), [Command::Finish], "{}", said.escape_ascii());
        pump.data(ONE, b"more\n");
        pump.eof(ONE);
        assert_eq!(pump.heard[&ONE].sent.concat(), reply, "{}", said.escape_ascii());
    }
    for said in ["exit", "Exit ", "Exit\r", " Exit", "Exi", "Exit!\n", "Ex\0t\n", "Exit\r\r\n"] {
        let mut pump = Pump::stream(Ack::default());
        pump.data(ONE, said.as_bytes());
        assert_eq!(pump.commands(ONE), [], "{said:?}");
        assert!(pump.text(ONE).starts_with("Your data was "), "{said:?}");
    }
    gets(Ack::default(), &[b"\nEx", b"it"], b"Your data was 0 bytes\nDisconnect");
}

#[test]
fn ack_takes_each_datagram_for_a_message() {
    let reply = datagrams(Ack::default(), &[b"Hi", b"", b"a\nb\r\n", b"Exit", b"Hi\n"]);
    let expected: [&[u8]; 5] = [
        b"Your data was 2 bytes",
        b"Your data was 0 bytes",
        b"Your data was 3 bytes\r\n",
        b"Disconnect",
        b"Your data was 2 bytes\n",
    ];
    assert_eq!(reply, expected);
}

/// The one thing that a service says to who connects, having closed.
#[track_caller]
fn once(protocol: impl Protocol) -> Vec<u8> {
    let mut pump = Pump::stream(protocol);
    assert_eq!(pump.commands(ONE), [Command::Finish]);
    pump.data(ONE, b"thrown away");
    pump.eof(ONE);
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
    pump.heard[&ONE].sent.concat()
}

/// What a service says to who connects so many seconds after the Unix epoch.
fn at<P: Protocol>(seconds: u64, protocol: P) -> Vec<u8> {
    let mut pump = Pump::new(protocol);
    pump.cx = Context::new(Limits::default(), Duration::from_secs(seconds), 0);
    pump.open(ONE, Kind::Stream);
    pump.heard[&ONE].sent.concat()
}

#[test]
fn daytime_says_the_time_in_words() {
    assert_eq!(once(Daytime), b"Tuesday, February 22, 1983 17:37:43-UTC\r\n");
    assert_eq!(
        datagrams(Daytime, &[b"", b"x"]),
        [b"Tuesday, February 22, 1983 17:37:43-UTC\r\n"; 2]
    );
}

#[test]
fn daytime_knows_the_calendar() {
    for (seconds, said) in [
        (0, "Thursday, January 1, 1970 00:00:00-UTC"),
        (68_169_600, "Tuesday, February 29, 1972 00:00:00-UTC"),
        (68_256_000, "Wednesday, March 1, 1972 00:00:00-UTC"),
        (951_782_400, "Tuesday, February 29, 2000 00:00:00-UTC"),
        (946_684_799, "Friday, December 31, 1999 23:59:59-UTC"),
        (1_735_603_199, "Monday, December 30, 2024 23:59:59-UTC"),
        (1_735_689_599, "Tuesday, December 31, 2024 23:59:59-UTC"),
        (4_107_542_400, "Monday, March 1, 2100 00:00:00-UTC"),
        (12_622_780_800, "Thursday, January 1, 2370 00:00:00-UTC"),
    ] {
        assert_eq!(String::from_utf8(at(seconds, Daytime)).unwrap(), format!("{said}\r\n"));
    }
}

#[test]
fn time_counts_the_seconds_since_1900_in_four_bytes() {
    // RFC 868 gives these itself: 1 January 1970, 1976, 1980 and 1 May 1983, in seconds since 1900.
    for (unix, rfc) in [
        (0, 2_208_988_800_u32),
        (189_302_400, 2_398_291_200),
        (315_532_800, 2_524_521_600),
        (420_595_200, 2_629_584_000),
        (2_085_978_495, u32::MAX),
        (2_085_978_496, 0),
    ] {
        assert_eq!(at(unix, MachineTime), rfc.to_be_bytes());
    }
    assert_eq!(once(MachineTime).len(), 4);
    assert_eq!(datagrams(MachineTime, &[b"", b"x"]), [2_623_772_263_u32.to_be_bytes(); 2]);
}

#[test]
fn qotd_says_quotes_that_keep_to_the_rfc() {
    let quotes: BTreeSet<_> = datagrams(Qotd, &[&b""[..]; 200]).into_iter().collect();
    assert!(quotes.len() > 1, "always the same");
    for quote in &quotes {
        let text = quote.strip_suffix(b"\r\n").unwrap();
        assert!(quote.len() < 512 && text.iter().all(|c| (b' '..=b'~').contains(c)));
    }
    assert!(quotes.contains(&once(Qotd)));
}

/// The pattern, written the slow way.
fn pattern() -> impl Iterator<Item = u8> {
    let line = |n| (b' '..=b'~').cycle().skip(n).take(72).chain(*b"\r\n");
    (0..95).cycle().flat_map(line)
}

#[test]
fn chargen_sends_its_pattern_as_fast_as_it_is_read_and_no_faster() {
    let mut pump = Pump::new(Chargen);
    let mut taken = 0;
    pump.takes.insert(ONE, 0);
    pump.open(ONE, Kind::Stream);
    for n in [1, 73, 100_000, 7, 30_000] {
        pump.takes.insert(ONE, n);
        pump.data(ONE, b"thrown away");
        taken += n;
        let sent = pump.heard[&ONE].sent.concat();
        assert_eq!(sent.len(), taken);
        assert!(pattern().zip(&sent).all(|(expected, byte)| expected == *byte));
        let queued = pump.session.output(ONE, &pump.cx).unwrap().len();
        assert!((1..=32 * 1024).contains(&queued), "{queued} bytes wait");
    }
    assert!(pump.heard[&ONE].sent.concat().starts_with(b" !\"#$%&'()*+,-./0123456789:;<=>?@AB"));
}

#[test]
fn chargen_ends_when_the_run_does() {
    let mut pump = Pump::new(Chargen);
    pump.takes.insert(ONE, 1000);
    pump.open(ONE, Kind::Stream);
    pump.eof(ONE);
    assert_eq!(pump.commands(ONE), []);
    pump.takes.clear();
    pump.stop();
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
}

#[test]
fn chargen_answers_a_datagram_by_no_more_than_it_was() {
    let mut lengths = BTreeSet::new();
    for n in [0, 1, 2, 74, 511, 512, 513, 65_507] {
        let request = vec![b'x'; n];
        for reply in datagrams(Chargen, &[&request[..]; 20]) {
            assert!(reply.len() <= n.min(512) && reply.is_empty() == (n == 0), "{}", reply.len());
            assert!(pattern().zip(&reply).all(|(expected, byte)| expected == *byte));
            lengths.insert(reply.len());
        }
    }
    assert!(lengths.len() > 20, "not by chance: {lengths:?}");
}

#[test]
fn who_has_said_its_word_waits_no_longer_than_the_linger_limit() {
    fn deadline(protocol: impl Protocol, said: &[u8]) -> Option<Time> {
        let mut pump = Pump::stream(protocol);
        pump.data(ONE, said);
        assert_eq!(pump.commands(ONE), [Command::Finish]);
        pump.session.deadline()
    }
    let linger = Limits::default().linger.map(|linger| Time::ZERO + linger);
    assert!(linger.is_some());
    assert_eq!(deadline(Greet, b"x"), linger);
    assert_eq!(deadline(Daytime, b"x"), linger);
    assert_eq!(deadline(Upper::new(true), b"x"), linger);
    assert_eq!(deadline(Ack::default(), b"Exit"), linger);
}

proptest! {
    #[test]
    fn upper_is_the_upper_case_of_each_letter(text in "\\PC{0,40}", at in 0_usize..200) {
        let expected: String = text.chars().flat_map(char::to_uppercase).collect();
        let (a, b) = text.as_bytes().split_at(at.min(text.len()));
        prop_assert_eq!(stream(Upper::default(), &[a, b]).0, expected.as_bytes());
        let reply = datagrams(Upper::default(), &[text.as_bytes()]);
        prop_assert_eq!(reply[0].as_slice(), expected.as_bytes());
    }

    #[test]
    fn upper_changes_nothing_of_what_is_no_text(
        bytes in prop::collection::vec(prop_oneof![0x80_u8.., Just(b'x')], 0..40),
        at in 0_usize..40,
    ) {
        let expected: Vec<u8> = bytes
            .utf8_chunks()
            .flat_map(|chunk| {
                let text: String = chunk.valid().chars().flat_map(char::to_uppercase).collect();
                [text.as_bytes(), chunk.invalid()].concat()
            })
            .collect();
        let (a, b) = bytes.split_at(at.min(bytes.len()));
        prop_assert_eq!(stream(Upper::default(), &[a, b]).0, expected);
    }
}
