//! A report is read back as it was written, by this version and, as far as it knows them, by others.

use proptest::prelude::*;
use sock_load::{Bytes, Cause, ErrorCount, Histogram, Latency, Messages, Report};

#[test]
fn what_is_unknown_is_null_and_never_0() {
    let json = serde_json::to_value(Report::default()).unwrap();
    assert_eq!(json["schema"], "sock-bench/1");
    for path in ["/rate", "/throughput/out", "/latency/p50", "/latency/p99_99", "/cpu/server"] {
        assert!(json.pointer(path).unwrap().is_null(), "{path}");
    }
    assert_eq!(json["told"]["pacing"], serde_json::json!({"loop": "closed", "depth": 1}));
}

#[test]
fn rates_are_of_the_time_that_was_measured() {
    let report = Report {
        measured: 2_500_000_000,
        messages: Messages { due: None, sent: 11, replies: 10 },
        bytes: Bytes { out: 55, back: 50 },
        ..Report::default()
    };
    let report = report.with_rates();
    assert_eq!(report.rate, Some(4.0));
    assert_eq!((report.throughput.out, report.throughput.back), (Some(22.0), Some(20.0)));
    assert_eq!(Report::default().with_rates().rate, None, "nothing was measured");
}

#[test]
fn another_format_is_refused_and_named() {
    let mut json = serde_json::to_value(Report::default()).unwrap();
    json["schema"] = "sock-bench/2".into();
    let refused = serde_json::from_value::<Report>(json).unwrap_err().to_string();
    assert!(refused.contains("sock-bench/2") && refused.contains("sock-bench/1"), "{refused}");
}

#[test]
fn a_cause_that_came_later_is_another_one() {
    let json = r#"{"cause":"moon","count":2,"text":"the moon","mood":1}"#;
    let read: ErrorCount = serde_json::from_str(json).unwrap();
    assert_eq!(
        read,
        ErrorCount { cause: Cause::Other, count: 2, text: "the moon".into(), cure: None }
    );
    for cause in Cause::ALL {
        assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_histogram_is_read_back_as_it_was(times in prop::collection::vec(any::<u64>(), 0..50)) {
        let mut one = Histogram::new();
        for &ns in &times {
            one.record(ns);
        }
        let read = Histogram::from_base64(&one.to_base64()).unwrap();
        prop_assert_eq!(&read, &one);
        prop_assert_eq!(Latency::of(&read), Latency::of(&one));
    }

    #[test]
    fn parts_merge_into_the_whole(
        left in prop::collection::vec(0_u64..1 << 50, 0..50),
        right in prop::collection::vec(0_u64..1 << 50, 0..50),
    ) {
        let of = |times: &[u64]| {
            let mut all = Histogram::new();
            for &ns in times {
                all.record(ns);
            }
            all
        };
        let mut merged = of(&left);
        merged.merge(&of(&right));
        prop_assert_eq!(merged, of(&[left, right].concat()));
    }

    #[test]
    fn percentiles_never_fall_and_lie_within_one_in_a_thousand(
        times in prop::collection::vec(prop_oneof![0_u64..5_000, 0..1_u64 << 40], 1..200)
    ) {
        let mut histogram = Histogram::new();
        for &ns in &times {
            histogram.record(ns);
        }
        let of = Latency::of(&histogram);
        let steps = [of.min, of.p50, of.p75, of.p90, of.p95, of.p99, of.p99_9, of.p99_99, of.max];
        prop_assert!(steps.is_sorted(), "{steps:?}");
        let near = |found: Option<u64>, exact: u64| found.unwrap().abs_diff(exact) <= exact / 1_000;
        prop_assert!(near(of.max, *times.iter().max().unwrap()), "{of:?}");
        prop_assert!(near(of.min, *times.iter().min().unwrap()), "{of:?}");
        let mut sorted = times.clone();
        sorted.sort_unstable();
        prop_assert!(near(of.p50, sorted[sorted.len().div_ceil(2) - 1]), "{of:?}");
    }

    #[test]
    fn rubbish_is_no_histogram_and_no_panic(bytes in any::<Vec<u8>>(), cut in 0_usize..60) {
        let _ = Histogram::from_base64(&String::from_utf8_lossy(&bytes)); // Only that it comes back.
        let mut histogram = Histogram::new();
        histogram.record(5);
        let mut whole = histogram.to_base64();
        whole.truncate(cut.min(whole.len() - 1));
        prop_assert!(Histogram::from_base64(&whole).is_err());
    }
}
