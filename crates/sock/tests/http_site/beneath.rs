//! Nothing outside of the root, nothing hidden, nothing that is no file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use sock::http::{FileSite, Rights};
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Found, Missing, Refused};

use super::{PLAIN, Place, bytes, file, missing, needs};

#[test]
fn files_and_folders_are_found_by_any_name() {
    let place = Place::new().with("a/b/c.html", "<p>").with("empty", "");
    place.write(b"\xff\xfe.txt", "not UTF-8");
    place.write("two words, a quote \" and a \u{1f980}", "odd");
    let site = place.site();
    assert!(matches!(site.find(b"", PLAIN), Ok(Found::Folder)));
    assert!(matches!(site.find(b"a", PLAIN), Ok(Found::Folder)));
    assert!(matches!(site.find(b"a/b", PLAIN), Ok(Found::Folder)));
    let page = file(&site, "a/b/c.html", PLAIN);
    assert_eq!((bytes(&page).as_slice(), page.len), (&b"<p>"[..], 3));
    assert_eq!(page.media, "text/html; charset=utf-8");
    assert_eq!(page.coding, None);
    assert_eq!(bytes(&file(&site, "empty", PLAIN)), b"");
    assert_eq!(bytes(&file(&site, b"\xff\xfe.txt", PLAIN)), b"not UTF-8");
    assert_eq!(bytes(&file(&site, "two words, a quote \" and a \u{1f980}", PLAIN)), b"odd");
    assert_eq!(missing(&site, "nothing"), Missing::NotFound);
    assert_eq!(missing(&site, "empty/below"), Missing::NotFound);
}

#[test]
fn no_spelling_leads_out() {
    let place = Place::new().with("a/file", "x");
    fs::write(place.around.path().join("secret"), "s").unwrap();
    let site = place.site();
    let ways: [&[u8]; 16] = [
        b"..",
        b"../secret",
        b"a/../../secret",
        b"a/../../root/../secret",
        b"/etc/passwd",
        b"//etc/passwd",
        b"a//../../secret",
        b"./../secret",
        b"a/./file",
        b"a/",
        b"/",
        b".",
        b"a/file\0",
        b"a\0/../../secret",
        b"..\0",
        b"a/..",
    ];
    for site in [site, place.site().with_hidden().with_uploads()] {
        for path in ways {
            assert_eq!(missing(&site, path), Missing::NotFound, "{}", path.escape_ascii());
            assert!(site.list(path).is_err(), "{}", path.escape_ascii());
            assert_eq!(
                site.store(path).unwrap_err(),
                Refused::Forbidden,
                "{}",
                path.escape_ascii()
            );
        }
        // Backslashes and dots that only look like a way are names.
        for path in ["..\\secret", "...", "a/..;/secret", "%2e%2e/secret", "~", "..%2fsecret"] {
            assert_eq!(missing(&site, path), Missing::NotFound, "{path}");
        }
    }
}

#[test]
fn links_lead_anywhere_within_and_nowhere_else() {
    let place = Place::new().with("deep/er/page.html", "within");
    fs::write(place.around.path().join("secret"), "s").unwrap();
    fs::create_dir(place.around.path().join("rooted")).unwrap();
    let outside = place.around.path().join("secret");
    symlink("deep/er/page.html", place.path("link")).unwrap();
    symlink("../er/../../deep", place.path("deep/er/back")).unwrap();
    symlink(&outside, place.path("absolute")).unwrap();
    symlink("../secret", place.path("relative")).unwrap();
    symlink("../nothing", place.path("dangling-out")).unwrap();
    symlink("nothing", place.path("dangling-in")).unwrap();
    symlink("..", place.path("up")).unwrap();
    symlink("/", place.path("slash")).unwrap();
    symlink("../root/deep", place.path("out-and-in")).unwrap();
    symlink("../rooted", place.path("sibling")).unwrap();
    symlink("loop", place.path("loop")).unwrap();
    symlink("/proc/self/root", place.path("magic")).unwrap();
    symlink("/dev/null", place.path("null")).unwrap();
    let site = place.site();
    assert_eq!(bytes(&file(&site, "link", PLAIN)), b"within");
    assert_eq!(bytes(&file(&site, "deep/er/back/er/page.html", PLAIN)), b"within");
    let out = ["absolute", "relative", "dangling-out", "up", "up/secret", "slash/etc/passwd"];
    let more = ["out-and-in/er/page.html", "sibling", "magic/etc/passwd"];
    let leaves = out.into_iter().chain(more).map(|path| (path, Missing::Outside));
    let not_followed = ["loop", "null"].map(|path| (path, Missing::Forbidden));
    for (path, why) in leaves.chain(not_followed) {
        assert_eq!(missing(&site, path), why, "{path}");
        assert!(site.list(path.as_bytes()).is_err(), "{path}");
    }
    assert_eq!(missing(&site, "dangling-in"), Missing::NotFound);
    let uploads = place.site().with_uploads();
    for path in ["up/new", "slash/tmp/new", "sibling/new"] {
        assert_eq!(uploads.store(path.as_bytes()).unwrap_err(), Refused::Forbidden, "{path}");
    }
}

/// What was within is kept, and then its name leads out.
#[test]
fn what_is_kept_does_not_outlive_its_link() {
    let place = Place::new().with("page", "within");
    fs::write(place.around.path().join("secret"), "secret").unwrap();
    symlink("page", place.path("link")).unwrap();
    let site = place.site();
    super::until_kept(&site, "link", PLAIN);
    fs::remove_file(place.path("link")).unwrap();
    symlink("../secret", place.path("link")).unwrap();
    assert_eq!(missing(&site, "link"), Missing::Outside);
}

/// The file itself is what it was, and only the way to it leads out.
#[test]
fn what_is_kept_does_not_outlive_the_way_to_it() {
    let place = Place::new().with("sub/page", "within");
    let site = place.site();
    super::until_kept(&site, "sub/page", PLAIN);
    fs::rename(place.path("sub"), place.around.path().join("moved")).unwrap();
    symlink("../moved", place.path("sub")).unwrap();
    while site.find(b"sub/page", PLAIN).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(missing(&site, "sub/page"), Missing::Outside);
}

/// A folder and a link that leads out take each other's place all the time.
#[test]
fn no_moment_is_short_enough_to_slip_out() {
    let place = Place::new().with("a/page", "within");
    let outside = place.around.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for name in ["page", "fresh"] {
        fs::write(outside.join(name), "secret").unwrap();
    }
    symlink("../outside", place.path("b")).unwrap();
    let site = place.site().with_uploads();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (a, b) = (place.path("a"), place.path("b"));
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &a, CWD, &b, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let mut seen = [0; 2];
        while seen.iter().any(|n| *n < 1000) {
            for path in ["a/page", "b/page"] {
                match site.find(path.as_bytes(), PLAIN) {
                    Ok(Found::File(file)) => {
                        assert_eq!(bytes(&file), b"within");
                        seen[0] += 1;
                    }
                    Ok(Found::Folder) => panic!("{path} is a folder"),
                    Err(_) => seen[1] += 1,
                }
                assert!(site.find(b"a/fresh", PLAIN).is_err());
                for entry in site.list(b"a").unwrap_or_default().entries {
                    assert_eq!(entry.name, b"page");
                }
            }
            if let Ok(mut upload) = site.store(b"a/new") {
                upload.write(b"new").unwrap();
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(outside).unwrap().count(), 2);
}

#[test]
fn hidden_names_are_not_there_unless_asked_for() {
    let place = Place::new().with(".env", "key").with(".git/config", "x").with("a/.b/c", "x");
    let place = place.with(".sock-upload-1-1", "half").with("plain", "x");
    let site = place.site();
    for path in [".env", ".git", ".git/config", "a/.b/c", "a/.b"] {
        assert_eq!(missing(&site, path), Missing::NotFound, "{path}");
    }
    assert_eq!(site.list(b".git").unwrap_err(), Missing::NotFound);
    let names = |site: &FileSite| {
        let mut names: Vec<_> =
            site.list(b"").unwrap().entries.into_iter().map(|it| it.name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&site), [b"a".to_vec(), b"plain".to_vec()]);
    let site = place.site().with_hidden();
    assert_eq!(bytes(&file(&site, ".env", PLAIN)), b"key");
    assert_eq!(bytes(&file(&site, "a/.b/c", PLAIN)), b"x");
    assert_eq!(missing(&site, ".sock-upload-1-1"), Missing::NotFound);
    let shown: [&[u8]; 4] = [b".env", b".git", b"a", b"plain"];
    assert_eq!(names(&site), shown.map(<[u8]>::to_vec));
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let place = Place::new().with("file", "x");
    mknodat(CWD, place.path("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _listener = UnixListener::bind(place.path("socket")).unwrap();
    let site = place.site();
    assert_eq!(missing(&site, "pipe"), Missing::Forbidden);
    assert_eq!(missing(&site, "socket"), Missing::Forbidden);
    let names: Vec<_> =
        site.list(b"").unwrap().entries.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, [b"file".to_vec()]);
    let uploads = place.site().with_uploads();
    assert_eq!(uploads.store(b"pipe").unwrap_err(), Refused::Forbidden);
    let dev = FileSite::open("/dev").unwrap();
    for name in ["null", "zero", "tty"] {
        if Path::new("/dev").join(name).exists() {
            assert_eq!(missing(&dev, name), Missing::Forbidden, "{name}");
        }
    }
}

#[test]
fn a_name_may_be_too_long() {
    let place = Place::new();
    let name = "n".repeat(255);
    place.write(&name, "x");
    let site = place.site().with_uploads();
    assert_eq!(bytes(&file(&site, &name, PLAIN)), b"x");
    assert_eq!(missing(&site, "n".repeat(256)), Missing::TooLong);
    assert_eq!(missing(&site, "d/".repeat(3000) + "f"), Missing::TooLong);
    assert_eq!(
        site.list("d/".repeat(3000).trim_end_matches('/').as_bytes()),
        Err(Missing::TooLong)
    );
    assert_eq!(site.store("n".repeat(256).as_bytes()).unwrap_err(), Refused::TooLong);
}

#[test]
fn a_folder_tells_what_a_client_would_get() {
    let place = Place::new().with("page.html", "12345").with("sub/inner", "");
    symlink("page.html", place.path("file-link")).unwrap();
    symlink("sub", place.path("folder-link")).unwrap();
    symlink("..", place.path("out")).unwrap();
    symlink("nothing", place.path("dangling")).unwrap();
    let mut entries = place.site().list(b"").unwrap().entries;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.is_folder))
        .collect();
    let expected =
        [("file-link", false), ("folder-link", true), ("page.html", false), ("sub", true)];
    assert_eq!(told, expected.map(|(name, is_folder)| (name.to_owned(), is_folder)));
    assert_eq!((entries[0].len, entries[2].len), (5, 5));
    let modified = fs::metadata(place.path("page.html")).unwrap().modified().unwrap();
    let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(entries[2].modified, Some(modified));
    assert_eq!(place.site().list(b"page.html").unwrap_err(), Missing::NotFound);
    assert_eq!(place.site().list(b"none").unwrap_err(), Missing::NotFound);
}

#[test]
fn what_may_not_be_read_is_forbidden_and_not_listed() {
    let place = Place::new().with("open", "x").with("closed", "x").with("shut/file", "x");
    let deny = |name, mode| {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let kept = place.site();
    super::until_kept(&kept, "closed", PLAIN);
    deny("closed", 0o000);
    deny("shut", 0o000);
    fs::set_permissions(place.around.path(), fs::Permissions::from_mode(0o755)).unwrap();
    deny("", 0o555);
    let judge = |site: &FileSite| {
        assert_eq!(missing(site, "closed"), Missing::Denied);
        assert_eq!(missing(site, "shut/file"), Missing::Denied);
        assert_eq!(site.list(b"shut").unwrap_err(), Missing::Denied);
        let listing = site.list(b"").unwrap();
        assert_eq!(listing.left_out, 2);
        let names: Vec<_> = listing.entries.into_iter().map(|it| it.name).collect();
        assert_eq!(names, [b"open".to_vec()]);
        let refused = place.site().with_uploads().store(b"new").unwrap_err();
        assert_eq!(refused, Refused::Denied);
        assert_eq!(site.rights(), Rights { enter: true, list: true, store: false });
        let shut = FileSite::open(place.path("shut")).unwrap();
        assert_eq!(shut.rights(), Rights { enter: false, list: false, store: false });
    };
    // Root may everything; one thread becomes somebody else and stays it.
    std::thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            let is_root = rustix::process::geteuid().is_root();
            let nobody = rustix::fs::Uid::from_raw(65534);
            if is_root && rustix::thread::set_thread_uid(nobody).is_err() {
                return needs::skips("needs the right to become somebody else");
            }
            judge(&place.site());
            judge(&kept);
        });
        nobody.join().unwrap();
    });
    deny("", 0o755);
    deny("shut", 0o755);
}

#[test]
fn a_root_that_is_none_is_told_with_its_name() {
    let place = Place::new().with("file", "x");
    let error = FileSite::open(place.path("none")).unwrap_err();
    assert_eq!(error.kind(), sock::ErrorKind::NotFound);
    assert!(error.to_string().contains("/root/none: no such file"), "{error}");
    assert!(FileSite::open(place.path("file")).is_err());
    assert_eq!(missing(&place.site(), "file/"), Missing::NotFound);
}
