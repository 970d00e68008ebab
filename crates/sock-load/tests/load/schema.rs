//! The types and the schema are one: every report validates, and neither knows a field that the other does not.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use sock_load::{Cause, Direction, Pacing, Report, SCHEMA};

use crate::validate::wrong;
use crate::{arbitrary, samples};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn check(value: &Value) -> Vec<String> {
    let (schema, mut found) = (schema(), Vec::new());
    wrong(&schema, &schema, value, "report", &mut found);
    found
}

fn read(value: &Value) -> Result<Report, serde_json::Error> {
    serde_json::from_value(value.clone())
}

/// A report in which nothing is unknown, for every way of pacing.
fn full() -> Vec<Value> {
    let mut report = samples::strained(15);
    report.label = Some("one".into());
    report.told.until = Some("line".into());
    for field in [&mut report.told.duration, &mut report.told.number, &mut report.told.ramp] {
        *field = Some(7);
    }
    (report.told.timeout, report.told.busy_poll) = (Some(1), Some(2));
    report.verdict.saturated = Some(true);
    let (open, bulk) = (report.told.pacing, Pacing::Bulk { direction: Direction::Both });
    let all = [open, bulk, Pacing::Closed { depth: 2 }].map(|pacing| {
        report.told.pacing = pacing;
        serde_json::to_value(&report).unwrap()
    });
    all.to_vec()
}

/// The places of all objects in a value, as JSON pointers; of a list, those of its first item.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(fields) = value.as_object() {
        found.push(at.to_owned());
        for (name, field) in fields {
            objects(field, &format!("{at}/{name}"), found);
        }
    }
    if let Some(first) = value.as_array().and_then(|list| list.first()) {
        objects(first, &format!("{at}/0"), found);
    }
}

/// The names that the schema describes for the object at a place.
fn described(root: &Value, at: &str, value: &Value) -> BTreeSet<String> {
    let follow = |part: &Value| match part["$ref"].as_str() {
        Some(path) => root.pointer(path.strip_prefix('#').unwrap()).unwrap().clone(),
        None => part.clone(),
    };
    let mut part = root.clone();
    for name in at.split('/').skip(1) {
        part = follow(if name == "0" { &part["items"] } else { &part["properties"][name] });
    }
    let mut names: BTreeSet<String> =
        part["properties"].as_object().unwrap().keys().cloned().collect();
    for rule in part["allOf"].as_array().into_iter().flatten() {
        let word = &rule["if"]["properties"]["loop"]["const"];
        if value["loop"] == *word {
            names.extend(rule["then"]["properties"].as_object().unwrap().keys().cloned());
        }
    }
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_report_that_can_be_written_is_valid_and_read_back(report in arbitrary::report()) {
        let value = serde_json::to_value(&report).unwrap();
        prop_assert_eq!(check(&value), Vec::<String>::new());
        let text = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}

#[test]
fn types_and_schema_have_the_same_fields() {
    let root = schema();
    for value in full() {
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        assert!(places.len() > 15, "{places:?}");
        for at in places {
            let object = value.pointer(&at).unwrap();
            let names: BTreeSet<String> = object.as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, described(&root, &at, object), "{at}");
        }
    }
}

#[test]
fn what_the_schema_asks_for_is_what_the_types_ask_for() {
    for value in full() {
        assert_eq!(check(&value), Vec::<String>::new());
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        for at in places {
            for name in value.pointer(&at).unwrap().as_object().unwrap().keys() {
                let mut without = value.clone();
                without.pointer_mut(&at).unwrap().as_object_mut().unwrap().remove(name);
                let valid = check(&without).is_empty();
                assert_eq!(read(&without).is_ok(), valid, "{at}/{name} left out");
                let mut null = value.clone();
                null.pointer_mut(&at).unwrap()[name] = Value::Null;
                let valid = check(&null).is_empty();
                assert_eq!(read(&null).is_ok(), valid, "{at}/{name} null");
                let mut more = value.clone();
                more.pointer_mut(&at).unwrap()["mood"] = json!("good");
                assert!(check(&more).is_empty() && read(&more).is_ok(), "{at} with one more");
            }
        }
    }
}

#[test]
fn the_schema_refuses_what_the_types_refuse() {
    for (at, wrong) in [
        ("/schema", json!("sock-bench/2")),
        ("/measured", json!(-1)),
        ("/measured", json!(1.5)),
        ("/rate", json!("fast")),
        ("/told/pacing/loop", json!("spiral")),
        ("/told/pacing", json!({"loop": "closed"})),
        ("/told/pacing", json!({"loop": "bulk", "direction": "sideways"})),
        ("/latency/histogram", json!("?")),
        ("/timeline", json!({})),
        ("/verdict/lines", json!([1])),
        ("/verdict/saturated", json!(0)),
        ("/cpu/server", json!({"user": 1, "sys": 1})),
    ] {
        let mut value = full().remove(0);
        *value.pointer_mut(at).unwrap() = wrong.clone();
        assert!(!check(&value).is_empty(), "{at} = {wrong}");
        assert!(read(&value).is_err(), "{at} = {wrong}");
    }
}

#[test]
fn known_words_are_in_the_schema() {
    let root = schema();
    let text = root["properties"]["errors"]["items"]["properties"]["cause"]["description"].clone();
    let known = Cause::ALL.map(Cause::as_str).join(", ");
    assert!(text.as_str().unwrap().contains(&format!("Known words: {known}.")), "{text}");
}
