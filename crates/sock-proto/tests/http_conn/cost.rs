//! What a conversation costs: the bytes of an idle one, the allocations of a request.

use std::sync::Arc;

use allocation_counter::measure;
use sock_proto::protocols::Http;
use sock_proto::protocols::http::site::Codings;
use sock_proto::protocols::http::{Offer, Place};
use sock_proto::sim::Files;
use sock_proto::{Context, Link, Session};

use crate::web::ONE;

/// The protocol of an idle conversation, and all that it holds.
const IDLE: usize = 160;

fn serve(session: &mut Session<Http>, bytes: &[u8], cx: &mut Context) {
    session.data(ONE, bytes, cx.now, cx);
    loop {
        while let Some(n) = session.output(ONE, cx).map(<[u8]>::len) {
            session.sent(ONE, n, cx.now, cx);
        }
        if session.command(ONE, cx).is_none() && session.output(ONE, cx).is_none() {
            return;
        }
    }
}

fn open(offer: &Arc<Offer>, cx: &mut Context) -> Session<Http> {
    let mut session = Session::answer(Http::new(Arc::clone(offer)));
    session.open(ONE, &Link::stream(1), cx);
    session
}

fn offer() -> Arc<Offer> {
    let files = Files::new().file("a", vec![b'x'; 1024]);
    Arc::new(Offer {
        place: Place::Site(Arc::new(files)),
        upload: Some(10_000),
        ..Offer::default()
    })
}

#[test]
fn an_idle_conversation_holds_nothing() {
    let (offer, mut cx) = (offer(), Context::default());
    let get = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    // What the engine keeps has grown.
    serve(&mut open(&offer, &mut cx), &get.repeat(500), &mut cx);
    let many = get.repeat(500);
    let body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    let body = [&body[..], &[b'x'; 1000]].concat();
    let long = format!("GET /a HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(60_000));
    let mut halves = vec![long.as_bytes()];
    halves.extend(long.as_bytes().chunks(1000));
    for spoken in [&[][..], &[&get[..]], &[&many], &[&body], &halves] {
        assert!(size_of::<Http>() <= IDLE, "{} bytes", size_of::<Http>());
        let mut kept = None;
        let info = measure(|| {
            let session = kept.insert(open(&offer, &mut cx));
            for bytes in spoken {
                serve(session, bytes, &mut cx);
            }
        });
        // The queue of the outbox, which the session keeps for the next answer.
        assert!(info.bytes_current <= 200, "{} bytes", info.bytes_current);
        drop(kept);
    }
}

#[test]
fn a_request_costs_few_allocations() {
    let (offer, mut cx) = (offer(), Context::default());
    let mut session = open(&offer, &mut cx);
    let get = b"GET /a HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
    serve(&mut session, get, &mut cx);
    let site = measure(|| {
        let Place::Site(site) = &offer.place else { panic!("it serves files") };
        drop(site.find(b"a", Codings::default()));
    });
    let info = measure(|| serve(&mut session, get, &mut cx));
    // Beside what the site itself needs: the path, the fields, the date of the file, the list of parts.
    let own = info.count_total - site.count_total;
    assert!(own <= 8, "{own} allocations");
}
