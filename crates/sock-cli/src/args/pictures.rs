//! The arguments of the verbs that draw.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::drawing::Paper;
use crate::{demo, show};

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Recordings, as `--record FILE` writes them, for one picture of all; `-`: from stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Draw this conversation only, by its number in `--list`
    #[arg(long, value_name = "N", conflicts_with = "list")]
    only: Option<usize>,
    /// List the conversations instead of drawing them
    #[arg(long)]
    list: bool,
    /// Draw calls that moved nothing as well
    #[arg(long)]
    all_calls: bool,
    #[command(flatten)]
    paper: PaperArgs,
}

#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Draw what the engines tell of themselves, and trace nothing
    #[arg(long)]
    no_trace: bool,
    /// Play this row alone
    #[arg(long, value_name = "DECK", hide = true, requires = "tell")]
    row: Option<String>,
    /// Tell by this descriptor which of its threads is whom
    #[arg(long, value_name = "FD", hide = true, requires = "row")]
    tell: Option<i32>,
    #[command(flatten)]
    paper: PaperArgs,
}

#[derive(Args, Debug)]
pub(super) struct PaperArgs {
    /// Draw with plain characters only
    #[arg(long)]
    ascii: bool,
    /// How many columns a picture may take; without it, what the terminal has
    #[arg(long, value_name = "COLUMNS", value_parser = value_parser!(u16).range(20..=10_000))]
    width: Option<u16>,
}

impl PaperArgs {
    pub(super) fn plan(&self) -> Paper {
        Paper { ascii: self.ascii, width: self.width.map(usize::from) }
    }
}

impl ShowArgs {
    pub(super) fn plan(self) -> show::Plan {
        let what = match (self.list, self.only) {
            (true, _) => show::What::List,
            (false, Some(number)) => show::What::One(number),
            (false, None) => show::What::All,
        };
        show::Plan { files: self.files, what, all_calls: self.all_calls, paper: self.paper.plan() }
    }
}

impl DemoArgs {
    pub(super) fn plan(self) -> demo::Plan {
        let paper = self.paper.plan();
        demo::Plan { paper, traces: !self.no_trace, acts: self.row.zip(self.tell) }
    }
}
