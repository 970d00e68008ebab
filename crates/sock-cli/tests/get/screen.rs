//! `get` on a terminal: text is shown as text, nothing else is, and a bar says how far a file is.

use crate::bench::{Bench, version};
use crate::pseudo::Terminal;

const BAR: &str = "]  30% 29.30 KiB/97.66 KiB ";

fn get(bench: &Bench, arguments: &[&str], path: &str) -> Terminal {
    let url = bench.url(path);
    Terminal::run(bench.dir.path(), &[&["get", "--no-proxy"], arguments, &[&url]].concat())
}

#[test]
fn text_is_shown_as_text_and_controls_nothing() {
    let Some(mut bench) = Bench::new() else { return };
    let mut terminal = get(&bench, &["-q"], "latin/x");
    assert_eq!(terminal.end(), 0);
    assert_eq!(terminal.rows(), ["grüße", "\\u{1b}[2Jand no line end"]);
    assert_eq!(bench.request()["fields"]["accept-encoding"], "identity");
    let mut terminal = get(&bench, &["-q", "-i"], "latin/x");
    assert_eq!(terminal.end(), 0);
    let rows = terminal.rows();
    assert_eq!(rows[0], "HTTP/1.1 200 OK");
    assert!(rows.contains(&"Content-Type: text/plain; charset=iso-8859-1".to_owned()), "{rows:#?}");
}

#[test]
fn what_is_no_text_is_refused_unless_it_is_wanted_as_it_is() {
    let Some(bench) = Bench::new() else { return };
    let mut terminal = get(&bench, &["-q"], "ok/x");
    assert_eq!(terminal.end(), 1);
    let why = "sock: the body is no text, and would do to the terminal as it pleases; write it to a \
               file with -o FILE, or as it is with -o -";
    // It is wider than the terminal.
    assert_eq!(terminal.rows().concat(), why);
    let mut terminal = get(&bench, &["-q", "-o", "-"], "text/x");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_bar_says_how_far_a_file_is_and_is_gone_in_the_end() {
    let Some(bench) = Bench::new() else { return };
    let (file, path) = (bench.path("file"), "stall:30000,ok/x");
    let arguments = ["-o", file.to_str().unwrap(), "--stall-timeout", "1s", "--retry-delay", "0"];
    let mut terminal = get(&bench, &arguments, path);
    terminal.until("a bar at 30 %", |rows| {
        let is_due = |row: &String| row.starts_with("x [=======>") && row.contains(BAR);
        rows.iter().any(is_due)
    });
    assert_eq!(terminal.end(), 0);
    let rows = terminal.rows();
    assert!(rows.iter().all(|row| !row.contains('[')), "{rows:#?}");
    assert!(rows.last().unwrap().contains("file: 97.66 KiB in "), "{rows:#?}");
    assert_eq!(bench.read("file"), version(1));
    // Nobody is told who wants to be told nothing.
    let mut terminal = get(&bench, &["-q", "-o", file.to_str().unwrap()], "ok/x");
    assert_eq!(terminal.end(), 0);
    assert_eq!(terminal.rows(), [""; 0]);
}
