//! Paths: what a target names, and that nothing outside of the root is ever asked for.

use std::sync::Mutex;

use proptest::prelude::*;
use sock_proto::protocols::http::site::{Codings, Found, Listing, Missing, Refused, Upload};
use sock_proto::sim::Files;

use super::fuzz::fuzz;
use super::shelf::Shelf;
use super::*;

/// Remembers what it is asked for; the map beneath panics at a path that is not resolved.
#[derive(Debug, Default)]
struct Asked {
    files: Files,
    paths: Mutex<Vec<Vec<u8>>>,
}

impl Site for Asked {
    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing> {
        self.paths.lock().expect("nobody panicked").push(path.to_vec());
        self.files.find(path, takes)
    }

    fn list(&self, path: &[u8]) -> Result<Listing, Missing> {
        self.files.list(path)
    }

    fn store(&self, path: &[u8]) -> Result<Box<dyn Upload>, Refused> {
        self.files.store(path)
    }

    fn moment(&self, date: &str) -> Option<Duration> {
        self.files.moment(date)
    }
}

/// The first path that is asked for, or the status where none is.
fn asked(target: &[u8]) -> Result<Vec<u8>, u16> {
    let site = Asked::default();
    let said = get(&site, target, &[]);
    let first = site.paths.lock().expect("nobody panicked").first().cloned();
    first.ok_or(said.status)
}

#[test]
fn a_target_names_a_path() {
    for (target, path) in [
        ("/", ""),
        ("/a", "a"),
        ("/a/b.c", "a/b.c"),
        ("/a/", "a"),
        ("/a?b/../..", "a"),
        ("/a#b", "a"),
        ("/a?#%", "a"),
        ("/?", ""),
        ("//", ""),
        ("//a///b//", "a/b"),
        ("/./a/./b/.", "a/b"),
        ("/a/../b", "b"),
        ("/a/b/..", "a"),
        ("/a/..", ""),
        ("/a/b/c/../../d/./..", "a"),
        ("/%61%2E%2e", "a.."),
        ("/a/%2e%2E/b", "b"),
        ("/a/%2e/b", "a/b"),
        ("/a%20b+c", "a b+c"),
        ("/%2561", "%61"),
        ("/...", "..."),
        ("/..a/.b", "..a/.b"),
        ("/C:/x", "C:/x"),
        ("/a\\..\\b", "a\\..\\b"),
        ("/%5c..%5c", "\\..\\"),
        ("/%0a%7f", "\n\x7f"),
        ("/http://a/b", "http:/a/b"),
        ("/~a/*", "~a/*"),
        ("/a%3Fb%23", "a?b#"),
    ] {
        assert_eq!(asked(target.as_bytes()), Ok(path.as_bytes().to_vec()), "{target}");
    }
    assert_eq!(asked(b"/%ff\xfe"), Ok(b"\xff\xfe".to_vec()));
}

#[test]
fn a_target_that_names_none_is_refused_before_the_site_is_asked() {
    for target in [
        "",
        "*",
        "a",
        "http://a/",
        "?",
        "/..",
        "/../",
        "/a/../..",
        "/%2e%2e/etc/passwd",
        "//../a",
        "/./..",
        "/a/..//..",
        "/..%2f",
        "/a%2fb",
        "/a%2Fb",
        "/evil/..%2f..",
        "/%00",
        "/a%00.html",
        "/a\0",
        "/%",
        "/a%",
        "/%4",
        "/%4g",
        "/%g4",
        "/%%41",
        "/%+1",
        "/% 1",
        "/%u0041",
        "/a/%zz/..",
    ] {
        assert_eq!(asked(target.as_bytes()), Err(400), "{target:?}");
    }
}

#[test]
fn a_name_of_any_length_is_the_sites_matter() {
    let long = format!("/{}", "a".repeat(60_000));
    assert_eq!(asked(long.as_bytes()).map(|path| path.len()), Ok(60_000));
    let deep = "/a/../b".repeat(9_000);
    assert_eq!(asked(deep.as_bytes()).map(|path| path.len()), Ok("b".len() * 2 * 9_000 - 1));
    let out = format!("/{}", "../".repeat(20_000));
    assert_eq!(asked(out.as_bytes()), Err(400));
}

#[test]
fn a_folder_is_at_the_address_with_a_slash() {
    let files = Files::new().file("dir/a", "").file("a b/\u{e9}/x", "").file("\\evil/x", "");
    for (target, location) in [
        ("/dir", "/dir/"),
        ("/dir?q=/a&b", "/dir/?q=/a&b"),
        ("/dir?", "/dir/?"),
        ("//dir", "/dir/"),
        ("///./x/..//dir", "/dir/"),
        ("/a%20b/%c3%a9", "/a%20b/%C3%A9/"),
        ("/%5Cevil", "/%5Cevil/"),
        ("/\\evil", "/%5Cevil/"),
        ("//evil.example/../dir", "/dir/"),
        ("/dir?\r\nX: y", "/dir/?%0D%0AX: y"),
    ] {
        let said = get(&files, target, &[]);
        assert_eq!((said.status, said.body.len()), (301, 0), "{target}");
        assert_eq!(said.field("Location"), Some(location), "{target}");
    }
    for target in ["/dir/", "/dir/.", "/dir/a/..", "/dir//"] {
        assert_eq!(get(&files, target, &[]).status, 200, "{target}");
    }
}

#[test]
fn a_file_is_no_folder() {
    let files = Files::new().file("a", "x");
    for target in ["/a/", "/a/.", "/a//", "/a/b"] {
        assert_eq!(get(&files, target, &[]).status, 404, "{target}");
    }
    assert_eq!(get(&files, "/b/../a", &[]).body, b"x");
}

/// What a segment of a target means.
#[derive(Debug, Clone)]
enum Step {
    Into(Vec<u8>),
    Here,
    Up,
}

/// A segment as it may be written, and what it means.
fn step() -> impl Strategy<Value = (Vec<u8>, Step)> {
    let byte = prop_oneof![
        3 => Just(b'.'),
        3 => any::<u8>(),
        1 => Just(b'%'),
        1 => Just(b'a'),
    ];
    let meant = prop_oneof![
        3 => prop::collection::vec(byte, 0..5),
        1 => Just(b"..".to_vec()),
        1 => Just(b".".to_vec()),
    ];
    (meant, any::<u64>()).prop_map(|(mut name, escaped)| {
        name.retain(|byte| !matches!(byte, 0 | b'/'));
        let mut written = Vec::new();
        for (n, byte) in name.iter().enumerate() {
            let must = matches!(byte, b'%' | b'?' | b'#');
            match (escaped >> (2 * n)) & 3 {
                0 if !must => written.push(*byte),
                1 => written.extend(format!("%{byte:02x}").bytes()),
                _ => written.extend(format!("%{byte:02X}").bytes()),
            }
        }
        let step = match &*name {
            b"" | b"." => Step::Here,
            b".." => Step::Up,
            _ => Step::Into(name),
        };
        (written, step)
    })
}

#[test]
fn any_path_resolves_as_the_model_says() {
    fuzz(&prop::collection::vec(step(), 1..8), |steps| {
        let mut target = Vec::new();
        let mut model = Some(Vec::new());
        for (written, step) in &steps {
            target.push(b'/');
            target.extend_from_slice(written);
            model = model.and_then(|mut path: Vec<Vec<u8>>| {
                match step {
                    Step::Into(name) => path.push(name.clone()),
                    Step::Here => {}
                    Step::Up => drop(path.pop()?),
                }
                Some(path)
            });
        }
        let model = model.map(|path| path.join(&b'/')).ok_or(400);
        prop_assert_eq!(asked(&target), model);
        Ok(())
    });
}

#[test]
fn no_path_leads_out_of_the_root() {
    let pieces = prop_oneof![
        Just("/"),
        Just(".."),
        Just("."),
        Just("%2e"),
        Just("%2f"),
        Just("%5c"),
        Just("\\"),
        Just("%00"),
        Just("a"),
        Just("%"),
        Just("?"),
        Just("#"),
        Just("%25"),
        Just("2e"),
        Just("\u{ff0e}"),
        Just("//"),
    ];
    let target =
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()));
    // The site panics where it is asked for what lies outside.
    let files = Files::new().file("a/a/a", "x").file("a/\\/b", "").folder("a/..a");
    let shelf: Arc<dyn Site> = Arc::new(Shelf::new(files.clone()));
    let offer = Offer { upload: Some(9), spa: true, ..Offer::default() };
    fuzz(&target, |target| {
        let said = ask(Method::Get, &files, &offer, &target, &[]);
        prop_assert!(matches!(said.status, 200 | 301 | 400 | 404), "{}", said.status);
        if let Some(location) = said.field("Location") {
            prop_assert!(location.starts_with('/') && !location.starts_with("//"));
            let path = location.split('?').next().unwrap();
            prop_assert!(!path.contains('\\'));
        }
        let said = send(Method::Put, &shelf, &offer, &target, &[], [&b"x"[..]]);
        prop_assert!(matches!(said.status, 200 | 201 | 400 | 403 | 409), "{}", said.status);
        Ok(())
    });
}
