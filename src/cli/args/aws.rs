//! How AWS is to be reached, as it is typed for every command that reads from AWS.

use clap::Args as ClapArgs;

use crate::aws::Access;

#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "AWS")]
pub(in crate::cli) struct AwsArgs {
    /// The profile of the shared configuration [default: the standard chain of credentials]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) profile: Option<String>,
    /// The region of the bucket or service
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) region: Option<String>,
    /// Assume this role first
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) assume_role: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) external_id: Option<String>,
    /// Another server than AWS's own
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) endpoint_url: Option<String>,
    /// Put the bucket into the path of URLs, as other servers want it
    #[arg(long)]
    pub(in crate::cli) path_style: bool,
    /// Pay for what is read from somebody else's bucket
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
