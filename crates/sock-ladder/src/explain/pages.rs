//! A page for each code: what happened, why, what to do, and a small picture.

/// All pages, by their codes in alphabetical order.
const PAGES: &[(&str, &str)] = &[
    ("backlog-full", include_str!("pages/backlog-full.txt")),
    ("broken-pipe", include_str!("pages/broken-pipe.txt")),
    ("closed-unread", include_str!("pages/closed-unread.txt")),
    ("cut", include_str!("pages/cut.txt")),
    ("deadlock", include_str!("pages/deadlock.txt")),
    ("end", include_str!("pages/end.txt")),
    ("end-ignored", include_str!("pages/end-ignored.txt")),
    ("foreign", include_str!("pages/foreign.txt")),
    ("gap", include_str!("pages/gap.txt")),
    ("in-use", include_str!("pages/in-use.txt")),
    ("interleaved", include_str!("pages/interleaved.txt")),
    ("interrupted", include_str!("pages/interrupted.txt")),
    ("merged", include_str!("pages/merged.txt")),
    ("nagle", include_str!("pages/nagle.txt")),
    ("never-accepted", include_str!("pages/never-accepted.txt")),
    ("no-answer", include_str!("pages/no-answer.txt")),
    ("no-fin", include_str!("pages/no-fin.txt")),
    ("no-reuseaddr", include_str!("pages/no-reuseaddr.txt")),
    ("nobody-bound", include_str!("pages/nobody-bound.txt")),
    ("not-bound", include_str!("pages/not-bound.txt")),
    ("not-closed", include_str!("pages/not-closed.txt")),
    ("not-connected", include_str!("pages/not-connected.txt")),
    ("not-here", include_str!("pages/not-here.txt")),
    ("not-listening", include_str!("pages/not-listening.txt")),
    ("not-read", include_str!("pages/not-read.txt")),
    ("not-received", include_str!("pages/not-received.txt")),
    ("nothing-came", include_str!("pages/nothing-came.txt")),
    ("one-at-a-time", include_str!("pages/one-at-a-time.txt")),
    ("other-server", include_str!("pages/other-server.txt")),
    ("partial-send", include_str!("pages/partial-send.txt")),
    ("passed", include_str!("pages/passed.txt")),
    ("refused", include_str!("pages/refused.txt")),
    ("reset", include_str!("pages/reset.txt")),
    ("ring", include_str!("pages/ring.txt")),
    ("sigpipe", include_str!("pages/sigpipe.txt")),
    ("split", include_str!("pages/split.txt")),
    ("start", include_str!("pages/start.txt")),
    ("stopped", include_str!("pages/stopped.txt")),
    ("time-wait", include_str!("pages/time-wait.txt")),
    ("timed-out", include_str!("pages/timed-out.txt")),
    ("would-block", include_str!("pages/would-block.txt")),
];

/// The help page of a code: what happened, why, what to do, and a small picture. `None` for a code that has none.
///
/// # Examples
///
/// ```
/// assert!(sock_ladder::page("merged").is_some_and(|page| page.contains("What to do")));
/// assert_eq!(sock_ladder::page("moon"), None);
/// ```
#[must_use]
pub fn page(code: &str) -> Option<&'static str> {
    let found = PAGES.binary_search_by_key(&code, |page| page.0).ok()?;
    Some(PAGES[found].1)
}

/// All codes that have a page, in alphabetical order.
///
/// # Examples
///
/// ```
/// assert!(sock_ladder::codes().any(|code| code == "deadlock"));
/// ```
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_parts_and_fits_a_terminal() {
        assert!(PAGES.is_sorted_by_key(|page| page.0));
        for (code, page) in PAGES {
            let parts = ["What happened", "Why", "What to do"];
            let places = parts.map(|part| page.find(&format!("\n{part}\n")));
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{code}");
            assert!(page.starts_with(&format!("{code}: ")) && page.ends_with('\n'), "{code}");
            assert!(page.lines().all(|line| line.chars().count() <= 78), "{code}");
            assert!(
                page.lines().last().is_some_and(|line| line.starts_with("    ")),
                "{code} has no picture"
            );
        }
    }
}
