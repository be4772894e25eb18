//! What can be typed for `keytrail trails`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::OutputArgs;
use super::aws::AwsArgs;

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(in crate::cli) struct TrailsArgs {
    #[command(subcommand)]
    pub(in crate::cli) action: Option<TrailsAction>,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TrailsAction {
    /// Pull trails, regions and members from AWS
    Pull(AwsArgs),
    /// Import output of the AWS CLI
    Import(TrailsImportArgs),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct TrailsImportArgs {
    /// JSON files that the AWS CLI printed
    ///
    /// Of cloudtrail describe-trails, get-event-selectors and get-trail-status, account list-regions and
    /// organizations list-accounts. TRAIL=FILE names the trail if the file does not.
    #[arg(required = true, value_name = "[TRAIL=]FILE")]
    pub(in crate::cli) files: Vec<String>,
    /// Account of the list-regions output
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) account: Option<String>,
    /// When AWS was asked, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) taken_at: Option<String>,
}

impl TrailsImportArgs {
    /// The files, each with the trail in front of it.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = (Option<&str>, PathBuf)> {
        self.files.iter().map(|given| match given.split_once('=') {
            Some((trail, file)) if !PathBuf::from(given).exists() => {
                (Some(trail), PathBuf::from(file))
            }
            _ => (None, PathBuf::from(given)),
        })
    }
}
