//! How AWS is to be reached, as it is typed for every command that reads from AWS.

use clap::Args as ClapArgs;

use crate::aws::Access;

#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "AWS")]
pub(in crate::cli) struct AwsArgs {
    /// AWS profile [default: the standard credential chain]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) profile: Option<String>,
    /// Region of the bucket or service
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) region: Option<String>,
    /// Assume this role
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) assume_role: Option<String>,
    /// External id for the role
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) external_id: Option<String>,
    /// Endpoint of an S3-compatible server
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) endpoint_url: Option<String>,
    /// Put the bucket in the path of URLs
    #[arg(long)]
    pub(in crate::cli) path_style: bool,
    /// Pay for requests to someone else's bucket
    #[arg(long)]
    pub(in crate::cli) requester_pays: bool,
}

impl From<AwsArgs> for Access {
    fn from(args: AwsArgs) -> Self {
        Self {
            profile: args.profile,
            region: args.region,
            role_arn: args.assume_role,
            external_id: args.external_id,
            endpoint_url: args.endpoint_url,
            is_path_style: args.path_style,
            is_requester_paying: args.requester_pays,
        }
    }
}
