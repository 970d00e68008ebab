//! Ranges: parts of a file, several at once, and a model that is simpler than the code.

use proptest::prelude::*;
use sock_proto::sim::Files;

use super::fuzz::fuzz;
use super::*;

fn files() -> Files {
    Files::new().changed(CHANGED).file("a", "0123456789").file("empty", "")
}

fn range(value: &str) -> Said {
    get(&files(), "/a", &[("Range", value)])
}

#[test]
fn one_range() {
    for (value, place, body) in [
        ("bytes=0-0", "0-0", "0"),
        ("bytes=2-4", "2-4", "234"),
        ("BYTES=7-", "7-9", "789"),
        ("bytes=-3", "7-9", "789"),
        ("bytes=-99", "0-9", "0123456789"),
        ("bytes=8-99999999999999999999999", "8-9", "89"),
        ("bytes= ,, 1-1\t,", "1-1", "1"),
        // Of these only one is there.
        ("bytes=1-1,10-", "1-1", "1"),
        ("bytes=10-,-0,1-1", "1-1", "1"),
    ] {
        let said = range(value);
        assert_eq!((said.status, said.text()), (206, body), "{value}");
        assert_eq!(said.field("Content-Range"), Some(&*format!("bytes {place}/10")), "{value}");
        assert_eq!(said.field("Content-Type"), Some("application/octet-stream"));
        assert_eq!(said.field("ETag"), get(&files(), "/a", &[]).field("ETag"));
    }
}

#[test]
fn what_is_malformed_is_the_whole() {
    for value in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=1",
        "bytes=a-b",
        "bytes=2-1",
        "bytes=1-2-3",
        "bytes=1 - 2",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes:1-2",
        "lines=1-2",
        "bytes =1-2",
        "bytes=1-2,x",
        "bytes=1-2;3-4",
        "bytes=--1",
        "bytes=1-+2",
    ] {
        let said = range(value);
        assert_eq!((said.status, said.text()), (200, "0123456789"), "{value}");
        assert_eq!(said.field("Content-Range"), None);
    }
    let twice = get(&files(), "/a", &[("Range", "bytes=1-1"), ("Range", "bytes=2-2")]);
    assert_eq!(twice.status, 200);
}

#[test]
fn what_is_not_there_is_416_with_the_length() {
    for value in
        ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-", "bytes=-0,11-"]
    {
        let said = range(value);
        assert_eq!(
            (said.status, said.field("Content-Range")),
            (416, Some("bytes */10")),
            "{value}"
        );
    }
    // Some clients ask for a range of everything, to have a bound.
    for value in ["bytes=0-", "bytes=-5", "bytes=0-99"] {
        let said = get(&files(), "/empty", &[("Range", value)]);
        assert_eq!((said.status, said.body.len()), (200, 0), "{value}");
    }
}

#[test]
fn several_ranges_come_in_the_order_of_the_request() {
    let said = range("bytes=8-,0-1,-1");
    assert_eq!(said.status, 206);
    let media = said.field("Content-Type").unwrap();
    let boundary = media.strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert!((1..=70).contains(&boundary.len()));
    let part = |place: &str, bytes: &str| {
        format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {place}/10\r\n\r\n{bytes}\r\n"
        )
    };
    let expected =
        part("8-9", "89") + &part("0-1", "01") + &part("9-9", "9") + &format!("--{boundary}--\r\n");
    assert_eq!(said.text(), expected);
    assert_eq!(said.field("Content-Range"), None);
}

#[test]
fn the_boundary_is_another_at_every_moment_and_of_every_file() {
    let boundary = |target: &[u8], wall| {
        head_of(Method::Get, target, &[("Range", "bytes=0-0,1-1")], |head| {
            let files = files().file("b", "other");
            let said = Said::from(files::answer(head, &Offer::default(), &files, wall));
            said.field("Content-Type").unwrap().to_owned()
        })
    };
    let nanosecond = Duration::from_nanos(1);
    let all = [boundary(b"/a", WALL), boundary(b"/a", WALL + nanosecond), boundary(b"/b", WALL)];
    assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
}

#[test]
fn a_short_request_never_costs_a_long_answer() {
    let many = |n: u32| {
        let ranges: Vec<_> = (0..n).map(|n| format!("{}-{}", n % 10, n % 10)).collect();
        format!("bytes={}", ranges.join(","))
    };
    assert_eq!(range(&many(10)).status, 206);
    // More than there is.
    assert_eq!(range(&many(11)).status, 200);
    assert_eq!(range("bytes=0-,0-").status, 200);
    assert_eq!(range("bytes=0-5,4-9").status, 200);
    assert_eq!(range("bytes=0-4,4-8").status, 206);
    // Too many, though most are nowhere.
    let nowhere = |n: usize| format!("bytes=0-0{}", ",10-".repeat(n));
    assert_eq!((range(&nowhere(15)).status, range(&nowhere(16)).status), (206, 200));
}

#[test]
fn head_has_no_ranges() {
    let said = ask(Method::Head, &files(), &Offer::default(), "/a", &[("Range", "bytes=1-2")]);
    assert_eq!((said.status, said.body.len()), (200, 10));
}

/// One element of a list, as it is written and as it is meant.
#[derive(Debug, Clone)]
enum Spec {
    Both(u64, u64),
    From(u64),
    Last(u64),
    Rubbish(String),
}

impl Spec {
    fn written(&self) -> String {
        match self {
            Self::Both(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(n) => format!("-{n}"),
            Self::Rubbish(text) => text.clone(),
        }
    }

    /// Tells of each place whether it is meant; none where it is malformed.
    fn places(&self, len: u64) -> Option<Vec<u64>> {
        let places = (0..len).filter(|place| match self {
            Self::Both(first, last) => (first..=last).contains(&place),
            Self::From(first) => place >= first,
            Self::Last(n) => len - place <= *n,
            Self::Rubbish(_) => false,
        });
        match self {
            Self::Rubbish(_) => None,
            Self::Both(first, last) if last < first => None,
            Self::Both(..) | Self::From(_) | Self::Last(_) => Some(places.collect()),
        }
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    let number = || prop_oneof![0..24_u64, Just(u64::MAX)];
    prop_oneof![
        4 => (number(), number()).prop_map(|(first, last)| Spec::Both(first, last)),
        4 => (0..24_u64, 0..6_u64).prop_map(|(first, n)| Spec::Both(first, first + n)),
        2 => number().prop_map(Spec::From),
        2 => number().prop_map(Spec::Last),
        1 => "[0-9a +=-]{1,5}[x=]".prop_map(Spec::Rubbish),
    ]
}

/// What the model says: the whole, nowhere, or the bytes of each range.
fn model(specs: &[Spec], len: u64) -> Option<Vec<Vec<u64>>> {
    let places: Option<Vec<_>> = specs.iter().map(|spec| spec.places(len)).collect();
    let places: Vec<_> = places?.into_iter().filter(|places| !places.is_empty()).collect();
    let sum: usize = places.iter().map(Vec::len).sum();
    (len > 0 && specs.len() <= 16 && sum as u64 <= len).then_some(places)
}

#[test]
fn any_range_is_answered_as_the_model_says() {
    let specs = prop_oneof![
        3 => prop::collection::vec(spec(), 1..4),
        1 => prop::collection::vec(spec(), 1..20),
    ];
    fuzz(&(specs, 0..20_u8, any::<bool>()), |(specs, len, sourced)| {
        let bytes: Vec<u8> = (b'a'..b'a' + len).collect();
        let files = if sourced { Files::new().sourced() } else { Files::new() }.file("a", &bytes);
        let written: Vec<_> = specs.iter().map(Spec::written).collect();
        let said = get(&files, "/a", &[("Range", &format!("bytes={}", written.join(", ")))]);
        let all = |places: &[u64]| -> Vec<u8> {
            places.iter().map(|place| bytes[usize::try_from(*place).unwrap()]).collect()
        };
        match model(&specs, len.into()).as_deref() {
            None => prop_assert_eq!((said.status, &said.body), (200, &bytes)),
            Some([]) => prop_assert_eq!(said.status, 416),
            Some([one]) => {
                prop_assert_eq!((said.status, &said.body), (206, &all(one)));
                let place = format!("bytes {}-{}/{len}", one[0], one[one.len() - 1]);
                prop_assert_eq!(said.field("Content-Range"), Some(&*place));
            }
            Some(several) => {
                prop_assert_eq!(said.status, 206);
                let media = said.field("Content-Type").unwrap();
                let boundary = media.rsplit('=').next().unwrap();
                let text = String::from_utf8(said.body.clone()).unwrap();
                let parts: Vec<_> = text.split(&format!("--{boundary}")).skip(1).collect();
                prop_assert_eq!(parts.len(), several.len() + 1);
                for (part, places) in parts.iter().zip(several) {
                    let (_, body) = part.split_once("\r\n\r\n").unwrap();
                    prop_assert_eq!(body.as_bytes(), [&all(places)[..], b"\r\n"].concat());
                }
            }
        }
        Ok(())
    });
}

#[test]
fn no_range_field_is_too_odd() {
    fuzz(&"(bytes=)?[0-9,=\t -]{0,40}", |value| {
        let said = range(&value);
        prop_assert!(matches!(said.status, 200 | 206 | 416));
        Ok(())
    });
}
