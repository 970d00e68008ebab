//! Pages made of the grammar itself: manual pages and completions.

use anyhow::Result;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::status::Usage;

#[derive(Args, Debug)]
pub(super) struct ManArgs {
    /// The verb; none: the program
    verb: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell that reads them
    #[arg(value_enum)]
    shell: Shell,
}

impl ManArgs {
    /// The manual page, in the roff that `man -l -` reads.
    pub(super) fn page(&self) -> Result<String> {
        let program = Cli::command();
        let command = match &self.verb {
            None => program.clone(),
            Some(name) => {
                let verb = program.find_subcommand(name).ok_or_else(|| {
                    let verbs: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
                    Usage(format!("there is no verb '{name}'; there are {}", verbs.join(", ")))
                })?;
                // As one says it: `sock connect`.
                let full = format!("sock {name}");
                let mut verb = verb.clone().display_name(format!("sock-{name}")).bin_name(full);
                if name == "trace" {
                    let codes = super::trace::meanings("  ");
                    let notes = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                    verb = verb.after_help(format!("{notes}\n\n{CODES}\n{codes}"));
                }
                // The page has a version; the verb has no option that tells it.
                verb.disable_version_flag(true)
            }
        };
        let usage = command.clone().render_usage().to_string();
        let mut page = Vec::new();
        clap_mangen::Man::new(command.version(env!("CARGO_PKG_VERSION"))).render(&mut page)?;
        Ok(in_lines(&String::from_utf8(page)?, &usage))
    }
}

/// What stands above the codes: the help has no room for them.
const CODES: &str =
    "What the codes in brackets behind the sentences mean (--explain CODE says more):";

/// The page with the usage that the help has, in which `--` stands where it belongs, and what stands behind the
/// options line by line, as it was written: filled, examples would run together.
fn in_lines(page: &str, usage: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut section = "";
    let mut is_paragraph = false;
    for line in page.lines() {
        if let Some(name) = line.strip_prefix(".SH ") {
            section = name;
            is_paragraph = true;
            out += if name == "EXTRA" { ".SH NOTES" } else { line };
        } else if section == "SYNOPSIS"
            && let Some((name, _)) = line.split_once("\\fR")
        {
            let bare = name.trim_start_matches("\\fB");
            let rest = usage.trim_start_matches("Usage: ").trim_start_matches(bare);
            out.extend([name, "\\fR", &rest.replace('-', "\\-")]);
        } else if section != "EXTRA" || line.starts_with('.') {
            out += line;
        } else if line.starts_with("  ") {
            out.extend([".nf\n", line, "\n.fi"]);
            is_paragraph = true;
        } else if line.is_empty() {
            is_paragraph = true;
            continue;
        } else {
            let before = if std::mem::take(&mut is_paragraph) { ".PP" } else { ".br" };
            out.extend([before, "\n", line]);
        }
        out.push('\n');
    }
    out
}

impl CompletionsArgs {
    /// The script that teaches the shell our verbs and options.
    pub(super) fn page(&self) -> Result<String> {
        let mut script = Vec::new();
        let mut program = Cli::command().mut_subcommand(DEMO, |verb| for_people(&verb));
        clap_complete::generate(self.shell, &mut program, "sock", &mut script);
        Ok(String::from_utf8(script)?)
    }
}

const DEMO: &str = "demo";

/// The demo without the options that it keeps for itself: shells would offer them.
fn for_people(verb: &Command) -> Command {
    let about = verb.get_about().cloned().unwrap_or_default();
    let options = verb.get_arguments().filter(|option| !option.is_hide_set()).cloned();
    Command::new(DEMO).about(about).args(options.collect::<Vec<_>>())
}
