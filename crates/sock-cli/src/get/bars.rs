//! Bars: how far each download is, at the bottom of a terminal; what else is told stands above.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::screen::{Detail, Screen};

/// The bars of all downloads, or none where nobody looks.
#[derive(Clone, Default)]
pub(crate) struct Bars(Option<MultiProgress>);

impl Bars {
    /// Bars on standard error, if that is a terminal whose user wants to be told.
    pub(super) fn new(screen: Screen) -> Self {
        let is_wanted =
            !screen.json && screen.detail != Detail::Quiet && io::stderr().is_terminal();
        Self(is_wanted.then(MultiProgress::new))
    }

    /// Whether there are any.
    pub(super) fn are_shown(&self) -> bool {
        self.0.is_some()
    }

    /// A bar for a body, `had` of whose `total` bytes are there.
    pub(super) fn begin(&self, name: &str, had: u64, total: Option<u64>) -> Option<ProgressBar> {
        let bars = self.0.as_ref()?;
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new).with_position(had);
        let bar = bars.add(bar.with_style(style(total.is_some())));
        bar.set_message(shortened(name));
        // The rate is of what comes now.
        bar.reset_eta();
        Some(bar)
    }

    /// Writes above the bars.
    pub(super) fn above(&self, text: &str) -> io::Result<()> {
        let write = || io::stderr().write_all(text.as_bytes());
        self.0.as_ref().map_or_else(write, |bars| bars.suspend(write))
    }
}

fn style(is_total_known: bool) -> ProgressStyle {
    let form = if is_total_known {
        "{msg} [{bar:24}] {percent:>3}% {bytes}/{total_bytes} {binary_bytes_per_sec}, {eta} left"
    } else {
        "{msg} {spinner} {bytes} {binary_bytes_per_sec}"
    };
    // The forms above are right, which a test holds; a wrong one would cost the bar its looks only.
    ProgressStyle::with_template(form)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// A name that leaves the bar its place; of a stranger's characters none that is a control.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 24;
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let len = name.chars().count();
    if len <= LONGEST {
        return name;
    }
    let end: String = name.chars().skip(len - LONGEST + 1).collect();
    format!("…{end}")
}

impl Write for Bars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.above(&String::from_utf8_lossy(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bars").field(&self.are_shown()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_bar_are_right() {
        for form in ["{msg} [{bar:24}] {percent:>3}% {bytes}/{total_bytes}", "{msg} {spinner}"] {
            assert!(ProgressStyle::with_template(form).is_ok());
        }
        assert_eq!(shortened("short\x1b[2J.txt"), "short[2J.txt");
        assert_eq!(shortened(&"x".repeat(30)), format!("…{}", "x".repeat(23)));
    }
}
