//! Listings: the page of a folder, for names of every kind.

use std::sync::OnceLock;

use data_encoding::BASE64;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sock_proto::protocols::http::site::{
    Codings, Entry, Found, Listing, Missing, Page, Refused, Upload,
};
use sock_proto::sim::Files;

use super::fuzz::fuzz;
use super::*;

/// The rows of a page: link, name, size, date.
fn rows(page: &str) -> Vec<[&str; 4]> {
    let rows = page.lines().filter(|line| line.starts_with("<tr><td>"));
    rows.map(|row| {
        let row = row.strip_prefix("<tr><td><a href=\"").expect("a row");
        let (link, row) = row.split_once("\">").expect("a row");
        let (name, row) = row.split_once("</a></td><td>").expect("a row");
        let (size, row) = row.split_once("</td><td>").expect("a row");
        let name = name
            .strip_prefix("<bdi>")
            .map_or(name, |name| name.strip_suffix("</bdi>").expect("a row"));
        [link, name, size, row.strip_suffix("</td></tr>").expect("a row")]
    })
    .collect()
}

fn page(files: &Files, target: &str) -> Said {
    let said = get(files, target, &[]);
    assert_eq!(said.status, 200);
    assert_eq!(said.field("Content-Type"), Some("text/html; charset=utf-8"));
    said
}

#[test]
fn a_page_to_the_byte() {
    let files = Files::new().changed(CHANGED).file("pub/a b.txt", "hello").folder("pub/sub");
    let said = page(&files, "/pub/");
    let (begin, rest) = said.text().split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    assert_eq!(
        begin,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>/pub/</title>\n"
    );
    assert_eq!(
        rest,
        "\n</head>\n<body>\n<h1><bdi>/pub/</bdi></h1>\n<table>\n\
         <tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr>\n\
         <tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n\
         <tr><td><a href=\"./sub/\"><bdi>sub/</bdi></a></td><td></td><td></td></tr>\n\
         <tr><td><a href=\"./a%20b.txt\"><bdi>a b.txt</bdi></a></td><td>5 B</td>\
         <td>1994-11-06 08:49</td></tr>\n\
         </table>\n</body>\n</html>\n"
    );
    // The browser holds the style for ours by its hash, and takes nothing else.
    let hash = BASE64.encode(&Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    assert_eq!(said.field("Content-Security-Policy"), Some(&*policy));
    assert_eq!(said.field("Cache-Control"), Some("no-cache"));
}

#[test]
fn names_stand_as_people_sort_them() {
    let mut files = Files::new().folder("zoo").folder("Bar10").folder("bar9");
    for name in
        ["b", "B", "a10", "a9", "A09", "a", "10", "9", "010", "_", "\u{e9}", "\u{c9}1", "x y", "x-"]
    {
        files = files.file(name, "");
    }
    let said = page(&files, "/");
    let names: Vec<_> = rows(said.text()).iter().map(|row| row[1].to_owned()).collect();
    assert_eq!(
        names,
        [
            "bar9/", "Bar10/", "zoo/", "9", "010", "10", "_", "a", "A09", "a9", "a10", "B", "b",
            "x y", "x-", "\u{e9}", "\u{c9}1"
        ]
    );
}

#[test]
fn no_name_is_more_than_a_name() {
    for (name, link, shown) in [
        ("<script>alert(1)<", "%3Cscript%3Ealert%281%29%3C", "&lt;script&gt;alert(1)&lt;"),
        ("\"onclick=x ", "%22onclick%3Dx%20", "&quot;onclick=x "),
        ("javascript:alert(1)", "javascript%3Aalert%281%29", "javascript:alert(1)"),
        ("\\\\evil\\x", "%5C%5Cevil%5Cx", "\\\\evil\\x"),
        ("a?b#c&d;e%41", "a%3Fb%23c%26d%3Be%2541", "a?b#c&amp;d;e%41"),
        (
            "\r\nX: y\x1b[0m\x7f",
            "%0D%0AX%3A%20y%1B%5B0m%7F",
            "\u{240d}\u{240a}X: y\u{241b}[0m\u{2421}",
        ),
        ("gpj\u{202e}.exe", "gpj%E2%80%AE.exe", "gpj\u{fffd}.exe"),
        ("...", "...", "..."),
        ("it's", "it%27s", "it&#39;s"),
    ] {
        let said = page(&Files::new().file(name, ""), "/");
        let text = said.text();
        assert_eq!(
            rows(text),
            [[&*format!("./{link}"), shown, "0 B", "1970-01-01 00:00"]],
            "{name:?}"
        );
    }
    let folder = Files::new().folder("<b>\u{202e}/x");
    let said = page(&folder, "/%3Cb%3E%E2%80%AE/");
    assert!(said.text().contains("<title>/&lt;b&gt;\u{fffd}/</title>"));
}

#[test]
fn a_name_that_is_no_text_is_shown_as_far_as_it_is_and_linked_as_it_is() {
    let files = Files::new().file(b"caf\xe9.txt", "latin").folder(b"\xff/\xfe");
    let said = page(&files, "/");
    assert_eq!(rows(said.text())[0][..2], ["./%FF/", "\u{fffd}/"]);
    assert_eq!(rows(said.text())[1][..2], ["./caf%E9.txt", "caf\u{fffd}.txt"]);
    assert_eq!(get(&files, "/caf%E9.txt", &[]).body, b"latin");
    assert_eq!(get(&files, "/%FF/%FE", &[]).field("Location"), Some("/%FF/%FE/"));
}

#[test]
fn sizes_have_units() {
    #[derive(Debug)]
    struct Sized(u64);
    impl Site for Sized {
        fn find(&self, path: &[u8], _: Codings) -> Result<Found, Missing> {
            if path.is_empty() { Ok(Found::Folder) } else { Err(Missing::NotFound) }
        }
        fn list(&self, _: &[u8]) -> Result<Listing, Missing> {
            Ok(vec![Entry { name: b"a".into(), is_folder: false, len: self.0, modified: None }]
                .into())
        }
        fn store(&self, _: &[u8]) -> Result<Box<dyn Upload>, Refused> {
            Err(Refused::Forbidden)
        }
        fn moment(&self, _: &str) -> Option<Duration> {
            None
        }
    }
    for (len, shown) in [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1075, "1.0 KiB"),
        (1076, "1.1 KiB"),
        (1_048_524, "1023.9 KiB"),
        (1_048_525, "1.0 MiB"),
        (1 << 30, "1.0 GiB"),
        (5 << 40, "5.0 TiB"),
        (u64::MAX, "16.0 EiB"),
    ] {
        let said = get(&Sized(len), "/", &[]);
        assert_eq!(rows(said.text()), [["./a", "a", shown, ""]]);
    }
}

#[test]
fn a_folder_of_which_only_a_part_is_listed_says_so() {
    #[derive(Debug)]
    struct Endless(Vec<Entry>);
    impl Site for Endless {
        fn find(&self, path: &[u8], _: Codings) -> Result<Found, Missing> {
            if path.is_empty() { Ok(Found::Folder) } else { Err(Missing::NotFound) }
        }
        fn list(&self, _: &[u8]) -> Result<Listing, Missing> {
            Ok(Listing { entries: self.0.clone(), has_more: true, left_out: 0 })
        }
        fn store(&self, _: &[u8]) -> Result<Box<dyn Upload>, Refused> {
            Err(Refused::Forbidden)
        }
        fn moment(&self, _: &str) -> Option<Duration> {
            None
        }
    }
    let entry = |name: &[u8]| Entry { name: name.into(), is_folder: false, len: 1, modified: None };
    for entries in [vec![entry(b"b"), entry(b"a")], vec![]] {
        let said = get(&Endless(entries.clone()), "/", &[]);
        assert_eq!(rows(said.text()).len(), entries.len());
        assert!(
            said.text().contains("<p>This folder has more names than these"),
            "{}",
            said.text()
        );
        assert!(!said.text().contains("is empty"));
    }
}

#[test]
fn a_form_is_there_where_files_can_be_stored() {
    let files = Files::new();
    let offer = Offer { upload: Some(9), ..Offer::default() };
    let with = ask(Method::Get, &files, &offer, "/", &[]);
    let form = "<form method=\"post\" enctype=\"multipart/form-data\" action=\"./\">";
    assert!(with.text().contains(form));
    let without = page(&files, "/");
    assert!(!without.text().contains("<form"));
    assert!(without.text().contains("<p>This folder is empty.</p>"));
}

#[test]
fn a_page_is_bounded() {
    let mut files = Files::new();
    for n in 0..10_002 {
        files.insert(format!("{n}").as_bytes(), b"");
    }
    let said = page(&files, "/");
    assert_eq!(rows(said.text()).len(), 10_000);
    assert!(said.text().contains("<p>2 more names are not shown.</p>"));
    assert!(said.body.len() < 2 << 20);
}

#[test]
fn a_page_of_long_names_is_bounded_and_says_how_many_are_left_out() {
    let mut files = Files::new();
    for n in 0..9_999 {
        files.insert(format!("{n:04}{}", "\u{fc}".repeat(120)).as_bytes(), b"");
    }
    let said = page(&files, "/");
    assert!((2 << 20) - 2_000 < said.body.len() && said.body.len() < (2 << 20) + 1_000);
    let shown = rows(said.text());
    assert!(shown.iter().enumerate().all(|(n, row)| row[1].starts_with(&format!("{n:04}"))));
    let left = 9_999 - shown.len();
    assert!(said.text().contains(&format!("<p>{left} more names are not shown.</p>")));
}

/// A site that makes a page once and for all.
#[derive(Debug)]
struct Once(Files, OnceLock<Page>);

impl Site for Once {
    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing> {
        self.0.find(path, takes)
    }
    fn list(&self, path: &[u8]) -> Result<Listing, Missing> {
        self.0.list(path)
    }
    fn page_at(
        &self,
        path: &[u8],
        _: Duration,
        write: &dyn Fn(&Listing) -> Page,
    ) -> Result<Page, Missing> {
        let listing = self.list(path)?;
        Ok(self.1.get_or_init(|| write(&listing)).clone())
    }
    fn store(&self, path: &[u8]) -> Result<Box<dyn Upload>, Refused> {
        self.0.store(path)
    }
    fn moment(&self, date: &str) -> Option<Duration> {
        self.0.moment(date)
    }
}

#[test]
fn a_large_page_lies_in_memory_once_for_all_who_wait_for_it() {
    let mut files = Files::new();
    for n in 0..1_000 {
        files.insert(format!("{n}").as_bytes(), b"");
    }
    let site = Once(files, OnceLock::new());
    let ask = || {
        head_of(Method::Get, b"/", &[], |head| files::answer(head, &Offer::default(), &site, WALL))
    };
    let waiting: Vec<Answer> = (0..20).map(|_| ask()).collect();
    let page = &site.1.get().unwrap().bytes;
    assert!(page.len() > 64 * 1024);
    assert_eq!(Arc::strong_count(page), 21);
    for answer in waiting {
        let own = answer.body.iter().filter(|part| !matches!(part, Part::Span(_)));
        assert!(own.map(Part::len).sum::<u64>() < 100);
        assert_eq!(rows(Said::from(answer).text()).len(), 1_000);
    }
}

#[test]
fn any_listing_links_to_what_it_names() {
    let name = prop::collection::vec(prop_oneof![any::<u8>(), 0x20..0x7f_u8], 1..12);
    let name = name.prop_filter("a name", |name| {
        !name.contains(&0) && !name.contains(&b'/') && name != b"." && name != b".."
    });
    fuzz(&prop::collection::vec((name, "[a-z]{0,9}"), 1..6), |names| {
        let mut files = Files::new();
        for (name, content) in &names {
            files.insert(name, content.as_bytes());
        }
        prop_assume!(files.bytes(b"index.html").is_none());
        let said = page(&files, "/");
        let rows = rows(said.text());
        prop_assert_eq!(rows.len(), files.paths().count());
        let mut found: Vec<Vec<u8>> = Vec::new();
        for [link, name, ..] in rows {
            prop_assert!(!name.contains(['<', '>', '"', '\n', '\x1b']));
            let file = get(&files, link.strip_prefix('.').unwrap(), &[]);
            prop_assert_eq!(file.status, 200);
            found.push(file.body);
        }
        let mut expected: Vec<_> =
            files.paths().map(|path| files.bytes(path).unwrap().to_vec()).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
        Ok(())
    });
}
