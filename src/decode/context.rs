//! For which resource a key was used, from the encryption context.
//!
//! Enters: encryption contexts. Leaves: resources with their services. An ARN is taken as given;
//! any other value becomes `<service>:<value>`, since the account of a resource is not in it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::facts::FACTS;
use super::json::{Tape, Value};

/// A resource that an encryption context names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Resource<'a> {
    pub(crate) service: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
}

impl<'a> Resource<'a> {
    /// A resource without an ARN.
    pub(crate) fn of(service: impl Into<Cow<'a, str>>, id: &str) -> Self {
        let service = service.into();
        Self {
            name: Cow::Owned(format!("{service}:{id}")),
            service,
        }
    }
}

/// The resources of some contexts, each once, in the order of the contexts.
pub(crate) fn read(contexts: [Option<Value<'_>>; 2]) -> Vec<Resource<'_>> {
    let mut found = Vec::new();
    // Most contexts name one resource, and need no look-up.
    let mut seen = HashSet::new();
    let members = contexts
        .into_iter()
        .flatten()
        .flat_map(|context| context.members().map(move |member| (context, member)));
    let resources = members
        .filter_map(|(context, (name, value))| resource(context, &name.text()?, value.nonempty()?));
    for resource in resources {
        if found.len() == 1 {
            seen.extend(found.iter().cloned());
        }
        if found.is_empty() || seen.insert(resource.clone()) {
            found.push(resource);
        }
    }
    found
}

/// The resources that one encryption context names, each once, under the names that they have in
/// `resource_list`.
///
/// Takes the text of a context as the tables keep it. A text that is no JSON object names none.
#[must_use]
pub fn context_resources(context: &str) -> Vec<String> {
    // The text was within the limits when it was read; reading it here does not recurse.
    let mut tape = Tape::default();
    let context = tape.parse(context, usize::MAX).ok();
    read([context, None])
        .into_iter()
        .map(|resource| resource.name.into_owned())
        .collect()
}

fn resource<'a>(context: Value<'a>, name: &str, value: Cow<'a, str>) -> Option<Resource<'a>> {
    let is_arn = value.starts_with("arn:");
    let service = match FACTS.context_service(name) {
        Some(service) => Cow::Borrowed(service),
        // A service's own member that no list knows yet still names an ARN.
        None if name.starts_with("aws:") && is_arn => {
            Cow::Owned(format!("{}.amazonaws.com", value.split(':').nth(2)?))
        }
        None => return None,
    };
    if is_arn {
        return Some(Resource {
            service,
            name: value,
        });
    }
    let parent = FACTS
        .context_parent(name)
        .and_then(|parent| context.get(parent)?.nonempty());
    Some(match parent {
        Some(parent) => Resource::of(service, &format!("{parent}/{value}")),
        None => Resource::of(service, &value),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::context_resources;
    use crate::decode::facts::FACTS;

    /// A context as the guide of its service shows it, and the resource in it.
    const DOCUMENTED: [(&str, &str); 39] = [
        (
            r#"{"aws:s3:arn":"arn:aws:s3:::example-bucket/file"}"#,
            "arn:aws:s3:::example-bucket/file",
        ),
        (
            r#"{"aws:ebs:id":"vol-0a1b2c3d"}"#,
            "ec2.amazonaws.com:vol-0a1b2c3d",
        ),
        (
            r#"{"aws:rds:db-id":"db-AAAAABBBBBCCCCCDDDDDEEEEE","aws:pi:service":"rds","service":"pi"}"#,
            "rds.amazonaws.com:db-AAAAABBBBBCCCCCDDDDDEEEEE",
        ),
        (
            r#"{"aws:rds:dbc-id":"cluster-AAAAABBBBB"}"#,
            "rds.amazonaws.com:cluster-AAAAABBBBB",
        ),
        (
            r#"{"aws:dynamodb:tableName":"Books","aws:dynamodb:subscriberId":"111122223333"}"#,
            "dynamodb.amazonaws.com:Books",
        ),
        (
            r#"{"aws:lambda:FunctionArn":"arn:aws:lambda:us-east-1:111122223333:function:my-function"}"#,
            "arn:aws:lambda:us-east-1:111122223333:function:my-function",
        ),
        (
            r#"{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:111122223333:trail/t"}"#,
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
        ),
        (
            r#"{"SecretARN":"arn:aws:secretsmanager:us-east-1:111122223333:secret:s-a1b2c3","SecretVersionId":"EXAMPLE1-90ab"}"#,
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-a1b2c3",
        ),
        (
            r#"{"PARAMETER_ARN":"arn:aws:ssm:us-east-1:111122223333:parameter/p"}"#,
            "arn:aws:ssm:us-east-1:111122223333:parameter/p",
        ),
        (
            r#"{"aws:logs:arn":"arn:aws:logs:us-east-1:111122223333:log-group:g"}"#,
            "arn:aws:logs:us-east-1:111122223333:log-group:g",
        ),
        (
            r#"{"aws:sqs:arn":"arn:aws:sqs:us-east-1:111122223333:q"}"#,
            "arn:aws:sqs:us-east-1:111122223333:q",
        ),
        (
            r#"{"aws:sns:topicArn":"arn:aws:sns:us-east-1:111122223333:t"}"#,
            "arn:aws:sns:us-east-1:111122223333:t",
        ),
        (
            r#"{"aws:kinesis:arn":"arn:aws:kinesis:us-east-1:111122223333:stream/s"}"#,
            "arn:aws:kinesis:us-east-1:111122223333:stream/s",
        ),
        (
            r#"{"aws:workmail:arn":"arn:aws:workmail:us-east-1:111122223333:organization/m-68755160c4cb4e29a2b2f8fb58f359d7"}"#,
            "arn:aws:workmail:us-east-1:111122223333:organization/m-68755160c4cb4e29a2b2f8fb58f359d7",
        ),
        (
            r#"{"aws:workspaces:sid-directoryid":"[S-1-5-21-277731876]@[d-1234abcd01]","aws:workspaces:username":"marymajor"}"#,
            "workspaces.amazonaws.com:[S-1-5-21-277731876]@[d-1234abcd01]",
        ),
        (
            r#"{"aws:elasticfilesystem:filesystem:id":"fs-4EXAMPLE"}"#,
            "elasticfilesystem.amazonaws.com:fs-4EXAMPLE",
        ),
        (
            r#"{"aws:elasticfilesystem:filesystem:key":"fs-5EXAMPLE"}"#,
            "elasticfilesystem.amazonaws.com:fs-5EXAMPLE",
        ),
        (
            r#"{"aws:fsx:filesystem:id":"fs-6EXAMPLE"}"#,
            "fsx.amazonaws.com:fs-6EXAMPLE",
        ),
        (
            r#"{"aws:redshift:arn":"arn:aws:redshift:us-east-1:111122223333:cluster:c","aws:redshift:createtime":"20150206T1832Z"}"#,
            "arn:aws:redshift:us-east-1:111122223333:cluster:c",
        ),
        (
            r#"{"aws:es:arn":"arn:aws:es:us-east-1:111122223333:domain/d"}"#,
            "arn:aws:es:us-east-1:111122223333:domain/d",
        ),
        (
            r#"{"aws:backup:backup-vault":"arn:aws:backup:us-east-1:111122223333:backup-vault:v"}"#,
            "arn:aws:backup:us-east-1:111122223333:backup-vault:v",
        ),
        (
            r#"{"aws:glue:catalog_id":"111122223333"}"#,
            "glue.amazonaws.com:111122223333",
        ),
        (
            r#"{"aws:sagemaker:arn":"arn:aws:sagemaker:us-east-1:111122223333:endpoint/e"}"#,
            "arn:aws:sagemaker:us-east-1:111122223333:endpoint/e",
        ),
        (
            r#"{"aws:ses:source-account":"111122223333","aws:ses:rule-name":"example-receipt-rule-name","aws:ses:message-id":"d6iitobk75ur44p8kdnnp7g2n800"}"#,
            "ses.amazonaws.com:example-receipt-rule-name",
        ),
        (
            r#"{"aws:ecr:arn":"arn:aws:ecr:us-west-2:111122223333:repository/r"}"#,
            "arn:aws:ecr:us-west-2:111122223333:repository/r",
        ),
        (
            r#"{"aws:states:stateMachineArn":"arn:aws:states:us-east-1:111122223333:stateMachine:m"}"#,
            "arn:aws:states:us-east-1:111122223333:stateMachine:m",
        ),
        (
            r#"{"aws:eks:cluster-arn":"arn:aws:eks:us-east-1:111122223333:cluster/c"}"#,
            "arn:aws:eks:us-east-1:111122223333:cluster/c",
        ),
        (
            r#"{"aws:ssm:TargetId":"i-02573cafcfEXAMPLE","aws:ssm:SessionId":"user-0a1b"}"#,
            "ssm.amazonaws.com:i-02573cafcfEXAMPLE",
        ),
        (
            r#"{"aws:codeartifact:arn":"arn:aws:codeartifact:us-east-1:111122223333:domain/d"}"#,
            "arn:aws:codeartifact:us-east-1:111122223333:domain/d",
        ),
        // Amazon Keyspaces: "Encryption at rest: How to use customer managed keys".
        (
            r#"{"aws:cassandra:keyspaceName":"my_keyspace","aws:cassandra:tableName":"mytable","aws:cassandra:subscriberId":"111122223333"}"#,
            "cassandra.amazonaws.com:my_keyspace/mytable",
        ),
        // Amazon Timestream: "AWS managed policies".
        (
            r#"{"aws:timestream:database-name":"sampleDB"}"#,
            "timestream.amazonaws.com:sampleDB",
        ),
        // AWS Glue: "Encrypting your Data Catalog".
        (
            r#"{"glue_catalog_id":"111122223333"}"#,
            "glue.amazonaws.com:111122223333",
        ),
        // Amazon Bedrock: "AWS managed policies for Amazon SageMaker Unified Studio".
        (
            r#"{"aws:bedrock:guardrail-id":"oygh3o8g7rtl"}"#,
            "bedrock.amazonaws.com:oygh3o8g7rtl",
        ),
        // Amazon DataZone: "Data encryption at rest".
        (
            r#"{"aws:datazone:domainId":"dzd_sampleid"}"#,
            "datazone.amazonaws.com:dzd_sampleid",
        ),
        // Amazon Connect: "Encryption at rest", outbound campaigns.
        (
            r#"{"aws:accountId":"111122223333","aws:connect:instanceId":"aaaaaaaa-bbbb-cccc-dddd-bbbbbbbbbbbb"}"#,
            "connect.amazonaws.com:aaaaaaaa-bbbb-cccc-dddd-bbbbbbbbbbbb",
        ),
        // AWS HealthImaging: "Data protection".
        (
            r#"{"aws:medical-imaging:datastoreId":"12345678901234567890123456789012"}"#,
            "medical-imaging.amazonaws.com:12345678901234567890123456789012",
        ),
        // AWS Network Firewall: "Encryption at rest with AWS KMS".
        (
            r#"{"aws:network-firewall:resource-id":"11223344-aabb-1122-3344-111222333444"}"#,
            "network-firewall.amazonaws.com:11223344-aabb-1122-3344-111222333444",
        ),
        // AWS IoT SiteWise: "Encryption at rest".
        (
            r#"{"aws:iotsitewise:subscriberId":"111122223333"}"#,
            "iotsitewise.amazonaws.com:111122223333",
        ),
        // AWS Backup: "AWS managed policies": the snapshot that GuardDuty scans.
        (
            r#"{"aws:guardduty:id":"snap-0123456789abcdef0"}"#,
            "ec2.amazonaws.com:snap-0123456789abcdef0",
        ),
    ];

    #[test]
    fn each_documented_context_names_its_resource() {
        let mut shown = HashSet::new();
        for (context, resource) in DOCUMENTED {
            assert_eq!(context_resources(context), [resource], "{context}");
            shown.extend(FACTS.context_keys().filter(|key| context.contains(key)));
        }
        let all: HashSet<&str> = FACTS.context_keys().collect();
        assert_eq!(shown, all, "each line of the file has an example");
    }

    #[test]
    fn a_table_is_named_within_its_keyspace() {
        let table = |context: &str| context_resources(context).join(" ");
        // In either order, and apart from a table of the same name elsewhere.
        assert_eq!(
            table(r#"{"aws:cassandra:tableName":"orders","aws:cassandra:keyspaceName":"shop"}"#),
            "cassandra.amazonaws.com:shop/orders"
        );
        assert_eq!(
            table(r#"{"aws:cassandra:tableName":"orders","aws:cassandra:keyspaceName":"test"}"#),
            "cassandra.amazonaws.com:test/orders"
        );
        // Without a keyspace, or with one that is no name, what is known is the table.
        for keyspace in [
            "",
            r#","aws:cassandra:keyspaceName":"""#,
            r#","aws:cassandra:keyspaceName":7"#,
        ] {
            assert_eq!(
                table(&format!(
                    r#"{{"aws:cassandra:tableName":"orders"{keyspace}}}"#
                )),
                "cassandra.amazonaws.com:orders"
            );
        }
        assert_eq!(table(r#"{"aws:cassandra:keyspaceName":"shop"}"#), "");
    }
}
