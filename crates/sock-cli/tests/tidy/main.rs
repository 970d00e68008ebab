//! The rules of the house that no compiler knows: ARCHITECTURE.md, "Arrows that must never exist".
//!
//! Each rule is a function from a source, or from what cargo knows, to findings. The tests here run all of
//! them over the workspace; those in `samples` show that each rule can fail.

use std::path::{Path, PathBuf};

mod arrows;
mod habits;
mod manifest;
mod samples;
mod source;

use source::Source;

/// A line that breaks a rule, and which one.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    line: usize,
    rule: String,
}

impl Finding {
    fn new(line: usize, rule: impl Into<String>) -> Self {
        Self { line, rule: rule.into() }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// Every file of the project with one of the extensions, by its path from the root.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    fn walk(dir: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !matches!(&*name, "target" | ".git" | "node_modules") {
                    walk(&path, extensions, found);
                }
            } else if path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)) {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root, extensions, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let path = path.strip_prefix(&root).expect("a path below the root");
            (path.to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn sources() -> Vec<Source> {
    let sources: Vec<Source> =
        files(&["rs"]).iter().map(|(path, text)| Source::new(path, text)).collect();
    assert!(sources.len() > 5, "the walk found the workspace");
    sources
}

fn hold(rules: &[fn(&Source) -> Vec<Finding>]) {
    let mut broken = Vec::new();
    for source in sources() {
        for finding in rules.iter().flat_map(|rule| rule(&source)) {
            broken.push(format!("{}:{}: {}", source.path, finding.line, finding.rule));
        }
    }
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn no_source_draws_a_forbidden_arrow() {
    hold(arrows::RULES);
}

#[test]
fn every_source_keeps_the_habits() {
    hold(habits::RULES);
}

#[test]
fn every_page_speaks_of_the_project_alone() {
    let mut broken = Vec::new();
    for (path, text) in files(&["rs", "md", "toml", "sh", "yml"]) {
        for finding in habits::page(&text) {
            broken.push(format!("{path}:{}: {}", finding.line, finding.rule));
        }
    }
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn crates_depend_downwards_only() {
    let broken = manifest::reversed(&manifest::workspace_edges(&manifest::metadata(&root())));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn sock_proto_depends_on_nothing_that_needs_std() {
    let broken = manifest::needs_std(&manifest::tree(&root(), "sock-proto"));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_licence_is_one_that_the_house_accepts() {
    let broken = manifest::unlicensed(&manifest::licences(&manifest::metadata(&root())));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
