//! Downloads from a server in any mood: the file is exactly one of the versions, or there is an error.
//!
//! `SOCK_FUZZ_SECONDS` says how long (2).

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, reason = "each test program uses its part of the fake")]
mod fake_web;

use std::fs;
use std::time::{Duration, Instant};

use fake_web::{Diary, Kept, Mood, Tag, Version, Web};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use proptest::{prop_assert, prop_assert_eq};
use sock::ErrorKind;
use sock::http::Download;

const URL: &str = "http://a.example/file";

/// Versions that share beginnings, lengths and ends, so that a splice looks like one of them almost.
fn versions() -> impl Strategy<Value = Vec<Version>> {
    let letter = || prop_oneof![Just(b'a'), Just(b'b')];
    let bytes = prop_oneof![
        3 => vec(letter(), 40),
        1 => vec(letter(), 0..60),
        1 => (0usize..60).prop_map(|n| vec![b'a'; n]),
    ];
    let tagged = (bytes, 0..5u8);
    vec(tagged, 1..5).prop_map(|all| {
        let version = |(n, (bytes, kind)): (usize, (Vec<u8>, u8))| {
            // What is strong is never the same for two versions; what is weak may be.
            let tag = match kind {
                0 => Tag::Weak("\"same\"".to_owned()),
                1 => Tag::None,
                2 => Tag::Modified(60 + n as u64),
                3 => Tag::Modified(n as u64),
                _ => Tag::Strong(format!("\"{n}\"")),
            };
            Version { bytes, tag }
        };
        all.into_iter().enumerate().map(version).collect()
    })
}

fn kind() -> impl Strategy<Value = ErrorKind> {
    prop_oneof![
        Just(ErrorKind::Reset),
        Just(ErrorKind::TimedOut),
        Just(ErrorKind::CutShort),
        Just(ErrorKind::Refused),
    ]
}

fn mood() -> impl Strategy<Value = Mood> {
    let status = prop_oneof![Just(500u16), Just(503), Just(408), Just(416), Just(404)];
    let after = of(prop_oneof![Just("1"), Just("rubbish"), Just("-1")]);
    let reply = (
        weighted(0.7, (0usize..40, of(kind()))),
        weighted(0.1, (status, after)),
        weighted(0.1, kind()),
        prop_oneof![4 => Just(0u64), 1 => 1u64..9],
        prop_oneof![4 => Just(0u64), 1 => 1u64..9],
        weighted(0.2, 1usize..20),
    );
    (any::<[u8; 8]>(), reply).prop_map(
        |(dice, (breaks, status, silent, shifted, total_off, small))| {
            let [changes, rangeless, careless, totalless, unnamed, chunked, elsewhere, _] =
                dice.map(|die| die % 4 == 0);
            Mood {
                changes,
                status,
                silent,
                breaks,
                rangeless,
                careless,
                shifted,
                total_off,
                totalless,
                unnamed,
                chunked,
                small,
                elsewhere,
                extra: None,
            }
        },
    )
}

#[derive(Debug, Clone)]
struct Story {
    versions: Vec<Version>,
    /// Of each run: how the server behaves, and whether the run goes on with what is there.
    runs: Vec<(Vec<Mood>, bool, u32)>,
    /// Whether the hash of the last version is asked for.
    hashed: bool,
}

fn story() -> impl Strategy<Value = Story> {
    let run = (vec(mood(), 0..6), any::<bool>(), 0u32..5);
    (versions(), vec(run, 1..4), proptest::bool::weighted(0.2))
        .prop_map(|(versions, runs, hashed)| Story { versions, runs, hashed })
}

fn plan(story: &Story, goes_on: bool, retries: u32) -> Download {
    use sha2::Digest;
    let mut plan = Download::new(URL).retries(retries);
    if goes_on {
        plan = plan.continued();
    }
    if story.hashed {
        let last = &story.versions.last().unwrap().bytes;
        plan = plan.sha256(sha2::Sha256::digest(last).into());
    }
    plan
}

fn is_one_of(bytes: &[u8], story: &Story) -> bool {
    let any_of_them = story.versions.iter().any(|version| version.bytes == bytes);
    any_of_them && (!story.hashed || story.versions.last().unwrap().bytes == bytes)
}

/// Several runs at one file: after each, it is a version, or as it was before.
fn to_a_file(story: &Story) -> TestCaseResult {
    // A disk is waited for at the end of each download; memory, where there is some, is not.
    let memory = tempfile::tempdir_in("/dev/shm");
    let dir = memory.or_else(|_| tempfile::tempdir()).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "before").unwrap();
    let mut web = Web { versions: story.versions.clone(), ..Web::default() };
    for (moods, goes_on, retries) in &story.runs {
        web.moods.clone_from(moods);
        let before = fs::read(&file).unwrap();
        let asked = web.asked.len();
        let plan = plan(story, *goes_on, *retries);
        let mut diary = Diary::default();
        let ended = plan.to_file(&mut web, &file, &mut diary);
        let now = fs::read(&file).unwrap();
        if let Ok(done) = ended {
            prop_assert!(is_one_of(&now, story), "{now:?}");
            prop_assert_eq!(done.len, now.len() as u64);
            prop_assert!(!dir.path().join("file.part").exists());
            prop_assert!(!dir.path().join("file.part.json").exists());
        } else {
            prop_assert_eq!(now, before);
        }
        // An attempt that finds that it cannot go on is followed by one for the whole.
        let most = 2 * (*retries as usize + 1);
        prop_assert!(web.asked.len() - asked <= most, "{:?}", web.asked);
        prop_assert!(diary.pauses.iter().all(|pause| *pause <= Duration::from_secs(8)));
    }
    Ok(())
}

/// One run into a stream: a version, or an error and the beginning of one.
fn to_a_stream(story: &Story) -> TestCaseResult {
    let (moods, _, retries) = story.runs[0].clone();
    let mut web = Web { versions: story.versions.clone(), moods, ..Web::default() };
    let mut kept = Kept::default();
    let ended = plan(story, false, retries).to_sink(&mut web, &mut kept, &mut Diary::default());
    if let Ok(done) = ended {
        prop_assert!(is_one_of(&kept.0, story), "{:?}", kept.0);
        prop_assert_eq!(done.len, kept.0.len() as u64);
    } else {
        let begins = |version: &Version| version.bytes.starts_with(&kept.0);
        prop_assert!(story.versions.iter().any(begins), "{:?}", kept.0);
    }
    Ok(())
}

fn fuzz(test: impl Fn(&Story) -> TestCaseResult) {
    let begin = now();
    let limit = std::env::var("SOCK_FUZZ_SECONDS").map_or(Duration::from_secs(2), |seconds| {
        Duration::from_secs(seconds.parse().expect("SOCK_FUZZ_SECONDS is a number of seconds"))
    });
    while now() - begin < limit {
        let config = Config { failure_persistence: None, ..Config::with_cases(64) };
        if let Err(failure) = TestRunner::new(config).run(&story(), |story| test(&story)) {
            panic!("{failure}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a test runs is not a download's time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_file_is_exactly_one_of_the_versions_or_as_it_was() {
    fuzz(to_a_file);
}

#[test]
fn a_stream_is_exactly_one_of_the_versions_or_the_beginning_of_one() {
    fuzz(to_a_stream);
}
