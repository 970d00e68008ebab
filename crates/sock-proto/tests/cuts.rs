//! However a stream is cut on its way, the answer is the same, where THE TABLE says so.

mod pump;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use pump::{Heard, Pump};
use sock_proto::protocols::http::{Offer, Place};
use sock_proto::protocols::{Boxed, Cut, Row, Setting, Settings, TABLE};
use sock_proto::{Peer, Transport};

/// Something rich for each row to chew on: letters of several bytes, all line ends, empty lines,
/// bytes that are no text.
fn sample(row: &Row) -> Option<&'static [u8]> {
    let plain = "straße\r\n\n€ 𐐨\nend".as_bytes();
    Some(match row.name {
        "greet" | "echo" | "discard" | "daytime" | "chargen" | "time" | "qotd" => plain,
        "chat" => b"hi\n/name \xc3\xa9\r\n\n/who\n\x1b\xff\xe2\x82\xac\r\r\nlast",
        "stdio" => b"one\n\xff\n\ntwo",
        "upper" => b"stra\xc3\x9fe \xce\xa3\xcf\x83\xcf\x82\r\n\n\xf0\x90\x90\xa8\xff\xc3(\xed\xa0\x80z\xe2\x82",
        "ack" => b"Hi\nyou\r\n\n\r\n\xc3\xa9\rx\nExi\nExit\nlost\n",
        "http" => {
            b"\r\nHEAD /\xff HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding: \
              chunked\r\n\r\n2;x\r\nhi\r\n0\r\nT: v\r\n\r\nGET /\nlost"
        }
        _ => return None,
    })
}

/// All that a session does when its input comes in these pieces, and then ends.
fn play(row: &Row, settings: &Settings, pieces: &[&[u8]]) -> BTreeMap<Peer, Heard> {
    let mut pump = Pump::new(row.make(settings));
    // Somebody is there already, where several can be.
    let listener = row.is_shared().then(|| pump.join());
    // Who sends without end is stopped once it has been heard for a while.
    pump.takes.insert(Peer::FIRST, 100_000);
    let speaker = pump.join();
    say(&mut pump, speaker, pieces);
    if let Some((screen, _)) = pump.dialled.first().cloned() {
        // The other direction is a stream as well.
        say(&mut pump, screen, pieces);
    }
    if let Some(listener) = listener {
        pump.eof(listener);
    }
    pump.takes.clear();
    pump.stop();
    assert!(pump.session.is_done(), "{} does not end: {:?}", row.name, pump.heard);
    pump.heard
}

fn say(pump: &mut Pump<Boxed>, peer: Peer, pieces: &[&[u8]]) {
    for piece in pieces {
        pump.data(peer, piece);
    }
    pump.eof(peer);
}

fn each_setting(row: &Row) -> Vec<Settings> {
    let mut all = vec![Settings::default()];
    for setting in row.takes {
        all.push(match setting {
            Setting::CloseAfterReply => Settings { close_after_reply: true, ..Settings::default() },
            Setting::Echo => of_http(Offer { place: Place::Echo, ..Offer::default() }),
            Setting::Header => {
                let fields = vec![("X-Own".to_owned(), "é".to_owned())];
                of_http(Offer { fields, ..Offer::default() })
            }
            // These concern what is served, and not the conversation.
            Setting::Spa | Setting::Cors | Setting::Cache | Setting::Auth | Setting::Upload => {
                continue;
            }
        });
    }
    all
}

fn of_http(offer: Offer) -> Settings {
    Settings { http: Some(Arc::new(offer)), ..Settings::default() }
}

/// The input cut at every place, at every two places, and everywhere.
fn each_cut(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let pairs = (0..=input.len()).flat_map(move |i| {
        (i..=input.len()).map(move |j| vec![&input[..i], &input[i..j], &input[j..]])
    });
    pairs.chain(std::iter::once(input.chunks(1).collect()))
}

#[test]
fn the_answer_is_the_same_however_the_input_is_cut() {
    for row in TABLE {
        let input = sample(row).unwrap_or_else(|| panic!("{} has no sample in cuts.rs", row.name));
        for settings in each_setting(row) {
            let whole = play(row, &settings, &[input]);
            let mut cuts = each_cut(input).map(|pieces| (play(row, &settings, &pieces), pieces));
            match (row.cut)(&settings) {
                Cut::Free => {
                    for (heard, pieces) in cuts {
                        let name = row.name;
                        assert_eq!(heard, whole, "{name} depends on the cut {pieces:?}");
                    }
                }
                Cut::Depends(why) => {
                    let depends = cuts.any(|(heard, _)| heard != whole);
                    assert!(depends, "{} does not depend on the cut: {why}", row.name);
                }
            }
        }
    }
}

#[test]
fn ack_does_not_depend_on_the_cut_once_a_line_has_come() {
    let row = TABLE.iter().find(|row| row.name == "ack").unwrap();
    let input = sample(row).unwrap();
    let first = input.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let whole = play(row, &Settings::default(), &[input]);
    for pieces in each_cut(&input[first..]) {
        let pieces = [vec![&input[..first]], pieces].concat();
        assert_eq!(play(row, &Settings::default(), &pieces), whole, "{pieces:?}");
    }
}

/// Any bytes, and more often those that some protocol looks at.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let special = b"\r\n\n/ Exit name who quit\xc3\xa9\xe2\x82\xac\xf0\x90\x90\xa8\xff\x1b";
    let byte = prop_oneof![any::<u8>(), prop::sample::select(special.to_vec())];
    let word = prop_oneof![
        4 => byte.prop_map(|byte| vec![byte]),
        1 => prop::sample::select(vec!["Exit\n", "/name x\n", "/who\r\n", "/quit\n", "\u{10428}"])
            .prop_map(|word| word.as_bytes().to_vec()),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// `input` cut at these places, each a share of it in a thousandth.
fn cut<'a>(input: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|place| place * input.len() / 1000).collect();
    places.sort_unstable();
    let ends = places.iter().copied().chain([input.len()]);
    let starts = [0].into_iter().chain(places.iter().copied());
    starts.zip(ends).map(|(start, end)| &input[start..end]).collect()
}

proptest! {
    #[test]
    fn whatever_comes_nothing_panics_and_the_cut_is_not_seen(
        input in input(),
        places in prop::collection::vec(0_usize..=1000, 0..8),
    ) {
        for row in TABLE {
            for settings in each_setting(row) {
                let heard = play(row, &settings, &cut(&input, &places));
                if (row.cut)(&settings) == Cut::Free {
                    prop_assert_eq!(heard, play(row, &settings, &[&input]), "{}", row.name);
                }
            }
        }
    }

    #[test]
    fn whatever_comes_a_datagram_gets_one_answer_at_most(
        input in input(),
        places in prop::collection::vec(0_usize..=1000, 0..8),
    ) {
        for row in TABLE.iter().filter(|row| row.speaks(Transport::Udp)) {
            let mut pump = Pump::datagrams(row.make(&Settings::default()));
            for (n, datagram) in cut(&input, &places).into_iter().enumerate() {
                pump.data(Peer::FIRST, datagram);
                prop_assert!(pump.heard[&Peer::FIRST].sent.len() <= n + 1, "{}", row.name);
            }
            prop_assert!(pump.commands(Peer::FIRST).is_empty(), "{} ends", row.name);
        }
    }
}
