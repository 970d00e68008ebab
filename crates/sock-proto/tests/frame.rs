//! Lines come out the same however their stream was cut.

use proptest::prelude::*;
use sock_proto::frame::Lines;

/// Each line and whether it was cut, and what is left without a line end.
fn lines(most: usize, receives: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
    let mut lines = Lines::new(most);
    let mut seen = Vec::new();
    for mut bytes in receives.iter().copied() {
        while let Some(line) = lines.next(&mut bytes) {
            seen.push((line.text.to_vec(), line.is_cut));
        }
        assert!(bytes.is_empty());
    }
    seen.extend(lines.rest().map(|line| (line.text.to_vec(), line.is_cut)));
    assert_eq!(lines.rest(), None);
    seen
}

fn seen<const N: usize>(expected: [(&str, bool); N]) -> Vec<(Vec<u8>, bool)> {
    expected.map(|(text, is_cut)| (text.into(), is_cut)).into()
}

#[test]
fn both_line_ends_are_taken_off() {
    assert_eq!(
        lines(9, &[b"a\nb\r\n\n\r\nc\rd\r\r\n"]),
        seen([("a", false), ("b", false), ("", false), ("", false), ("c\rd\r", false),])
    );
}

#[test]
fn a_line_of_just_the_bound_is_whole() {
    let expected =
        seen([("abc", false), ("abc", false), ("abc", true), ("abc", true), ("abc", false)]);
    let input = b"abc\nabc\r\nabcd\nabcd\r\nabc";
    assert_eq!(lines(3, &[input]), expected);
    assert_eq!(lines(3, &input.chunks(1).collect::<Vec<_>>()), expected);
    assert_eq!(lines(0, &[b"\n\r\na"]), seen([("", false), ("", false), ("", true)]));
}

proptest! {
    #[test]
    fn the_cut_is_not_seen(
        input in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..40),
        cuts in prop::collection::vec(0_usize..40, 0..6),
        most in 0_usize..6,
    ) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
        cuts.sort_unstable();
        let mut receives = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([input.len()]) {
            receives.push(&input[from..cut]);
            from = cut;
        }
        prop_assert_eq!(lines(most, &receives), lines(most, &[&input]));
    }
}
