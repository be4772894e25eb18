//! Where a service of AWS is reached, and for which region requests to it are signed.
//!
//! Enters: a service, a region, and how endpoints are configured. Leaves: an [`Endpoint`], or why there is none. The rules
//! are those of the SDK's own clients of the services below.

/// A service that is called without a client of its own.
#[derive(Debug)]
pub struct Service {
    /// Its id, as in `AWS_ENDPOINT_URL_<ID>` and `services` of a profile.
    pub(super) id: &'static str,
    /// Its name in hosts and signatures.
    pub(super) name: &'static str,
    /// What `X-Amz-Target` begins with (AWS JSON 1.1), or none: then the operation is the path (REST).
    pub(super) target: Option<&'static str>,
    /// Whether it has one endpoint for all regions of a partition.
    is_global: bool,
}

/// AWS Account Management.
pub const ACCOUNT: Service = Service {
    id: "Account",
    name: "account",
    target: None,
    is_global: true,
};

/// CloudTrail.
pub const CLOUDTRAIL: Service = Service {
    id: "CloudTrail",
    name: "cloudtrail",
    target: Some("CloudTrail_20131101"),
    is_global: false,
};

/// AWS Organizations.
pub const ORGANIZATIONS: Service = Service {
    id: "Organizations",
    name: "organizations",
    target: Some("AWSOrganizationsV20161128"),
    is_global: true,
};

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) signing_region: String,
}

/// What is configured about endpoints.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Configured<'a> {
    pub(super) url: Option<&'a str>,
    pub(super) is_fips: bool,
    pub(super) is_dual_stack: bool,
}

/// Regions of AWS that share accounts and a DNS suffix. Each has FIPS and dual-stack endpoints.
struct AwsPartition {
    name: &'static str,
    region_prefix: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
    /// Where its global services are.
    global_region: &'static str,
}

/// The partition of every region that no other one has.
const COMMERCIAL: AwsPartition = AwsPartition {
    name: "aws",
    region_prefix: "",
    suffix: "amazonaws.com",
    dual_stack_suffix: "api.aws",
    global_region: "us-east-1",
};

const GOV: &str = "aws-us-gov";

const OTHERS: [AwsPartition; 7] = [
    AwsPartition {
        name: "aws-cn",
        region_prefix: "cn-",
        suffix: "amazonaws.com.cn",
        dual_stack_suffix: "api.amazonwebservices.com.cn",
        global_region: "cn-northwest-1",
    },
    AwsPartition {
        name: "aws-eusc",
        region_prefix: "eusc-de-",
        suffix: "amazonaws.eu",
        dual_stack_suffix: "api.amazonwebservices.eu",
        global_region: "eusc-de-east-1",
    },
    AwsPartition {
        name: "aws-iso",
        region_prefix: "us-iso-",
        suffix: "c2s.ic.gov",
        dual_stack_suffix: "api.aws.ic.gov",
        global_region: "us-iso-east-1",
    },
    AwsPartition {
        name: "aws-iso-b",
        region_prefix: "us-isob-",
        suffix: "sc2s.sgov.gov",
        dual_stack_suffix: "api.aws.scloud",
        global_region: "us-isob-east-1",
    },
    AwsPartition {
        name: "aws-iso-e",
        region_prefix: "eu-isoe-",
        suffix: "cloud.adc-e.uk",
        dual_stack_suffix: "api.cloud-aws.adc-e.uk",
        global_region: "eu-isoe-west-1",
    },
    AwsPartition {
        name: "aws-iso-f",
        region_prefix: "us-isof-",
        suffix: "csp.hci.ic.gov",
        dual_stack_suffix: "api.aws.hci.ic.gov",
        global_region: "us-isof-south-1",
    },
    AwsPartition {
        name: GOV,
        region_prefix: "us-gov-",
        suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
        global_region: "us-gov-west-1",
    },
];

/// The endpoint of a service for a region.
pub(super) fn endpoint(
    service: &Service,
    region: &str,
    configured: Configured<'_>,
) -> Result<Endpoint, String> {
    if let Some(url) = configured.url {
        let excluded = match configured {
            Configured { is_fips: true, .. } => "FIPS endpoints",
            Configured {
                is_dual_stack: true,
                ..
            } => "dual-stack endpoints",
            _ => {
                return Ok(Endpoint {
                    url: url.to_owned(),
                    signing_region: region.to_owned(),
                });
            }
        };
        return Err(format!(
            "{excluded} are configured, and cannot be combined with the endpoint `{url}`"
        ));
    }
    // A region may come from a log, and becomes a part of a host's name.
    if !region.split('.').all(is_host_label) {
        return Err(format!("`{region}` is not a region"));
    }
    let partition = OTHERS
        .iter()
        .find(|partition| region.starts_with(partition.region_prefix))
        .unwrap_or(&COMMERCIAL);
    let region = if service.is_global {
        partition.global_region
    } else {
        region
    };
    let suffix = if configured.is_dual_stack {
        partition.dual_stack_suffix
    } else {
        partition.suffix
    };
    // All endpoints of GovCloud are FIPS endpoints; those of some services have no other name.
    let is_named_fips = match service.name {
        "organizations" => partition.name != GOV,
        "cloudtrail" => configured.is_dual_stack || partition.name != GOV,
        _ => true,
    };
    let fips = if configured.is_fips && is_named_fips {
        "-fips"
    } else {
        ""
    };
    Ok(Endpoint {
        url: format!("https://{}{fips}.{region}.{suffix}", service.name),
        signing_region: region.to_owned(),
    })
}

fn is_host_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len()) && !label.starts_with('-') && label.bytes().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNT, CLOUDTRAIL, Configured, Endpoint, ORGANIZATIONS, Service, endpoint};

    const PLAIN: Configured<'static> = Configured {
        url: None,
        is_fips: false,
        is_dual_stack: false,
    };
    const FIPS: Configured<'static> = Configured {
        is_fips: true,
        ..PLAIN
    };
    const DUAL_STACK: Configured<'static> = Configured {
        is_dual_stack: true,
        ..PLAIN
    };
    const BOTH: Configured<'static> = Configured {
        is_dual_stack: true,
        ..FIPS
    };

    #[track_caller]
    fn check(
        service: &Service,
        region: &str,
        configured: Configured<'_>,
        host: &str,
        signed: &str,
    ) {
        let expected = Endpoint {
            url: format!("https://{host}"),
            signing_region: signed.to_owned(),
        };
        assert_eq!(endpoint(service, region, configured), Ok(expected));
    }

    /// From the tests of the SDK's own rules.
    #[test]
    fn cloudtrail_has_an_endpoint_in_each_region() {
        for (region, configured, host) in [
            ("eu-west-1", PLAIN, "cloudtrail.eu-west-1.amazonaws.com"),
            ("us-east-1", FIPS, "cloudtrail-fips.us-east-1.amazonaws.com"),
            ("us-east-1", BOTH, "cloudtrail-fips.us-east-1.api.aws"),
            ("us-east-1", DUAL_STACK, "cloudtrail.us-east-1.api.aws"),
            (
                "cn-north-1",
                PLAIN,
                "cloudtrail.cn-north-1.amazonaws.com.cn",
            ),
            (
                "cn-north-1",
                BOTH,
                "cloudtrail-fips.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                "us-gov-east-1",
                PLAIN,
                "cloudtrail.us-gov-east-1.amazonaws.com",
            ),
            (
                "us-gov-east-1",
                FIPS,
                "cloudtrail.us-gov-east-1.amazonaws.com",
            ),
            (
                "us-gov-west-1",
                FIPS,
                "cloudtrail.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-gov-east-1",
                BOTH,
                "cloudtrail-fips.us-gov-east-1.api.aws",
            ),
            (
                "us-gov-east-1",
                DUAL_STACK,
                "cloudtrail.us-gov-east-1.api.aws",
            ),
            (
                "us-iso-west-1",
                PLAIN,
                "cloudtrail.us-iso-west-1.c2s.ic.gov",
            ),
            (
                "us-isob-east-1",
                FIPS,
                "cloudtrail-fips.us-isob-east-1.sc2s.sgov.gov",
            ),
        ] {
            check(&CLOUDTRAIL, region, configured, host, region);
        }
    }

    /// From the tests of the SDK's own rules.
    #[test]
    fn global_services_have_one_endpoint_a_partition() {
        let virginia = "us-east-1";
        let oregon = "us-gov-west-1";
        for (service, region, configured, host, signed) in [
            (
                &ORGANIZATIONS,
                "eu-west-1",
                PLAIN,
                "organizations.us-east-1.amazonaws.com",
                virginia,
            ),
            (
                &ORGANIZATIONS,
                virginia,
                BOTH,
                "organizations-fips.us-east-1.api.aws",
                virginia,
            ),
            (
                &ORGANIZATIONS,
                "us-gov-east-1",
                FIPS,
                "organizations.us-gov-west-1.amazonaws.com",
                oregon,
            ),
            (
                &ORGANIZATIONS,
                "us-gov-east-1",
                BOTH,
                "organizations.us-gov-west-1.api.aws",
                oregon,
            ),
            (
                &ORGANIZATIONS,
                oregon,
                DUAL_STACK,
                "organizations.us-gov-west-1.api.aws",
                oregon,
            ),
            (
                &ACCOUNT,
                "af-south-1",
                PLAIN,
                "account.us-east-1.amazonaws.com",
                virginia,
            ),
            (
                &ACCOUNT,
                "us-gov-east-1",
                FIPS,
                "account-fips.us-gov-west-1.amazonaws.com",
                oregon,
            ),
            (
                &ACCOUNT,
                "us-gov-east-1",
                BOTH,
                "account-fips.us-gov-west-1.api.aws",
                oregon,
            ),
            (
                &ACCOUNT,
                "cn-north-1",
                DUAL_STACK,
                "account.cn-northwest-1.api.amazonwebservices.com.cn",
                "cn-northwest-1",
            ),
            (
                &ACCOUNT,
                "eusc-de-east-1",
                PLAIN,
                "account.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
            ),
        ] {
            check(service, region, configured, host, signed);
        }
    }

    #[test]
    fn a_configured_url_replaces_the_endpoint() {
        let url = |configured| Configured {
            url: Some("http://127.0.0.1:9"),
            ..configured
        };
        assert_eq!(
            endpoint(&ACCOUNT, "eu-west-1", url(PLAIN)),
            Ok(Endpoint {
                url: "http://127.0.0.1:9".to_owned(),
                signing_region: "eu-west-1".to_owned(),
            })
        );
        for (configured, kind) in [(FIPS, "FIPS"), (DUAL_STACK, "dual-stack"), (BOTH, "FIPS")] {
            let refused = endpoint(&ACCOUNT, "eu-west-1", url(configured)).expect_err("refused");
            assert!(refused.starts_with(kind), "{refused}");
        }
    }

    #[test]
    fn a_region_of_a_log_cannot_name_another_host() {
        for region in ["", "evil.example/", "a@b", "-a", "a..b", "eu west 1"] {
            let refused = endpoint(&CLOUDTRAIL, region, PLAIN).expect_err("refused");
            assert_eq!(refused, format!("`{region}` is not a region"));
        }
        check(
            &CLOUDTRAIL,
            "evil.example",
            PLAIN,
            "cloudtrail.evil.example.amazonaws.com",
            "evil.example",
        );
    }
}
