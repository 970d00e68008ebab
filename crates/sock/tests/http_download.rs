//! Downloads: whole or not at all, one version and never two, gone on with where that is sure.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, reason = "each test program uses its part of the fake")]
mod fake_web;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fake_web::{Diary, Kept, Mood, Tag, Version, Web};
use sock::http::{Attend, Download, Fetch};
use sock::{Error, ErrorKind};
use tempfile::TempDir;

const URL: &str = "http://a.example/file";
const ONE: &[u8] = b"The first version, which is fifty bytes long in all";
const TWO: &[u8] = b"A second version of the file, quite another one, longer";

/// A directory with a file that is to be downloaded.
struct Bench {
    dir: TempDir,
    diary: Diary,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), diary: Diary::default() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("file")
    }

    fn part(&self) -> PathBuf {
        self.dir.path().join("file.part")
    }

    fn note(&self) -> PathBuf {
        self.dir.path().join("file.part.json")
    }

    fn get(&mut self, plan: &Download, web: &mut Web) -> sock::Result<sock::http::Done> {
        plan.to_file(web, &self.file(), &mut self.diary)
    }

    /// Leaves the part and its note as a run does that dies once these bytes are on the disk.
    fn dies_with(&self, bytes: &[u8]) {
        fs::write(self.part(), bytes).unwrap();
        let mut note: serde_json::Value =
            serde_json::from_slice(&fs::read(self.note()).unwrap()).unwrap();
        (note["left_at"], note["len"]) = (serde_json::Value::Null, bytes.len().into());
        fs::write(self.note(), note.to_string()).unwrap();
    }

    #[track_caller]
    fn holds(&self, bytes: &[u8]) {
        assert_eq!(fs::read(self.file()).unwrap(), bytes);
        assert_eq!(self.names(), ["file"]);
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
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

fn sha(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

#[test]
fn what_is_whole_takes_the_files_name() {
    let mut bench = Bench::new();
    fs::write(bench.file(), "the old one").unwrap();
    fs::set_permissions(bench.file(), fs::Permissions::from_mode(0o640)).unwrap();
    let done = bench.get(&Download::new(URL), &mut one()).unwrap();
    bench.holds(ONE);
    assert_eq!(fs::metadata(bench.file()).unwrap().mode() & 0o777, 0o640);
    assert_eq!((done.status, done.len, done.had), (200, ONE.len() as u64, 0));
    assert_eq!(done.file, Some(bench.file()));
    assert_eq!(bench.diary.moved, ONE.len() as u64);
    assert_eq!(bench.diary.begun, [(0, Some(ONE.len() as u64))]);
}

#[test]
fn what_breaks_off_is_gone_on_with_where_it_broke() {
    let mut bench = Bench::new();
    let mut web = one().in_moods([breaks(10), breaks(0), breaks(20)]);
    bench.get(&Download::new(URL), &mut web).unwrap();
    bench.holds(ONE);
    assert_eq!(web.froms(), [0, 10, 10, 30]);
    assert_eq!(web.sent, ONE.len(), "nothing came twice");
    assert_eq!(web.asked[1].0.as_ref().unwrap().validator, "\"1\"");
    let ms = Duration::from_millis;
    assert_eq!(bench.diary.pauses, [ms(500), ms(1000), ms(2000)]);
    let why = "1 of 3 from 10: http://a.example/file broke off at byte 10 of 51: cut short";
    assert_eq!(bench.diary.retried[0], why);
}

#[test]
fn what_stays_cut_short_is_no_file_and_its_part_is_kept() {
    let mut bench = Bench::new();
    fs::write(bench.file(), "the old one").unwrap();
    let mut web = one().in_moods([breaks(10), breaks(10)]);
    let error = bench.get(&Download::new(URL).retries(1), &mut web).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutShort);
    assert_eq!(error.to_string(), "http://a.example/file broke off at byte 20 of 51: cut short");
    assert_eq!(fs::read(bench.file()).unwrap(), b"the old one");
    assert_eq!(fs::read(bench.part()).unwrap(), &ONE[..20]);
    assert_eq!(bench.diary.kept, Some((bench.part(), true)));

    // Another run goes on, and only the rest comes.
    let mut web = one();
    let done = bench.get(&Download::new(URL).continued(), &mut web).unwrap();
    assert_eq!((web.froms(), done.had), (vec![20], 20));
    bench.holds(ONE);
}

#[test]
fn without_being_asked_to_nobody_goes_on_with_what_lies_there() {
    let mut bench = Bench::new();
    let mut web = one().in_moods([breaks(10)]);
    bench.get(&Download::new(URL).retries(0), &mut web).unwrap_err();
    let mut web = one();
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert_eq!(web.froms(), [0]);
    bench.holds(ONE);
}

#[test]
fn a_note_that_says_nothing_or_of_another_url_is_none() {
    type Spoil = fn(&Bench);
    let spoils: [Spoil; 5] = [
        |bench| fs::write(bench.note(), "{\"url\":").unwrap(),
        |bench| fs::write(bench.note(), [0xff; 100]).unwrap(),
        |bench| fs::remove_file(bench.note()).unwrap(),
        |bench| {
            let note = fs::read_to_string(bench.note()).unwrap();
            fs::write(bench.note(), note.replace("/file\"", "/other\"")).unwrap();
        },
        |bench| {
            let note = fs::read_to_string(bench.note()).unwrap();
            fs::write(bench.note(), note.replace("\\\"1\\\"", "\\\"2\\\"")).unwrap();
        },
    ];
    for spoil in spoils {
        let mut bench = Bench::new();
        let mut web = one().in_moods([breaks(10)]);
        bench.get(&Download::new(URL).retries(0), &mut web).unwrap_err();
        // What the part holds is not looked at either.
        fs::write(bench.part(), "rubbish").unwrap();
        spoil(&bench);
        bench.get(&Download::new(URL).continued(), &mut one()).unwrap();
        bench.holds(ONE);
    }
}

#[test]
fn a_new_version_begins_anew_and_none_is_spliced() {
    let changes = || Mood { changes: true, ..Mood::default() };
    let both = || one().and(Version::strong(TWO, "2"));
    for (name, mood) in [
        ("the condition fails", changes()),
        ("no ranges", Mood { rangeless: true, ..changes() }),
        ("the condition is not heeded", Mood { careless: true, ..changes() }),
        ("the same, without a name", Mood { careless: true, unnamed: true, ..changes() }),
    ] {
        let mut bench = Bench::new();
        let mut web = both().in_moods([breaks(10), mood]);
        bench.get(&Download::new(URL), &mut web).unwrap();
        assert_eq!(fs::read(bench.file()).unwrap(), TWO, "{name}");
        bench.holds(TWO);
    }
}

#[test]
fn a_part_that_is_not_what_was_asked_for_is_refused() {
    for mood in [
        Mood { shifted: 3, ..Mood::default() },
        Mood { total_off: 3, ..Mood::default() },
        Mood { unnamed: true, ..Mood::default() },
        Mood { elsewhere: true, ..Mood::default() },
    ] {
        let mut bench = Bench::new();
        let mut web = one().in_moods([breaks(10), mood.clone()]);
        bench.get(&Download::new(URL).retries(1), &mut web).unwrap();
        assert_eq!(web.froms(), [0, 10, 0], "{mood:?}");
        bench.holds(ONE);
    }
}

#[test]
fn whose_total_nobody_says_is_asked_for_until_all_is_there() {
    let mut bench = Bench::new();
    let small = || Mood { small: Some(20), totalless: true, ..Mood::default() };
    let mut web = one().in_moods([breaks(10), small(), small(), small()]);
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert_eq!(web.froms(), [0, 10, 30, 50]);
    bench.holds(ONE);
    // Where no length was ever said, a part without a total proves nothing.
    let chunked = Mood { chunked: true, ..breaks(10) };
    let mut web = one().in_moods([chunked, small()]);
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert_eq!(web.froms(), [0, 10, 0]);
    bench.holds(ONE);
}

#[test]
fn a_name_that_is_not_strong_begins_anew() {
    for tag in [Tag::Weak("\"1\"".to_owned()), Tag::None, Tag::Modified(59)] {
        let mut bench = Bench::new();
        let version = Version { bytes: ONE.to_vec(), tag: tag.clone() };
        let mut web = Web::of(version).in_moods([breaks(10)]);
        bench.get(&Download::new(URL), &mut web).unwrap();
        assert_eq!(web.froms(), [0, 0], "{tag:?}");
        bench.holds(ONE);
    }
    let mut bench = Bench::new();
    let version = Version { bytes: ONE.to_vec(), tag: Tag::Modified(60) };
    let mut web = Web::of(version).in_moods([breaks(10)]);
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert_eq!(web.froms(), [0, 10]);
    bench.holds(ONE);
}

#[test]
fn a_part_that_is_whole_already_is_the_file() {
    let mut bench = Bench::new();
    // As if the program had died just before the last step.
    bench.get(&Download::new(URL).retries(0), &mut one().in_moods([breaks(50)])).unwrap_err();
    bench.dies_with(ONE);
    let mut web = one();
    let plan = Download::new(URL).continued().sha256(sha(ONE));
    bench.get(&plan, &mut web).unwrap();
    assert_eq!((web.froms(), web.sent), (vec![51], 0));
    bench.holds(ONE);
    // One that is longer than the file is not.
    bench.get(&Download::new(URL).retries(0), &mut one().in_moods([breaks(50)])).unwrap_err();
    bench.dies_with(TWO);
    let mut web = one();
    bench.get(&plan, &mut web).unwrap();
    assert_eq!(web.froms(), [55, 0]);
    bench.holds(ONE);
}

#[test]
fn what_passes_by_itself_is_waited_for_as_long_as_the_server_says() {
    let mut bench = Bench::new();
    let later = |after| Mood { status: Some((503, Some(after))), ..Mood::default() };
    let moods = [later("2"), later("Sun, 06 Nov 1994 01:00:07 GMT"), status(429)];
    bench.get(&Download::new(URL), &mut one().in_moods(moods)).unwrap();
    bench.holds(ONE);
    let s = Duration::from_secs;
    assert_eq!(bench.diary.pauses, [s(2), s(7), s(2)]);
    assert_eq!(bench.diary.refused, [0; 0], "a refusal that passed is not shown");

    let mut bench = Bench::new();
    let error = bench.get(&Download::new(URL), &mut one().in_moods([later("3600")])).unwrap_err();
    let text =
        "http://a.example/file: 503 Service Unavailable; it asks to be left alone for 3600 s";
    assert_eq!(error.to_string(), text);
    assert_eq!(bench.diary.pauses, [Duration::ZERO; 0]);
    assert_eq!(bench.names(), [""; 0]);
}

#[test]
fn what_does_not_pass_is_told_at_once() {
    for (mood, kind) in [
        (status(404), ErrorKind::Status),
        (status(501), ErrorKind::Status),
        (Mood { silent: Some(ErrorKind::Refused), ..Mood::default() }, ErrorKind::Refused),
        (
            Mood { silent: Some(ErrorKind::NameNotKnown), ..Mood::default() },
            ErrorKind::NameNotKnown,
        ),
        (Mood { silent: Some(ErrorKind::Tls), ..Mood::default() }, ErrorKind::Tls),
    ] {
        let mut bench = Bench::new();
        let mut web = one().in_moods([mood]);
        let error = bench.get(&Download::new(URL), &mut web).unwrap_err();
        assert_eq!((error.kind(), web.asked.len()), (kind, 1));
        assert_eq!(bench.names(), [""; 0], "nothing is left behind");
    }
    let mut bench = Bench::new();
    let error = bench.get(&Download::new(URL), &mut one().in_moods([status(404)])).unwrap_err();
    assert_eq!(error.to_string(), "http://a.example/file: 404 Not Found; look at the path");
    assert_eq!(bench.diary.refused, [404]);
}

#[test]
fn what_brings_nothing_leaves_the_file_as_it_was() {
    let mut bench = Bench::new();
    fs::write(bench.file(), ONE).unwrap();
    let plan = Download::new(URL).conditional();
    let done = bench.get(&plan, &mut one().in_moods([status(304)])).unwrap();
    assert_eq!((done.status, done.file), (304, None));
    bench.holds(ONE);
    let error = bench.get(&Download::new(URL), &mut one().in_moods([status(101)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    bench.holds(ONE);
}

#[test]
fn a_server_that_was_there_may_come_back() {
    let mut bench = Bench::new();
    let gone = || Mood { silent: Some(ErrorKind::Refused), ..Mood::default() };
    bench.get(&Download::new(URL), &mut one().in_moods([breaks(10), gone(), gone()])).unwrap();
    bench.holds(ONE);
    let silent = |kind| Mood { silent: Some(kind), ..Mood::default() };
    let moods =
        [silent(ErrorKind::Reset), silent(ErrorKind::TimedOut), silent(ErrorKind::NameTryAgain)];
    bench.get(&Download::new(URL), &mut one().in_moods(moods)).unwrap();
    bench.holds(ONE);
}

#[test]
fn attempts_are_counted_and_pauses_bounded() {
    let mut bench = Bench::new();
    let mut web = one().in_moods((0..20).map(|_| status(500)));
    let error = bench.get(&Download::new(URL).retries(7), &mut web).unwrap_err();
    assert_eq!((error.kind(), web.asked.len()), (ErrorKind::Status, 8));
    let ms: Vec<u128> = bench.diary.pauses.iter().map(Duration::as_millis).collect();
    assert_eq!(ms, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    assert_eq!(bench.diary.refused, [500]);
}

#[test]
fn a_failed_attempt_does_not_cost_what_an_earlier_run_left() {
    let mut bench = Bench::new();
    bench.get(&Download::new(URL).retries(0), &mut one().in_moods([breaks(10)])).unwrap_err();
    for mood in [status(404), Mood { silent: Some(ErrorKind::Refused), ..Mood::default() }] {
        let mut web = one().in_moods([mood]);
        bench.get(&Download::new(URL).continued(), &mut web).unwrap_err();
        assert_eq!(fs::read(bench.part()).unwrap(), &ONE[..10]);
    }
    let mut web = one();
    bench.get(&Download::new(URL).continued(), &mut web).unwrap();
    assert_eq!(web.froms(), [10]);
}

#[test]
fn a_hash_is_of_every_byte_however_they_came() {
    for moods in [
        vec![],
        vec![breaks(10), breaks(3)],
        vec![breaks(10), Mood { rangeless: true, ..breaks(12) }],
    ] {
        let mut bench = Bench::new();
        let mut web = one().in_moods(moods);
        bench.get(&Download::new(URL).sha256(sha(ONE)), &mut web).unwrap();
        bench.holds(ONE);
        assert!(web.asked.iter().all(|(_, identity)| *identity));
    }
    let mut bench = Bench::new();
    bench.get(&Download::new(URL).retries(0), &mut one().in_moods([breaks(10)])).unwrap_err();
    let plan = Download::new(URL).continued().sha256(sha(ONE));
    bench.get(&plan, &mut one()).unwrap();
    bench.holds(ONE);
}

#[test]
fn what_is_not_of_a_download_is_not_written_over() {
    for name in ["file.part", "file.part.json"] {
        let mut bench = Bench::new();
        let path = bench.dir.path().join(name);
        fs::write(&path, "{\"precious\": 1}").unwrap();
        let error = bench.get(&Download::new(URL), &mut one()).unwrap_err();
        let why = format!("{} is there already, and no part of a download", path.display());
        assert!(error.to_string().starts_with(&why), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"{\"precious\": 1}");
        assert_eq!(bench.names(), [name]);
    }
    // What an earlier run left is ours, also where no validator lets anybody go on with it.
    let mut bench = Bench::new();
    let unnamed = || Web::of(Version { bytes: ONE.to_vec(), tag: Tag::None });
    let plan = Download::new(URL).retries(0);
    bench.get(&plan, &mut unnamed().in_moods([breaks(10)])).unwrap_err();
    assert!(bench.names().contains(&"file.part".to_owned()));
    bench.get(&plan, &mut unnamed()).unwrap();
    bench.holds(ONE);
}

#[test]
fn what_has_another_hash_is_no_file() {
    let mut bench = Bench::new();
    let error = bench.get(&Download::new(URL).sha256(sha(TWO)), &mut one()).unwrap_err();
    let hex = sha(ONE).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let text = format!("{URL} is not what was expected: its SHA-256 is {hex}");
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Other, text));
    assert_eq!(bench.names(), ["file.part", "file.part.json"]);
    assert_eq!(bench.diary.kept, Some((bench.part(), false)), "nobody goes on with it");
    let mut web = one();
    bench.get(&Download::new(URL).continued(), &mut web).unwrap();
    assert_eq!(web.froms(), [0]);
    bench.holds(ONE);
}

#[test]
fn one_coding_is_asked_for_only_where_nothing_depends_on_it() {
    let mut bench = Bench::new();
    let mut web = one().in_moods([breaks(10)]);
    bench.get(&Download::new(URL).compressed(), &mut web).unwrap();
    assert_eq!(web.asked.iter().map(|(_, identity)| *identity).collect::<Vec<_>>(), [false, true]);
    let mut web = one();
    bench.get(&Download::new(URL), &mut web).unwrap();
    assert!(web.asked[0].1);
}

#[test]
fn one_file_has_one_writer() {
    /// Downloads the same file in the middle of the download.
    struct Rival<'a>(&'a Path, Option<sock::Result<sock::http::Done>>);
    impl Attend for Rival<'_> {
        fn moved(&mut self, _: u64) -> sock::Result<()> {
            let mut web = Web::of(Version::strong(TWO, "2"));
            let rival = || Download::new(URL).to_file(&mut web, self.0, &mut Diary::default());
            self.1.get_or_insert_with(rival);
            Ok(())
        }
    }
    let bench = Bench::new();
    let file = bench.file();
    let mut rival = Rival(&file, None);
    Download::new(URL).to_file(&mut one(), &file, &mut rival).unwrap();
    let error = rival.1.unwrap().unwrap_err().to_string();
    let about = format!("cannot write {}: another download is writing it", bench.part().display());
    assert!(error.starts_with(&about), "{error}");
    bench.holds(ONE);
}

#[test]
fn links_stay_links_and_no_link_leads_a_part_astray() {
    let mut bench = Bench::new();
    let real = bench.dir.path().join("real");
    fs::write(&real, "old").unwrap();
    symlink(&real, bench.file()).unwrap();
    bench.get(&Download::new(URL), &mut one()).unwrap();
    assert!(bench.file().is_symlink());
    assert_eq!(fs::read(real).unwrap(), ONE);

    let mut bench = Bench::new();
    let victim = bench.dir.path().join("victim");
    fs::write(&victim, "victim").unwrap();
    symlink(&victim, bench.part()).unwrap();
    bench.get(&Download::new(URL), &mut one()).unwrap_err();
    assert_eq!(fs::read(victim).unwrap(), b"victim");
}

#[test]
fn a_device_is_written_to_as_it_is() {
    let done = Download::new(URL)
        .to_file(&mut one(), Path::new("/dev/null"), &mut Diary::default())
        .unwrap();
    assert_eq!((done.len, done.file), (ONE.len() as u64, None));
    assert!(!Path::new("/dev/null.part").exists());
    let bench = Bench::new();
    let mut nobody = Diary::default();
    let error = Download::new(URL).to_file(&mut one(), bench.dir.path(), &mut nobody).unwrap_err();
    assert!(error.to_string().ends_with("is a directory; name a file in it"), "{error}");
    let lost = bench.dir.path().join("no/file");
    let error = Download::new(URL).to_file(&mut one(), &lost, &mut nobody).unwrap_err();
    assert!(error.to_string().ends_with("file.part: there is no such directory"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Other);
}

fn stream(plan: &Download, web: &mut Web) -> (Vec<u8>, sock::Result<sock::http::Done>) {
    let mut kept = Kept::default();
    let ended = plan.to_sink(web as &mut dyn Fetch, &mut kept, &mut Diary::default());
    (kept.0, ended)
}

#[test]
fn the_same_version_has_the_length_that_was_said_of_it_before() {
    let mut bench = Bench::new();
    let shorter = Version::strong(&ONE[..20], "1");
    let again = Mood { changes: true, rangeless: true, chunked: true, ..Mood::default() };
    let mut web = one().and(shorter).in_moods([breaks(10), again]);
    let error = bench.get(&Download::new(URL).retries(1), &mut web).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutShort);
    assert!(error.to_string().contains("ended at byte 20 of 51"), "{error}");
    assert!(!bench.names().contains(&"file".to_owned()), "{:?}", bench.names());
    // Nor does a later run forget it.
    let again = Mood { rangeless: true, chunked: true, ..Mood::default() };
    let mut web = Web::of(Version::strong(&ONE[..20], "1")).in_moods([again]);
    let plan = Download::new(URL).retries(0).continued();
    assert_eq!(bench.get(&plan, &mut web).unwrap_err().kind(), ErrorKind::CutShort);
}

#[test]
fn a_stream_gets_the_rest_of_the_same_version_or_an_error() {
    let plan = Download::new(URL);
    let (bytes, ended) = stream(&plan, &mut one().in_moods([breaks(10), breaks(20)]));
    assert_eq!((bytes.as_slice(), ended.unwrap().len), (ONE, ONE.len() as u64));
    // A server without ranges sends the same version again: what is had is dropped.
    let rangeless = || Mood { rangeless: true, ..Mood::default() };
    let mut web =
        one().in_moods([breaks(10), Mood { breaks: Some((5, None)), ..rangeless() }, rangeless()]);
    let (bytes, ended) = stream(&plan.clone().sha256(sha(ONE)), &mut web);
    ended.unwrap();
    assert_eq!(bytes, ONE);

    let two = || one().and(Version::strong(TWO, "2"));
    let changed = Mood { changes: true, ..Mood::default() };
    let (bytes, ended) = stream(&plan, &mut two().in_moods([breaks(10), changed]));
    let error = ended.unwrap_err();
    assert_eq!((bytes.as_slice(), error.kind()), (&ONE[..10], ErrorKind::CutShort));
    let text = "cut short at byte 10: the server has another version now, or does not say which; \
                download it to a file, which can begin anew";
    assert_eq!(error.to_string(), text);

    let unnamed = Version { bytes: ONE.to_vec(), tag: Tag::None };
    let mut web = Web::of(unnamed.clone()).in_moods([breaks(10)]);
    let (bytes, ended) = stream(&plan, &mut web);
    let error: Error = ended.unwrap_err();
    assert_eq!((bytes.len(), error.kind(), web.asked.len()), (10, ErrorKind::CutShort, 1));
    let text = "http://a.example/file broke off at byte 10 of 51: cut short; the server does not \
                say of which version it was; download it to a file";
    assert_eq!(error.to_string(), text);
    // Before the first byte nothing is lost.
    let (bytes, ended) = stream(&plan, &mut Web::of(unnamed).in_moods([breaks(0), status(503)]));
    ended.unwrap();
    assert_eq!(bytes, ONE);
}

#[test]
fn a_request_that_is_no_plain_get_is_never_asked_for_in_part() {
    let mut bench = Bench::new();
    let mut web = one().in_moods([breaks(10)]);
    bench.get(&Download::new(URL).unresumed(), &mut web).unwrap();
    assert_eq!(web.froms(), [0, 0]);
    bench.holds(ONE);
    let (bytes, ended) = stream(&Download::new(URL).unresumed(), &mut one().in_moods([breaks(10)]));
    assert_eq!((bytes.len(), ended.unwrap_err().kind()), (10, ErrorKind::CutShort));
}

#[test]
fn a_file_that_the_reply_names_is_never_replaced() {
    let mut bench = Bench::new();
    let file = bench.file();
    let mut name = |_: &sock::http::Reply| Ok(file.clone());
    let plan = Download::new(URL).continued().retries(0);
    let mut get = |web: &mut Web| plan.to_named(web, &mut name, &mut bench.diary);
    get(&mut one().in_moods([breaks(10)])).unwrap_err();
    // The name is known with the reply: it is asked again, for the rest.
    let mut web = one();
    get(&mut web).unwrap();
    assert_eq!(web.froms(), [0, 10]);
    let error = get(&mut Web::of(Version::strong(TWO, "2"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    bench.holds(ONE);
}

#[test]
fn a_body_of_which_bytes_have_come_is_cut_short_whatever_the_last_attempt_meets() {
    for (last, words) in [
        (Mood { silent: Some(ErrorKind::Refused), ..Mood::default() }, "cannot reach the server: "),
        (
            Mood { silent: Some(ErrorKind::TimedOut), ..Mood::default() },
            "cannot reach the server: ",
        ),
        (status(404), "http://a.example/file: 404 Not Found"),
        (status(503), "http://a.example/file: 503 Service Unavailable"),
    ] {
        let mut bench = Bench::new();
        let mut web = one().in_moods([breaks(10), last.clone(), last.clone()]);
        let error = bench.get(&Download::new(URL).retries(2), &mut web).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutShort, "{last:?}");
        let begin = "http://a.example/file broke off at byte 10 of 51, and then: ";
        let text = error.to_string();
        assert!(text.strip_prefix(begin).is_some_and(|rest| rest.starts_with(words)), "{text}");
        assert_eq!(bench.diary.kept, Some((bench.part(), true)));
        // Of which nothing has come in this run is not cut short by it.
        let silent = Mood { silent: Some(ErrorKind::Refused), ..Mood::default() };
        let plan = Download::new(URL).continued();
        let error = bench.get(&plan, &mut one().in_moods([silent])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
}
