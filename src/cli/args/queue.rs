//! What is taken from a queue, as it is typed.

use clap::Args as ClapArgs;

#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Queue")]
pub(in crate::cli) struct QueueArgs {
    /// Take the objects that the messages of this queue of SQS name, until stopped by SIGTERM or Ctrl-C
    #[arg(
        long = "queue",
        value_name = "URL",
        conflicts_with_all = ["paths", "from", "to", "account", "log_region", "lookback", "all"]
    )]
    pub(in crate::cli) url: Option<String>,
    /// Take objects of this bucket alone, and leave messages about others in the queue; may be repeated
    #[arg(long = "bucket", value_name = "NAME")]
    pub(in crate::cli) buckets: Vec<String>,
    /// Commit when so many objects have come
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) batch_objects: u32,
    /// Commit when the first message has waited for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(in crate::cli) batch_seconds: u32,
    /// Let nobody else have a message for so long; it is asked for again while a batch is open
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u16).range(3..=43_200))]
    pub(in crate::cli) visibility_seconds: u16,
    /// End when the queue is empty
    #[arg(long, visible_alias = "once")]
    pub(in crate::cli) until_empty: bool,
}
