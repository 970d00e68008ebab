//! Whole files: their fields, codings, and what is said where there is none.

use allocation_counter::measure;
use sock_proto::protocols::http::files::answer;
use sock_proto::protocols::http::site::{Codings, Missing};
use sock_proto::sim::Files;

use super::*;

fn files() -> Files {
    Files::new().changed(CHANGED).file("a.txt", "hello\n").file("dir/b", "").folder("empty")
}

#[test]
fn a_file_comes_with_all_that_is_known_of_it() {
    let said = get(&files(), "/a.txt", &[]);
    assert_eq!((said.status, said.text()), (200, "hello\n"));
    let expected = format!(
        "Content-Type: text/plain; charset=utf-8\r\n\
         Last-Modified: {CHANGED_DATE}\r\n\
         ETag: \"{ETAG}\"\r\n\
         Cache-Control: no-cache\r\n"
    );
    assert_eq!(said.fields, expected);
}

/// The hash of `hello\n` that the map of names to bytes gives.
const ETAG: &str = "a9bc80cca21f28b3";

#[test]
fn head_is_get_and_knows_the_length() {
    let files = files();
    for target in ["/a.txt", "/dir/", "/nothing", "/dir"] {
        let head = ask(Method::Head, &files, &Offer::default(), target, &[]);
        assert_eq!(head, get(&files, target, &[]), "{target}");
    }
}

#[test]
fn what_lies_in_a_file_is_the_same_as_what_lies_in_memory() {
    let there = Files::new().changed(CHANGED).sourced().file("a.txt", "hello\n");
    for fields in [&[][..], &[("Range", "bytes=1-2")], &[("Range", "bytes=1-2,4-")]] {
        assert_eq!(get(&there, "/a.txt", fields), get(&files(), "/a.txt", fields));
    }
}

#[test]
fn a_change_in_the_future_is_one_of_now() {
    let files = Files::new().changed(WALL * 2).file("a", "");
    let said = get(&files, "/a", &[]);
    assert_eq!(said.field("Last-Modified"), Some("Mon, 07 Nov 1994 08:49:37 GMT"));
}

#[test]
fn why_there_is_nothing_is_told() {
    let files = files()
        .missing("secret", Missing::Forbidden)
        .missing("long", Missing::TooLong)
        .missing("busy", Missing::Busy)
        .missing("broken", Missing::Failed)
        .missing("dir", Missing::Forbidden);
    for (target, status) in [
        ("/nothing", 404),
        ("/a.txt/b", 404),
        ("/secret", 403),
        ("/dir/", 403),
        ("/long", 414),
        ("/broken", 500),
        ("/%", 400),
    ] {
        assert_eq!(get(&files, target, &[]).status, status, "{target}");
    }
    let busy = get(&files, "/busy", &[]);
    assert_eq!((busy.status, busy.field("Retry-After")), (503, Some("1")));
}

#[test]
fn a_folder_shows_its_index_and_nothing_else_where_that_cannot_be_read() {
    let files = files().file("dir/index.html", "<p>index").folder("odd/index.html");
    let said = get(&files, "/dir/?x", &[]);
    assert_eq!((said.status, said.text()), (200, "<p>index"));
    assert!(get(&files, "/odd/", &[]).text().contains("<a href=\"./index.html/\">"));
    let files = files.missing("dir/index.html", Missing::Forbidden);
    assert_eq!(get(&files, "/dir/", &[]).status, 403);
}

#[test]
fn a_coding_is_given_to_who_asks_for_it() {
    let files =
        files().file("p.html", "<p>page").coded("p.html", "gzip", "GZ").coded("p.html", "br", "B");
    for (accept, coding) in [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=0.5, br;q=0.4", "gzip"),
        ("gzip; q=0.5 , *;q=1", "br"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("br;q=0.001", "br"),
        ("br;q=0, gzip;q=0.000", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip;q=1.0", "gzip"),
        ("", ""),
        ("deflate", ""),
        ("gzip;q=1.001", ""),
        ("gzip;q=0.0001", ""),
        ("gzip;q=x", ""),
    ] {
        let said = get(&files, "/p.html", &[("Accept-Encoding", accept)]);
        assert_eq!(said.field("Content-Encoding").unwrap_or_default(), coding, "{accept}");
        let body = match coding {
            "gzip" => "GZ",
            "br" => "B",
            _ => "<p>page",
        };
        assert_eq!((said.status, said.text()), (200, body), "{accept}");
        assert_eq!(said.field("Vary"), Some("Accept-Encoding"));
        let ranges = (!coding.is_empty()).then_some("none");
        assert_eq!(said.field("Accept-Ranges"), ranges);
    }
    let two = [("Accept-Encoding", "deflate"), ("Accept-Encoding", "gzip")];
    assert_eq!(get(&files, "/p.html", &two).text(), "GZ");
    let both = [("Accept-Encoding", "gzip"), ("Range", "bytes=0-1")];
    let said = get(&files, "/p.html", &both);
    assert_eq!((said.status, said.text(), said.field("Content-Encoding")), (206, "<p", None));
    assert_eq!(get(&files, "/a.txt", &[("Accept-Encoding", "gzip")]).field("Vary"), None);
}

#[test]
fn a_program_in_the_browser_gets_its_page_at_every_path() {
    let files = files().file("index.html", "<p>program");
    let offer = Offer { spa: true, ..Offer::default() };
    let look = |target: &str, accept: &str| {
        ask(Method::Get, &files, &offer, target, &[("Accept", accept)])
    };
    for target in ["/users/7", "/users/", "/v1.2/users?x=a.b"] {
        for accept in ["text/html,application/xhtml+xml;q=0.9", "*/*", "text/*;q=0.1", "TEXT/HTML"]
        {
            let said = look(target, accept);
            assert_eq!((said.status, said.text()), (200, "<p>program"), "{target} {accept}");
        }
        assert_eq!(ask(Method::Get, &files, &offer, target, &[]).status, 200);
        for accept in ["application/json", "text/html;q=0, */*", "image/*", ""] {
            assert_eq!(look(target, accept).status, 404, "{target} {accept}");
        }
    }
    assert_eq!(look("/logo.png", "*/*").status, 404);
    assert_eq!(look("/a.txt/", "*/*").status, 404);
    assert_eq!(look("/a.txt", "*/*").text(), "hello\n");
    assert_eq!(ask(Method::Get, &self::files(), &offer, "/x", &[]).status, 404);
    assert_eq!(get(&files, "/users/7", &[]).status, 404);
}

#[test]
fn how_long_an_answer_may_be_kept_is_said() {
    let cached = |cache, auth: Option<&str>| {
        let offer = Offer { cache, auth: auth.map(Into::into), ..Offer::default() };
        let said = ask(Method::Get, &files(), &offer, "/a.txt", &[]);
        said.field("Cache-Control").map(str::to_owned)
    };
    assert_eq!(cached(None, None).as_deref(), Some("no-cache"));
    assert_eq!(cached(Some(0), None).as_deref(), Some("public, max-age=0"));
    assert_eq!(cached(Some(3600), None).as_deref(), Some("public, max-age=3600"));
    assert_eq!(cached(Some(3600), Some("a:b")).as_deref(), Some("private, max-age=3600"));
}

#[test]
fn options_say_what_may_be_done() {
    let ask =
        |offer: &Offer, fields: &[(&str, &str)]| ask(Method::Options, &files(), offer, "*", fields);
    let plain = ask(&Offer::default(), &[]);
    assert_eq!((plain.status, plain.body.len()), (204, 0));
    assert_eq!(plain.field("Allow"), Some("GET, HEAD, OPTIONS"));
    let upload = Offer { upload: Some(9), ..Offer::default() };
    assert_eq!(ask(&upload, &[]).field("Allow"), Some("GET, HEAD, OPTIONS, PUT, POST"));
    let preflight = [("Origin", "http://a"), ("Access-Control-Request-Method", "PUT")];
    assert_eq!(ask(&upload, &preflight).field("Access-Control-Allow-Methods"), None);
    let cors = Offer { cors: true, ..upload };
    let said = ask(&cors, &preflight);
    assert_eq!(said.field("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(said.field("Access-Control-Allow-Methods"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(said.field("Access-Control-Allow-Headers"), Some("*, Authorization"));
}

#[test]
fn pages_of_others_may_read_where_that_is_said() {
    let origin = [("Origin", "http://elsewhere")];
    assert_eq!(get(&files(), "/a.txt", &origin).field("Access-Control-Allow-Origin"), None);
    let cors = Offer { cors: true, ..Offer::default() };
    for target in ["/a.txt", "/nothing", "/dir/"] {
        let said = ask(Method::Get, &files(), &cors, target, &origin);
        assert_eq!(said.field("Access-Control-Allow-Origin"), Some("*"), "{target}");
    }
}

#[test]
fn ranges_are_offered_of_what_does_not_come_at_once() {
    let [small, large] = [16 * 1024, 16 * 1024 + 1].map(|len| vec![b'a'; len]);
    let files = Files::new().file("small", small).file("large", large);
    for (name, range, offered) in [
        ("/small", None, None),
        ("/large", None, Some("bytes")),
        // Who asks for one knows of them, and may ask for another.
        ("/small", Some(("Range", "bytes=1-2")), Some("bytes")),
    ] {
        let said = get(&files, name, range.as_slice());
        assert_eq!(said.field("Accept-Ranges"), offered, "{name} {range:?}");
    }
}

#[test]
fn what_strangers_may_have_left_is_no_page_because_it_looks_like_one() {
    for (upload, said) in [(None, None), (Some(9), Some("nosniff"))] {
        let offer = Offer { upload, ..Offer::default() };
        for target in ["/a.txt", "/nothing", "/dir/"] {
            let answer = ask(Method::Get, &files(), &offer, target, &[]);
            assert_eq!(answer.field("X-Content-Type-Options"), said, "{target}");
        }
    }
}

#[test]
fn another_method_is_told_which_there_are() {
    let said = ask(Method::Post, &files(), &Offer::default(), "/a.txt", &[]);
    assert_eq!((said.status, said.field("Allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn a_small_file_costs_few_allocations() {
    let (files, offer) = (files(), Offer::default());
    let fields =
        [("Host", "a"), ("User-Agent", "b"), ("Accept", "*/*"), ("Accept-Encoding", "gzip")];
    head_of(Method::Get, b"/a.txt", &fields, |head| {
        let all = measure(|| drop(answer(head, &offer, &files, WALL)));
        let site = measure(|| drop(files.find(b"a.txt", Codings::default())));
        // The fields and the list of parts.
        assert_eq!(all.count_total - site.count_total, 2);
    });
}
