//! A validator for the part of JSON Schema that the schemas of this project use.

use serde_json::Value;

/// What is wrong with `value`: the part of JSON Schema that the schema uses. A keyword beyond that panics, so that
/// nobody can add a rule that is not checked.
pub(crate) fn wrong(
    root: &Value,
    schema: &Value,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
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
                !value.is_object() || names.into_iter().all(|name| value.get(name).is_some())
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
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other:?}"),
    }
}
