//! Whatever comes: nothing panics, no request gets two answers, and no cut is seen.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use sock_proto::protocols::Http;
use sock_proto::protocols::http::{Offer, Place};
use sock_proto::sim::Files;
use sock_proto::{Command, Peer};

use crate::fuzz::fuzz;
use crate::pump::Pump;
use crate::shelf::Shelf;

/// Words of which requests, and what is nearly one, are made.
const WORDS: &[&str] = &[
    "GET ",
    "HEAD ",
    "POST ",
    "PUT ",
    "OPTIONS ",
    "FOO ",
    "/",
    "/a",
    "*",
    "http://a/",
    "/%2e%2e/",
    "?x",
    " ",
    " HTTP/1.1",
    " HTTP/1.0",
    " HTTP/2.0",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "Host: a\r\n",
    "Host: b:80\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 99999999999\r\n",
    "hello",
    "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "5;x=y\r\n",
    "A: b\r\n",
    " folded\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Range: bytes=0-1\r\n",
    "\0",
    "\u{e9}",
    "\x16",
    ":",
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT /n HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET /a\r\n",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        12 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Requests that are right, with a few bytes changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::collection::vec(prop::sample::select(&WORDS[WORDS.len() - 4..]), 1..6);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..4);
    (whole, changes).prop_map(|(whole, changes)| {
        let mut bytes = whole.concat().into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    })
}

fn servers() -> [Http; 3] {
    let site = Place::Site(Arc::new(Shelf::new(Files::new().sourced().file("a", "hello"))));
    [Place::Explained, Place::Echo, site]
        .map(|place| Http::new(Arc::new(Offer { place, upload: Some(20), ..Offer::default() })))
}

/// How long an engine needs to come back to a conversation, at least.
const TURN: std::time::Duration = std::time::Duration::from_nanos(1);

/// What a server says to these pieces and the end, and how it ends.
fn play(server: Http, pieces: &[&[u8]], room: usize) -> (Vec<u8>, Vec<Command>) {
    let mut pump = Pump::stream(server);
    let peer = Peer::FIRST;
    for piece in pieces {
        // What is not read yet waits, as an engine has it wait.
        while !pump.session.wants_read(peer, &pump.cx) && pump.session.is_open(peer) {
            pump.takes.insert(peer, room);
            pump.wait(TURN);
        }
        pump.takes.insert(peer, room);
        pump.data(peer, piece);
    }
    pump.takes.clear();
    // Behind a folder that was read, each request has a turn of its own.
    for _ in 0..=pieces.iter().map(|piece| piece.len()).sum() {
        pump.wait(TURN);
        if pump.session.wants_read(peer, &pump.cx) {
            break;
        }
    }
    pump.eof(peer);
    (pump.heard[&peer].sent.concat(), pump.commands(peer).to_vec())
}

fn check(input: &[u8], places: &[prop::sample::Index], room: usize) -> TestCaseResult {
    let mut places: Vec<_> = places.iter().map(|at| at.index(input.len() + 1)).collect();
    places.sort_unstable();
    places.push(input.len());
    let starts = std::iter::once(0).chain(places.iter().copied());
    let pieces: Vec<&[u8]> = starts.zip(&places).map(|(from, to)| &input[from..*to]).collect();
    for (n, (whole, cut)) in servers().into_iter().zip(servers()).enumerate() {
        let (said, commands) = play(whole, &[input], usize::MAX);
        prop_assert_eq!(&commands, &[Command::Finish, Command::Close]);
        prop_assert_eq!(&play(cut, &pieces, room), &(said.clone(), commands), "server {}", n);
        // Each request has a line at least; who is answered has asked.
        let answers = said.windows(9).filter(|nine| *nine == b"HTTP/1.1 ").count();
        let lines = input.split(|byte| *byte == b'\n').count();
        let asked = if n == 1 { usize::MAX } else { 2 * lines };
        prop_assert!(answers <= asked, "{} answers to {} lines", answers, lines);
        if n != 1 {
            prop_assert!(!is_malformed(&said), "{}", said.escape_ascii());
        }
    }
    Ok(())
}

/// Whether what was said is no row of whole answers, with the body of a simple request at its end.
fn is_malformed(mut said: &[u8]) -> bool {
    while said.starts_with(b"HTTP/1.1 ") {
        let Some(end) = said.windows(4).position(|four| four == b"\r\n\r\n") else { return true };
        let head = String::from_utf8_lossy(&said[..end + 4]).into_owned();
        let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |n| n.parse().unwrap_or(usize::MAX));
        said = &said[end + 4..];
        // The answer to HEAD has a length and no body.
        let is_bodiless = said.starts_with(b"HTTP/1.1 ") || said.is_empty();
        if !is_bodiless {
            if length > said.len() {
                return true;
            }
            said = &said[length..];
        }
    }
    !(said.is_empty() || said.starts_with(b"<!DOCTYPE html>") || said == b"hello")
}

fn case(
    input: impl Strategy<Value = Vec<u8>>,
) -> impl Strategy<Value = (Vec<u8>, Vec<prop::sample::Index>, usize)> {
    (input, prop::collection::vec(any::<prop::sample::Index>(), 0..8), 1..2000_usize)
}

#[test]
fn words_in_any_order() {
    fuzz(&case(input()), |(input, places, room)| check(&input, &places, room));
}

#[test]
fn requests_that_were_changed_on_their_way() {
    fuzz(&case(mutated()), |(input, places, room)| check(&input, &places, room));
}

#[test]
fn bytes_by_chance() {
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    fuzz(&case(bytes), |(input, places, room)| check(&input, &places, room));
}
