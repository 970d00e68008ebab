//! `--compare`: what repeated runs say about a difference.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sock_load::{Report, compare, compare_text, read_reports};

use super::told;
use crate::screen::Screen;
use crate::status::{Status, Usage};

/// Whose runs are compared.
#[derive(Debug)]
pub(crate) struct Compare {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) screen: Screen,
}

/// Reads both files, and tells.
pub(crate) fn run(plan: &Compare) -> Result<Status> {
    if plan.screen.json {
        return Err(Usage("--compare tells in words: leave --json away".to_owned()).into());
    }
    let [a, b] = &plan.files[..] else {
        return Err(Usage("write --compare A.json B.json".to_owned()).into());
    };
    let found = compare(&read(a)?, &read(b)?);
    let names = [a, b].map(|file| file.display().to_string());
    told::write(&compare_text(&found, (&names[0], &names[1]), told::style()))?;
    Ok(Status::Done)
}

fn read(file: &Path) -> Result<Vec<Report>> {
    let about = || format!("cannot read {}", file.display());
    let bytes = std::fs::read(file).with_context(|| Usage(about()))?;
    read_reports(&bytes).with_context(about)
}
