//! Where the store is, as it is typed for every command.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::aws::Access;
use crate::cli::session::StoreChoice;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct StoreArgs {
    /// Store: a directory or s3://BUCKET/PREFIX [default: ./keytrail-store]
    #[arg(
        long,
        global = true,
        value_name = "STORE",
        env = "KEYTRAIL_STORE",
        hide_env_values = true
    )]
    pub(in crate::cli) store: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) access: StoreAccessArgs,
}

/// The heading of the options for the bucket of a store. A heading for all that follows would not end with them.
const HEADING: &str = "Store on S3";

/// How the bucket of the store is reached, which may differ from how the logs are.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_field_names,
    reason = "each differs from the option of the same name for the logs"
)]
pub(in crate::cli) struct StoreAccessArgs {
    /// AWS profile for the store
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(in crate::cli) store_profile: Option<String>,
    /// Region of the store's bucket
    #[arg(long, global = true, value_name = "REGION", help_heading = HEADING)]
    pub(in crate::cli) store_region: Option<String>,
    /// Assume this role for the store
    #[arg(long, global = true, value_name = "ARN", help_heading = HEADING)]
    pub(in crate::cli) store_assume_role: Option<String>,
    /// External id for the store's role
    #[arg(long, global = true, value_name = "ID", help_heading = HEADING)]
    pub(in crate::cli) store_external_id: Option<String>,
    /// Endpoint of an S3-compatible server for the store
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING)]
    pub(in crate::cli) store_endpoint_url: Option<String>,
}

impl From<StoreArgs> for StoreChoice {
    fn from(args: StoreArgs) -> Self {
        let access = args.access;
        Self::new(args.store).reached(Access {
            profile: access.store_profile,
            region: access.store_region,
            role_arn: access.store_assume_role,
            external_id: access.store_external_id,
            is_path_style: access.store_endpoint_url.is_some(),
            endpoint_url: access.store_endpoint_url,
            is_requester_paying: false,
        })
    }
}
