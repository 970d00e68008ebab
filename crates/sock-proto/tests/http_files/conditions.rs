//! Conditions: what is said to who has a version of the file already.

use sock_proto::sim::Files;

use super::*;

const ETAG: &str = "\"a9bc80cca21f28b3\"";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

fn status(fields: &[(&str, &str)]) -> u16 {
    let files = Files::new().changed(CHANGED + Duration::from_millis(900)).file("a", "hello\n");
    let said = get(&files, "/a", fields);
    match said.status {
        200 => assert_eq!(said.body, b"hello\n"),
        206 => assert_eq!(said.body, b"he"),
        304 => assert!(said.body.is_empty()),
        _ => {}
    }
    let head = ask(Method::Head, &files, &Offer::default(), "/a", fields);
    // A range is of GET alone.
    let expected = if said.status == 206 { 200 } else { said.status };
    assert_eq!(head.status, expected, "{fields:?}");
    said.status
}

#[test]
fn each_condition_by_itself() {
    let weak = format!("W/{ETAG}");
    let list = format!("\"a,b\", ,W/\"c\",\t{ETAG}");
    let weak_list = format!("\"x\", {weak}");
    let open = "\"a9bc80cca21f28b3";
    let broken = format!("nonsense, {ETAG}");
    for (name, value, expected) in [
        ("If-None-Match", ETAG, 304),
        ("if-none-match", &*weak, 304),
        ("If-None-Match", &list, 304),
        ("If-None-Match", &weak_list, 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", "\"other\"", 200),
        ("If-None-Match", "", 200),
        ("If-None-Match", open, 200),
        ("If-None-Match", &broken, 200),
        ("If-Match", ETAG, 200),
        ("If-Match", &list, 200),
        ("If-Match", "*", 200),
        ("If-Match", &weak, 412),
        ("If-Match", "\"other\"", 412),
        ("If-Match", "", 412),
        ("If-Modified-Since", BEFORE, 200),
        ("If-Modified-Since", CHANGED_DATE, 304),
        ("If-Modified-Since", AFTER, 304),
        ("If-Modified-Since", "Sun Nov  6 08:49:37 1994", 304),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Unmodified-Since", BEFORE, 412),
        ("If-Unmodified-Since", CHANGED_DATE, 200),
        ("If-Unmodified-Since", AFTER, 200),
        ("If-Unmodified-Since", "tomorrow", 200),
    ] {
        assert_eq!(status(&[(name, value)]), expected, "{name}: {value}");
    }
}

#[test]
fn the_order_is_that_of_the_rfc() {
    let range = ("Range", "bytes=0-1");
    for (fields, expected) in [
        // A tag outranks a date.
        (&[("If-None-Match", "\"other\""), ("If-Modified-Since", AFTER)][..], 200),
        (&[("If-None-Match", ETAG), ("If-Modified-Since", BEFORE)], 304),
        (&[("If-Match", ETAG), ("If-Unmodified-Since", BEFORE)], 200),
        (&[("If-Match", "\"other\""), ("If-Unmodified-Since", AFTER)], 412),
        // What must hold comes before what would spare the answer.
        (&[("If-Match", "\"other\""), ("If-None-Match", ETAG)], 412),
        (&[("If-Match", ETAG), ("If-None-Match", ETAG)], 304),
        (&[("If-Unmodified-Since", BEFORE), ("If-None-Match", ETAG)], 412),
        // Ranges come last.
        (&[("If-None-Match", ETAG), range], 304),
        (&[("If-None-Match", "\"other\""), range], 206),
        (&[("If-Match", "\"other\""), range, ("If-Range", ETAG)], 412),
        // Two dates are none.
        (&[("If-Modified-Since", AFTER), ("If-Modified-Since", AFTER)], 200),
        (&[("If-None-Match", "\"other\""), ("If-None-Match", ETAG)], 304),
    ] {
        assert_eq!(status(fields), expected, "{fields:?}");
    }
}

#[test]
fn a_range_of_what_has_changed_is_the_whole() {
    let weak = format!("W/{ETAG}");
    for (value, expected) in [
        (ETAG, 206),
        (&*weak, 200),
        ("\"other\"", 200),
        (CHANGED_DATE, 206),
        ("Sun Nov  6 08:49:37 1994", 206),
        (BEFORE, 200),
        (AFTER, 200),
        ("", 200),
        ("nonsense", 200),
    ] {
        assert_eq!(status(&[("Range", "bytes=0-1"), ("If-Range", value)]), expected, "{value}");
    }
}

#[test]
fn a_date_that_may_stand_for_two_versions_is_no_validator_for_a_range() {
    let fields = [("Range", "bytes=0-1"), ("If-Range", CHANGED_DATE)];
    // In the second of the change another may follow.
    let files = Files::new().changed(CHANGED).file("a", "hello\n");
    head_of(Method::Get, b"/a", &fields, |head| {
        let now = |wall| files::answer(head, &Offer::default(), &files, wall).status;
        assert_eq!(now(CHANGED + Duration::from_millis(999)), 200);
        assert_eq!(now(CHANGED + Duration::from_secs(1)), 206);
    });
    // The other coding has the same date and other bytes.
    let files = files.coded("a", "gzip", "zzz");
    assert_eq!(get(&files, "/a", &fields).status, 200);
}

#[test]
fn an_unchanged_file_is_answered_with_what_a_cache_needs() {
    let files = Files::new().changed(CHANGED).file("a", "hello\n").coded("a", "gzip", "zzz");
    let offer = Offer { cache: Some(60), ..Offer::default() };
    let said = ask(Method::Get, &files, &offer, "/a", &[("If-None-Match", "*")]);
    assert_eq!(
        (said.status, &*said.fields),
        (
            304,
            "ETag: \"a9bc80cca21f28b3\"\r\nVary: Accept-Encoding\r\n\
             Cache-Control: public, max-age=60\r\n"
        )
    );
}

#[test]
fn each_coding_has_a_tag_of_its_own() {
    let files = Files::new().file("a", "hello\n").coded("a", "gzip", "zzz");
    let coded = get(&files, "/a", &[("Accept-Encoding", "gzip")]);
    let tag = coded.field("ETag").unwrap();
    assert_ne!(tag, ETAG);
    let again =
        |accept| get(&files, "/a", &[("Accept-Encoding", accept), ("If-None-Match", tag)]).status;
    assert_eq!((again("gzip"), again("identity")), (304, 200));
}
