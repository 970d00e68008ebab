//! How conversations end: by the client, by a stop, after an error; and what is noted of requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sock_proto::protocols::Http;
use sock_proto::protocols::http::Offer;
use sock_proto::sim::{Files, Script, Sim};
use sock_proto::{By, Command, Event, How, Interest, Observer, Reason, Session, What};

use crate::pump::Pump;
use crate::web::{ONE, files, web};

const GET: &[u8] = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
const BOTH: [Command; 2] = [Command::Finish, Command::Close];

#[test]
fn a_client_that_ends_is_answered_first() {
    let mut pump = web();
    pump.takes.insert(ONE, 10);
    pump.data(ONE, &GET.repeat(2));
    pump.eof(ONE);
    assert!(pump.commands(ONE).is_empty());
    pump.takes.clear();
    pump.flush();
    assert_eq!(pump.text(ONE).matches("HTTP/1.1 404 ").count(), 2);
    assert_eq!(pump.commands(ONE), BOTH);
    let mut idle = web();
    idle.eof(ONE);
    assert_eq!((idle.text(ONE), idle.commands(ONE)), (String::new(), &BOTH[..]));
}

#[test]
fn a_stop_ends_an_idle_conversation_at_once() {
    for before in [&b""[..], GET, b"\r\n"] {
        let mut pump = web();
        pump.data(ONE, before);
        pump.stop();
        assert_eq!(pump.commands(ONE), [Command::Finish]);
    }
}

#[test]
fn a_stop_has_a_request_answered_and_no_other() {
    let requests =
        [(GET, GET.len() - 1), (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 48)];
    for (request, cut) in requests {
        let mut pump = web();
        pump.data(ONE, &request[..cut]);
        pump.stop();
        assert!(pump.commands(ONE).is_empty());
        pump.data(ONE, &[&request[cut..], GET].concat());
        assert_eq!(pump.text(ONE).matches("HTTP/1.1 4").count(), 1);
        assert!(pump.text(ONE).contains("Connection: close\r\n"));
        assert_eq!(pump.commands(ONE), [Command::Finish]);
    }
}

#[test]
fn a_stop_lets_what_is_queued_be_sent() {
    let mut pump = files(Files::new().sourced().file("big", vec![b'x'; 200_000]));
    pump.takes.insert(ONE, 1000);
    pump.data(ONE, b"GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    pump.stop();
    assert!(pump.commands(ONE).is_empty());
    pump.takes.clear();
    pump.flush();
    // The second had come before; it is the last.
    let text = pump.text(ONE);
    assert_eq!((text.matches("200 OK").count(), text.matches("Connection: close").count()), (2, 1));
    assert_eq!(pump.commands(ONE), [Command::Finish]);
}

#[test]
fn a_session_that_is_stopped_before_it_opens_ends_when_it_does() {
    let mut pump = Pump::new(Http::new(Arc::default()));
    pump.stop();
    pump.open(ONE, sock_proto::Kind::Stream);
    assert_eq!(pump.commands(ONE), [Command::Finish]);
}

#[test]
fn a_client_sees_the_error_and_not_a_reset_while_it_still_sends() {
    let client = Script::new()
        .send([b"FUBAR\r\n".to_vec(), vec![b'x'; 300_000]].concat())
        .hear(100)
        .send(vec![b'x'; 100_000])
        .finish();
    let story = Sim::new(1).run(Session::call(client), Session::answer(Http::new(Arc::default())));
    let heard = String::from_utf8_lossy(story.received("client"));
    assert!(heard.starts_with("HTTP/1.1 400 ") && heard.ends_with("</html>\n"), "{story}");
    assert_eq!(story.reason("client").map(|reason| reason.how), Some(How::Fin), "{story}");
    assert_eq!(story.reason("server"), Some(Reason { by: By::Us, how: How::Fin }), "{story}");
}

/// Keeps requests and notes as lines.
#[derive(Default)]
struct Ledger(Mutex<Vec<String>>);

impl Observer for Ledger {
    fn event(&self, event: &Event<'_>) {
        let line = match event.what {
            What::Request { line, status, bytes, began, took, client } => {
                let said = [client.user, client.agent, client.referer].map(<[u8]>::escape_ascii);
                let [user, agent, referer] = said;
                let line = line.escape_ascii();
                let told =
                    format!("{line} {status} {bytes} {began:?} {took:?} {user} {agent} {referer}");
                told.trim_end().to_owned()
            }
            What::Note { code, .. } => format!("note {code}"),
            What::Listening { .. }
            | What::Open { .. }
            | What::Received { .. }
            | What::Sent { .. }
            | What::Eof
            | What::Finished
            | What::Closed { .. }
            | What::Stopped { .. } => return,
        };
        self.0.lock().unwrap().push(line);
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }
}

/// What is noted while `act` is done to a server.
fn noted(act: impl FnOnce(&mut Pump<Http>)) -> Vec<String> {
    let ledger = Arc::new(Ledger::default());
    let mut pump = Pump::new(Http::new(Arc::new(Offer::default())));
    pump.cx = std::mem::take(&mut pump.cx).observed_by(Some(ledger.clone()));
    pump.open(ONE, sock_proto::Kind::Stream);
    act(&mut pump);
    let lines = ledger.0.lock().unwrap();
    lines.clone()
}

#[test]
fn every_answer_is_told_once() {
    let seconds = Duration::from_secs;
    let told = noted(|pump| {
        pump.data(
            ONE,
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nPO",
        );
        pump.wait(seconds(1));
        pump.data(
            ONE,
            b"ST /\x80\" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
        );
        pump.wait(seconds(2));
        pump.data(ONE, b"a\r\n0\r\n\r\nF\x1b\"\nlost");
    });
    let page = crate::web::answer(web(), "POST / HTTP/1.1\r\nHost: a\r\n\r\n").0.body.len();
    let wrong = crate::web::answer(web(), "F\x1b\"\n").0.body.len();
    assert_eq!(
        told,
        [
            "HEAD / HTTP/1.1 200 0 414783463s 0ns".to_owned(),
            "OPTIONS * HTTP/1.1 204 0 414783463s 0ns".to_owned(),
            format!("POST /\\x80\\\" HTTP/1.1 405 {page} 414783463s 3s"),
            format!("F\\x1b\\\" 400 {wrong} 414783466s 0ns"),
        ]
    );
}

/// Of three answers of which one is sent, and 100 bytes of the next: that is told, and not what was meant.
#[test]
fn what_is_told_of_an_answer_is_what_was_sent_of_it() {
    let get = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
    let body = crate::web::answer(web(), get).0.body.len();
    let mut pump = web();
    pump.data(ONE, get.as_bytes());
    let whole = pump.text(ONE).len();
    for (sent, bodies) in [
        (0, [0, 0, 0]),
        (whole + 100, [body, 0, 0]),
        (2 * whole - 1, [body, body - 1, 0]),
        (3 * whole - body, [body, body, 0]),
        (3 * whole, [body, body, body]),
    ] {
        let told = noted(|pump| {
            pump.takes.insert(ONE, sent);
            pump.data(ONE, get.repeat(3).as_bytes());
            pump.session.closed(ONE, Reason { by: By::Peer, how: How::Reset }, &mut pump.cx);
        });
        let line = |bytes| format!("GET /none HTTP/1.1 404 {bytes} 414783463s 0ns");
        assert_eq!(told, bodies.map(line), "{sent} of {} bytes", 3 * whole);
    }
}

#[test]
fn a_client_that_ends_within_a_request_is_noted() {
    for sent in [
        &b"GET"[..],
        b"\r",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
    ] {
        let told = noted(|pump| {
            pump.data(ONE, sent);
            pump.eof(ONE);
            assert_eq!((pump.text(ONE), pump.commands(ONE)), (String::new(), &BOTH[..]));
        });
        assert_eq!(told, ["note unfinished"], "{}", sent.escape_ascii());
    }
    let told = noted(|pump| {
        pump.data(ONE, b"\r\n");
        pump.eof(ONE);
    });
    assert!(told.is_empty());
}
