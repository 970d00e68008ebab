//! What cargo knows: which crate depends on which, with which features, under which licence.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What each crate of the workspace may depend on. A new crate, or a new arrow, begins in ARCHITECTURE.md.
const DOWNWARDS: &[(&str, &[&str])] = &[
    ("sock-proto", &[]),
    ("sock-record", &[]),
    ("sock-ladder", &["sock-record"]),
    ("sock-load", &[]),
    ("sock", &["sock-proto", "sock-record", "sock-load"]),
    ("sock-trace", &["sock-record"]),
    ("sock-check", &["sock-proto", "sock-record", "sock", "sock-trace"]),
    (
        "sock-cli",
        &[
            "sock-proto",
            "sock-record",
            "sock-ladder",
            "sock-load",
            "sock",
            "sock-trace",
            "sock-check",
        ],
    ),
];

/// What `sock-proto` may be built on: each builds without std when its `std` feature is off.
const NO_STD: &[&str] = &["sock-proto", "httparse", "memchr", "percent-encoding", "subtle"];

const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
];

fn cargo(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Everything that cargo says about the workspace and what it depends on, on this kind of machine.
pub(crate) fn metadata(root: &Path) -> Value {
    // Crates of other systems are never downloaded here, and so are not known offline.
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc can be run").stdout;
    let text = String::from_utf8(rustc).expect("UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let json = cargo(root, &["metadata", "--format-version", "1", "--filter-platform", host]);
    serde_json::from_str(&json).expect("cargo writes JSON")
}

/// The arrows between crates of the workspace, those of their tests aside.
pub(crate) fn workspace_edges(metadata: &Value) -> Vec<(String, String)> {
    let mut edges = Vec::new();
    for package in array(metadata, "packages").iter().filter(|p| p["source"].is_null()) {
        let from = string(package, "name");
        edges.push((from.clone(), from.clone()));
        for dependency in array(package, "dependencies") {
            if dependency["path"].is_string() && dependency["kind"] != "dev" {
                edges.push((from.clone(), string(dependency, "name")));
            }
        }
    }
    edges
}

/// The arrows that the design does not know. An arrow from a crate to itself says that it is there.
pub(crate) fn reversed(edges: &[(String, String)]) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, to) in edges {
        match DOWNWARDS.iter().find(|(name, _)| name == from) {
            None => broken.push(format!("{from} is a crate that ARCHITECTURE.md does not know")),
            Some((_, below)) if from != to && !below.contains(&to.as_str()) => {
                broken.push(format!("{from} depends on {to}"));
            }
            Some(_) => {}
        }
    }
    broken.dedup();
    broken
}

/// Each crate that `package` is built on, with its features: `memchr alloc,std`.
pub(crate) fn tree(root: &Path, package: &str) -> Vec<(String, Vec<String>)> {
    let lines =
        cargo(root, &["tree", "-p", package, "-e", "normal", "--prefix", "none", "-f", "{p}|{f}"]);
    lines
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, features)| {
            let name = package.split(' ').next().unwrap_or_default();
            let features = features.split([',', ' ']).filter(|f| !f.is_empty());
            (name.into(), features.map(Into::into).collect())
        })
        .collect()
}

pub(crate) fn needs_std(tree: &[(String, Vec<String>)]) -> Vec<String> {
    let mut broken = Vec::new();
    assert!(!tree.is_empty(), "the tree holds the crate itself");
    for (name, features) in tree {
        if !NO_STD.contains(&name.as_str()) {
            broken.push(format!("{name} is not known to build without std"));
        }
        if features.iter().any(|feature| feature == "std") {
            broken.push(format!("{name} is built with its feature std"));
        }
    }
    broken
}

/// Each crate and its licence, as an SPDX expression.
pub(crate) fn licences(metadata: &Value) -> Vec<(String, String)> {
    let nodes = array(&metadata["resolve"], "nodes");
    array(metadata, "packages")
        .iter()
        .filter(|package| nodes.iter().any(|node| node["id"] == package["id"]))
        .map(|package| {
            let licence = package["license"].as_str().unwrap_or_default();
            (format!("{} {}", string(package, "name"), string(package, "version")), licence.into())
        })
        .collect()
}

pub(crate) fn unlicensed(licences: &[(String, String)]) -> Vec<String> {
    assert!(!licences.is_empty(), "the workspace itself has licences");
    licences
        .iter()
        .filter(|(_, expression)| !accepted(expression))
        .map(|(name, expression)| format!("{name}: {expression:?} is no licence of the house"))
        .collect()
}

/// True where the house may take the crate under `expression`: any side of an OR, every side of an AND.
pub(crate) fn accepted(expression: &str) -> bool {
    // Before SPDX the slash meant OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at) == Some(true) && at == words.len()
}

/// `None` where the expression is cut short.
fn any_of(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut good = all_of(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        good |= all_of(words, at)?;
    }
    Some(good)
}

fn all_of(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut good = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        good &= one(words, at)?;
    }
    Some(good)
}

fn one(words: &[&str], at: &mut usize) -> Option<bool> {
    let word = words.get(*at)?;
    *at += 1;
    if *word == "(" {
        let good = any_of(words, at)?;
        let closing = words.get(*at) == Some(&")");
        *at += 1;
        return closing.then_some(good);
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1)?;
        *at += 2;
        return Some(LICENCES.contains(&format!("{word} WITH {exception}").as_str()));
    }
    Some(LICENCES.contains(word))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().into()
}
