//! The records of a big tree, rendered once with placeholders and cut at them.
//!
//! A record is then made by copying the fixed parts and writing what differs in between, which leaves gzip as the
//! main cost. Placeholders are names between `⟦` and `⟧`, two characters that no event contains.

use crate::event::{Event, Key, Table};
use crate::identity::{Identity, Session};
use crate::json::{Json, map};

/// What differs from record to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Uuid,
    Time,
    Created,
    Account,
    Region,
    Key,
    Material,
    OtherKey,
    OtherMaterial,
    Role,
    RoleId,
    Session,
    AccessKey,
    Ip,
    Instance,
    /// A path of its own, and one of few buckets, tables, functions, volumes, secrets.
    Path,
    Few,
    Number,
    Request,
    Opaque,
}

const SLOTS: [(&str, Slot); 20] = [
    ("uuid", Slot::Uuid),
    ("time", Slot::Time),
    ("created", Slot::Created),
    ("account", Slot::Account),
    ("region", Slot::Region),
    ("key", Slot::Key),
    ("material", Slot::Material),
    ("other-key", Slot::OtherKey),
    ("other-material", Slot::OtherMaterial),
    ("role", Slot::Role),
    ("role-id", Slot::RoleId),
    ("session", Slot::Session),
    ("access-key", Slot::AccessKey),
    ("ip", Slot::Ip),
    ("instance", Slot::Instance),
    ("path", Slot::Path),
    ("few", Slot::Few),
    ("number", Slot::Number),
    ("request", Slot::Request),
    ("opaque", Slot::Opaque),
];

/// A piece of a record.
pub(crate) enum Part {
    Fixed(Vec<u8>),
    Slot(Slot),
}

/// Who calls in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A role that goes with the key.
    Role,
    Ec2,
    CloudTrail,
}

/// A record with holes, and what a reader makes of it.
pub(crate) struct Template {
    pub(crate) weight: u64,
    pub(crate) parts: Vec<Part>,
    pub(crate) table: Table,
    pub(crate) caller: Caller,
    pub(crate) outcome: &'static str,
    pub(crate) is_use: bool,
    /// Any key, also one that is never used, in place of a popular one.
    pub(crate) any_key: bool,
    pub(crate) has_destination: bool,
}

/// KMS records, by weight.
pub(crate) fn kms() -> Vec<Template> {
    let algorithm = ("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    let decrypt = |who| Event::kms("Decrypt", who, &key(), 0).with(algorithm.0, algorithm.1);
    let generate = |who| {
        Event::kms("GenerateDataKey", who, &key(), 0)
            .typed(&key().arn)
            .with("keySpec", "AES_256")
    };
    let secret = "arn:aws:secretsmanager:⟦region⟧:⟦account⟧:secret:prod/⟦few⟧/credentials-a1B2c3";
    let denied = "User: arn:aws:sts::⟦account⟧:assumed-role/⟦role⟧/⟦session⟧ is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦key⟧ because no identity-based policy allows the kms:Decrypt action";
    let mut reencrypt = Event::kms("ReEncrypt", role(), &key(), 0)
        .with("sourceEncryptionAlgorithm", algorithm.1)
        .with("sourceEncryptionContext", map!["tenant" => "t-⟦few⟧"])
        .with(
            "destinationKeyId",
            "arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦other-key⟧",
        )
        .with("destinationEncryptionAlgorithm", algorithm.1)
        .with("destinationEncryptionContext", map!["tenant" => "t-⟦few⟧"]);
    reencrypt.destination = Some("arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦other-key⟧".to_owned());
    reencrypt.resources.push((
        "⟦account⟧".to_owned(),
        reencrypt.destination.clone().expect("set above"),
        "AWS::KMS::Key",
    ));
    reencrypt.additional = map!["sourceKeyMaterialId" => "⟦material⟧", "destinationKeyMaterialId" => "⟦other-material⟧"];
    let mut attach = Identity::ec2_infrastructure(0, "⟦account⟧", "⟦instance⟧", 0);
    attach.json = Identity::role(&Session {
        role: "aws:ec2-infrastructure".to_owned(),
        role_id: "⟦account⟧:aws:ec2-infrastructure".to_owned(),
        name: "⟦instance⟧".to_owned(),
        ..session()
    })
    .json;
    let mut delivery = generate(Identity::service("cloudtrail.amazonaws.com"))
        .in_context(&[
            ("aws:cloudtrail:arn", "arn:aws:cloudtrail:us-east-1:⟦account⟧:trail/management-events"),
            ("aws:s3:arn", "arn:aws:s3:::example-trail-logs-⟦account⟧/AWSLogs/⟦account⟧/CloudTrail/⟦region⟧/⟦path⟧.json.gz"),
        ]);
    delivery.shared_id = Some("⟦uuid⟧".to_owned());
    vec![
        template(30, &decrypt(role().via("s3.amazonaws.com")).in_context(&[("aws:s3:arn", "arn:aws:s3:::example-prod-⟦few⟧/⟦path⟧")])),
        template(14, &generate(role().via("s3.amazonaws.com")).in_context(&[("aws:s3:arn", "arn:aws:s3:::example-prod-⟦few⟧")])),
        template(12, &decrypt(role().via("secretsmanager.amazonaws.com")).in_context(&[("SecretARN", secret), ("SecretVersionId", "⟦uuid⟧")])),
        template(10, &generate(role()).in_context(&[("tenant", "t-⟦few⟧"), ("purpose", "envelope")])),
        template(14, &decrypt(role()).typed(&key().arn).in_context(&[("tenant", "t-⟦few⟧")])),
        template(6, &Event::kms("Encrypt", role(), &key(), 0).typed("⟦key⟧").with(algorithm.0, algorithm.1)),
        template(6, &decrypt(role().via("dynamodb.amazonaws.com")).in_context(&[("aws:dynamodb:tableName", "prod-⟦few⟧"), ("aws:dynamodb:subscriberId", "⟦account⟧")])),
        Template { caller: Caller::Ec2, ..template(4, &decrypt(attach).in_context(&[("aws:ebs:id", "vol-0⟦few⟧5e6f7081")])) },
        template(4, &decrypt(role().via("lambda.amazonaws.com")).in_context(&[("aws:lambda:FunctionArn", "arn:aws:lambda:⟦region⟧:⟦account⟧:function:prod-⟦few⟧")])),
        template(3, &decrypt(role().via("ssm.amazonaws.com")).in_context(&[("PARAMETER_ARN", "arn:aws:ssm:⟦region⟧:⟦account⟧:parameter/prod/⟦few⟧/password")])),
        Template { caller: Caller::CloudTrail, ..template(5, &delivery) },
        Template { any_key: true, ..template(4, &Event::kms("DescribeKey", role(), &key(), 0).typed("⟦key⟧")) },
        template(1, &decrypt(role()).without_resources(Some(&key())).failed("AccessDenied", denied)),
        template(1, &decrypt(role()).typed(&key().arn).failed("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")),
        template(1, &reencrypt),
    ]
}

/// Records of other services, by weight.
pub(crate) fn others() -> Vec<Template> {
    let event = |service: &str, name: &str| {
        Event::new(
            &format!("{service}.amazonaws.com"),
            name,
            role(),
            "⟦region⟧",
            "⟦account⟧",
            0,
        )
    };
    let mut assume = event("sts", "AssumeRole");
    assume.who = Identity::service("ecs-tasks.amazonaws.com");
    assume.request = map!["roleArn" => "arn:aws:iam::⟦account⟧:role/⟦role⟧", "roleSessionName" => "⟦session⟧", "durationSeconds" => 3600_i64];
    assume.response = map!["credentials" => map!["accessKeyId" => "⟦access-key⟧", "sessionToken" => "IQoJb3JpZ2luX2VjE⟦opaque⟧⟦opaque⟧", "expiration" => "Mar 1, 2026, 11:00:00 PM"]];
    assume.resources = vec![(
        "⟦account⟧".to_owned(),
        "arn:aws:iam::⟦account⟧:role/⟦role⟧".to_owned(),
        "AWS::IAM::Role",
    )];
    assume.shared_id = Some("⟦uuid⟧".to_owned());
    let lookup = map!["attributeKey" => "EventSource", "attributeValue" => "kms.amazonaws.com"];
    let mut volume = event("ec2", "CreateVolume");
    volume.table = Table::Trail;
    volume.read_only = false;
    volume.request =
        map!["size" => "100", "zone" => "⟦region⟧a", "volumeType" => "gp3", "encrypted" => true];
    volume.response = map!["volumeId" => "vol-0⟦few⟧5e6f7081", "size" => "100", "status" => "creating", "volumeType" => "gp3", "encrypted" => true];
    let describe = |name: &str| {
        let filter = map!["name" => "vpc-id", "valueSet" => map!["items" => vec![map!["value" => "vpc-0⟦few⟧"]]]];
        event("ec2", name)
            .with("maxResults", 1000_i64)
            .with("filterSet", map!["items" => vec![filter]])
    };
    vec![
        template(30, &object("GetObject")),
        template(14, &object("PutObject")),
        template(13, &assume),
        template(9, &describe("DescribeInstances")),
        template(6, &describe("DescribeNetworkInterfaces")),
        template(5, &event("iam", "GetRole").with("roleName", "⟦role⟧")),
        template(4, &event("sts", "GetCallerIdentity")),
        template(
            9,
            &event("logs", "CreateLogStream")
                .with("logGroupName", "/aws/lambda/prod-⟦few⟧")
                .with("logStreamName", "2026/03/01/[$LATEST]⟦uuid⟧"),
        ),
        template(
            5,
            &event("dynamodb", "DescribeTable").with("tableName", "prod-⟦few⟧"),
        ),
        template(
            4,
            &event("secretsmanager", "GetSecretValue").with("secretId", "prod/⟦few⟧/credentials"),
        ),
        template(
            1,
            &event("cloudtrail", "LookupEvents").with("lookupAttributes", Json::List(vec![lookup])),
        ),
        template(1, &volume),
    ]
}

fn object(name: &str) -> Event {
    let mut event = Event::new("s3.amazonaws.com", name, role(), "⟦region⟧", "⟦account⟧", 0);
    event.read_only = name == "GetObject";
    event.category = "Data";
    event.request = map!["bucketName" => "example-prod-⟦few⟧", "Host" => "example-prod-⟦few⟧.s3.⟦region⟧.amazonaws.com", "key" => "⟦path⟧"];
    event.additional = map![
        "SignatureVersion" => "SigV4", "CipherSuite" => "TLS_AES_128_GCM_SHA256", "bytesTransferredIn" => 0_i64,
        "SSEApplied" => "SSE_KMS", "AuthenticationMethod" => "AuthHeader", "x-amz-id-2" => "⟦opaque⟧",
        "bytesTransferredOut" => "⟦number⟧",
    ];
    event.request_id = Some("⟦request⟧".to_owned());
    event.resources = vec![
        (
            "⟦account⟧".to_owned(),
            "arn:aws:s3:::example-prod-⟦few⟧".to_owned(),
            "AWS::S3::Bucket",
        ),
        (
            "⟦account⟧".to_owned(),
            "arn:aws:s3:::example-prod-⟦few⟧/⟦path⟧".to_owned(),
            "AWS::S3::Object",
        ),
    ];
    event
}

fn key() -> Key {
    Key {
        name: String::new(),
        id: "⟦key⟧".to_owned(),
        arn: "arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦key⟧".to_owned(),
        account: "⟦account⟧".to_owned(),
        region: "⟦region⟧".to_owned(),
        material: Some("⟦material⟧".to_owned()),
    }
}

fn session() -> Session {
    Session {
        account: "⟦account⟧".to_owned(),
        role: "⟦role⟧".to_owned(),
        role_id: "⟦role-id⟧".to_owned(),
        name: "⟦session⟧".to_owned(),
        access_key: "⟦access-key⟧".to_owned(),
        created: "⟦created⟧".to_owned(),
    }
}

fn role() -> Identity {
    let agent = "aws-sdk-java/2.41.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.158 lang/java#21.0.9 md/OpenJDK_64-Bit_Server_VM cfg/retry-mode#standard";
    let mut role = Identity::role(&session()).at("⟦ip⟧", agent);
    role.json.set(
        "inScopeOf",
        map![
            "issuerType" => "AWS::Lambda::Function",
            "credentialsIssuedTo" => "arn:aws:lambda:⟦region⟧:⟦account⟧:function:prod-⟦few⟧",
        ],
    );
    role
}

/// Renders an event and cuts it at its placeholders.
fn template(weight: u64, event: &Event) -> Template {
    let mut event = event.clone();
    event.time_text = Some("⟦time⟧".to_owned());
    event.request_id.get_or_insert_with(|| "⟦uuid⟧".to_owned());
    event.id = Some("⟦uuid⟧".to_owned());
    // A number stands without quotes.
    let text = event
        .to_json()
        .compact()
        .replace("\"⟦number⟧\"", "⟦number⟧");
    let mut parts = Vec::new();
    for (index, piece) in text.split('⟦').enumerate() {
        let fixed = if index == 0 {
            piece
        } else {
            let (name, fixed) = piece.split_once('⟧').expect("every placeholder is closed");
            let slot = SLOTS
                .iter()
                .find(|slot| slot.0 == name)
                .expect("every placeholder is known");
            parts.push(Part::Slot(slot.1));
            fixed
        };
        if !fixed.is_empty() {
            parts.push(Part::Fixed(fixed.as_bytes().to_vec()));
        }
    }
    Template {
        weight,
        parts,
        table: event.table,
        caller: Caller::Role,
        outcome: event.outcome(),
        is_use: event.is_use(),
        any_key: false,
        has_destination: event.destination.is_some(),
    }
}
