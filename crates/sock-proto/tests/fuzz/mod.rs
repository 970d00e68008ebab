//! Random tests that run for a time and not for a number of cases: 2 s each, or `SOCK_FUZZ_SECONDS`.

use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

/// What one test takes where nobody asks for more.
const USUAL: Duration = Duration::from_secs(2);

/// Gives `test` one value of `strategy` after the other until its time is over; a failure is shrunk and shown.
pub(crate) fn fuzz<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let begin = now();
    let limit = std::env::var("SOCK_FUZZ_SECONDS").map_or(USUAL, |seconds| {
        Duration::from_secs(seconds.parse().expect("SOCK_FUZZ_SECONDS is a number of seconds"))
    });
    while now() - begin < limit {
        // Between two looks at the clock lies a round; a failure is reported with its shrunk value.
        let config = Config { failure_persistence: None, ..Config::with_cases(64) };
        if let Err(failure) = TestRunner::new(config).run(strategy, &test) {
            panic!("{failure}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a test runs is not a protocol's time")]
fn now() -> Instant {
    Instant::now()
}
