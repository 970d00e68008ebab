//! The types and the schema are one: every line validates, and neither knows a field that the other does not.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arbitrary;
mod validate;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use sock_record::{
    CallKind, Family, Kind, Level, Line, LinkHow, LinkKind, Origin, ProcHow, SCHEMA,
};

use validate::wrong;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn check(value: &Value) -> Vec<String> {
    let (schema, mut found) = (schema(), Vec::new());
    wrong(&schema, &schema, value, "line", &mut found);
    found
}

fn value(line: &Line) -> Value {
    serde_json::to_value(line).unwrap()
}

fn samples() -> Vec<Line> {
    let mut runner = TestRunner::deterministic();
    let mut draw = || arbitrary::line().new_tree(&mut runner).unwrap().current();
    (0..2_000).map(|_| draw()).collect()
}

proptest! {
    #[test]
    fn every_line_that_can_be_written_is_valid(line in arbitrary::line()) {
        prop_assert_eq!(check(&value(&line)), Vec::<String>::new());
    }
}

#[test]
fn types_and_schema_have_the_same_fields() {
    let schema = schema();
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let known: BTreeSet<String> = Line::TYPES.iter().map(ToString::to_string).collect();
    assert_eq!(names(&schema["$defs"]), known);
    let dispatched: BTreeSet<String> = schema["allOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            let name = rule["if"]["properties"]["type"]["const"].as_str().unwrap();
            assert_eq!(rule["then"]["$ref"], format!("#/$defs/{name}"));
            name.to_owned()
        })
        .collect();
    assert_eq!(dispatched, known);

    let lines: Vec<Value> = samples().iter().map(value).collect();
    for name in known {
        let of: Vec<&Value> = lines.iter().filter(|line| line["type"] == *name).collect();
        assert!(of.len() > 20, "{name}: {}", of.len());
        let described = names(&schema["$defs"][&name]["properties"]);
        assert!(of.iter().all(|line| names(line) == described), "{name}: {described:?}");
    }
    let mut args: BTreeSet<String> = lines
        .iter()
        .filter(|line| line["type"] == "call")
        .flat_map(|call| names(&call["args"]))
        .collect();
    args.retain(|name| !name.starts_with('x'));
    assert_eq!(args, names(&schema["$defs"]["call"]["properties"]["args"]["properties"]));
}

#[test]
fn what_the_schema_asks_for_is_what_the_types_ask_for() {
    let schema = schema();
    for line in samples().iter().take(400).map(value) {
        let name = line["type"].as_str().unwrap();
        let required = schema["$defs"][name]["required"].as_array().unwrap();
        for field in line.as_object().unwrap().keys().filter(|field| *field != "type") {
            let mut without = line.clone();
            without.as_object_mut().unwrap().remove(field);
            let read = Line::from_json(without.to_string().as_bytes());
            let needed = required.contains(&json!(field));
            assert_eq!(read.is_err(), needed, "{name}.{field}: {read:?}");
            assert_eq!(check(&without).is_empty(), !needed, "{name}.{field}");

            let mut null = line.clone();
            null[field] = Value::Null;
            let read = Line::from_json(null.to_string().as_bytes()).is_ok();
            assert_eq!(read, check(&null).is_empty(), "{name}.{field} null");
        }
    }
}

#[test]
fn known_words_are_in_the_schema() {
    let schema = schema();
    for (path, known) in [
        ("/proc/properties/how", ProcHow::KNOWN),
        ("/sock/properties/family", Family::KNOWN),
        ("/sock/properties/kind", Kind::KNOWN),
        ("/sock/properties/from", Origin::KNOWN),
        ("/call/properties/call", CallKind::KNOWN),
        ("/link/properties/kind", LinkKind::KNOWN),
        ("/link/properties/how", LinkHow::KNOWN),
        ("/note/properties/level", Level::KNOWN),
    ] {
        let text = schema["$defs"].pointer(path).unwrap()["description"].as_str().unwrap();
        assert!(text.contains(&format!("Known words: {}.", known.join(", "))), "{path}: {text}");
    }
}

#[test]
fn the_schema_refuses_what_the_types_refuse() {
    for wrong in [
        json!({"type": "end", "t": -1, "dropped": 0}),
        json!({"type": "meta", "schema": "sock-record/2", "source": "trace"}),
        json!({"type": "call", "ev": 1, "proc": 1, "call": "send", "enter": 1, "dir": "up"}),
        json!({"type": "link", "kind": "bytes", "from": 1, "to": 2, "off": [1, 2, 3], "how": "offset"}),
        json!({"type": "link", "kind": "bytes", "from": 1, "to": 2, "off": [1], "how": "offset"}),
        json!({"type": "call", "ev": 1, "proc": 1, "call": "send", "enter": 1, "data": "?"}),
        json!({"t": 1}),
    ] {
        assert!(!check(&wrong).is_empty(), "{wrong}");
        assert!(Line::from_json(wrong.to_string().as_bytes()).is_err(), "{wrong}");
    }
    assert_eq!(check(&json!({"type": "packet", "any": "thing"})), Vec::<String>::new());
}
