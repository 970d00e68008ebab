//! What a machine may lack that a test needs.

use std::io::Write;

/// Says that a test does less for want of `what`.
///
/// # Panics
///
/// If `SOCK_TESTS_NEED_PEERS` is set to 1: then nothing may be missing.
pub(crate) fn lacks(what: &str) {
    let needed = std::env::var("SOCK_TESTS_NEED_PEERS").is_ok_and(|value| value == "1");
    assert!(!needed, "SOCK_TESTS_NEED_PEERS is set, and there is no {what}");
    skips(&format!("needs {what}"));
}

/// Says that a test does less, and why.
pub(crate) fn skips(why: &str) {
    // Directly: what is printed by macros is kept back from whoever watches a test pass.
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
