//! The report as a page: one file that asks nobody for anything, with the numbers beside the pictures.

use std::fmt::Write;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::canvas::{Canvas, STYLE};
use super::{measures, pictures, table_pictures, table_title};
use crate::clean::{escaped, plain};
use crate::compare::{Ratio, base, median, unheard, values};
use crate::latency::Latency;
use crate::report::{Report, Usage};
use crate::told::Pacing;
use crate::units::{count, duration, percent, rate, ratio, throughput};
use crate::words;

const PAGE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,'DejaVu Sans',sans-serif;max-width:960px;margin:2em auto;padding:0 1em;\
background:#fff;color:#1b1f24}h1{font-size:1.5em;overflow-wrap:anywhere}h2{font-size:1.1em;margin-top:2em}\
p,.words td{overflow-wrap:anywhere}.ratio{display:block;font-size:.85em}.soft{color:#57606a}svg{width:100%;height:auto}figure{margin:1.5em 0}\
table{border-collapse:collapse;margin:.5em 0;font-variant-numeric:tabular-nums}th,td{padding:.2em .8em;border-bottom:1px solid #d0d7de;\
text-align:right;vertical-align:top}th:first-child,td:first-child,.words td{text-align:left}.words th{text-align:left}th{font-weight:600}td{white-space:nowrap}.words td{white-space:normal}\
.verdict{border-left:4px solid #57606a;padding-left:1em}.tables{display:flex;flex-wrap:wrap;align-items:flex-start;gap:1em 3em}.wide{overflow-x:auto}\
@media (prefers-color-scheme:dark){body{background:#14181d;color:#e6e9ec}.soft{color:#a5aeb8}th,td{border-color:#2c333b}}";

/// Writes a report as one HTML file: the verdict, the numbers and the pictures, without scripts and without a network.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, html};
///
/// let mut report = Report::default();
/// report.told.endpoint = "unix:/tmp/<script>".into();
/// let page = html(&report);
/// assert!(page.contains("unix:/tmp/&lt;script&gt;") && !page.contains("<script>"));
/// ```
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = Page::new(&words::title(report, false));
    page.says(&words::load(&report.told, false));
    page.says(&words::conditions(report, false));
    page.put("<h2>Verdict</h2>\n<div class=\"verdict\">\n");
    for line in &report.verdict.lines {
        page.put(&format!("<p>{}</p>\n", escaped(line)));
    }
    if report.verdict.lines.is_empty() {
        page.put(&format!(
            "<p>{}</p>\n",
            words::untroubled(report.verdict.saturated, report.told.pacing)
        ));
    }
    page.put("</div>\n<h2>Numbers</h2>\n<div class=\"tables\">\n");
    page.rows("words", &["all together", ""], &amounts(report));
    if !matches!(report.told.pacing, Pacing::Bulk { .. }) {
        page.rows("", &["latency", ""], &figures(&report.latency));
    }
    let more = [("connecting", &report.connect), ("left late by", &report.lateness)];
    for (name, latency) in more {
        if let Some(latency) = latency {
            page.rows("", &[name, ""], &figures(latency));
        }
    }
    page.put("</div>\n");
    if !report.errors.is_empty() {
        page.put("<h2>Errors</h2>\n");
        let rows: Vec<Vec<String>> = report
            .errors
            .iter()
            .map(|error| {
                let cause = error.cause.as_str().replace('_', " ");
                let cure = error.cure.clone().unwrap_or_default();
                vec![cause, count(error.count), error.text.clone(), cure]
            })
            .collect();
        page.rows("words", &["cause", "count", "one of them", "cure"], &rows);
    }
    page.figures(pictures(report));
    page.finish()
}

/// Writes the same server under several names as one HTML file: the table, and the pictures beneath it.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, table_html};
///
/// assert!(table_html(&[("epoll".to_owned(), vec![Report::default()])]).contains("<td>epoll</td>"));
/// ```
#[must_use]
pub fn table_html(sets: &[(String, Vec<Report>)]) -> String {
    let mut page = Page::new(&table_title(sets));
    if let Some(report) = sets.iter().find_map(|(_, runs)| runs.first()) {
        page.says(&words::load(&report.told, false));
        page.says(&words::conditions(report, false));
    }
    let shown = measures(sets);
    page.put("<div class=\"wide\">\n<table>\n<thead><tr><th></th><th>runs</th>");
    for measure in &shown {
        page.put(&format!("<th>{}</th>", measure.name()));
    }
    page.put("</tr></thead>\n<tbody>\n");
    let first = base(sets);
    for (n, (name, runs)) in sets.iter().enumerate() {
        page.put(&format!("<tr><td>{}</td><td>{}</td>", escaped(name), runs.len()));
        for measure in &shown {
            let found = values(*measure, runs);
            let value = median(&found).map_or("unknown".into(), |v| measure.show(v, false));
            let base = values(*measure, &sets[first].1);
            let is_beside = n != first && unheard(runs).is_none();
            let beside = Ratio::of(&base, &found).filter(|_| is_beside).map(in_brackets);
            page.put(&format!(
                "<td>{value}<span class=\"ratio soft\">{}</span></td>",
                beside.unwrap_or_default()
            ));
        }
        page.put("</tr>\n");
    }
    page.put("</tbody>\n</table>\n</div>\n");
    let name = sets.get(first).map_or("the first".to_owned(), |(name, _)| plain(name, false));
    page.says(&format!("Medians of all runs, beneath them the ratio to {name}; in brackets the interval that holds the ratio with 95 % confidence, where there are four runs or more."));
    for (name, runs) in sets {
        if let Some(text) = unheard(runs) {
            page.says(&format!("{}: {text}", plain(name, false)));
        }
    }
    page.figures(table_pictures(sets));
    page.finish()
}

/// A ratio to the first, with its interval.
fn in_brackets(found: Ratio) -> String {
    let interval =
        found.interval.map(|(low, high)| format!(" ({} to {})", ratio(low), ratio(high)));
    format!("{} ×{}", ratio(found.ratio), interval.unwrap_or_default())
}

fn amounts(report: &Report) -> Vec<Vec<String>> {
    let unknown = || "unknown".to_owned();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let messages = report.messages;
    let mut rows = vec![
        row("rate", report.rate.map_or_else(unknown, rate)),
        row("messages sent", count(messages.sent)),
        row("right replies", count(messages.replies)),
    ];
    if let Some(due) = messages.due {
        rows.push(row("messages due", count(due)));
    }
    let shown = |bytes: Option<f64>| bytes.map_or_else(unknown, throughput);
    rows.push(row("throughput out", shown(report.throughput.out)));
    rows.push(row("throughput back", shown(report.throughput.back)));
    let of = report.connections;
    rows.push(row(
        "connections",
        format!("{} of {} opened, {} at once", count(of.opened), count(of.asked), count(of.peak)),
    ));
    if let Some(usage) = report.cpu.generator {
        rows.push(row("generator's CPU", duration(usage.total(), false)));
    }
    if let Some(part) = report.cpu.busiest {
        rows.push(row("its busiest core", percent(part)));
    }
    if let Some(server) = report.cpu.server {
        let usage = Usage { user: server.user, sys: server.sys };
        rows.push(row("server's CPU", duration(usage.total(), false)));
        let each = server.per_message.map(|ns| duration(crate::compare::whole(ns), false));
        rows.push(row("server's CPU a message", each.unwrap_or_else(unknown)));
    }
    rows
}

fn figures(latency: &Latency) -> Vec<Vec<String>> {
    let mut all = vec![("shortest", latency.min)];
    all.extend(latency.percentiles());
    all.extend([
        ("longest", latency.max),
        ("mean", latency.mean),
        ("standard deviation", latency.stdev),
    ]);
    let known = all.into_iter().filter_map(|(name, ns)| Some((name, ns?)));
    let mut rows: Vec<Vec<String>> =
        known.map(|(name, ns)| vec![name.to_owned(), duration(ns, false)]).collect();
    rows.push(vec!["counted".into(), count(latency.count)]);
    rows
}

/// A page as it is written.
#[derive(Debug)]
struct Page {
    text: String,
}

impl Page {
    fn new(title: &str) -> Self {
        let style = format!("{PAGE}{STYLE}");
        let hash = BASE64.encode(&Sha256::digest(style.as_bytes()));
        let title = escaped(title);
        Self {
            text: format!(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
                 base-uri 'none'; form-action 'none'\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
            ),
        }
    }

    /// Adds what is markup already.
    fn put(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    fn says(&mut self, text: &str) {
        self.put(&format!("<p class=\"soft\">{}</p>\n", escaped(text)));
    }

    fn rows(&mut self, class: &str, heads: &[&str], rows: &[Vec<String>]) {
        let _ = write!(self.text, "<table class=\"{class}\">\n<thead><tr>"); // A String takes every write.
        for head in heads {
            let _ = write!(self.text, "<th>{}</th>", escaped(head)); // As above.
        }
        self.put("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.put("<tr>");
            for cell in row {
                let _ = write!(self.text, "<td>{}</td>", escaped(cell)); // As above.
            }
            self.put("</tr>\n");
        }
        self.put("</tbody>\n</table>\n");
    }

    fn figures(&mut self, pictures: Vec<(String, Canvas)>) {
        for (title, picture) in pictures {
            self.put("<figure>\n");
            self.put(&picture.element(&title));
            self.put("</figure>\n");
        }
    }

    fn finish(mut self) -> String {
        self.put("</body>\n</html>\n");
        self.text
    }
}
