//! Ways out of the root: none leads there.

use std::fs;
use std::os::unix::fs::symlink;

use crate::curl::{output, status};
use crate::site::{PAGE, SECRET, Site};
use crate::wire::Wire;

fn site() -> Site {
    let site = Site::with_page()
        .with("a/b/c.txt", "c\n")
        .with(".env", SECRET)
        .with(".git/config", SECRET)
        .with("a/.hidden/x", SECRET)
        .with("a b?c#d%e.txt", "odd\n")
        .with(b"caf\xe9.txt", "latin\n")
        .with("c\u{f6}.txt", "utf-8\n");
    let links = [("inside", "a/b"), ("out", ".."), ("outfile", "../secret.txt"), ("etc", "/etc")];
    let more = [("loop", "loop"), ("a/up", "../../secret.txt"), ("abs", "/"), ("a/in", "../a/b")];
    for (name, target) in links.into_iter().chain(more) {
        symlink(target, site.path(name)).expect("a link can be made");
    }
    site
}

/// Nothing of it is an answer with anything in it that is not ours to give.
#[test]
fn no_path_leads_out() {
    let site = site();
    let server = site.serve(&[]);
    let deep = format!("/{}secret.txt", "../".repeat(40));
    let encoded = format!("/{}etc/passwd", "%2e%2e/".repeat(20));
    let table = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E/secret.txt",
        "/.%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%2Fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/a/../../secret.txt",
        "/a/%2e%2e/%2e%2e/secret.txt",
        "/a/..%2f..%2fsecret.txt",
        "/a/b/../../../secret.txt",
        "/a/./../../secret.txt",
        "/./../secret.txt",
        "/..;/secret.txt",
        "/..%00/secret.txt",
        "/..%c0%af/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%u002e%u002e/secret.txt",
        "/nothing/../../secret.txt",
        "/index.html/../../secret.txt",
        "/../root/../secret.txt",
        "//etc/passwd",
        "///etc/passwd",
        "//127.0.0.1/etc/passwd",
        "/%2fetc/passwd",
        "/%2Fetc%2Fpasswd",
        "/etc/passwd",
        "/etc/",
        "/out/secret.txt",
        "/out/",
        "/out",
        "/outfile",
        "/a/up",
        "/abs/etc/passwd",
        "/loop",
        "/loop/x",
        "/index.html%00",
        "/index.html%00.txt",
        "/%00",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/a/.hidden/x",
        "/.",
        "/..",
        "/../",
        "/a/..%2f.env",
        "/%",
        "/%4",
        "/%zz",
        "/~root/",
        "/proc/self/environ",
        "/inside/../../secret.txt",
        "/a/in/../../../secret.txt",
    ];
    for path in table.into_iter().chain([deep.as_str(), &encoded]) {
        let Some(answer) = output(&server, path, &["-i"], 0) else { break };
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains(SECRET) && !answer.contains("root:"), "{path}: {answer}");
        let status: u16 = answer[9..12].parse().expect("a status");
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: "));
        match (status, location) {
            // Dots that lead nowhere but to the root may be taken away first.
            (200, None) => {
                let ours = answer.ends_with(PAGE) || answer.contains("secret") || path == "/a/";
                assert!(ours && !path.contains("secret"), "{path}: {answer}");
            }
            // Where it is sent on to must be this server.
            (301 | 308, Some(to)) => {
                let to = to.trim();
                assert!(to.starts_with('/') && !to.starts_with("//"), "{path}: {to}");
                assert!(!to.starts_with("/\\"), "{path}: {to}");
            }
            (400 | 403 | 404, None) => {}
            _ => panic!("{path}: {answer}"),
        }
    }
    server.stop();
}

/// A link is followed where it stays within, and refused where it does not.
#[test]
fn links_and_odd_names_are_served() {
    let site = site();
    let server = site.serve(&[]);
    for (path, body) in [
        ("/inside/c.txt", "c\n"),
        ("/a/in/c.txt", "c\n"),
        ("/a%20b%3Fc%23d%25e.txt", "odd\n"),
        ("/caf%E9.txt", "latin\n"),
        ("/c%C3%B6.txt", "utf-8\n"),
        ("/a/b/c.txt?/../../..", "c\n"),
    ] {
        if let Some(got) = output(&server, path, &[], 0) {
            assert_eq!(String::from_utf8_lossy(&got), body, "{path}");
        }
    }
    for (path, expected) in
        [("/outfile", 403), ("/out/", 403), ("/etc/passwd", 403), ("/.env", 404)]
    {
        assert!(status(&server, path, &[]).is_none_or(|got| got == expected), "{path}");
    }
    server.stop();
}

#[test]
fn hidden_names_are_shown_when_asked_for() {
    let site = site();
    fs::remove_file(site.path("index.html")).expect("a file can be removed");
    let server = site.serve(&[]);
    let page = Wire::to(&server).get("/").text();
    assert!(!page.contains(".env") && !page.contains(".git"), "{page}");
    server.stop();
    let server = site.serve(&["--hidden"]);
    let page = Wire::to(&server).get("/").text();
    assert!(page.contains(".env") && page.contains(".git"), "{page}");
    assert_eq!(Wire::to(&server).get("/.env").text(), SECRET);
    // They are shown; the way out is no such name.
    assert_ne!(Wire::to(&server).get("/../secret.txt").text(), SECRET);
    assert_ne!(Wire::to(&server).get("/outfile").text(), SECRET);
    server.stop();
}

#[test]
fn names_that_are_too_long_are_not_there() {
    let site = site();
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    for path in [
        format!("/{}", "x".repeat(256)),
        format!("/{}", "x".repeat(5_000)),
        format!("/{}", "x/".repeat(2_500)),
        format!("/{}", "%41".repeat(4_000)),
        format!("/a{}b/nothing", "/".repeat(5_000)),
    ] {
        let answer = wire.get(&path);
        let fits = [301, 400, 404, 414].contains(&answer.status);
        assert!(fits, "{}: {}", &path[..20], answer.head);
        if answer.closes() {
            wire = Wire::to(&server);
        }
    }
    assert_eq!(wire.get("/").text(), PAGE);
    drop(wire);
    server.stop();
}

/// The rest of a query is kept, and cannot add a field or a second slash.
#[test]
fn a_folder_is_completed_with_its_slash() {
    let site = site();
    let server = site.serve(&[]);
    for (path, to) in [
        ("/a", "/a/"),
        ("/a?x=1&y=%0d%0aX:1", "/a/?x=1&y=%0d%0aX:1"),
        ("/a/b", "/a/b/"),
        ("/%61", "/a/"),
        ("//a", "/a/"),
    ] {
        let answer = Wire::to(&server).get(path);
        assert!([301, 308].contains(&answer.status), "{path}: {}", answer.head);
        let location = answer.field("Location").expect("a place");
        assert!(location == to || location == format!("{path}/"), "{path}: {location}");
        assert!(!location.starts_with("//"), "{path}: {location}");
    }
    server.stop();
}
