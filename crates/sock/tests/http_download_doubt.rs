//! Downloads from servers that contradict themselves, and on parts that are not as they were left.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, reason = "each test program uses its part of the fake")]
mod fake_web;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fake_web::{Diary, Kept, Mood, Version, Web};
use serde_json::Value;
use sock::ErrorKind;
use sock::http::{Attend, Done, Download, Fetch};
use tempfile::TempDir;

const URL: &str = "http://a.example/file";
const ONE: &[u8] = b"The first version, which is fifty bytes long in all";
const TWO: &[u8] = b"A second version of the file, quite another one, longer";

struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn get(&self, plan: &Download, web: &mut Web) -> sock::Result<Done> {
        plan.to_file(web, &self.path("file"), &mut Diary::default())
    }

    #[track_caller]
    fn holds(&self, bytes: &[u8]) {
        assert_eq!(fs::read(self.path("file")).unwrap(), bytes);
        assert!(!self.path("file.part").exists() && !self.path("file.part.json").exists());
    }

    /// Leaves ten bytes of the first version, as a run whose server went away would.
    fn left() -> Self {
        let bench = Self::new();
        bench.get(&Download::new(URL).retries(0), &mut one().in_moods([breaks(10)])).unwrap_err();
        assert_eq!(fs::read(bench.path("file.part")).unwrap(), &ONE[..10]);
        bench
    }

    fn note(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path("file.part.json")).unwrap()).unwrap()
    }
}

fn one() -> Web {
    Web::of(Version::strong(ONE, "1"))
}

fn breaks(after: usize) -> Mood {
    Mood { breaks: Some((after, None)), ..Mood::default() }
}

fn status(status: u16) -> Mood {
    Mood { status: Some((status, None)), ..Mood::default() }
}

fn extra(name: &'static str, value: &'static str) -> Mood {
    Mood { extra: Some((name, value)), ..Mood::default() }
}

fn stream(web: &mut Web) -> (Vec<u8>, sock::Result<Done>) {
    let mut kept = Kept::default();
    let plan = Download::new(URL);
    let ended = plan.to_sink(web as &mut dyn Fetch, &mut kept, &mut Diary::default());
    (kept.0, ended)
}

#[test]
fn that_nothing_has_changed_is_not_the_rest_of_anything() {
    let (bytes, ended) = stream(&mut one().in_moods([breaks(10), status(304)]));
    let error = ended.unwrap_err();
    assert_eq!((bytes.as_slice(), error.kind()), (&ONE[..10], ErrorKind::CutShort));
    let why = "cut short at byte 10: asked for the rest, the server says that nothing has changed";
    assert!(error.to_string().starts_with(why), "{error}");

    for plan in [Download::new(URL), Download::new(URL).conditional()] {
        let bench = Bench::new();
        let mut web = one().in_moods([breaks(10), status(304)]);
        bench.get(&plan, &mut web).unwrap();
        assert_eq!(web.froms(), [0, 10, 0]);
        bench.holds(ONE);
    }
    let bench = Bench::left();
    bench.get(&Download::new(URL).continued(), &mut one().in_moods([status(304)])).unwrap();
    bench.holds(ONE);
}

#[test]
fn that_nothing_has_changed_is_an_answer_to_who_asked_that() {
    let bench = Bench::new();
    let mut web = one().in_moods([status(304)]);
    let error = bench.get(&Download::new(URL), &mut web).unwrap_err();
    let text = "http://a.example/file: 304 Not Modified; nobody asked whether anything has changed";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Status, text));
    let plan = Download::new(URL).conditional();
    let done = bench.get(&plan, &mut one().in_moods([status(304)])).unwrap();
    assert_eq!((done.status, done.file), (304, None));
    assert!(!bench.path("file").exists());
}

#[test]
fn a_redirect_to_nowhere_is_no_file() {
    for code in [301, 302, 303, 307, 308] {
        let bench = Bench::new();
        let mut web = one().in_moods([status(code)]);
        let error = bench.get(&Download::new(URL), &mut web).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Status);
        assert!(
            error.to_string().ends_with("; it does not say where the file is instead"),
            "{error}"
        );
        assert!(!bench.path("file").exists());
    }
}

#[test]
fn a_part_with_two_names_is_of_no_version() {
    let bench = Bench::new();
    let mut web = one().in_moods([breaks(10), extra("ETag", "\"2\"")]);
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert_eq!(web.froms(), [0, 10, 0]);
    bench.holds(ONE);
    let (bytes, ended) = stream(&mut one().in_moods([breaks(10), extra("ETag", "\"2\"")]));
    assert_eq!((bytes.len(), ended.unwrap_err().kind()), (10, ErrorKind::CutShort));
    // The same name twice is one.
    let mut web = one().in_moods([breaks(10), extra("ETag", "\"1\"")]);
    stream(&mut web).1.unwrap();
    assert_eq!(web.froms(), [0, 10]);
    // Where the first reply has two, nothing is gone on with.
    let mut twice = extra("ETag", "\"2\"");
    twice.breaks = Some((10, None));
    let (bytes, ended) = stream(&mut one().in_moods([twice]));
    assert_eq!((bytes.len(), ended.unwrap_err().kind()), (10, ErrorKind::CutShort));
}

#[test]
fn a_part_whose_length_is_not_its_ranges_is_not_taken() {
    // 41 bytes are sent.
    for range in ["bytes 10-20/51", "bytes 10-60/51", "bytes 50-10/51", "bytes 10-50/x"] {
        let (bytes, ended) =
            stream(&mut one().in_moods([breaks(10), extra("Content-Range", range)]));
        let error = ended.unwrap_err();
        assert_eq!((bytes.as_slice(), error.kind()), (&ONE[..10], ErrorKind::CutShort), "{range}");
        let why =
            "cut short at byte 10: the server contradicts itself about the part that it sends";
        assert!(error.to_string().starts_with(why), "{error}");
    }
    let right = extra("Content-Range", "bytes 10-50/51");
    let (bytes, ended) = stream(&mut one().in_moods([breaks(10), right]));
    assert_eq!((bytes.as_slice(), ended.unwrap().len), (ONE, 51));
}

#[test]
fn a_part_that_is_not_as_it_was_left_does_not_count() {
    type Touch = fn(&Path);
    let touches: [Touch; 5] = [
        |part| OpenOptions::new().write(true).open(part).unwrap().set_len(5).unwrap(),
        |part| OpenOptions::new().write(true).open(part).unwrap().set_len(15).unwrap(),
        |part| OpenOptions::new().write(true).open(part).unwrap().write_all_at(b"XX", 3).unwrap(),
        |part| fs::write(part, &ONE[..12]).unwrap(),
        |part| fs::remove_file(part).unwrap(),
    ];
    for touch in touches {
        let bench = Bench::left();
        touch(&bench.path("file.part"));
        let mut web = one();
        bench.get(&Download::new(URL).continued(), &mut web).unwrap();
        assert_eq!(web.froms(), [0]);
        bench.holds(ONE);
    }
}

#[test]
fn of_a_part_whose_run_was_killed_only_what_is_noted_counts() {
    for (len, from) in [(10, 10), (7, 7), (0, 0), (40, 10)] {
        let bench = Bench::left();
        let mut note = bench.note();
        (note["left_at"], note["len"]) = (Value::Null, len.into());
        fs::write(bench.path("file.part.json"), note.to_string()).unwrap();
        let mut web = one();
        bench.get(&Download::new(URL).continued(), &mut web).unwrap();
        assert_eq!(web.froms(), [from], "noted: {len}");
        bench.holds(ONE);
    }
}

/// Holds what the note says against what is there, at each piece that comes.
struct Auditor<'a> {
    bench: &'a Bench,
    notes: Vec<u64>,
}

impl Attend for Auditor<'_> {
    fn moved(&mut self, _: u64) -> sock::Result<()> {
        let note = self.bench.note();
        let noted = note["len"].as_u64().unwrap();
        assert!(note["left_at"].is_null());
        assert!(noted <= fs::metadata(self.bench.path("file.part")).unwrap().len());
        if self.notes.last() != Some(&noted) {
            self.notes.push(noted);
        }
        Ok(())
    }
}

#[test]
fn while_bytes_come_the_note_follows_them() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let bench = Bench::new();
    let mut auditor = Auditor { bench: &bench, notes: Vec::new() };
    let mut web = Web::of(Version::strong(&bytes, "1"));
    Download::new(URL).to_file(&mut web, &bench.path("file"), &mut auditor).unwrap();
    let notes = auditor.notes;
    assert!((5..12).contains(&notes.len()), "{notes:?}");
    assert!(notes.last().is_some_and(|last| *last > 2_000_000), "{notes:?}");
    bench.holds(&bytes);
}

#[test]
fn what_a_part_of_another_version_holds_is_not_spliced() {
    let bench = Bench::left();
    let mut web = Web::of(Version::strong(TWO, "2"));
    bench.get(&Download::new(URL).continued(), &mut web).unwrap();
    bench.holds(TWO);
}
