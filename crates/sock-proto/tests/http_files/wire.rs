//! From the wire to the file and back: whole conversations in `sim`.

use sock_proto::protocols::Http;
use sock_proto::protocols::http::Place;
use sock_proto::sim::{Cut, Files, Script, Sim, Wire};
use sock_proto::{Session, Time};

use super::shelf::Shelf;
use super::*;

fn shelf() -> Shelf {
    Shelf::new(Files::new().changed(CHANGED).file("a.txt", "hello\n").sourced().file("b", "behind"))
}

/// What a client hears that sends all this at once, and then ends.
fn heard(shelf: &Shelf, requests: &str, cut: Cut) -> String {
    let place = Place::Site(Arc::new(shelf.clone()));
    let server = Http::new(Arc::new(Offer { place, upload: Some(10), ..Offer::default() }));
    let client = Script::new().send(requests).finish();
    let wire = Wire { cut, ..Wire::default() };
    let sim = Sim::new(1).wall(WALL).wire(wire).until(Time::from_nanos(900_000_000));
    let story = sim.run(Session::call(client), Session::answer(server));
    String::from_utf8(story.received("client").to_vec()).expect("text")
}

#[test]
fn head_has_the_length_of_get_and_no_body() {
    let ask = |method: &str, target: &str, field: &str| {
        heard(
            &shelf(),
            &format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{field}\r\n"),
            Cut::Never,
        )
    };
    for target in ["/a.txt", "/b", "/", "/none", "/a.txt/"] {
        let get = ask("GET", target, "");
        let (head, body) = get.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{head}");
        assert_eq!(ask("HEAD", target, ""), format!("{head}\r\n\r\n"));
    }
    let unchanged = ask("GET", "/b", "If-None-Match: *\r\n");
    assert!(
        unchanged.starts_with("HTTP/1.1 304 Not Modified\r\n") && unchanged.ends_with("\r\n\r\n")
    );
}

#[test]
fn where_requests_are_cut_changes_neither_the_answers_nor_what_is_stored() {
    let form = "--B\r\nContent-Disposition: form-data; filename=f\r\n\r\n\r\n--\r\n--B--\r\n";
    let requests = format!(
        "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n\
         PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nnew\
         GET /b HTTP/1.1\r\nHost: a\r\nRange: bytes=2-\r\n\r\n\
         PUT /long HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n\
         POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\n\
         Content-Length: {}\r\n\r\n{form}\
         GET /new HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        form.len()
    );
    let whole = shelf();
    let expected = heard(&whole, &requests, Cut::Never);
    let answers = expected.split("HTTP/1.1 ").skip(1);
    let lines: Vec<_> = answers.map(|answer| answer.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        ["200 OK", "201 Created", "206 Partial Content", "201 Created", "201 Created", "200 OK"]
    );
    assert!(expected.ends_with("\r\n\r\nnew"));
    assert_eq!(whole.paths(), ["a.txt", "b", "f", "long", "new"]);
    for cut in (1..requests.len()).map(|at| Cut::At(vec![at])).chain([Cut::Every(1), Cut::Every(7)])
    {
        let shelf = shelf();
        assert_eq!(heard(&shelf, &requests, cut.clone()), expected, "{cut:?}");
        for path in ["f", "long", "new"] {
            assert_eq!(shelf.bytes(path), whole.bytes(path), "{path} {cut:?}");
        }
    }
}

#[test]
fn a_client_that_leaves_early_leaves_nothing() {
    let put = "PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12345678";
    let chunked =
        "PUT /new HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
    let form = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\n\
                Content-Length: 999\r\n\r\n--B\r\nContent-Disposition: form-data; filename=new\r\n\r\nx";
    for request in [put, chunked, form] {
        let shelf = shelf();
        let heard = heard(&shelf, request, Cut::Never);
        assert!(!heard.contains("201"), "{heard}");
        assert_eq!((shelf.paths().len(), shelf.open()), (2, 0), "{request}");
    }
}

#[test]
fn every_answer_of_a_directory_may_be_read_by_pages_of_others_where_that_is_said() {
    for (upload, requests) in [
        (
            Some(10),
            &[
                ("PUT /new", "Content-Length: 1\r\n", 201),
                ("PUT /new", "Content-Length: 99\r\n", 413),
                ("PUT /new", "", 411),
                ("PUT /", "Content-Length: 1\r\n", 400),
                ("POST /", "Content-Length: 1\r\n", 415),
            ][..],
        ),
        (None, &[("PUT /new", "Content-Length: 1\r\n", 405), ("POST /", "", 405)]),
    ] {
        for (line, field, status) in requests {
            let place = Place::Site(Arc::new(shelf()));
            let offer = Offer { place, upload, cors: true, ..Offer::default() };
            let request = format!("{line} HTTP/1.1\r\nHost: a\r\n{field}\r\n{}", "x".repeat(99));
            let client = Script::new().send(&*request).finish();
            let sim = Sim::new(1).wall(WALL).until(Time::from_nanos(900_000_000));
            let server = Session::answer(Http::new(Arc::new(offer)));
            let story = sim.run(Session::call(client), server);
            let said = String::from_utf8(story.received("client").to_vec()).unwrap();
            let head = said.split("\r\n\r\n").next().unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {head:?}");
            assert_eq!(head.matches("\r\nAccess-Control-Allow-Origin: *").count(), 1, "{head}");
            let nosniff = head.matches("\r\nX-Content-Type-Options: nosniff").count();
            assert_eq!(nosniff, usize::from(upload.is_some()), "{head}");
        }
    }
}
