//! The call grammar, and what a session owes its engine, under calls and answers by chance.
//!
//! Two drivers: one makes any call at any time, sense or not; the other drives as an engine does,
//! touching only the peers that the session names, and so sees a peer that was forgotten.
//! `SOCK_FUZZ_SECONDS` says how long each runs (2), `SOCK_FUZZ_SEED` with which seed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

mod engine;
mod ledger;
mod player;
mod rubbish;

/// Runs cases by chance until the time is over; a failing one is shrunk and shown with its seed.
fn fuzz<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = Duration::from_secs(number("SOCK_FUZZ_SECONDS").unwrap_or(2));
    let seed = number("SOCK_FUZZ_SEED").unwrap_or_else(any_seed);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    #[allow(clippy::disallowed_methods, reason = "how long to go on is no part of what is tested")]
    let start = Instant::now();
    let mut cases = 0;
    while start.elapsed() < time {
        let tree = strategy.new_tree(&mut runner).unwrap();
        if let Err(error) = runner.run_one(tree, &test) {
            panic!("SOCK_FUZZ_SEED={seed}, after {cases} cases: {error}");
        }
        cases += 1;
    }
    assert!(cases > 0);
}

/// A seed that differs from run to run, without a clock: where the system put a hash's keys.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[test]
fn any_calls_in_any_order_keep_the_grammar_and_the_accounts() {
    fuzz(&rubbish::case(), |case| rubbish::run(&case));
}

#[test]
fn an_engine_that_touches_only_who_is_named_forgets_nobody() {
    fuzz(&engine::case(), |case| engine::run(&case));
}
