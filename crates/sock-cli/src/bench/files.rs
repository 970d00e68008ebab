//! Files: pictures of a report, and its latencies for other programs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sock_load::{Report, html, svg, table_html, table_svg, write_hdr};

/// What is written where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) svg: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) hdr: Option<PathBuf>,
}

impl Files {
    /// Writes the pictures of one run.
    pub(super) fn write(&self, report: &Report) -> Result<()> {
        self.pictures(|| svg(report), || html(report))?;
        let Some(path) = &self.hdr else { return Ok(()) };
        let about = || cannot_write(path);
        let mut file = BufWriter::new(File::create(path).with_context(about)?);
        write_hdr(report, &mut file).with_context(about)?;
        file.flush().with_context(about)
    }

    /// Writes the pictures of several sets of runs.
    pub(super) fn write_all(&self, sets: &[(String, Vec<Report>)]) -> Result<()> {
        self.pictures(|| table_svg(sets), || table_html(sets))
    }

    fn pictures(&self, svg: impl Fn() -> String, html: impl Fn() -> String) -> Result<()> {
        if let Some(path) = &self.svg {
            std::fs::write(path, svg()).with_context(|| cannot_write(path))?;
        }
        if let Some(path) = &self.html {
            std::fs::write(path, html()).with_context(|| cannot_write(path))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
