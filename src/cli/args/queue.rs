//! What is taken from a queue, as it is typed.

use clap::Args as ClapArgs;

#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Queue")]
pub(in crate::cli) struct QueueArgs {
    /// Ingest objects named in this SQS queue until stopped
    #[arg(
        long = "queue",
        value_name = "URL",
        conflicts_with_all = ["paths", "from", "to", "account", "log_region", "lookback", "all"]
    )]
    pub(in crate::cli) url: Option<String>,
    /// Only objects of this bucket (repeatable)
    #[arg(long = "bucket", value_name = "NAME")]
    pub(in crate::cli) buckets: Vec<String>,
    /// Commit after this many objects
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) batch_objects: u32,
    /// Commit when the first message is this old
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(in crate::cli) batch_seconds: u32,
    /// Hide received messages this long, renewed as needed
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u16).range(3..=43_200))]
    pub(in crate::cli) visibility_seconds: u16,
    /// Exit when the queue is empty
    #[arg(long, visible_alias = "once")]
    pub(in crate::cli) until_empty: bool,
}
