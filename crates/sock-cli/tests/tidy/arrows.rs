//! What may never know what: the forbidden arrows inside and between the crates' sources.

use crate::Finding;
use crate::source::{ItemPath, Source};

pub(crate) const RULES: &[fn(&Source) -> Vec<Finding>] = &[
    proto_has_no_std,
    engine_knows_sessions_only,
    engine_knows_no_engine,
    observer_only_listens,
    one_clock,
    one_command_line,
    libraries_are_silent,
    unsafe_lives_in_few_files,
];

const ENGINES: [&str; 7] = ["iterative", "threads", "fork", "select", "epoll", "tokio", "uring"];

const UNSAFE: [&str; 6] = [
    "crates/sock/src/sys.rs",
    "crates/sock/src/sys/",
    "crates/sock/src/engine/uring.rs",
    "crates/sock/src/engine/uring/",
    "crates/sock-trace/src/sys.rs",
    "crates/sock-trace/src/sys/",
];

/// Where `::` joins the segments: `a::b` and not the variable `a`.
fn joined(source: &Source) -> impl Iterator<Item = (usize, Vec<String>)> {
    source
        .paths()
        .into_iter()
        .filter(|path| path.segments.len() > 1)
        .map(|path| (path.line, path.segments))
}

/// That it also links without std is tried by `.ci/check no-std`.
fn proto_has_no_std(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("crates/sock-proto/src/") || !source.is_product() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = joined(source)
        .filter(|(_, segments)| segments[0] == "std")
        .map(|(line, _)| Finding::new(line, "a protocol has core and alloc, and no std"))
        .collect();
    if source.path == "crates/sock-proto/src/lib.rs" {
        for wall in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !source.code.lines().any(|line| line == wall) {
                found.push(Finding::new(1, format!("{wall} is the wall of this crate")));
            }
        }
    }
    found
}

fn engine_knows_sessions_only(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("crates/sock/src/engine/") {
        return Vec::new();
    }
    let strangers = ["protocols", "tls", "Tls", "rustls", "observe"];
    let mut found = Vec::new();
    for (line, segments) in joined(source) {
        for stranger in strangers.iter().filter(|s| segments.iter().any(|x| x == *s)) {
            found.push(Finding::new(line, format!("an engine knows no {stranger}")));
        }
    }
    found
}

fn engine_knows_no_engine(source: &Source) -> Vec<Finding> {
    let own = source.module();
    let inside = own.len() > 2 && own[0] == "sock" && own[1] == "engine";
    let mut found = Vec::new();
    for (line, segments) in joined(source).filter(|_| inside) {
        // Who holds the engines, or a part of them, names its own children.
        if !segments.starts_with(&own[..2]) || segments.starts_with(&own) {
            continue;
        }
        // Behind a type stands a function, which may be called `threads`.
        let modules = segments.iter().take_while(|s| s.starts_with(char::is_lowercase));
        for name in modules.filter(|s| ENGINES.contains(&s.as_str()) && !own.contains(s)) {
            found.push(Finding::new(line, format!("{} knows no {name}", own.join("::"))));
        }
    }
    found
}

fn observer_only_listens(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("crates/sock/src/observe") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (line, segments) in source.paths().into_iter().map(|path| (path.line, path.segments)) {
        for (n, name) in segments.iter().enumerate() {
            // Behind a type stands a variant of it: a record has an origin that is called so.
            let variant = n > 0 && segments[n - 1].starts_with(char::is_uppercase);
            if ["Session", "Socket"].contains(&name.as_str()) && !variant {
                found.push(Finding::new(line, format!("an observer knows no {name}")));
            }
        }
    }
    found
}

/// Tests may watch the clock where clippy is given a reason; what is shipped may not.
fn one_clock(source: &Source) -> Vec<Finding> {
    if source.path == "crates/sock/src/run.rs" || !source.is_product() {
        return Vec::new();
    }
    joined(source)
        .filter(|(_, segments)| {
            let [.., kind, call] = segments.as_slice() else { return false };
            call == "now" && (kind == "Instant" || kind == "SystemTime")
        })
        .map(|(line, _)| Finding::new(line, "crates/sock/src/run.rs has the one clock"))
        .collect()
}

fn one_command_line(source: &Source) -> Vec<Finding> {
    let here = ["crates/sock-cli/src/args.rs", "crates/sock-cli/src/args/"];
    if here.iter().any(|path| source.path.starts_with(path)) {
        return Vec::new();
    }
    joined(source)
        .filter(|(_, segments)| segments[0] == "clap")
        .map(|(line, _)| Finding::new(line, "clap belongs to crates/sock-cli/src/args alone"))
        .collect()
}

fn libraries_are_silent(source: &Source) -> Vec<Finding> {
    if !source.is_library() {
        return Vec::new();
    }
    let print = ["print", "println", "eprint", "eprintln", "dbg"];
    let macros = source
        .tokens
        .windows(2)
        .filter(|pair| print.contains(&pair[0].text.as_str()) && pair[1].text == "!")
        .map(|pair| Finding::new(pair[0].line, format!("a library never says {}!", pair[0].text)));
    // What a program left in its buffer is flushed before a fork, or it would come out twice.
    let flushed = |path: &ItemPath| {
        let rest = &source.tokens[path.end..];
        rest.iter().map(|token| token.text.as_str()).take(4).eq(["(", ")", ".", "flush"])
    };
    let streams = source
        .paths()
        .into_iter()
        .filter(|path| {
            let [.., home, name] = path.segments.as_slice() else { return false };
            ["io", "stdio"].contains(&home.as_str())
                && ["stdout", "stderr", "Stdout", "Stderr"].contains(&name.as_str())
                && !flushed(path)
        })
        .map(|path| Finding::new(path.line, "a library has no stdout and no stderr"));
    macros.chain(streams).collect()
}

fn unsafe_lives_in_few_files(source: &Source) -> Vec<Finding> {
    let allowed = UNSAFE.iter().any(|path| source.path.starts_with(path));
    source
        .tokens
        .iter()
        .filter(|token| source.is_product() && !allowed && token.text == "unsafe")
        .map(|token| Finding::new(token.line, "unsafe code lives in the files that may hold it"))
        .collect()
}
