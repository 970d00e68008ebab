//! Small bad sources: each rule finds its fault at its line, and nothing where there is none.

use crate::source::Source;
use crate::{Finding, arrows, habits, manifest};

fn lines_found(rules: &[fn(&Source) -> Vec<Finding>], path: &str, text: &str) -> Vec<usize> {
    let source = Source::new(path, &format!("//! What lives in this file.\n{text}"));
    let mut lines: Vec<usize> =
        rules.iter().flat_map(|rule| rule(&source)).map(|finding| finding.line).collect();
    lines.sort_unstable();
    lines
}

const ECHO: &str = "crates/sock-proto/src/protocols/echo.rs";
const EPOLL: &str = "crates/sock/src/engine/epoll.rs";
const LOG: &str = "crates/sock/src/observe/log.rs";
const SOCKET: &str = "crates/sock/src/socket/mod.rs";
const VERB: &str = "crates/sock-cli/src/serve.rs";

#[test]
fn each_forbidden_arrow_is_found() {
    for (path, text, lines) in [
        (ECHO, "use std::time::Instant;", vec![2]),
        ("crates/sock-proto/src/lib.rs", "#![no_std]\n// #![forbid(unsafe_code)]", vec![1]),
        ("crates/sock-proto/src/lib.rs", "#![cfg_attr(test, no_std)]", vec![1, 1]),
        (EPOLL, "use sock_proto::protocols::echo;", vec![2]),
        (EPOLL, "use sock_proto::{Session, protocols};", vec![2]),
        (EPOLL, "fn f() {\n    crate::tls::wrap();\n}", vec![3]),
        (EPOLL, "use crate::{\n    run,\n    observe::Log,\n};", vec![4]),
        (EPOLL, "use rustls::ServerConnection;", vec![2]),
        (EPOLL, "use super::threads::spawn;", vec![2]),
        (EPOLL, "use crate::engine::{epoll, select};", vec![2]),
        ("crates/sock/src/engine/epoll/slab.rs", "use super::super::uring::Ring;", vec![2]),
        ("crates/sock/src/engine/accept.rs", "use super::fork;", vec![2]),
        ("crates/sock/src/engine/crew/threads.rs", "use super::fork::Crew;", vec![2]),
        (LOG, "use sock_proto::Session;", vec![2]),
        (LOG, "fn f(s: &Socket) {}", vec![2]),
        (LOG, "fn f() { Socket::tcp() }", vec![2]),
        (LOG, "fn f(s: &sock_proto::Session<Box<dyn Protocol>>) {}", vec![2]),
        (SOCKET, "fn f() -> Instant {\n    std::time::Instant::now()\n}", vec![3]),
        (VERB, "let t = SystemTime::now();", vec![2]),
        (VERB, "use clap::Parser;", vec![2]),
        (VERB, "#[derive(clap::Args)]\nstruct A;", vec![2]),
        (SOCKET, "fn f() { println!(\"x\"); }", vec![2]),
        (SOCKET, "fn f() { dbg!(1); }", vec![2]),
        (SOCKET, "use std::io::{self, stderr};", vec![2]),
        (SOCKET, "fn f() { io::stdout(); }", vec![2]),
        (SOCKET, "fn f() { unsafe { g() } }", vec![2]),
        ("crates/sock/src/system.rs", "unsafe fn f() {}", vec![2]),
    ] {
        assert_eq!(lines_found(arrows::RULES, path, text), lines, "{path}: {text}");
    }
}

#[test]
fn what_only_resembles_a_forbidden_arrow_is_left_alone() {
    for (path, text) in [
        (ECHO, "use core::time::Duration;\nuse alloc::vec::Vec; // as std::vec"),
        ("crates/sock-proto/src/lib.rs", "#![no_std]\n#![forbid(unsafe_code)]"),
        ("crates/sock-proto/tests/a.rs", "use std::net::Ipv4Addr;"),
        (EPOLL, "use rustix::event::epoll;\nuse super::slab::Slab;\nuse crate::run::instant;"),
        (EPOLL, "fn f(observe: bool) { g(observe) } // unlike crate::tls, never protocols::x"),
        (EPOLL, "/* crate::observe::log /* nested */ */ const A: &str = \"crate::tls::x\";"),
        (EPOLL, "#[cfg(test)]\nmod tests {\n    use sock_proto::protocols::Echo;\n}"),
        ("crates/sock/src/engine/mod.rs", "mod epoll;\nfn f() { epoll::run(); self::fork::run() }"),
        ("crates/sock/src/engine/crew.rs", "use self::fork::Crew;\nuse crate::engine::accept;"),
        (EPOLL, "fn f() { super::crew::Crew::threads() }"),
        (SOCKET, "fn f() { std::io::stdout().flush() }"),
        ("crates/sock/tests/a.rs", "fn f() { Instant::now() }"),
        (LOG, "fn f() { g(Origin::Socket) }"),
        (LOG, "use core::net::SocketAddr;\nstruct SessionCount; // of a Session"),
        ("crates/sock/src/run.rs", "fn f() { Instant::now() }"),
        ("crates/sock-cli/src/args/serve.rs", "use clap::Parser;"),
        (VERB, "fn f() { println!(\"x\"); std::io::stderr(); clap(); }"),
        ("crates/sock/examples/echo.rs", "fn main() { println!(\"x\"); }"),
        ("crates/sock/src/engine/tests.rs", "fn f() { println!(\"x\") }"),
        ("crates/sock/src/sys.rs", "fn f() { unsafe { g() } }"),
        ("crates/sock/src/sys/names.rs", "fn f() { unsafe { g() } }"),
        (
            SOCKET,
            "const A: &str = r#\"unsafe \" println!(\"#; // unsafe\nfn f<'a>(c: char) { c == '\"' }",
        ),
        (SOCKET, "#![deny(unsafe_code)]\nconst Q: [char; 2] = ['\\'', '\"']; // \" unsafe"),
    ] {
        assert_eq!(lines_found(arrows::RULES, path, text), [0; 0], "{path}: {text}");
    }
}

#[test]
fn each_bad_habit_is_found() {
    let later = concat!("// TO", "DO: the rest");
    for (path, text, lines) in [
        (SOCKET, later, vec![2]),
        (SOCKET, "fn f() { todo!() }", vec![2]),
        (SOCKET, "fn f() {\n    unimplemented!()\n}", vec![3]),
        ("crates/sock/tests/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}", vec![3]),
        (SOCKET, "fn f() {\n    let _ = g();\n}", vec![3]),
        (SOCKET, "fn f() {\n    _ = g();\n}", vec![3]),
        (SOCKET, "fn f() {\n    g()\n        .ok();\n}", vec![4]),
        (SOCKET, "// A reason too far away.\nfn f() {\n    let _ = g(); //\n}", vec![4]),
    ] {
        assert_eq!(lines_found(habits::RULES, path, text), lines, "{path}: {text}");
    }
    let long = "fn f() {}\n".repeat(400);
    assert_eq!(lines_found(habits::RULES, SOCKET, &long), [401]);
    let bare = Source::new(SOCKET, "use std::io;\n");
    assert_eq!(habits::RULES.iter().flat_map(|rule| rule(&bare)).count(), 1);
    let empty = Source::new(SOCKET, "//!\n");
    assert_eq!(habits::RULES.iter().flat_map(|rule| rule(&empty)).count(), 1);
}

#[test]
fn good_habits_are_left_alone() {
    let long = "fn f() {}\n".repeat(390);
    let tests = format!("{long}#[cfg(test)]\nmod tests {{\n{long}}}\n");
    for (path, text) in [
        (SOCKET, "fn f() {\n    let _ = g(); // the peer has gone\n}"),
        (
            SOCKET,
            "fn f() {\n    // The peer has gone, and nobody is left to hear it.\n    let _ = g();\n}",
        ),
        (
            SOCKET,
            "fn f() {\n    // Both when the peer has gone.\n    let _ = g();\n    let _ = h();\n}",
        ),
        (SOCKET, "fn f() {\n    let a = g().ok();\n    return h().ok();\n}"),
        (SOCKET, "fn f() {\n    let _guard = g();\n    match x { _ => 1 }\n}"),
        (SOCKET, "const A: &str = \"todo!() #[ignore]\";"),
        (SOCKET, tests.as_str()),
        ("crates/sock/tests/a.rs", "fn f() { let _ = g(); }"),
        ("crates/sock/tests/a.rs", tests.as_str()),
    ] {
        assert_eq!(lines_found(habits::RULES, path, text), [0; 0], "{path}: {text}");
    }
}

#[test]
fn a_page_that_names_what_is_not_here_is_found() {
    let named = |text: &str| habits::page(text).iter().map(|f| f.line).collect::<Vec<_>>();
    assert_eq!(named("good\nbad \nbad\t"), [2, 3]);
    assert_eq!(named(concat!("see /wo", "rk/main")), [1]);
    assert_eq!(named(concat!("see shared", "/cli.md")), [1]);
    assert_eq!(named("a socket shared/inherited by a child; the brief; work/rest\n"), [0; 0]);
}

#[test]
fn a_reversed_arrow_between_crates_is_found() {
    let edge = |from: &str, to: &str| (from.to_string(), to.to_string());
    for (from, to) in [
        ("sock-proto", "sock"),
        ("sock-proto", "sock-record"),
        ("sock", "sock-cli"),
        ("sock-ladder", "sock-trace"),
        ("sock-record", "sock-proto"),
        ("sock-load", "sock"),
        ("sock-new", "sock-new"),
    ] {
        assert_eq!(manifest::reversed(&[edge(from, to)]).len(), 1, "{from} -> {to}");
    }
    let good = [edge("sock-cli", "sock"), edge("sock", "sock-proto"), edge("sock", "sock")];
    assert_eq!(manifest::reversed(&good), [""; 0]);
}

#[test]
fn the_edges_of_the_workspace_are_read() {
    let metadata = serde_json::json!({"packages": [
        {"name": "sock", "source": null, "dependencies": [
            {"name": "sock-proto", "path": "/x", "kind": null},
            {"name": "sock-cli", "path": "/x", "kind": "build"},
            {"name": "sock-ladder", "path": "/x", "kind": "dev"},
            {"name": "libc", "kind": null},
        ]},
        {"name": "libc", "source": "registry", "dependencies": []},
    ]});
    let edges = manifest::workspace_edges(&metadata);
    let named: Vec<_> = edges.iter().map(|(a, b)| format!("{a} -> {b}")).collect();
    assert_eq!(named, ["sock -> sock", "sock -> sock-proto", "sock -> sock-cli"]);
    assert_eq!(manifest::reversed(&edges), ["sock depends on sock-cli"]);
}

#[test]
fn a_dependency_on_std_is_found() {
    let tree = |name: &str, features: &[&str]| {
        vec![(name.to_string(), features.iter().map(ToString::to_string).collect::<Vec<_>>())]
    };
    assert_eq!(manifest::needs_std(&tree("libc", &[])).len(), 1);
    assert_eq!(manifest::needs_std(&tree("memchr", &["alloc", "std"])).len(), 1);
    assert_eq!(manifest::needs_std(&tree("memchr", &["alloc"])), [""; 0]);
}

#[test]
fn licences_are_weighed_as_spdx_says() {
    for good in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "MIT OR LGPL-2.1-or-later",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "GPL-2.0 OR (ISC AND BSD-3-Clause)",
    ] {
        assert!(manifest::accepted(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND OpenSSL",
        "MIT OR",
        "(MIT",
        "MIT)",
        "GPL-3.0 WITH Classpath-exception-2.0",
        "MIT Apache-2.0",
    ] {
        assert!(!manifest::accepted(bad), "{bad}");
    }
    let licences = [("a 1.0.0".to_string(), "GPL-3.0".to_string())];
    assert_eq!(manifest::unlicensed(&licences).len(), 1);
}
