//! The log for the `HdrHistogram` tools: read back by the crate's own reader, and by Python's where it is installed.

use std::fmt::Write as _;
use std::process::Command;

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use sock_load::{HdrLog, Histogram, write_hdr};

use crate::samples;

fn log_of_seconds() -> (Vec<u8>, Vec<Histogram>) {
    let mut file = Vec::new();
    let mut seconds = Vec::new();
    let began = Some(1_800_000_000_250_000_000);
    let mut log = HdrLog::begin(&mut file, began, "tcp://127.0.0.1:7\n#[StartTime: 1 (").unwrap();
    for n in 0..3_u64 {
        let mut second = Histogram::new();
        for ns in 0..1_000 {
            second.record(ns * ns * (n + 1));
        }
        log.interval(n * 1_000_000_000, 1_000_000_000, None, &second).unwrap();
        seconds.push(second);
    }
    (file, seconds)
}

#[test]
fn each_second_is_an_interval_with_its_histogram() {
    let (file, seconds) = log_of_seconds();
    let entries: Vec<LogEntry<'_>> = IntervalLogIterator::new(&file).map(Result::unwrap).collect();
    let [LogEntry::StartTime(start), LogEntry::BaseTime(base), intervals @ ..] = &entries[..]
    else {
        panic!("{entries:?}");
    };
    assert_eq!((start.as_millis(), base.as_millis()), (1_800_000_000_250, 1_800_000_000_250));
    assert_eq!(intervals.len(), 3);
    for (n, (entry, histogram)) in intervals.iter().zip(&seconds).enumerate() {
        let LogEntry::Interval(interval) = entry else { panic!("{entry:?}") };
        assert_eq!(interval.start_timestamp().as_secs(), n as u64);
        assert_eq!(interval.duration().as_millis(), 1_000);
        assert_eq!(&Histogram::from_base64(interval.encoded_histogram()).unwrap(), histogram);
    }
}

#[test]
fn a_report_is_a_log_of_one_interval_and_its_tags() {
    let report = samples::strained(9);
    let mut file = Vec::new();
    write_hdr(&report, &mut file).unwrap();
    let tags: Vec<Option<String>> = IntervalLogIterator::new(&file)
        .filter_map(|entry| match entry.unwrap() {
            LogEntry::Interval(interval) => Some(interval.tag().map(|tag| tag.as_str().to_owned())),
            LogEntry::StartTime(_) | LogEntry::BaseTime(_) => None,
        })
        .collect();
    assert_eq!(tags, [None, Some("connect".into()), Some("lateness".into())]);
}

#[test]
fn a_tag_that_would_break_the_line_is_refused() {
    let mut log = HdrLog::begin(Vec::new(), None, "x").unwrap();
    assert!(log.interval(0, 1, Some("a,b"), &Histogram::new()).is_err());
}

/// Prints of each interval: start, length, count, median, 99th percentile and longest.
const READER: &str = "
import sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600000000000, 3))
while True:
    one = reader.get_next_interval_histogram()
    if one is None:
        break
    start = one.get_start_time_stamp() / 1000 - reader.get_start_time_sec()
    print('%.0f' % start, one.get_total_count(), one.get_value_at_percentile(50),
          one.get_value_at_percentile(99), one.get_max_value())
";

#[test]
fn python_reads_the_same_figures() {
    // No system has the package of its own accord, so that one says where it is.
    let Ok(python) = std::env::var("SOCK_TESTS_HDR_PYTHON") else {
        println!(
            "skipped: needs SOCK_TESTS_HDR_PYTHON, a Python that has the package hdrhistogram"
        );
        return;
    };
    let (file, seconds) = log_of_seconds();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seconds.hlog");
    std::fs::write(&path, file).unwrap();
    let output = Command::new(python).args(["-c", READER]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut expected = String::new();
    for (n, second) in seconds.iter().enumerate() {
        let (p50, p99, max) = (second.at(0.5), second.at(0.99), second.max());
        let (p50, p99, max) = (p50.unwrap(), p99.unwrap(), max.unwrap());
        writeln!(expected, "{n} {} {p50} {p99} {max}", second.count()).unwrap();
    }
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
