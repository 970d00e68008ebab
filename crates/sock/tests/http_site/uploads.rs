//! Files that are stored: whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use sock::http::FileSite;
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Missing, Refused, Stored};

use super::{PLAIN, Place, bytes, file, missing};

fn put(site: &FileSite, path: &str, bytes: &[u8]) -> Result<Stored, Refused> {
    let mut upload = site.store(path.as_bytes())?;
    for piece in bytes.chunks(1000) {
        upload.write(piece)?;
    }
    upload.commit()
}

#[test]
fn a_file_is_created_and_then_replaced() {
    let place = Place::new().with("sub/old", "old");
    let site = place.site().with_uploads();
    assert_eq!(put(&site, "new.txt", b"hello"), Ok(Stored::Created));
    assert_eq!(put(&site, "new.txt", b"again"), Ok(Stored::Replaced));
    assert_eq!(put(&site, "sub/old", b""), Ok(Stored::Replaced));
    assert_eq!(put(&site, "sub/new", &vec![9; 100_000]), Ok(Stored::Created));
    assert_eq!(bytes(&file(&site, "new.txt", PLAIN)), b"again");
    assert_eq!(bytes(&file(&site, "sub/old", PLAIN)), b"");
    assert_eq!(bytes(&file(&site, "sub/new", PLAIN)), vec![9; 100_000]);
    assert_eq!(place.names(), ["new.txt", "sub"]);
    // As any other program would have created it.
    place.write("plain", "x");
    let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("new.txt"), mode("plain"));
}

#[test]
fn nothing_is_seen_before_the_end_and_nothing_left_without() {
    let place = Place::new().with("old", "old");
    let site = place.site().with_uploads();
    let [mut one, mut two] = ["new", "old"].map(|name| site.store(name.as_bytes()).unwrap());
    one.write(b"half").unwrap();
    two.write(b"half").unwrap();
    assert_eq!(missing(&site, "new"), Missing::NotFound);
    assert_eq!(bytes(&file(&site, "old", PLAIN)), b"old");
    assert_eq!(site.list(b"").unwrap().entries.len(), 1);
    drop((one, two));
    assert_eq!(place.names(), ["old"]);
    assert_eq!(fs::read(place.path("old")).unwrap(), b"old");
}

#[test]
fn who_reads_sees_the_old_one_or_the_new() {
    let place = Place::new();
    let site = place.site().with_uploads();
    let pages = [vec![b'a'; 200_000], vec![b'b'; 300_000]];
    put(&site, "page", &pages[0]).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                assert!(pages.contains(&fs::read(place.path("page")).unwrap()));
                assert!(pages.contains(&bytes(&file(&site, "page", PLAIN))));
            }
        });
        for n in 0..200 {
            assert_eq!(put(&site, "page", &pages[n % 2]), Ok(Stored::Replaced));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(place.names(), ["page"]);
}

#[test]
fn two_that_store_the_same_are_told_apart() {
    let place = Place::new();
    let site = place.site().with_uploads();
    let [mut one, mut two] = [0; 2].map(|_| site.store(b"name").unwrap());
    one.write(b"one").unwrap();
    two.write(b"two").unwrap();
    assert_eq!(two.commit(), Ok(Stored::Created));
    assert_eq!(one.commit(), Ok(Stored::Replaced));
    assert_eq!(fs::read(place.path("name")).unwrap(), b"one");
}

#[test]
fn what_may_not_be_stored() {
    let place = Place::new().with("folder/file", "x").with("file", "x");
    fs::create_dir(place.around.path().join("out")).unwrap();
    symlink("../out", place.path("leaves")).unwrap();
    let site = place.site().with_uploads();
    let table = [
        ("", Refused::Forbidden),
        ("folder", Refused::Forbidden),
        (".hidden", Refused::Forbidden),
        ("folder/.hidden", Refused::Forbidden),
        (".sock-upload-1", Refused::Forbidden),
        ("leaves/new", Refused::Forbidden),
        ("none/new", Refused::NotFound),
        ("file/new", Refused::NotFound),
    ];
    for (path, refused) in table {
        assert_eq!(site.store(path.as_bytes()).unwrap_err(), refused, "{path}");
    }
    assert_eq!(place.site().store(b"new").unwrap_err(), Refused::Forbidden);
    assert_eq!(put(&place.site().with_uploads().with_hidden(), ".dot", b"x"), Ok(Stored::Created));
    assert_eq!(fs::read_dir(place.around.path().join("out")).unwrap().count(), 0);
}

/// A link is a name like any other: it is the link that is replaced.
#[test]
fn a_link_is_not_followed() {
    let place = Place::new().with("within", "within");
    let outside = place.around.path().join("outside");
    fs::write(&outside, "outside").unwrap();
    symlink(&outside, place.path("leaves")).unwrap();
    symlink("within", place.path("stays")).unwrap();
    let site = place.site().with_uploads();
    for name in ["leaves", "stays"] {
        assert_eq!(put(&site, name, b"new"), Ok(Stored::Replaced), "{name}");
        assert_eq!(bytes(&file(&site, name, PLAIN)), b"new");
    }
    assert_eq!(fs::read(outside).unwrap(), b"outside");
    assert_eq!(bytes(&file(&site, "within", PLAIN)), b"within");
}

/// A folder that goes, or a name that becomes a folder, while a file is on its way there.
#[test]
fn a_place_that_goes_meanwhile_is_no_panic() {
    let place = Place::new().with("folder/file", "x");
    let site = place.site().with_uploads();
    let gone = site.store(b"folder/new").unwrap();
    let taken = site.store(b"taken").unwrap();
    fs::remove_dir_all(place.path("folder")).unwrap();
    fs::create_dir(place.path("taken")).unwrap();
    assert_eq!(gone.commit(), Err(Refused::NotFound));
    assert_eq!(taken.commit(), Err(Refused::Forbidden));
    assert_eq!(place.names(), ["taken"]);
}
