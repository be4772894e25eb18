//! The records of a big tree, rendered once with placeholders and cut at them.
//!
//! A record is then made by copying the fixed parts and writing what differs in between, which leaves gzip as the
//! main cost. Placeholders are names between `⟦` and `⟧`, two characters that no event contains.

use crate::corpus::aliases::Operation;
use crate::corpus::event::{Event, Key, Table};
use crate::corpus::identity::{Identity, Session};
use crate::corpus::json::{Json, map};

/// What differs from record to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    World(Name),
    Uuid,
    /// Ids that follow from the call, so that its other records can name them.
    EventId,
    RequestId,
    SharedId,
    /// The whole member, where there is one.
    Addendum,
    Time,
    Created,
    /// The account of a caller from elsewhere.
    CallerAccount,
    Alias,
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

/// What the world has a name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Account,
    Region,
    Key,
    Material,
    OtherKey,
    OtherMaterial,
    Role,
    RoleId,
}

const SLOTS: [(&str, Slot); 26] = [
    ("account", Slot::World(Name::Account)),
    ("region", Slot::World(Name::Region)),
    ("key", Slot::World(Name::Key)),
    ("material", Slot::World(Name::Material)),
    ("other-key", Slot::World(Name::OtherKey)),
    ("other-material", Slot::World(Name::OtherMaterial)),
    ("role", Slot::World(Name::Role)),
    ("role-id", Slot::World(Name::RoleId)),
    ("uuid", Slot::Uuid),
    ("event-id", Slot::EventId),
    ("request-id", Slot::RequestId),
    ("shared-id", Slot::SharedId),
    ("addendum", Slot::Addendum),
    ("time", Slot::Time),
    ("created", Slot::Created),
    ("caller-account", Slot::CallerAccount),
    ("alias", Slot::Alias),
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
    /// A role of the account that shares some of the keys.
    Partner,
}

/// Which key a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    /// One that is used, the popular ones more often.
    Popular,
    /// Any, also one that is never used.
    Any,
    /// One that another account uses.
    Shared,
    /// The one that an alias means at the time.
    Alias,
}

/// A call: its record with holes, and what a reader makes of it.
pub(crate) struct Template {
    pub(crate) weight: u64,
    pub(crate) parts: Vec<Part>,
    /// The record in the log of the caller's account, where that is another one than the key's.
    pub(crate) copy: Option<Vec<Part>>,
    pub(crate) name: String,
    pub(crate) table: Table,
    pub(crate) caller: Caller,
    pub(crate) outcome: &'static str,
    pub(crate) is_use: bool,
    pub(crate) choice: Choice,
    pub(crate) has_destination: bool,
    /// Made over the network by the caller, and not by a service.
    pub(crate) is_direct: bool,
}

/// An operation that readers of today do not know.
pub(crate) const UNKNOWN_OPERATION: &str = "TransformCiphertext";
const ALGORITHM: (&str, &str) = ("encryptionAlgorithm", "SYMMETRIC_DEFAULT");

fn decrypt(who: Identity) -> Event {
    Event::kms("Decrypt", who, &key(), 0).with(ALGORITHM.0, ALGORITHM.1)
}

fn generate(who: Identity) -> Event {
    Event::kms("GenerateDataKey", who, &key(), 0).with("keySpec", "AES_256")
}

/// KMS calls with one record, whose uses name their key by ARN.
pub(crate) fn kms() -> Vec<Template> {
    let secret = "arn:aws:secretsmanager:⟦region⟧:⟦account⟧:secret:prod/⟦few⟧/credentials-a1B2c3";
    let denied = "User: arn:aws:sts::⟦account⟧:assumed-role/⟦role⟧/⟦session⟧ is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦key⟧ because no identity-based policy allows the kms:Decrypt action";
    let mut attach = Identity::ec2_infrastructure(0, "⟦account⟧", "⟦instance⟧", 0);
    attach.json = Identity::role(&Session {
        role: "aws:ec2-infrastructure".to_owned(),
        role_id: "⟦account⟧:aws:ec2-infrastructure".to_owned(),
        name: "⟦instance⟧".to_owned(),
        ..session("⟦account⟧")
    })
    .json;
    let mut delivery = generate(Identity::service("cloudtrail.amazonaws.com")).typed(&key().arn)
        .in_context(&[
            ("aws:cloudtrail:arn", "arn:aws:cloudtrail:us-east-1:⟦account⟧:trail/management-events"),
            ("aws:s3:arn", "arn:aws:s3:::example-trail-logs-⟦account⟧/AWSLogs/⟦account⟧/CloudTrail/⟦region⟧/⟦path⟧.json.gz"),
        ]);
    delivery.shared_id = Some("⟦shared-id⟧".to_owned());
    let tenant = ("tenant", "t-⟦few⟧");
    vec![
        template(30, &decrypt(role().via("s3.amazonaws.com")).in_context(&[("aws:s3:arn", "arn:aws:s3:::example-prod-⟦few⟧/⟦path⟧")])),
        template(14, &generate(role().via("s3.amazonaws.com")).typed(&key().arn).in_context(&[("aws:s3:arn", "arn:aws:s3:::example-prod-⟦few⟧")])),
        template(12, &decrypt(role().via("secretsmanager.amazonaws.com")).in_context(&[("SecretARN", secret), ("SecretVersionId", "⟦uuid⟧")])),
        template(10, &generate(role()).typed(&key().arn).in_context(&[tenant, ("purpose", "envelope")])),
        template(14, &decrypt(role()).typed(&key().arn).in_context(&[tenant])),
        template(6, &Event::kms("Encrypt", role(), &key(), 0).typed("⟦key⟧").with(ALGORITHM.0, ALGORITHM.1)),
        template(6, &decrypt(role().via("dynamodb.amazonaws.com")).in_context(&[("aws:dynamodb:tableName", "prod-⟦few⟧"), ("aws:dynamodb:subscriberId", "⟦account⟧")])),
        Template { caller: Caller::Ec2, ..template(4, &decrypt(attach).in_context(&[("aws:ebs:id", "vol-0⟦few⟧5e6f7081")])) },
        template(4, &decrypt(role().via("lambda.amazonaws.com")).in_context(&[("aws:lambda:FunctionArn", "arn:aws:lambda:⟦region⟧:⟦account⟧:function:prod-⟦few⟧")])),
        template(3, &decrypt(role().via("ssm.amazonaws.com")).in_context(&[("PARAMETER_ARN", "arn:aws:ssm:⟦region⟧:⟦account⟧:parameter/prod/⟦few⟧/password")])),
        Template { caller: Caller::CloudTrail, ..template(5, &delivery) },
        Template { choice: Choice::Any, ..template(4, &Event::kms("DescribeKey", role(), &key(), 0).typed("⟦key⟧")) },
        template(1, &decrypt(role()).without_resources(Some(&key())).failed("AccessDenied", denied)),
        template(1, &decrypt(role()).typed(&key().arn).failed("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")),
        template(1, &decrypt(role()).typed(&key().arn).with("dryRun", true).failed("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")),
        template(1, &reencrypt(role())),
    ]
}

/// KMS calls that take more to count right: copies in another account's log, aliases, no key, unknown operations.
pub(crate) fn intricate() -> Vec<Template> {
    let typed = |event: Event| Template {
        choice: Choice::Alias,
        ..template(4, &event.typed("⟦alias⟧"))
    };
    let copied = |event: fn(Identity) -> Event| {
        let [owners, callers] = [
            (
                Identity::account("⟦caller-account⟧", "⟦role-id⟧:⟦session⟧"),
                "⟦account⟧",
            ),
            (role_in("⟦caller-account⟧"), "⟦caller-account⟧"),
        ]
        .map(|(who, recipient)| {
            let mut event = event(who);
            recipient.clone_into(&mut event.recipient);
            event.shared_id = Some("⟦shared-id⟧".to_owned());
            template(4, &event)
        });
        Template {
            caller: Caller::Partner,
            choice: Choice::Shared,
            copy: Some(callers.parts),
            ..owners
        }
    };
    vec![
        copied(|who| decrypt(who).typed(&key().arn)),
        copied(|who| {
            generate(who)
                .typed(&key().arn)
                .in_context(&[("tenant", "t-⟦few⟧")])
        }),
        copied(reencrypt),
        typed(generate(role())),
        typed(decrypt(role()).without_resources(Some(&key()))),
        template(
            1,
            &Event::keyless("GenerateRandom", role(), "⟦region⟧", "⟦account⟧", 0)
                .with("numberOfBytes", 32_i64),
        ),
        template(
            1,
            &Event::kms(UNKNOWN_OPERATION, role(), &key(), 0).typed(&key().arn),
        ),
    ]
}

/// What is made of a call by alias while there is no such alias.
pub(crate) fn without_alias() -> Template {
    let message = "Alias arn:aws:kms:⟦region⟧:⟦account⟧:⟦alias⟧ is not found.";
    let event = decrypt(role()).typed("⟦alias⟧").without_resources(None);
    template(0, &event.failed("NotFoundException", message))
}

/// A change of an alias.
pub(crate) fn of_alias(operation: Operation) -> Template {
    let mut event =
        Event::kms(&format!("{operation:?}Alias"), role(), &key(), 0).with("aliasName", "⟦alias⟧");
    if operation != Operation::Delete {
        event = event.with("targetKeyId", "⟦key⟧");
    }
    let alias = "arn:aws:kms:⟦region⟧:⟦account⟧:⟦alias⟧".to_owned();
    event
        .resources
        .push(("⟦account⟧".to_owned(), alias, "AWS::KMS::Key"));
    template(0, &event)
}

/// What a VPC endpoint logs of a `Decrypt`, let through or denied.
pub(crate) fn of_endpoint(is_denied: bool) -> Template {
    let who = Identity::account("⟦account⟧", "⟦role-id⟧:⟦session⟧").at("⟦ip⟧", "");
    let mut event = Event::keyless("Decrypt", who, "⟦region⟧", "⟦account⟧", 0);
    if is_denied {
        event = event.failed(
            "VpceAccessDenied",
            "The request was denied due to a VPC endpoint policy",
        );
    }
    event.version = "1.09";
    event.kind = "AwsVpceEvent";
    event.category = "NetworkActivity";
    event.vpc_endpoint = Some("vpce-0⟦few⟧5e6f7081".to_owned());
    event.shared_id = Some("⟦shared-id⟧".to_owned());
    template(0, &event)
}

fn reencrypt(who: Identity) -> Event {
    let destination = "arn:aws:kms:⟦region⟧:⟦account⟧:key/⟦other-key⟧";
    let mut event = Event::kms("ReEncrypt", who, &key(), 0)
        .with("sourceEncryptionAlgorithm", ALGORITHM.1)
        .with("sourceEncryptionContext", map!["tenant" => "t-⟦few⟧"])
        .with("destinationKeyId", destination)
        .with("destinationEncryptionAlgorithm", ALGORITHM.1)
        .with("destinationEncryptionContext", map!["tenant" => "t-⟦few⟧"]);
    event.destination = Some(destination.to_owned());
    event.resources.push((
        "⟦account⟧".to_owned(),
        destination.to_owned(),
        "AWS::KMS::Key",
    ));
    event.additional = map!["sourceKeyMaterialId" => "⟦material⟧", "destinationKeyMaterialId" => "⟦other-material⟧"];
    event
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
    assume.shared_id = Some("⟦shared-id⟧".to_owned());
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

fn session(account: &str) -> Session {
    Session {
        account: account.to_owned(),
        role: "⟦role⟧".to_owned(),
        role_id: "⟦role-id⟧".to_owned(),
        name: "⟦session⟧".to_owned(),
        access_key: "⟦access-key⟧".to_owned(),
        created: "⟦created⟧".to_owned(),
    }
}

fn role() -> Identity {
    role_in("⟦account⟧")
}

fn role_in(account: &str) -> Identity {
    let agent = "aws-sdk-java/2.41.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.158 lang/java#21.0.9 md/OpenJDK_64-Bit_Server_VM cfg/retry-mode#standard";
    let mut role = Identity::role(&session(account)).at("⟦ip⟧", agent);
    role.json.set(
        "inScopeOf",
        map![
            "issuerType" => "AWS::Lambda::Function",
            "credentialsIssuedTo" => format!("arn:aws:lambda:⟦region⟧:{account}:function:prod-⟦few⟧"),
        ],
    );
    role
}

/// Renders an event and cuts it at its placeholders.
fn template(weight: u64, event: &Event) -> Template {
    let mut event = event.clone();
    event.time_text = Some("⟦time⟧".to_owned());
    event
        .request_id
        .get_or_insert_with(|| "⟦request-id⟧".to_owned());
    event.id = Some("⟦event-id⟧".to_owned());
    event.rare.push(("addendum", "⟦addendum⟧".into()));
    // A number has no quotes, and an addendum is there or not.
    let text = event
        .to_json()
        .compact()
        .replace("\"⟦number⟧\"", "⟦number⟧")
        .replace("\"addendum\":\"⟦addendum⟧\",", "⟦addendum⟧");
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
    let choice = if event.key.is_some() {
        Choice::Popular
    } else {
        Choice::None
    };
    Template {
        weight,
        parts,
        copy: None,
        table: event.table,
        caller: Caller::Role,
        outcome: event.outcome(),
        is_use: event.is_use(),
        choice,
        has_destination: event.destination.is_some(),
        is_direct: event.who.over_network,
        name: event.name,
    }
}
