//! Compressed content: from the file beside, or made when it is first asked for.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::time::{Duration, UNIX_EPOCH};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sock_proto::protocols::http::site::{Body, Codings};

use super::{PLAIN, Place, bytes, file, until_kept};

const GZIP: Codings = Codings { gzip: true, br: false };
const BOTH: Codings = Codings { gzip: true, br: true };

pub(crate) fn unzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn set_time(place: &Place, name: &str, seconds: u64) {
    let it = OpenOptions::new().write(true).open(place.path(name)).unwrap();
    it.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[test]
fn text_is_compressed_for_who_takes_it() {
    let text = "<p>the same line again and again\n".repeat(1000);
    let place = Place::new().with("page.html", &text).with("small.css", "p{}");
    place.write("noise.txt", random(20_000));
    place.write("image.png", &text);
    place.write("large.json", vec![b' '; (512 << 10) + 1]);
    place.write("most.json", vec![b' '; 512 << 10]);
    let site = place.site();
    let plain = file(&site, "page.html", PLAIN);
    let packed = file(&site, "page.html", GZIP);
    assert_eq!((plain.coding, packed.coding), (None, Some("gzip")));
    assert!(plain.varies && packed.varies);
    assert_eq!(unzip(&bytes(&packed)), text.as_bytes());
    assert_eq!(packed.len, bytes(&packed).len() as u64);
    assert!(packed.len < plain.len / 10);
    assert_ne!(packed.etag, plain.etag);
    assert_eq!(packed.media, "text/html; charset=utf-8");
    assert_eq!(packed.modified, plain.modified);
    until_kept(&site, "page.html", GZIP);
    // What does not get smaller, is too small, too large, or compressed already.
    for name in ["noise.txt", "small.css", "large.json", "image.png"] {
        assert_eq!(file(&site, name, BOTH).coding, None, "{name}");
    }
    assert!(!file(&site, "image.png", BOTH).varies);
    // The largest that is compressed: once it is left alone, so that it can be kept.
    while file(&site, "most.json", GZIP).coding.is_none() {
        std::thread::yield_now();
    }
    until_kept(&site, "most.json", GZIP);
    assert_eq!(unzip(&bytes(&file(&site, "most.json", GZIP))), vec![b' '; 512 << 10]);
    assert!(matches!(file(&site, "most.json", PLAIN).body, Body::Source(_)));
}

#[test]
fn what_fits_a_packet_varies_only_with_a_file_beside_it() {
    let place =
        Place::new().with("a.css", "p{}").with("b.css", "p{}").with("b.css.gz", zip(b"p{}"));
    place.write("packet.txt", vec![b'a'; 1_024]);
    place.write("more.txt", vec![b'a'; 1_460]);
    for name in ["b.css", "b.css.gz"] {
        set_time(&place, name, 1000);
    }
    let site = place.site();
    let varies =
        ["a.css", "packet.txt", "b.css", "more.txt"].map(|name| file(&site, name, PLAIN).varies);
    assert_eq!(varies, [false, false, true, true]);
}

#[test]
fn a_file_beside_is_given_if_it_is_not_older() {
    let text = "some text, compressed with care ".repeat(100);
    let place = Place::new().with("a.html", &text).with("a.html.br", "brotli").with("b.js", &text);
    let care = zip(text.as_bytes());
    place.write("a.html.gz", &care);
    for name in ["a.html", "a.html.br", "a.html.gz"] {
        set_time(&place, name, 1000);
    }
    let site = place.site();
    let found = |name, takes| {
        let found = file(&site, name, takes);
        (found.coding, bytes(&found))
    };
    assert_eq!(found("a.html", BOTH), (Some("br"), b"brotli".to_vec()));
    assert_eq!(found("a.html", GZIP), (Some("gzip"), care.clone()));
    assert_eq!(found("a.html", PLAIN), (None, text.clone().into_bytes()));
    let brotli = file(&site, "a.html", BOTH);
    assert_eq!((brotli.media.as_ref(), brotli.len), ("text/html; charset=utf-8", 6));
    assert!(brotli.varies && brotli.etag.ends_with("-br\""));
    // Asked for by its own name it is what it is.
    assert_eq!(file(&site, "a.html.gz", BOTH).media, "application/gzip");
    assert_eq!(file(&site, "a.html.gz", BOTH).coding, None);
    until_kept(&site, "a.html", BOTH);
    // Changes of it are seen, and so is its end, and its beginning.
    place.write("a.html.br", "better");
    assert_eq!(found("a.html", BOTH), (Some("br"), b"better".to_vec()));
    set_time(&place, "a.html.br", 999);
    assert_eq!(found("a.html", BOTH), (Some("gzip"), care.clone()));
    fs::remove_file(place.path("a.html.gz")).unwrap();
    let (coding, made) = found("a.html", BOTH);
    assert_eq!((coding, unzip(&made)), (Some("gzip"), text.clone().into_bytes()));
    until_kept(&site, "a.html", BOTH);
    set_time(&place, "a.html.br", 1000);
    assert_eq!(found("a.html", BOTH), (Some("br"), b"better".to_vec()));
}

#[test]
fn what_is_beside_obeys_the_rules() {
    let text = "text ".repeat(1000);
    let place = Place::new().with("a.html", &text).with("b.html", &text).with("c.html", &text);
    let place = place.with("large.html", vec![b'x'; 1 << 20]);
    place.write("large.html.gz", vec![b'y'; 100 << 10]);
    fs::write(place.around.path().join("secret"), "s").unwrap();
    symlink("../secret", place.path("a.html.br")).unwrap();
    fs::create_dir(place.path("b.html.br")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.path("c.html.br"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let site = place.site();
    for name in ["a.html", "b.html", "c.html"] {
        let found = file(&site, name, BOTH);
        assert_eq!((found.coding, unzip(&bytes(&found))), (Some("gzip"), text.clone().into()));
    }
    let large = file(&site, "large.html", BOTH);
    assert_eq!((large.coding, large.len), (Some("gzip"), 100 << 10));
    assert!(matches!(large.body, Body::Source(_)));
}

/// Bytes that do not get smaller, the same each time.
fn random(len: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
