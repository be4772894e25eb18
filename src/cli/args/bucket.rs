//! What of a bucket is to be listed, as it is typed.

use chrono::NaiveDate;
use clap::Args as ClapArgs;

use crate::source::Narrowed;

/// Redelivery is tried for 30 days ("CloudTrail log files", CloudTrail user guide).
const LOOKBACK_DAYS: u32 = 35;

#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Bucket")]
pub(in crate::cli) struct BucketArgs {
    /// First delivery day
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last delivery day
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Only logs of this account (repeatable)
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Vec<String>,
    /// Only logs of this region (repeatable)
    #[arg(long, value_name = "REGION")]
    log_region: Vec<String>,
    /// List each day again for this many days, for late logs
    #[arg(long, value_name = "DAYS", default_value_t = LOOKBACK_DAYS, value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub(in crate::cli) lookback: u32,
    /// List every day again
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

impl BucketArgs {
    pub(in crate::cli) fn narrowed(&self) -> Narrowed {
        Narrowed {
            from: self.from,
            to: self.to,
            accounts: self.account.clone(),
            regions: self.log_region.clone(),
        }
    }
}

/// An account's id.
pub(super) fn account(text: &str) -> Result<String, &'static str> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account's id has 12 digits")
    }
}
