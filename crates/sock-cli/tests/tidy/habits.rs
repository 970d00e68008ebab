//! Habits that a reader relies on: short files that say what they hold, nothing left for later, no result
//! ignored without a reason.

use crate::Finding;
use crate::source::Source;

pub(crate) const RULES: &[fn(&Source) -> Vec<Finding>] =
    &[says_what_it_holds, stays_short, leaves_nothing_for_later, ignores_with_a_reason];

/// Where a file is better cut than read.
const LONGEST: usize = 400;

fn says_what_it_holds(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//!").is_some_and(|rest| rest.trim().len() > 8);
    if says { Vec::new() } else { vec![Finding::new(1, "a file opens with what lives there: //!")] }
}

fn stays_short(source: &Source) -> Vec<Finding> {
    // A module of tests at the end is not counted: its code is blank.
    let tests = source.text.lines().position(|line| line == "#[cfg(test)]");
    let inline = source.code.lines().nth(tests.unwrap_or_default()).unwrap_or_default();
    let lines = match tests {
        Some(n) if inline.trim().is_empty() => n,
        _ => source.text.lines().count(),
    };
    if source.is_product() && lines > LONGEST {
        return vec![Finding::new(lines, format!("a file stops at {LONGEST} lines"))];
    }
    Vec::new()
}

fn leaves_nothing_for_later(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (n, line) in source.comments.lines().enumerate() {
        for word in line.split(|c: char| !c.is_alphanumeric() && c != '!') {
            if ["TODO", "FIXME", "XXX", "HACK"].contains(&word) {
                found.push(Finding::new(n + 1, format!("{word}: do it or say it in an issue")));
            }
        }
    }
    for three in source.tokens.windows(3) {
        let [a, b, c] = three else { continue };
        match (a.text.as_str(), b.text.as_str(), c.text.as_str()) {
            (name @ ("todo" | "unimplemented"), "!", _) => {
                found.push(Finding::new(a.line, format!("{name}!: nothing is left for later")));
            }
            ("#", "[", "ignore") => {
                found.push(Finding::new(a.line, "a test that does not run tests nothing"));
            }
            _ => {}
        }
    }
    found
}

fn ignores_with_a_reason(source: &Source) -> Vec<Finding> {
    if !source.is_product() {
        return Vec::new();
    }
    let comments: Vec<&str> = source.comments.lines().collect();
    let commented = |line: usize| {
        comments.get(line.wrapping_sub(1)).is_some_and(|c| c.trim_matches([' ', '/']).len() > 5)
    };
    let mut found: Vec<usize> = Vec::new();
    let mut reasoned = 0;
    for line in ignored(source) {
        // One reason may stand above several lines that ignore for it.
        let before = line - 1;
        if commented(line) || commented(before) || (before == reasoned && reasoned > 0) {
            reasoned = line;
        } else {
            found.push(line);
        }
    }
    found
        .into_iter()
        .map(|line| Finding::new(line, "an ignored result has its reason beside it"))
        .collect()
}

/// The lines where a statement throws away what it was given: `let _ = …`, `_ = …`, `….ok();`.
fn ignored(source: &Source) -> Vec<usize> {
    let mut lines = Vec::new();
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    let mut begin = 0;
    for (i, word) in words.iter().enumerate() {
        if ["{", "}", ";"].contains(word) {
            if *word == ";" && words[..i].ends_with(&[".", "ok", "(", ")"]) {
                let kept = ["=", "return", "break"];
                if !words[begin..i].iter().any(|word| kept.contains(word)) {
                    lines.push(source.tokens[i].line);
                }
            }
            begin = i + 1;
        }
        let next = |n: usize| words.get(i + n).copied().unwrap_or_default();
        if *word == "_" && next(1) == "=" && !["=", ">"].contains(&next(2)) {
            lines.push(source.tokens[i].line);
        }
    }
    lines
}

/// What holds for every page of text: it ends clean and names nothing outside of the project.
pub(crate) fn page(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            found.push(Finding::new(n + 1, "white space at the end of a line"));
        }
        // In two parts, so that this file may speak of them.
        for elsewhere in [concat!("/wo", "rk/"), concat!("shared", "/"), concat!("brief", ".md")] {
            let named = match line.find(elsewhere) {
                Some(at) => elsewhere != concat!("shared", "/") || line[at..].contains(".md"),
                None => false,
            };
            if named {
                found.push(Finding::new(n + 1, format!("{elsewhere} is not part of the project")));
            }
        }
    }
    found
}
