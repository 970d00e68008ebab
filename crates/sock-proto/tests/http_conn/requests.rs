//! Requests that are answered: methods, versions, what follows on what.

use sock_proto::sim::Files;

use crate::pump::Pump;
use crate::web::{COMMON, ONE, answer, answers, files, offering, says, statuses, web};
use sock_proto::protocols::http::Offer;

#[test]
fn a_get_is_answered_to_the_byte() {
    let (said, ends) = answer(web(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = format!(
        "HTTP/1.1 200 OK\r\n{COMMON}Content-Type: text/html; charset=utf-8\r\n\
         Cache-Control: no-store\r\nContent-Length: {}\r\n\r\n",
        said.body.len()
    );
    assert_eq!(said.head, head);
    assert!(!ends);
    let body = said.text();
    assert!(body.starts_with("<!DOCTYPE html>\n") && body.ends_with("</html>\n"));
    assert!(body.contains("<pre>GET / HTTP/1.1\r\nHost: a</pre>"), "{body}");
}

#[test]
fn the_page_shows_the_request_and_nothing_of_it_is_obeyed() {
    let (said, _) = answer(web(), b"GET /?<b> HTTP/1.0\r\nX-'&': \"<script>\xff\r\n\r\n");
    assert!(
        said.text().contains("GET /?&lt;b&gt; HTTP/1.0\r\nX-&#39;&amp;&#39;: &quot;&lt;script&gt;")
    );
}

#[test]
fn the_page_tells_how_to_ask_the_same_by_hand_where_the_browser_did() {
    for (host, place) in [
        ("Host: 127.0.0.1:8126\r\n", "127.0.0.1:8126"),
        ("Host: [::1]:8126\r\n", "[::1]:8126"),
        ("Host: [::1]\r\n", "[::1]:80"),
        ("Host: a'b\r\n", "a&#39;b:80"),
        ("Host: a:\r\n", "a:80"),
        ("Host:\r\n", "localhost:8000"),
        ("", "localhost:8000"),
    ] {
        let (said, _) = answer(web(), format!("GET / HTTP/1.0\r\n{host}\r\n"));
        let body = said.text();
        assert!(body.contains(&format!("<pre>sock connect --crlf {place}\n")), "{host}: {body}");
        let len = said.body.len();
        assert!(body.contains(&format!("Content-Length: {len}\n")), "{host}: {len}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let (bytes, ends) = says(web(), b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let said = &answers(&bytes, &[0])[0];
    assert!(said.status == 200 && said.body.is_empty() && !ends);
    assert!(said.field("Content-Length").unwrap().parse::<u32>().unwrap() > 1000);
    let (bytes, _) = says(web(), b"HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(answers(&bytes, &[0])[0].status, 404);
}

#[test]
fn options_says_what_may_be_done() {
    for target in ["*", "/", "/none", "http://a/"] {
        let (bytes, ends) =
            says(web(), format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let expected =
            format!("HTTP/1.1 204 No Content\r\n{COMMON}Allow: GET, HEAD, OPTIONS\r\n\r\n");
        assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{target}");
        assert!(!ends);
    }
}

#[test]
fn a_conversation_goes_on_as_its_version_and_its_client_want() {
    for (request, goes_on, says) in [
        ("HTTP/1.1\r\nHost: a\r\n", true, None),
        ("HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n", true, None),
        ("HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false, Some("close")),
        ("HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n", false, Some("close")),
        ("HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n", false, Some("close")),
        ("HTTP/1.1\r\nHost: a\r\nConnection: closed, not-close\r\n", true, None),
        ("HTTP/1.9\r\nHost: a\r\n", true, None),
        ("HTTP/1.0\r\n", false, Some("close")),
        ("HTTP/1.0\r\nConnection: Keep-Alive\r\n", true, Some("keep-alive")),
        ("HTTP/1.0\r\nConnection: keep-alive, close\r\n", false, Some("close")),
    ] {
        let (said, ends) = answer(web(), format!("GET / {request}\r\n"));
        assert_eq!(
            (said.status, ends, said.field("Connection")),
            (200, !goes_on, says),
            "{request}"
        );
    }
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let all = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
               OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\nGET /lost HTTP/1.0\r\n\r\n";
    assert_eq!(statuses(web(), all), (vec![200, 404, 204, 200], true));
}

#[test]
fn empty_lines_before_a_request_do_no_harm() {
    let (said, _) = answer(web(), "\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n");
    assert_eq!(said.status, 200);
}

/// What a simple request is answered by: a body and the end.
fn simple(request: &str) -> String {
    let (bytes, ends) = says(web(), request.as_bytes());
    assert!(ends, "{request:?}");
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_simple_request_gets_the_page_and_nothing_else() {
    let (whole, _) = answer(web(), "GET / HTTP/1.0\r\n\r\n");
    let page = simple("GET /\r\n");
    // The page shows what asked for it, and how long it is itself.
    let len = whole.text().len().to_string();
    let shown = whole.text().replace("GET / HTTP/1.0", "GET /");
    assert_eq!(page, shown.replace(&len, &page.len().to_string()));
    assert!(page.contains(&format!("Content-Length: {}\n", page.len())));
    assert_eq!(simple("GET /\n"), page);
    assert_eq!(simple("GET /\nGET /\n"), page);
    assert!(simple("GET /none\r\n").starts_with("<!DOCTYPE html>\n"));
}

#[test]
fn a_simple_request_is_a_get_of_a_path() {
    for request in
        ["HEAD /\r\n", "POST /\r\n", "GET http://a/\r\n", "GET *\n", "GET\r\n", "GET \r\n"]
    {
        let (said, ends) = answer(web(), request.replace("HEAD", "XHEAD"));
        assert_eq!((said.status, ends), (400, true), "{request:?}");
    }
}

#[test]
fn a_head_may_be_typed_with_line_feeds_alone() {
    for (request, ends) in [
        ("GET / HTTP/1.0\n\n", true),
        ("GET / HTTP/1.1\nHost: a\n\n", false),
        ("\nGET / HTTP/1.1\nHost:a\nX:\n\n", false),
    ] {
        let (said, ended) = answer(web(), request);
        assert_eq!((said.status, ended), (200, ends), "{request:?}");
    }
}

#[test]
fn a_target_may_be_absolute() {
    let site = || files(Files::new().file("a b", "here").file("index.html", "root"));
    for (target, body) in [
        ("http://example.org/a%20b", "here"),
        ("HTTP://[::1]:80/a%20b?x", "here"),
        ("https://example.org", "root"),
        ("http://example.org:8000?x", "root"),
    ] {
        let (said, _) = answer(site(), format!("GET {target} HTTP/1.1\r\nHost: other\r\n\r\n"));
        assert_eq!((said.status, said.text()), (200, body), "{target}");
    }
    for target in ["http:///a", "ftp://a/", "a", "example.org/a", "http://u@a/", "http://a b/", "*"]
    {
        let (said, _) = answer(site(), format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(said.status, 400, "{target}");
    }
}

#[test]
fn what_cannot_be_done_says_what_can() {
    for method in ["PUT", "POST"] {
        let (said, ends) = answer(web(), format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        let allow = said.field("Allow");
        assert_eq!((said.status, allow, ends), (405, Some("GET, HEAD, OPTIONS"), false));
        assert!(said.text().contains("--upload"));
    }
}

#[test]
fn a_client_that_waits_for_a_word_gets_it() {
    let expecting = |version: &str, rest: &str| {
        let request = format!("GET / HTTP/{version}\r\nHost: a\r\n{rest}\r\n");
        statuses(web(), request)
    };
    assert_eq!(expecting("1.1", "Expect: 100-Continue\r\n"), (vec![100, 200], false));
    assert_eq!(expecting("1.0", "Expect: 100-continue\r\n"), (vec![200], true));
    assert_eq!(expecting("1.0", "Expect: the best\r\n"), (vec![200], true));
    assert_eq!(expecting("1.1", "Expect: the best\r\n"), (vec![417], true));
    assert_eq!(expecting("1.1", "Expect:\r\n"), (vec![417], true));
    // The word comes before the body does.
    let length = "Expect: 100-continue\r\nContent-Length: 2\r\n";
    assert_eq!(expecting("1.1", length), (vec![100], false));
    let (bytes, _) = says(web(), format!("GET / HTTP/1.1\r\nHost: a\r\n{length}\r\n").as_bytes());
    assert_eq!(bytes, b"HTTP/1.1 100 Continue\r\n\r\n");
    // Not where the body would be for nothing.
    let put = "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(statuses(web(), put), (vec![405], true));
}

#[test]
fn every_answer_has_the_fields_that_were_asked_for() {
    let fields = vec![("X-A".to_owned(), "1".to_owned()), ("X-B".to_owned(), "é".to_owned())];
    let pump = || offering(Offer { fields: fields.clone(), ..Offer::default() });
    for request in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "FUBAR\r\n", "OPTIONS * HTTP/1.0\r\n\r\n"]
    {
        let (said, _) = answer(pump(), request);
        assert!(said.head.contains("X-A: 1\r\nX-B: é\r\n"), "{}", said.head);
    }
}

#[test]
fn files_are_served() {
    let site = || Files::new().file("a.txt", "hello").file("index.html", "<p>hi");
    let get = "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    let (bytes, ends) =
        says(files(site()), [get, get, "GET / HTTP/1.0\r\n\r\n"].concat().as_bytes());
    let said: Vec<_> = answers(&bytes, &[]).into_iter().map(|said| said.body).collect();
    assert_eq!(said, [&b"hello"[..], b"hello", b"<p>hi"]);
    assert!(ends);
    let (bytes, ends) = says(files(site()), b"GET /a.txt\r\n");
    assert_eq!((&*bytes, ends), (&b"hello"[..], true));
}

#[test]
fn who_may_not_ask_is_turned_away_whatever_is_offered() {
    let closed = || offering(Offer { auth: Some("me:secret".to_owned()), ..Offer::default() });
    let ask = |pump: Pump<_>, rest: &str| {
        statuses(pump, format!("GET / HTTP/1.1\r\nHost: a\r\n{rest}\r\n"))
    };
    assert_eq!(ask(closed(), ""), (vec![401], false));
    // `me:secret` in base64.
    assert_eq!(ask(closed(), "Authorization: Basic bWU6c2VjcmV0\r\n"), (vec![200], false));
    let mut pump = closed();
    pump.data(ONE, b"OPTIONS * HTTP/1.0\r\n\r\n");
    assert!(pump.text(ONE).starts_with("HTTP/1.1 401 "));
}
