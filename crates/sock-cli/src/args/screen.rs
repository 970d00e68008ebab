//! The options that say how the user is told.

use clap::{Args, ValueEnum};

use crate::screen::{Color, Detail, Screen};

#[derive(Args, Debug, Clone, Copy, Default)]
pub(super) struct ScreenArgs {
    /// Tell the events as JSON Lines
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Tell the data too, of each piece its beginning
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,
    /// Tell errors only
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Args, Debug, Clone, Copy, Default)]
pub(super) struct ColorArgs {
    #[arg(
        long,
        help = "When to use colours; NO_COLOR is honoured",
        value_name = "WHEN",
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    color: When,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum When {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorArgs {
    pub(super) fn plan(self) -> Color {
        match self.color {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        }
    }
}

impl ScreenArgs {
    pub(super) fn plan(self) -> Screen {
        let detail = match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Data,
            (false, false) => Detail::Events,
        };
        Screen { json: self.json, detail, color: self.color.plan() }
    }
}
