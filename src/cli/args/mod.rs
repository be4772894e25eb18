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

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(in crate::cli) use trails::{TrailsAction, TrailsArgs, TrailsImportArgs};

use crate::cli::queries::QueriesChoice;
use crate::decode::Limits;
use crate::ingest::Span;
use crate::inventory::AccountList;
use crate::render::{Format, Rendering, Zone};
use crate::report::Filters;

pub(in crate::cli) use self::aws::AwsArgs;
use self::bucket::BucketArgs;
pub(in crate::cli) use self::config::{ConfigAction, ConfigArgs, ConfigFileArgs};
pub(in crate::cli) use self::integrity::{FetchSignaturesArgs, VerifyArgs};
pub(in crate::cli) use self::logging::{LogFormat, LoggingArgs};
pub(in crate::cli) use self::queue::QueueArgs;
pub(in crate::cli) use self::store::StoreArgs;

/// Who used which AWS KMS key, on which data, and which keys nobody uses: answers from CloudTrail logs.
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
    /// Your own reports/*.sql and views/*.sql; they add to ours, or override them
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
    /// Read CloudTrail logs into the store; what it holds already is not read again
    Ingest(Box<IngestArgs>),
    /// What the store holds, and what could not be read
    Status(StatusArgs),
    /// Prove by CloudTrail's digests that logs are whole and as they were written
    Verify(Box<VerifyArgs>),
    /// Fetch from the bucket what a local copy of digests has lost: their signatures
    FetchSignatures(Box<FetchSignaturesArgs>),
    /// Ask in SQL; on a terminal and without a statement, in a shell
    Sql(SqlArgs),
    /// Ask one of the named questions; without a name, list them
    Report(Box<ReportArgs>),
    /// The accounts by name; import a list of them
    Accounts(AccountsArgs),
    /// The trails that are known; ask AWS for them, or import its answers
    Trails(TrailsArgs),
    /// Write a whole table or view to a file
    Export(ExportArgs),
    /// Merge small files into large ones; ingest does it by itself when it pays
    Compact,
    /// Delete data files that no reader needs any more
    Vacuum(VacuumArgs),
    /// Give up old events; what was counted of them stays
    Retain(RetainArgs),
    /// Forget objects that are not logs and could not be read
    Forget(ForgetArgs),
    /// Print the original of an event
    Event(EventArgs),
    /// Write, check or show the configuration file
    Config(ConfigArgs),
    /// Ingest the embedded sample logs and show what can be asked
    Demo(DemoArgs),
    /// Print the documentation of tables, views or reports
    Schema(SchemaArgs),
    /// Print the script that completes keytrail's words in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(ManArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct IngestArgs {
    /// Files and directories, to any depth; or s3://BUCKET, s3://BUCKET/PREFIX
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Compute SHA-256 of each object's content; done in any case where digests are among the objects, and of
    /// what comes from a bucket
    #[arg(long, conflicts_with = "no_hash")]
    pub(in crate::cli) hash: bool,
    /// Compute no SHA-256
    #[arg(long)]
    pub(in crate::cli) no_hash: bool,
    /// Threads that decode [default: one for each CPU]
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
    /// The longest record, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().record_bytes_max)]
    pub(in crate::cli) record_bytes_max: usize,
    /// The deepest nesting of a record
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth_max)]
    pub(in crate::cli) depth_max: usize,
    /// The most JSON of one object, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().object_bytes_max)]
    pub(in crate::cli) object_bytes_max: u64,
    /// The highest compression ratio, looked at beyond 64 MiB of JSON
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
    /// Show the log objects that need a restore before they can be read, and how to restore them
    #[arg(long)]
    pub(in crate::cli) archived: bool,
    /// Print as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct OutputArgs {
    /// How to write the rows [default: as the ending of FILE says, else table]
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<Format>,
    /// Where to write them; the ending says how: .csv, .json, .ndjson, .parquet, .md or .txt [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Show times in this zone, as Europe/Berlin; what is asked for stays in UTC
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
    /// One statement; without it, a shell on a terminal, else standard input
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
    /// The report
    pub(in crate::cli) name: Option<String>,
    /// Count so many days back from --until
    #[arg(long, value_name = "N")]
    pub(in crate::cli) days: Option<String>,
    /// A parameter of the report's own; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = named_value)]
    pub(in crate::cli) params: Vec<(String, String)>,
    /// Of coverage: exit with 1 if an hour is less than this [default end of the window: 25 hours ago]
    #[arg(long, value_enum, conflicts_with = "explain")]
    pub(in crate::cli) require: Option<Required>,
    /// Print the SQL with its parameters bound, and what stands behind the figures, instead of the answer
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
    /// Shown by the logs, and proven by the digests
    CompleteVerified,
    /// Shown by the logs
    Complete,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub(in crate::cli) struct FilterArgs {
    /// The key: id, ARN, alias, alias ARN or mrk- id
    #[arg(long)]
    pub(in crate::cli) key: Option<String>,
    /// From here on: a date, RFC 3339, or 30d (days back from --until)
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) since: Option<String>,
    /// Up to here; a date includes its day [default: where the logs end]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// The account whose log has the record, by id or name; with --key, the key's
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// The key's region, else the record's
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The service that called KMS, else that of the resource: s3, or s3.amazonaws.com
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Who called: an ARN, a role or user by name, service:NAME, account:ID
    #[arg(long, value_name = "PRINCIPAL")]
    caller: Option<String>,
    /// Keys in accounts of this owner
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Keys in accounts of this organizational unit and of those below it
    #[arg(long, value_name = "PATH")]
    ou: Option<String>,
    /// Keys that carried this tag in the window; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    tag: Vec<String>,
    /// Leave out CloudTrail's writing of its own logs and keytrail's own calls
    #[arg(long)]
    hide_own: bool,
}

impl FilterArgs {
    /// The filters beside key and window.
    pub(in crate::cli) fn to_filters(&self) -> Filters {
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
    /// Say what is wrong with the query files of a directory, with file and line
    Check(CheckArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CheckArgs {
    /// The directory with reports/ and views/
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
    /// Take a list of accounts; from now on it counts instead of the one before
    Import(ImportArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ImportArgs {
    /// CSV with a header: id, and any of name, ou (as Root/Prod), owner, environment [default: `accounts` of the configuration]
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
    /// The table or view
    pub(in crate::cli) table: String,
    /// The file; its ending says how: .parquet, .csv, .json, .ndjson, .md or .txt
    #[arg(long, value_name = "FILE", required_unless_present = "files")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// How to write it [default: as the ending of FILE says]
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<Format>,
    /// Print the paths of the table's data files instead, for other engines
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
    /// The shell
    pub(in crate::cli) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ManArgs {
    /// Write keytrail.1 and a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct VacuumArgs {
    /// Keep what was replaced less than so many hours ago
    #[arg(long, value_name = "HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=87_600))]
    pub(in crate::cli) keep_hours: u32,
    /// Keep less than 168 hours, though readers and writers that are still at work may need it
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct RetainArgs {
    /// Keep events for so many days or years: 400d, 7y. The horizon only moves forward
    #[arg(long, value_name = "SPAN")]
    pub(in crate::cli) events: Option<Span>,
    /// Keep for so long what is counted of uses and resources, at least as long as events; where aliases pointed
    /// to is kept for ever [default: for ever]
    #[arg(long, value_name = "SPAN")]
    pub(in crate::cli) usage: Option<Span>,
    /// Keep all rows of this key that are not given up yet; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) hold: Vec<String>,
    /// Hold this key no longer
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) release: Vec<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ForgetArgs {
    /// Paths, or locations as log_files has them; all below a directory, or an address with a slash at its end.
    /// What CloudTrail wrote by its name, a digest or its records is refused
    #[arg(required = true, value_name = "OBJECT")]
    pub(in crate::cli) objects: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct EventArgs {
    /// The event's id
    pub(in crate::cli) event_id: String,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct DemoArgs {}
