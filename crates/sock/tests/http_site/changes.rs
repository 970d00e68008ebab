//! What is kept in memory, and that it is never what was there before.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use sock::http::{Cache, FileSite};
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Body, Codings, File, Found, Missing};

use super::{PLAIN, Place, bytes, file, missing, until_kept};

const GZIP: Codings = Codings { gzip: true, br: false };

#[test]
fn a_small_file_is_kept_and_a_large_one_stays_where_it_is() {
    let place = Place::new().with("small", vec![7; 64 << 10]).with("large", vec![7; 65 << 10]);
    let site = place.site();
    assert!(matches!(file(&site, "small", PLAIN).body, Body::Bytes(_)));
    assert!(matches!(file(&site, "large", PLAIN).body, Body::Source(_)));
    assert_eq!(bytes(&file(&site, "large", PLAIN)), vec![7; 65 << 10]);
    until_kept(&site, "small", PLAIN);
    assert!(site.cached_bytes() > 64 << 10);
}

/// Each change comes at once after the last one: same size, and mostly the same tick of the clock.
#[test]
fn every_change_is_seen_by_the_next_request() {
    let place = Place::new().with("page.html", "x");
    let (path, beside) = (place.path("page.html"), place.path("next"));
    for (long, site) in [(false, place.site()), (true, place.site())] {
        let rest = if long { "-".repeat(100_000) } else { "-".repeat(2000) };
        let mut etags: HashMap<String, Vec<u8>> = HashMap::new();
        let mut sees = |change: &str, expected: &str| {
            for takes in [PLAIN, GZIP] {
                let seen = file(&site, "page.html", takes);
                let got = bytes(&seen);
                let earlier = etags.insert(seen.etag.clone(), got.clone());
                assert!(earlier.is_none_or(|earlier| earlier == got), "{change}: {}", seen.etag);
                assert_eq!(seen.len, got.len() as u64);
                let plain = if seen.coding.is_some() { super::codings::unzip(&got) } else { got };
                assert!(plain == expected.as_bytes(), "{change}: stale");
            }
        };
        for n in 0..40 {
            let text = format!("{n:08}{rest}");
            fs::write(&path, &text).unwrap();
            sees("written anew", &text);
            let text = text.replacen('0', "a", 1);
            OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"a", 0).unwrap();
            sees("in place", &text);
            fs::write(&beside, text.replacen('a', "b", 1)).unwrap();
            fs::rename(&beside, &path).unwrap();
            sees("renamed over", &text.replacen('a', "b", 1));
            OpenOptions::new().write(true).open(&path).unwrap().set_len(5).unwrap();
            sees("cut", &text.replacen('a', "b", 1)[..5]);
        }
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(missing(&place.site(), "page.html"), Missing::NotFound);
}

#[test]
fn what_was_kept_is_forgotten_by_every_kind_of_change() {
    type Change = fn(&Place);
    let changes: [(&str, Change, &str); 4] = [
        ("in place", |place| place.write("page", "two"), "two"),
        (
            "the old time put back",
            |place| {
                let old = fs::metadata(place.path("page")).unwrap().modified().unwrap();
                place.write("page", "two");
                let page = OpenOptions::new().write(true).open(place.path("page")).unwrap();
                page.set_modified(old).unwrap();
            },
            "two",
        ),
        (
            "renamed over",
            |place| {
                place.write("next", "two");
                fs::rename(place.path("next"), place.path("page")).unwrap();
            },
            "two",
        ),
        ("cut", |place| place.write("page", ""), ""),
    ];
    for (name, change, expected) in changes {
        let place = Place::new().with("page", "one");
        let site = place.site();
        until_kept(&site, "page", PLAIN);
        let before = file(&site, "page", PLAIN);
        change(&place);
        let after = file(&site, "page", PLAIN);
        assert_eq!(bytes(&after), expected.as_bytes(), "{name}");
        assert_ne!(after.etag, before.etag, "{name}");
    }
    let place = Place::new().with("page", "one");
    let site = place.site();
    until_kept(&site, "page", PLAIN);
    fs::remove_file(place.path("page")).unwrap();
    assert_eq!(missing(&site, "page"), Missing::NotFound);
    fs::create_dir(place.path("page")).unwrap();
    assert!(matches!(site.find(b"page", PLAIN), Ok(Found::Folder)));
}

/// The same bytes have the same validator, wherever and whenever they are; a long file, once it has
/// been left alone for a moment.
#[test]
fn a_validator_stays_while_the_bytes_do() {
    let place = Place::new().with("small", "x").with("large", vec![1; 1 << 20]);
    let site = place.site();
    let small = file(&site, "small", PLAIN).etag;
    assert_eq!(file(&place.site(), "small", PLAIN).etag, small);
    assert!(small.starts_with('"') && small.ends_with('"') && small.is_ascii());
    let mut last = file(&site, "large", PLAIN).etag;
    loop {
        let next = file(&site, "large", PLAIN).etag;
        if next == last {
            break;
        }
        last = next;
    }
    assert_eq!(file(&place.site(), "large", PLAIN).etag, last);
}

#[test]
fn what_is_kept_is_bounded() {
    let place = Place::new();
    for n in 0..400 {
        place.write(format!("{n}.bin"), vec![0; 4096]);
    }
    let total = 256 << 10;
    let site = place.site().cached(Cache { total, ..Cache::default() });
    until_kept(&site, "399.bin", PLAIN);
    for _ in 0..3 {
        for n in 0..400 {
            assert_eq!(file(&site, format!("{n}.bin"), PLAIN).len, 4096);
            assert!(site.cached_bytes() <= total);
        }
    }
    assert!(site.cached_bytes() > total / 2, "{}", site.cached_bytes());
    let none = place.site().cached(Cache { total: 0, ..Cache::default() });
    assert_eq!(file(&none, "1.bin", PLAIN).len, 4096);
    assert_eq!(none.cached_bytes(), 0);
}

/// A page that is replaced all the time, and threads that ask for it: each answer is one of the pages.
#[test]
fn threads_see_whole_pages_with_their_own_validators() {
    let place = Place::new();
    let pages = [vec![b'a'; 3000], vec![b'b'; 5000]];
    place.write("page", &pages[0]);
    let site = place.site();
    let is_over = AtomicBool::new(false);
    let seen: Vec<File> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen: HashMap<String, File> = HashMap::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let page = file(&site, "page", PLAIN);
                        assert!(pages.contains(&bytes(&page)));
                        let other = seen.entry(page.etag.clone()).or_insert_with(|| page.clone());
                        assert_eq!(bytes(other), bytes(&page));
                    }
                    seen.into_values().collect::<Vec<_>>()
                })
            })
            .collect();
        for n in 0..500 {
            place.write("next", &pages[n % 2]);
            fs::rename(place.path("next"), place.path("page")).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for page in &seen {
        let is_first = bytes(page) == pages[0];
        assert!(
            seen.iter().all(|it| (it.etag == page.etag) == ((bytes(it) == pages[0]) == is_first))
        );
    }
}

#[test]
fn requests_of_one_moment_are_answered_from_one_look() {
    let place = Place::new();
    let site: &FileSite = &place.site();
    place.write("page.txt", "old");
    until_kept(site, "page.txt", PLAIN);
    let bytes = |moment: u64| match site.find_at(b"page.txt", PLAIN, Duration::from_nanos(moment)) {
        Ok(Found::File(file)) => bytes(&file),
        other => panic!("{other:?}"),
    };
    assert_eq!((bytes(1), bytes(1)), (b"old".to_vec(), b"old".to_vec()));
    place.write("page.txt", "new");
    assert_eq!(bytes(1), b"old");
    assert_eq!(bytes(2), b"new");
    // Who names no moment always looks.
    place.write("page.txt", "newer");
    assert_eq!(bytes(0), b"newer");
}

#[test]
fn moments_are_read_as_http_writes_them() {
    let place = Place::new();
    let site: &FileSite = &place.site();
    let moment = Duration::from_secs(784_111_777);
    let forms = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ];
    for form in forms {
        assert_eq!(site.moment(form), Some(moment), "{form}");
    }
    for wrong in ["", "yesterday", "Sun, 06 Nov 1994", "Wed, 31 Dec 1969 23:59:59 GMT", "\u{ff10}"]
    {
        assert_eq!(site.moment(wrong), None, "{wrong}");
    }
    place.write("old", "x");
    let old = OpenOptions::new().write(true).open(place.path("old")).unwrap();
    old.set_modified(UNIX_EPOCH + moment).unwrap();
    assert_eq!(file(site, "old", PLAIN).modified, Some(moment));
    old.set_modified(UNIX_EPOCH - moment).unwrap();
    assert_eq!(file(site, "old", PLAIN).modified, None);
}

/// Whoever asks for it keeps nobody waiting while a million names are looked at.
#[test]
fn of_a_very_large_folder_a_part_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..10_050 {
        fs::File::create(folder.path().join(format!("{n}"))).unwrap();
    }
    let site = FileSite::open(folder.path()).unwrap();
    let listing = site.list(b"").unwrap();
    // The folder itself and the one above are among those that are looked at.
    assert!((9_998..=10_000).contains(&listing.entries.len()), "{}", listing.entries.len());
    assert!(listing.has_more);
    for n in 9_900..10_050 {
        fs::remove_file(folder.path().join(format!("{n}"))).unwrap();
    }
    let listing = site.list(b"").unwrap();
    assert_eq!((listing.entries.len(), listing.has_more), (9_900, false));
}
