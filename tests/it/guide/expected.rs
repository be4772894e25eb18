//! What the documented events of the AWS KMS Developer Guide say, written by reading them.
//!
//! One entry for each of the 67 KMS events in `aws-kms-guide/events/`, in order of file name. Every value was
//! decided by eye from the text of the event and the rules in the design, before and apart from the decoder;
//! never regenerate this file from a program's output. Where an event and a rule disagree, or two readings
//! are possible, the entry says why.

/// The answers for one KMS event.
#[derive(Debug)]
pub(crate) struct Expected {
    /// File name below `aws-kms-guide/events/`.
    pub(crate) file: &'static str,
    /// Position among the KMS events of the file, from 0; events of other services do not count.
    pub(crate) index: usize,
    /// `eventName` as written.
    pub(crate) event_name: &'static str,
    /// The key that this event itself tells; of two keys, the source.
    pub(crate) key_arn: Option<&'static str>,
    /// What the caller typed to name the key.
    pub(crate) key_as_typed: Option<&'static str>,
    /// The second key of `ReEncrypt`.
    pub(crate) destination_key_arn: Option<&'static str>,
    /// The stable principal.
    pub(crate) caller: &'static str,
    /// What came of the call.
    pub(crate) outcome: &'static str,
}

/// The guide's example key; it stands in us-west-2 even where `awsRegion` is us-east-1.
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// Its bare id.
const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
/// The guide's second example key.
const KEY_2: &str = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
/// Its bare id.
const ID_2: &str = "0987dcba-09fe-87dc-65ba-ab0987654321";
/// The id of the first example key in Ireland: another key.
const KEY_IRELAND: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// The key of the `WorkMail` examples.
const KEY_MAIL: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d";
/// The multi-Region example key, in us-west-2.
const MRK: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
/// The same multi-Region key, in Tokyo.
const MRK_TOKYO: &str =
    "arn:aws:kms:ap-northeast-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
/// The bare id that all members of the multi-Region key share.
const MRK_ID: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

/// The user of nearly all examples.
const ALICE: &str = "arn:aws:iam::111122223333:user/Alice";
/// The role of the two S3 examples.
const ADMINS: &str = "arn:aws:iam::111122223333:role/Admins";
/// KMS acting by itself: `userIdentity` has `accountId` and `invokedBy`, and no `type`.
const AWS_INTERNAL: &str = "service:AWS Internal";
/// `WorkMail`, with the region in its name.
const WORKMAIL: &str = "service:workmail.eu-west-1.amazonaws.com";

/// Every KMS event of the folder, in order of file name and then of place in the file.
#[rustfmt::skip] // three lines an event: what it is, which keys, who and with what result
pub(crate) const GUIDE: &[Expected] = &[
    // why: the type is IAMUser but the ARN is a role's; there is no session, so the ARN stands as given.
    Expected { file: "alias-ct.json", index: 0, event_name: "GenerateDataKey",
        key_arn: Some(KEY), key_as_typed: Some("alias/project-key"), destination_key_arn: None,
        caller: "arn:aws:iam::111122223333:role/ProjectDev", outcome: "success" },
    Expected { file: "ct-cancel-key-deletion.json", index: 0, event_name: "CancelKeyDeletion",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // No `resources` member; a custom key store is not a key.
    Expected { file: "ct-connect-keystore.json", index: 0, event_name: "ConnectCustomKeyStore",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-create-keystore.json", index: 0, event_name: "CreateCustomKeyStore",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // Resources: the key, then the alias.
    Expected { file: "ct-createalias.json", index: 0, event_name: "CreateAlias",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-creategrant.json", index: 0, event_name: "CreateGrant",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-createkey-2.json", index: 0, event_name: "CreateKey",
        key_arn: Some(KEY_2), key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: resources and response name different keys (another account, region and id: the guide's authors
    // forgot to replace one); resources come first in the rule. The response says KEY.
    Expected { file: "ct-createkey-3.json", index: 0, event_name: "CreateKey",
        key_arn: Some("arn:aws:kms:us-east-1:227179770375:key/39c5eb22-f37c-4956-92ca-89e8f8b57ab2"),
        key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-createkey.json", index: 0, event_name: "CreateKey",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-decrypt-2.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-decrypt-3.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY_2), key_as_typed: Some(KEY_2), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: the code is KMSInvalidStateException, which is unusable_key; only the message tells that the
    // external proxy found the ciphertext invalid. The code decides.
    Expected { file: "ct-decrypt-4.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY_2), key_as_typed: Some(KEY_2), destination_key_arn: None,
        caller: ALICE, outcome: "unusable_key" },
    Expected { file: "ct-decrypt.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: `userIdentity` holds the account and `invokedBy`; the service acted, the account is only where.
    // The same holds for every AWS_INTERNAL below.
    Expected { file: "ct-delete-key-2.json", index: 0, event_name: "DeleteKey",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "ct-delete-key.json", index: 0, event_name: "DeleteKey",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "ct-delete-keystore.json", index: 0, event_name: "DeleteCustomKeyStore",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // Resources: the alias, then the key. An IAM user with a session, but no `sessionIssuer`.
    Expected { file: "ct-deletealias.json", index: 0, event_name: "DeleteAlias",
        key_arn: Some(KEY), key_as_typed: Some("alias/my_alias"), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: the bare id in `serviceEventDetails` was typed by nobody, and resources give the ARN.
    Expected { file: "ct-deleteexpiredkeymaterial.json", index: 0, event_name: "DeleteExpiredKeyMaterial",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "ct-describe-keystores.json", index: 0, event_name: "DescribeCustomKeyStores",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-describekey.json", index: 0, event_name: "DescribeKey",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-disable-key-rotation.json", index: 0, event_name: "DisableKeyRotation",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-disablekey.json", index: 0, event_name: "DisableKey",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-disconnect-keystore.json", index: 0, event_name: "DisconnectCustomKeyStore",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // The file's first record is EC2's `CreateVolume`.
    Expected { file: "ct-ec2one.json", index: 0, event_name: "GenerateDataKeyWithoutPlaintext",
        key_arn: Some(KEY), key_as_typed: Some("alias/aws/ebs"), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // The file's first record is EC2's `RunInstances`; its second, this one, is later than its third.
    Expected { file: "ct-ec2two.json", index: 0, event_name: "CreateGrant",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-ec2two.json", index: 1, event_name: "GenerateDataKeyWithoutPlaintext",
        key_arn: Some(KEY), key_as_typed: Some("alias/aws/ebs"), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // The issuer is role/aws:ec2-infrastructure; the session name is the instance.
    Expected { file: "ct-ec2two.json", index: 2, event_name: "Decrypt",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: "service:ec2.amazonaws.com", outcome: "success" },
    Expected { file: "ct-enablekey.json", index: 0, event_name: "EnableKey",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-enablekeyrotation.json", index: 0, event_name: "EnableKeyRotation",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generate-data-key-enclave.json", index: 0, event_name: "GenerateDataKey",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generate-random-enclave.json", index: 0, event_name: "GenerateRandom",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generatedatakey.json", index: 0, event_name: "GenerateDataKey",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generatedatakeypair.json", index: 0, event_name: "GenerateDataKeyPair",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generatedatakeypairwithoutplaintext.json", index: 0,
        event_name: "GenerateDataKeyPairWithoutPlaintext",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // InvalidKeyUsageException, without a message.
    Expected { file: "ct-generatedatakeyplaintext.json", index: 0,
        event_name: "GenerateDataKeyWithoutPlaintext",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "invalid_request" },
    Expected { file: "ct-generatemac.json", index: 0, event_name: "GenerateMac",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-generaterandom.json", index: 0, event_name: "GenerateRandom",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-getkeypolicy.json", index: 0, event_name: "GetKeyPolicy",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-getparametersforimport.json", index: 0, event_name: "GetParametersForImport",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-importkeymaterial.json", index: 0, event_name: "ImportKeyMaterial",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-listaliases.json", index: 0, event_name: "ListAliases",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-listgrants.json", index: 0, event_name: "ListGrants",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-put-key-policy.json", index: 0, event_name: "PutKeyPolicy",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: only `destinationKeyId` was typed (the bare id of the second resource); key_as_typed is about the
    // source, for which nothing was typed.
    Expected { file: "ct-reencrypt.json", index: 0, event_name: "ReEncrypt",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: Some(KEY_2),
        caller: ALICE, outcome: "success" },
    // `requestParameters` is null.
    Expected { file: "ct-retire-grant.json", index: 0, event_name: "RetireGrant",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-revoke-grant.json", index: 0, event_name: "RevokeGrant",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: as for DeleteExpiredKeyMaterial, the bare id in `serviceEventDetails` is not typed.
    Expected { file: "ct-rotatekey.json", index: 0, event_name: "RotateKey",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "ct-schedule-key-deletion-2.json", index: 0, event_name: "ScheduleKeyDeletion",
        key_arn: Some(MRK), key_as_typed: Some(MRK_ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-schedule-key-deletion-3.json", index: 0, event_name: "ScheduleKeyDeletion",
        key_arn: Some(KEY_2), key_as_typed: Some(KEY_2), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-schedule-key-deletion.json", index: 0, event_name: "ScheduleKeyDeletion",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-sign.json", index: 0, event_name: "Sign",
        key_arn: Some(KEY_2), key_as_typed: Some(ID_2), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // A service event in all but `eventType`, which says AwsApiCall.
    Expected { file: "ct-synchronize-multi-region-key.json", index: 0,
        event_name: "SynchronizeMultiRegionKey",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "ct-tagresource.json", index: 0, event_name: "TagResource",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-untagresource.json", index: 0, event_name: "UntagResource",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-update-key-description.json", index: 0, event_name: "UpdateKeyDescription",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-update-keystore.json", index: 0, event_name: "UpdateCustomKeyStore",
        key_arn: None, key_as_typed: None, destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // No resources: the only ARN is the typed one. KMS calls for Alice (`invokedBy` on an IAM user): still Alice.
    Expected { file: "ct-update-primary-region-2.json", index: 0, event_name: "UpdatePrimaryRegion",
        key_arn: Some(MRK_TOKYO), key_as_typed: Some(MRK_TOKYO), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: the key in Tokyo becomes the primary, but the event shows no ARN of it: no destination.
    Expected { file: "ct-update-primary-region.json", index: 0, event_name: "UpdatePrimaryRegion",
        key_arn: Some(MRK), key_as_typed: Some(MRK_ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // Resources: the alias, then the key; both typed `AWS::KMS::Key`.
    Expected { file: "ct-updatealias.json", index: 0, event_name: "UpdateAlias",
        key_arn: Some(KEY), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-verify.json", index: 0, event_name: "Verify",
        key_arn: Some(KEY_2), key_as_typed: Some(ID_2), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    Expected { file: "ct-verifymac.json", index: 0, event_name: "VerifyMac",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // A role's session with `invokedBy`: the caller is the role.
    Expected { file: "deleting-keys-determining-usage-2.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY), key_as_typed: None, destination_key_arn: None,
        caller: ADMINS, outcome: "success" },
    Expected { file: "deleting-keys-determining-usage.json", index: 0, event_name: "GenerateDataKey",
        key_arn: Some(KEY), key_as_typed: Some(KEY), destination_key_arn: None,
        caller: ADMINS, outcome: "success" },
    // why: `backingKeysDeletionStatus` says FAILURE, but there is no `errorCode`: the KMS key was deleted, its
    // key material in the cluster was not.
    Expected { file: "fix-keystore.json", index: 0, event_name: "DeleteKey",
        key_arn: Some(KEY_IRELAND), key_as_typed: None, destination_key_arn: None,
        caller: AWS_INTERNAL, outcome: "success" },
    Expected { file: "kms-vpc-endpoint.json", index: 0, event_name: "GenerateDataKey",
        key_arn: Some(KEY_IRELAND), key_as_typed: Some(ID), destination_key_arn: None,
        caller: ALICE, outcome: "success" },
    // why: `invokedBy` is taken as written, with the region in the service's name.
    Expected { file: "services-wm-2.json", index: 0, event_name: "Decrypt",
        key_arn: Some(KEY_MAIL), key_as_typed: None, destination_key_arn: None,
        caller: WORKMAIL, outcome: "success" },
    Expected { file: "services-wm.json", index: 0, event_name: "Encrypt",
        key_arn: Some(KEY_MAIL), key_as_typed: Some(KEY_MAIL), destination_key_arn: None,
        caller: WORKMAIL, outcome: "success" },
];
