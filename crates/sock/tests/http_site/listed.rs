//! The pages of folders, and for how long one is given.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use sock::http::FileSite;
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Listing, Page};

use super::{PLAIN, Place, until_kept};

/// A site of which the pages are the names in order, and how often one was made.
struct Asked<'a> {
    site: &'a FileSite,
    made: Cell<usize>,
}

impl<'a> Asked<'a> {
    fn new(site: &'a FileSite) -> Self {
        Self { site, made: Cell::new(0) }
    }

    fn page(&self, path: &str, millis: u64) -> Arc<[u8]> {
        let write = |listing: &Listing| {
            self.made.set(self.made.get() + 1);
            let mut names: Vec<_> = listing.entries.iter().map(|entry| &entry.name[..]).collect();
            names.sort_unstable();
            Page { bytes: names.join(&b' ').into(), left_out: 0 }
        };
        self.site.page_at(path.as_bytes(), Duration::from_millis(millis), &write).unwrap().bytes
    }
}

#[test]
fn a_folder_is_looked_at_once_a_turn_and_again_after_an_upload() {
    let place = Place::new().with("a", "a");
    let site = place.site().with_uploads();
    let asked = Asked::new(&site);
    assert_eq!(*asked.page("", 1), *b"a");
    place.write("b", "b");
    assert_eq!(*asked.page("", 1), *b"a", "the same turn");
    assert_eq!(*asked.page("", 2), *b"a b");
    let mut upload = site.store(b"c").unwrap();
    upload.write(b"c").unwrap();
    upload.commit().unwrap();
    assert_eq!(*asked.page("", 2), *b"a b c", "who stored it sees it");
    fs::create_dir(place.path("d")).unwrap();
    assert_eq!(*asked.page("d", 2), *b"");
    assert_eq!(asked.made.get(), 4);
    // Where the clock was set back, and where there is none, it is looked at.
    for millis in [1, 0, 0] {
        let made = asked.made.get();
        asked.page("", millis);
        assert_eq!(asked.made.get(), made + 1);
    }
}

/// Twenty clients who ask for a large page and do not read it hold one.
#[test]
fn the_page_of_a_large_folder_is_one_for_all_who_ask_within_a_second_and_see_it_unchanged() {
    let place = Place::new();
    for n in 0..300 {
        place.write(format!("{n}"), "");
    }
    let site = place.site();
    // The last change is so long ago that the next one will show.
    until_settled(&place, &site);
    let asked = Asked::new(&site);
    let first = asked.page("", 5_000);
    for millis in [5_000, 5_001, 5_500, 6_000] {
        assert!(Arc::ptr_eq(&first, &asked.page("", millis)));
    }
    assert_eq!(asked.made.get(), 1);
    let later = asked.page("", 600_000);
    assert_eq!(asked.made.get(), 2, "it is looked at again");
    assert!(Arc::ptr_eq(&first, &later), "and is the same still");
    place.write("new", "");
    assert!(asked.page("", 600_001).ends_with(b" new settled"));
    fs::remove_file(place.path("new")).unwrap();
    assert_eq!(*asked.page("", 600_002), *first);
}

#[test]
fn what_is_moved_out_of_the_root_is_not_given_from_memory() {
    let place = Place::new();
    for n in 0..300 {
        place.write(format!("d/{n}"), "");
    }
    let site = place.site();
    until_settled(&place, &site);
    let asked = Asked::new(&site);
    let first = asked.page("d", 5_000);
    assert!(Arc::ptr_eq(&first, &asked.page("d", 5_001)));
    let out = place.around.path().join("out");
    fs::rename(place.path("d"), &out).unwrap();
    std::os::unix::fs::symlink(&out, place.path("d")).unwrap();
    let write = |_: &Listing| -> Page { panic!("nothing is to be seen") };
    assert!(site.page_at(b"d", Duration::from_millis(5_002), &write).is_err());
}

/// Waits until what was written before is older than a tick of the file system's clock.
fn until_settled(place: &Place, site: &FileSite) {
    place.write("settled", "x");
    until_kept(site, "settled", PLAIN);
}
