//! What can be typed. Nothing is done here.

mod aws;
mod bucket;
mod config;
mod format;
mod integrity;
mod logging;
mod queue;
mod store;
mod trails;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(in crate::cli) use trails::{TrailsAction, TrailsArgs, TrailsImportArgs};

use crate::cli::queries::QueriesChoice;
use crate::decode::Limits;
use crate::ingest::Span;
use crate::inventory::AccountList;
use crate::render::{Format, Rendering, Zone};
use crate::report::Filters;
use crate::service::{Question, Requirement};

pub(in crate::cli) use self::aws::AwsArgs;
use self::bucket::BucketArgs;
pub(in crate::cli) use self::config::{ConfigAction, ConfigArgs, ConfigFileArgs};
pub(in crate::cli) use self::integrity::{FetchSignaturesArgs, VerifyArgs};
pub(in crate::cli) use self::logging::{LogFormat, LoggingArgs};
pub(in crate::cli) use self::queue::QueueArgs;
pub(in crate::cli) use self::store::StoreArgs;

/// Find out from CloudTrail logs who used your AWS KMS keys
#[derive(Debug, Parser)]
#[command(
    name = "keytrail",
    version,
    after_help = "Exit codes: 0 fine; 1 findings; 2 an error, or something new or changed could not be ingested."
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(in crate::cli) store: StoreArgs,
    #[command(flatten)]
    pub(in crate::cli) queries: QueriesArgs,
    #[command(flatten)]
    pub(in crate::cli) logging: LoggingArgs,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFileArgs,
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct QueriesArgs {
    /// Add or override queries with those in this directory
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "KEYTRAIL_QUERIES",
        hide_env_values = true
    )]
    pub(in crate::cli) queries: Option<PathBuf>,
}

impl From<QueriesArgs> for QueriesChoice {
    fn from(args: QueriesArgs) -> Self {
        Self::new(args.queries)
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Read new CloudTrail logs into the store
    Ingest(Box<IngestArgs>),
    /// Show what the store has, and what could not be read
    Status(StatusArgs),
    /// Verify logs with CloudTrail's digest files
    Verify(Box<VerifyArgs>),
    /// Download the digest signatures that a local copy lacks
    FetchSignatures(Box<FetchSignaturesArgs>),
    /// Run a SQL query, or open the interactive shell
    Sql(SqlArgs),
    /// Run a report, or list the reports
    Report(Box<ReportArgs>),
    /// List accounts, or import their names
    Accounts(AccountsArgs),
    /// List known trails, pull them from AWS, or import them
    Trails(TrailsArgs),
    /// Write a table or view to a file
    Export(ExportArgs),
    /// Merge small data files (ingest does this automatically)
    Compact,
    /// Store the facts of days that are over (ingest does this automatically)
    Settle(SettleArgs),
    /// Delete data files that no reader needs
    Vacuum(VacuumArgs),
    /// Delete old events, keeping their counts
    Retain(RetainArgs),
    /// Forget unreadable objects that are not logs
    Forget(ForgetArgs),
    /// Print an event as CloudTrail wrote it
    Event(EventArgs),
    /// Write, check or show the configuration file
    Config(ConfigArgs),
    /// Ingest sample logs and run example reports
    Demo(DemoArgs),
    /// Print the documentation of tables, views or reports
    Schema(SchemaArgs),
    /// Print a shell completion script
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    Man(ManArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct IngestArgs {
    /// Files, directories, s3://BUCKET or s3://BUCKET/PREFIX
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Compute the SHA-256 of every object
    ///
    /// Always on for objects of a bucket, and if there are digests among the objects.
    #[arg(long, conflicts_with = "no_hash")]
    pub(in crate::cli) hash: bool,
    /// Skip computing SHA-256
    #[arg(long)]
    pub(in crate::cli) no_hash: bool,
    /// Decoding threads [default: one per CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,
    #[command(flatten)]
    pub(in crate::cli) bucket: BucketArgs,
    #[command(flatten)]
    pub(in crate::cli) queue: QueueArgs,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Limits")]
#[expect(
    clippy::struct_field_names,
    reason = "limits are named for what they bound"
)]
pub(in crate::cli) struct LimitArgs {
    /// Reject records longer than this
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().record_bytes_max)]
    pub(in crate::cli) record_bytes_max: usize,
    /// Reject records nested deeper than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth_max)]
    pub(in crate::cli) depth_max: usize,
    /// Reject objects with more JSON than this
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().object_bytes_max)]
    pub(in crate::cli) object_bytes_max: u64,
    /// Reject higher compression ratios (beyond 64 MiB of JSON)
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio_max)]
    pub(in crate::cli) ratio_max: u64,
}

impl LimitArgs {
    pub(in crate::cli) fn to_limits(&self) -> Limits {
        Limits {
            record_bytes_max: self.record_bytes_max,
            depth_max: self.depth_max,
            object_bytes_max: self.object_bytes_max,
            ratio_max: self.ratio_max,
        }
    }
}

#[derive(Debug, Default, ClapArgs)]
pub(in crate::cli) struct StatusArgs {
    /// List archived log objects and how to restore them
    #[arg(long)]
    pub(in crate::cli) archived: bool,
    /// Print as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct OutputArgs {
    /// Output format [default: from the file's ending, or table]
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<Format>,
    /// Output file (.csv, .json, .ndjson, .parquet, .md, .txt)
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Show times in this zone, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(in crate::cli) tz: Zone,
}

impl OutputArgs {
    /// The format that was asked for, else that of the file, else a table.
    pub(in crate::cli) fn format(&self) -> Format {
        let of_file = || Format::of(self.output.as_deref()?);
        self.format.or_else(of_file).unwrap_or(Format::Table)
    }

    pub(in crate::cli) fn rendering(&self) -> Rendering {
        Rendering {
            zone: self.tz,
            ..self.format().into()
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct SqlArgs {
    /// Statement [default: the shell, or standard input]
    // It may begin with a comment, `-- like this`.
    #[arg(conflicts_with = "file", allow_hyphen_values = true)]
    pub(in crate::cli) statement: Option<String>,
    /// Read the statement from a file
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(in crate::cli) struct ReportArgs {
    #[command(subcommand)]
    pub(in crate::cli) action: Option<ReportAction>,
    /// Report name
    pub(in crate::cli) name: Option<String>,
    /// Start this many days before --until
    #[arg(long, value_name = "N")]
    pub(in crate::cli) days: Option<String>,
    /// Set a parameter of the report (repeatable)
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = named_value)]
    pub(in crate::cli) params: Vec<(String, String)>,
    /// Exit with 1 if an hour of `coverage` is worse than this
    ///
    /// The window then ends 25 hours ago unless --until is given: later logs may still be delivered.
    #[arg(long, value_enum, conflicts_with = "explain")]
    pub(in crate::cli) require: Option<Required>,
    /// Print the SQL and the sources of its figures instead
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub(in crate::cli) explain: bool,
    #[command(flatten)]
    pub(in crate::cli) filters: FilterArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// What every hour must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Required {
    /// Covered by logs, and verified with digests
    CompleteVerified,
    /// Covered by logs
    Complete,
}

impl From<Required> for Requirement {
    fn from(required: Required) -> Self {
        match required {
            Required::CompleteVerified => Self::CompleteVerified,
            Required::Complete => Self::Complete,
        }
    }
}

impl ReportArgs {
    /// What is asked; nothing is required of the answer yet.
    pub(in crate::cli) fn question(&self) -> Question {
        let own = [("key", &self.filters.key), ("days", &self.days)];
        let own = own
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        Question {
            report: self.name.clone().unwrap_or_default(),
            since: self.filters.since.clone(),
            until: self.filters.until.clone(),
            filters: self.filters.to_filters(),
            arguments: own.chain(self.params.iter().cloned()).collect(),
            required: None,
        }
    }
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub(in crate::cli) struct FilterArgs {
    /// Key id, ARN, alias or alias ARN
    #[arg(long)]
    pub(in crate::cli) key: Option<String>,
    /// Start: a date, RFC 3339, or 30d (before --until)
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) since: Option<String>,
    /// End; a date includes its day [default: end of the logs]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// Account id or name (with --key: the key's account)
    ///
    /// Without --key it is the account whose log has the record.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Region of the key, or of the record
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Service, such as s3 or s3.amazonaws.com
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Caller: ARN, role or user name, service:NAME, account:ID
    #[arg(long, value_name = "PRINCIPAL")]
    caller: Option<String>,
    /// Keys in accounts of this owner
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Keys in accounts of this organizational unit
    #[arg(long, value_name = "PATH")]
    ou: Option<String>,
    /// Keys that had this tag in the window (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]")]
    tag: Vec<String>,
    /// Hide calls made by CloudTrail and keytrail themselves
    #[arg(long)]
    hide_own: bool,
}

impl FilterArgs {
    /// The filters besides key and window.
    fn to_filters(&self) -> Filters {
        Filters {
            account: self.account.clone(),
            region: self.region.clone(),
            service: self.service.clone(),
            caller: self.caller.clone(),
            owner: self.owner.clone(),
            ou: self.ou.clone(),
            tags: self.tag.clone(),
            is_own_hidden: self.hide_own,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReportAction {
    /// Check the query files of a directory
    Check(CheckArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CheckArgs {
    /// Directory with macros/, reports/ and views/
    #[arg(value_name = "DIR")]
    pub(in crate::cli) directory: PathBuf,
}

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(in crate::cli) struct AccountsArgs {
    #[command(subcommand)]
    pub(in crate::cli) action: Option<AccountsAction>,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AccountsAction {
    /// Import account names, replacing the previous list
    Import(ImportArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ImportArgs {
    /// CSV file [default: `accounts` of the configuration]
    ///
    /// The header names the columns: id, and any of name, ou (such as Root/Prod), owner and environment.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The accounts of the configuration, where no file is named.
    #[arg(skip)]
    pub(in crate::cli) list: Option<AccountList>,
}

/// Splits `name=value`.
fn named_value(text: &str) -> Result<(String, String), &'static str> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .ok_or("it is not NAME=VALUE")
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ExportArgs {
    /// Table or view
    pub(in crate::cli) table: String,
    /// Output file (.parquet, .csv, .json, .ndjson, .md, .txt)
    #[arg(long, value_name = "FILE", required_unless_present = "files")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// Output format [default: from the file's ending]
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<Format>,
    /// Print the paths of the table's data files instead
    #[arg(long, conflicts_with_all = ["to", "format"])]
    pub(in crate::cli) files: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct SchemaArgs {
    /// What to document
    #[arg(value_enum, default_value_t = Page::Tables)]
    pub(in crate::cli) page: Page,
}

/// A page of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Page {
    /// Tables and their columns
    Tables,
    /// Views and their columns
    Views,
    /// Reports, their parameters and columns
    Reports,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CompletionsArgs {
    /// Shell
    pub(in crate::cli) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ManArgs {
    /// Write a page per command to this directory
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct SettleArgs {
    /// Only say how many days would be settled
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct VacuumArgs {
    /// Keep files replaced less than this many hours ago
    #[arg(long, value_name = "HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=87_600))]
    pub(in crate::cli) keep_hours: u32,
    /// Allow --keep-hours below 168, even with readers at work
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct RetainArgs {
    /// Keep events this long: 400d or 7y
    ///
    /// The horizon only moves forward: no older event is ingested again.
    #[arg(long, value_name = "SPAN")]
    pub(in crate::cli) events: Option<Span>,
    /// Keep the counts of uses and resources this long [default: forever]
    ///
    /// At least as long as events. What is known of aliases is never deleted.
    #[arg(long, value_name = "SPAN")]
    pub(in crate::cli) usage: Option<Span>,
    /// Keep all stored rows of this key (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) hold: Vec<String>,
    /// The keys of the configuration among those to hold, each with its place there.
    #[arg(skip)]
    pub(in crate::cli) configured: BTreeMap<String, String>,
    /// Stop holding this key
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) release: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ForgetArgs {
    /// Paths, locations as in log_files, or folders
    ///
    /// A location that ends in a slash means everything below it. Objects that CloudTrail wrote, by their
    /// name, a digest or their records, are refused.
    #[arg(required = true, value_name = "OBJECT")]
    pub(in crate::cli) objects: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct EventArgs {
    /// Event id
    pub(in crate::cli) event_id: String,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct DemoArgs {}
