//! What is logged, as it is typed for every command.

use clap::{ArgAction, Args as ClapArgs, ValueEnum};

/// Under which the options are shown. A heading for all that comes next would go on after them.
const HEADING: &str = "Logging";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ClapArgs)]
pub(in crate::cli) struct LoggingArgs {
    /// Log each step (-vv: debug, -vvv: trace) [env: KEYTRAIL_LOG]
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = HEADING)]
    pub(in crate::cli) verbose: u8,
    /// Format of standard error: lines of text, or of JSON
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = HEADING
    )]
    pub(in crate::cli) log_format: LogFormat,
}

/// How standard error is written. Documented variants would make the help of every command a long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    Text,
    Json,
}
