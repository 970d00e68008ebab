//! The types and the schema are one: every line validates, and neither knows a field that the other does not.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arbitrary;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use sock_record::{
    CallKind, Family, Kind, Level, Line, LinkHow, LinkKind, Origin, ProcHow, SCHEMA,
};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// What is wrong with `value`: the part of JSON Schema that the schema uses. A keyword beyond that panics, so that
/// nobody can add a rule that is not checked.
fn wrong(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(allowed) = schema.as_bool() {
        if !allowed {
            found.push(format!("{at}: not allowed"));
        }
        return;
    }
    let rules = schema.as_object().expect("a schema is an object");
    let holds = |schema: &Value, value: &Value| {
        let mut inner = Vec::new();
        wrong(root, schema, value, at, &mut inner);
        inner.is_empty()
    };
    for (keyword, rule) in rules {
        let ok = match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" | "then" => true,
            "contentEncoding" => value.as_str().is_none_or(|text| {
                assert_eq!(rule, "base64");
                data_encoding::BASE64.decode(text.as_bytes()).is_ok()
            }),
            "type" => match rule.as_array() {
                Some(types) => types.iter().any(|name| is(name, value)),
                None => is(rule, value),
            },
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.is_null() || value.as_f64() >= rule.as_f64(),
            "minItems" => {
                value.as_array().is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap())
            }
            "required" => {
                let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                names.into_iter().all(|name| value.get(name).is_some())
            }
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                wrong(root, root.pointer(path).unwrap(), value, at, found);
                true
            }
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    wrong(root, part, value, at, found);
                }
                true
            }
            "if" => {
                if holds(rule, value) {
                    wrong(root, &rules["then"], value, at, found);
                }
                true
            }
            "properties" => {
                for (name, part) in rule.as_object().unwrap() {
                    if let Some(field) = value.get(name) {
                        wrong(root, part, field, &format!("{at}.{name}"), found);
                    }
                }
                true
            }
            "prefixItems" => {
                let list = value.as_array().into_iter().flatten();
                for (part, item) in rule.as_array().unwrap().iter().zip(list) {
                    wrong(root, part, item, at, found);
                }
                true
            }
            "items" => {
                let first =
                    rules.get("prefixItems").map_or(0, |list| list.as_array().unwrap().len());
                for item in value.as_array().into_iter().flatten().skip(first) {
                    wrong(root, rule, item, at, found);
                }
                true
            }
            other => panic!("the schema's keyword {other:?} is not checked by this test"),
        };
        if !ok {
            found.push(format!("{at}: {value} breaks {keyword:?}: {rule}"));
        }
    }
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other:?}"),
    }
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
