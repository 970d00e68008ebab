//! Pictures and pages: well-formed whatever is in a report, and what they say.

use proptest::prelude::*;
use roxmltree::Document;
use sock_load::{Report, Style, html, svg, table_html, table_svg, table_text};

use crate::{arbitrary, samples};

/// All texts of a picture, in order.
fn texts(picture: &str) -> Vec<String> {
    let document = Document::parse(picture).unwrap();
    let nodes = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    nodes.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

/// The places of all numbers in a picture are numbers, and none lies far outside of it.
fn lies_within(picture: &str) -> Result<(), TestCaseError> {
    let document = Document::parse(picture).map_err(|why| TestCaseError::fail(why.to_string()))?;
    let height: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
    for node in document.descendants() {
        for name in ["x", "x1", "x2", "cx", "width", "y", "y1", "y2", "cy", "height"] {
            let Some(value) = node.attribute(name).filter(|value| !value.ends_with('%')) else {
                continue;
            };
            let value: f64 = value.parse().map_err(|_| TestCaseError::fail(value.to_owned()))?;
            let most = if name.contains('x') || name == "width" { 960.0 } else { height };
            prop_assert!((0.0..=most).contains(&value), "{name}={value} of {most}");
        }
        if let Some(path) = node.attribute("d") {
            for part in path.split(['M', 'L', ' ']).filter(|part| !part.is_empty()) {
                let value: f64 = part.parse().map_err(|_| TestCaseError::fail(path.to_owned()))?;
                prop_assert!((0.0..=960.0).contains(&value), "{path}");
            }
        }
    }
    Ok(())
}

/// An area that a text covers, by a font of which no letter is wider.
fn area(node: roxmltree::Node<'_, '_>) -> [f64; 4] {
    let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
    let (x, y) = (number("x"), number("y"));
    #[allow(clippy::cast_precision_loss, reason = "a text is short")]
    let width = node.text().unwrap_or_default().chars().count() as f64 * 6.2;
    let left = match node.attribute("text-anchor") {
        Some("end") => x - width,
        Some("middle") => x - width / 2.0,
        _ => x,
    };
    [left, y - 9.0, left + width, y + 2.0]
}

fn no_texts_overlap(picture: &str) {
    let document = Document::parse(picture).unwrap();
    // Each piece has its own origin.
    for piece in document.root_element().children() {
        let texts: Vec<_> = piece
            .descendants()
            .filter(|n| n.has_tag_name(("http://www.w3.org/2000/svg", "text")))
            .collect();
        for (n, one) in texts.iter().enumerate() {
            for other in &texts[n + 1..] {
                let ([l, t, r, b], [l2, t2, r2, b2]) = (area(*one), area(*other));
                let apart = r <= l2 || r2 <= l || b <= t2 || b2 <= t;
                assert!(apart, "{:?} and {:?}", one.text(), other.text());
            }
        }
    }
}

fn engines() -> Vec<(String, Vec<Report>)> {
    let names = ["epoll", "uring", "tokio", "select", "threads", "fork", "iterative"];
    let speeds = [1.0, 1.12, 0.93, 0.81, 0.55, 0.5, 0.31];
    let runs = |speed: f64| (0..5).map(|seed| samples::good(3, speed, seed)).collect();
    names.iter().zip(speeds).map(|(name, speed)| ((*name).to_owned(), runs(speed))).collect()
}

#[test]
fn no_text_stands_upon_another() {
    for report in
        [samples::good(10, 1.0, 1), samples::strained(30), samples::silent(), samples::single()]
    {
        no_texts_overlap(&svg(&report));
    }
    for seconds in [1, 2, 13, 59, 61, 299, 301, 1_000] {
        no_texts_overlap(&svg(&samples::good(seconds, 0.7, seconds)));
    }
    no_texts_overlap(&table_svg(&engines()));
    no_texts_overlap(&table_svg(&engines()[..1]));
}

#[test]
fn a_picture_names_its_percentiles_units_and_errors() {
    let texts = texts(&svg(&samples::strained(30)));
    for expected in [
        "99.9 %",
        "100 ms",
        "50 k/s",
        "time since measuring began, s",
        "p50",
        "p99",
        "errors (160 in all)",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("max ")), "{texts:?}");
}

#[test]
fn many_seconds_are_drawn_as_few_points() {
    let mut report = samples::good(10, 1.0, 1);
    let second = report.timeline[3];
    report.timeline =
        (0..10_000_u64).map(|n| sock_load::Second { t: n * 1_000_000_000, ..second }).collect();
    report.measured = 10_000_000_000_000;
    let picture = svg(&report);
    assert!(picture.len() < 60_000, "{}", picture.len());
    assert!(texts(&picture).iter().any(|text| text.starts_with("each point is 30 seconds")));
}

#[test]
fn a_silent_server_is_said_to_be_silent() {
    let texts = texts(&svg(&samples::silent()));
    assert_eq!(texts.iter().filter(|text| text.starts_with("no replies")).count(), 2, "{texts:?}");
}

#[test]
fn the_page_allows_its_own_style_and_nothing_else() {
    let page = html(&samples::strained(15));
    let policy = page.split("Content-Security-Policy").nth(1).unwrap();
    assert!(
        policy.starts_with("\" content=\"default-src 'none'; style-src 'sha256-"),
        "{policy:.90}"
    );
    for nothing in
        ["<script", "style=\"", "src=", "href=", "url(", "@import", "javascript:", "onload"]
    {
        assert!(!page.contains(nothing), "{nothing}");
    }
    // What a server sent is text: neither an element nor a turn of the line.
    assert!(page.contains("expected &quot;&lt;b&gt;&amp;&quot;") && !page.contains("<b>"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
}

/// Who holds one at a time answers that one quickest of all.
#[test]
fn an_engine_that_answered_one_alone_is_told_as_that_and_compared_with_nobody() {
    let mut sets = engines();
    sets.rotate_right(1);
    for run in &mut sets[0].1 {
        run.connections.unheard = 63;
    }
    let told = "iterative: 63 of 64 connections had no reply before the end";
    let (svg, page) = (table_svg(&sets), table_html(&sets));
    assert!(svg.contains("63 of 64 connections"), "{svg}");
    assert!(page.contains(told) && page.contains("the ratio to epoll"), "{page}");
    no_texts_overlap(&svg);
    let text = table_text(&sets, Style { width: 200, ascii: false });
    assert!(text.contains(told) && text.contains("to epoll"), "{text}");
    let row = |name: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    assert!(row("uring").is_some_and(|row| row.contains("1.1")), "{text}");
    assert!(row("iterative").is_some_and(|row| !row.contains("0.3")), "{text}");
}

#[test]
fn the_table_of_engines_stands_in_its_page() {
    let page = table_html(&engines());
    assert!(page.contains("<h1>echo beside each other</h1>"));
    assert!(page.contains("<td>iterative</td><td>5</td>"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_picture_of_any_report_is_well_formed(report in arbitrary::report()) {
        lies_within(&svg(&report))?;
        // A page is HTML, but what is written of it here is XML as well, but for its head.
        let page = html(&report);
        let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
        prop_assert!(Document::parse(body).is_ok());
    }

    #[test]
    fn a_picture_of_any_table_is_well_formed(
        sets in proptest::collection::vec((arbitrary::text(), proptest::collection::vec(arbitrary::report(), 0..3)), 0..4)
    ) {
        lies_within(&table_svg(&sets))?;
        let page = table_html(&sets);
        let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
        prop_assert!(Document::parse(body).is_ok());
    }
}
