//! The report as text: what it says, and that it never leaves its page.

use proptest::prelude::*;
use sock_load::{Style, repeated_text, text};
use unicode_width::UnicodeWidthStr;

use crate::{arbitrary, samples};

#[test]
fn a_good_run() {
    insta::assert_snapshot!(text(&samples::good(10, 1.0, 1), Style::default()));
}

#[test]
fn a_strained_run_in_plain_characters() {
    insta::assert_snapshot!(text(&samples::strained(15), Style { width: 80, ascii: true }));
}

#[test]
fn a_silent_server() {
    insta::assert_snapshot!(text(&samples::silent(), Style::default()));
}

#[test]
fn replies_of_which_none_is_right() {
    insta::assert_snapshot!(text(&samples::mistaken(), Style::default()));
}

#[test]
fn several_runs_and_how_far_they_lie_apart() {
    let runs =
        [(1.0, 1), (0.9, 2), (1.1, 3), (1.02, 4)].map(|(speed, n)| samples::good(5, speed, n));
    insta::assert_snapshot!(repeated_text(&runs, Style::default()));
}

#[test]
fn a_single_message_on_a_narrow_page() {
    insta::assert_snapshot!(text(&samples::single(), Style { width: 36, ascii: false }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_wider_than_the_page(
        report in arbitrary::report(), width in 0_usize..140, ascii in any::<bool>()
    ) {
        let page = text(&report, Style { width, ascii });
        for line in page.lines() {
            prop_assert!(line.width() <= width.max(24), "{} > {width}: {line:?}", line.width());
            prop_assert_eq!(line.trim_end(), line);
            prop_assert!(!line.contains(char::is_control));
        }
        prop_assert!(!ascii || page.is_ascii());
    }
}
