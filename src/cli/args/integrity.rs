//! What can be typed for the proof of logs.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args as ClapArgs;

use super::AwsArgs;
use super::bucket::account;

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Exit codes: 0 nothing wrong; 1 something is wrong; 2 an error, something could not be read, or without a digest nothing is proven."
)]
pub(in crate::cli) struct VerifyArgs {
    /// First delivery day
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) from: Option<NaiveDate>,
    /// Last delivery day
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) to: Option<NaiveDate>,
    /// Only logs of this account (repeatable)
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(in crate::cli) account: Vec<String>,
    /// Only logs of this region (repeatable)
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) log_region: Vec<String>,
    /// Output of `aws cloudtrail list-public-keys` (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) public_keys: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Verifying threads [default: one per CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct FetchSignaturesArgs {
    /// Source of the copy, as s3://BUCKET/PREFIX
    #[arg(value_name = "S3-URL")]
    pub(in crate::cli) origin: String,
    /// Directory with the copy
    #[arg(value_name = "DIR")]
    pub(in crate::cli) directory: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
}
