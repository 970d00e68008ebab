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
                verb.clone().display_name(format!("sock-{name}")).bin_name(full)
            }
        };
        let mut page = Vec::new();
        clap_mangen::Man::new(command.version(env!("CARGO_PKG_VERSION"))).render(&mut page)?;
        Ok(String::from_utf8(page)?)
    }
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
