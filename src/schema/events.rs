//! The two event tables.

use super::ColumnKind::{Bool, Bytes, Date, Int, Long, Text, TextList, Time};
use super::vocabulary::{KEY_SOURCES, OUTCOMES, POLICIES, USE_LABELS};
use super::{Column, Table, one_of, optional, required};

/// KMS events, one row per distinct event.
pub const KMS_EVENTS: Table = Table {
    name: "kms_events",
    doc: "One row per distinct KMS event: its typed facts, the text of the rest, and where it was read. \
          Identity is (event_id, recipient_account_id, content); a row is never changed.",
    columns: KMS_COLUMNS,
    partition: Some("event_month"),
    // Corrections are few, and found in few row groups of a file.
    sort: &["is_correction", "key_arn", "event_time", "content_hash"],
};

/// Events of other services that decide what may be concluded about keys.
pub const TRAIL_EVENTS: Table = Table {
    name: "trail_events",
    doc: "One row per distinct event of another service that decides what may be concluded: changes of \
          trails, of default encryption, of what is stored under a key. The list of events is versioned data.",
    columns: TRAIL_COLUMNS,
    partition: Some("event_month"),
    sort: &["event_source", "event_time", "content_hash"],
};

const KMS_COLUMNS: &[Column] = &[
    // The first 32 columns have file statistics.
    required(
        "event_time",
        Time,
        "When the call was made, to the second (`eventTime`).",
    ),
    required("event_date", Date, "The UTC date of `event_time`."),
    optional(
        "key_arn",
        Text,
        "The ARN of the key as this event itself names it; the source key of a ReEncrypt. Null where the event names no key by ARN.",
    ),
    optional(
        "key_as_typed",
        Text,
        "What the caller typed for the key: id, ARN, alias name, alias ARN (`requestParameters.keyId`, `sourceKeyId`, `targetKeyId`, or `aliasName` of DeleteAlias).",
    ),
    one_of(
        &optional("key_source", Text, "Where `key_arn` was read."),
        KEY_SOURCES,
    ),
    required(
        "caller",
        Text,
        "The stable principal: issuer ARN of a session, else user ARN, `account:<id>` of a principal of whom no more is known, `service:<invokedBy>`, `identitycenter:<userId>`, else `unknown`. EC2's own calls for instances are `service:ec2.amazonaws.com`; with a log or key of another account than theirs, that account's role `aws:ec2-infrastructure`.",
    ),
    optional("event_name", Text, "The KMS operation (`eventName`)."),
    one_of(&required("outcome", Text, "How the call ended."), OUTCOMES),
    optional(
        "invoked_by",
        Text,
        "The AWS service that called on the caller's behalf (`userIdentity.invokedBy`).",
    ),
    optional(
        "recipient_account_id",
        Text,
        "The account whose log this event is in (`recipientAccountId`).",
    ),
    optional(
        "region",
        Text,
        "The region that recorded the event (`awsRegion`).",
    ),
    optional(
        "service",
        Text,
        "The AWS service whose resource the key was used for, as a DNS name (`s3.amazonaws.com`), from the encryption context, else `invoked_by`.",
    ),
    optional(
        "resource",
        Text,
        "The resource the key was used for: the ARN given or formed with certainty, else `<service>:<id>`. The first of `resource_list`.",
    ),
    required(
        "event_id",
        Text,
        "`eventID`; `keytrail-<content hash>` where the event has none.",
    ),
    required(
        "ingest_seq",
        Long,
        "The ingest commit of this table that wrote the row (Delta's application transaction `ingest`).",
    ),
    optional(
        "destination_key_arn",
        Text,
        "The second key of the event: the destination of a ReEncrypt, the replica of a ReplicateKey.",
    ),
    optional("access_key_id", Text, "`userIdentity.accessKeyId`."),
    optional("principal_id", Text, "`userIdentity.principalId`."),
    optional(
        "session_name",
        Text,
        "The session of an assumed role or federated user: the last part of `userIdentity.arn`.",
    ),
    optional(
        "source_identity",
        Text,
        "`userIdentity.sessionContext.sourceIdentity`.",
    ),
    optional(
        "on_behalf_of",
        Text,
        "The Identity Center user (`userIdentity.onBehalfOf.userId`).",
    ),
    optional("credential_id", Text, "`userIdentity.credentialId`."),
    optional("request_id", Text, "`requestID`; not unique."),
    optional(
        "shared_event_id",
        Text,
        "`sharedEventID`: equal in the records that two accounts hold of one operation.",
    ),
    optional(
        "grant_id",
        Text,
        "The grant that the call made, used or ended.",
    ),
    optional(
        "source_ip",
        Text,
        "`sourceIPAddress`: an IP address, or the name of a service.",
    ),
    optional(
        "user_agent",
        Text,
        "`userAgent`, as it was written: text of the caller's choice.",
    ),
    optional("vpc_endpoint_id", Text, "`vpcEndpointId`."),
    optional("error_code", Text, "`errorCode`."),
    optional("error_message", Text, "`errorMessage`."),
    one_of(
        &optional(
            "denied_by",
            Text,
            "Which kind of policy refused, from the message; null where the message does not say.",
        ),
        POLICIES,
    ),
    // Without file statistics from here.
    required(
        "content_hash",
        Bytes,
        "16 bytes: the first half of SHA-256 over the event's canonical JSON.",
    ),
    optional("identity_type", Text, "`userIdentity.type`."),
    optional("user_arn", Text, "`userIdentity.arn`."),
    optional(
        "caller_account_id",
        Text,
        "`userIdentity.accountId`: the caller's own account.",
    ),
    optional(
        "user_name",
        Text,
        "`userIdentity.userName`, else the issuer's.",
    ),
    required(
        "is_dry_run",
        Bool,
        "The call had `dryRun` set: neither a use nor a failure.",
    ),
    optional(
        "is_mfa",
        Bool,
        "`mfaAuthenticated` of the session; false is no evidence that there was no MFA.",
    ),
    optional(
        "is_console",
        Bool,
        "`sessionCredentialFromConsole`; present only when true.",
    ),
    optional("is_read_only", Bool, "`readOnly`."),
    optional("is_management_event", Bool, "`managementEvent`."),
    required(
        "is_correction",
        Bool,
        "The record repeats an earlier event: it corrects it (`addendum.reason` is UPDATED_DATA), or is another \
         content of the same event, equal in all that decides an answer.",
    ),
    required(
        "is_event_id_derived",
        Bool,
        "The event had no `eventID`; `event_id` was made from its content.",
    ),
    one_of(
        &optional(
            "use_label",
            Text,
            "`cloudtrail_delivery` for CloudTrail encrypting its own log, `self` for keytrail's own call, else null.",
        ),
        USE_LABELS,
    ),
    optional("event_source", Text, "`eventSource`."),
    optional("event_type", Text, "`eventType`."),
    optional("event_category", Text, "`eventCategory`."),
    optional(
        "event_version",
        Text,
        "`eventVersion`; compare its minor part as a number.",
    ),
    optional("addendum_reason", Text, "`addendum.reason`."),
    optional(
        "original_event_id",
        Text,
        "The event that an addendum corrects (`addendum.originalEventID`); the event itself, where another content of its \
         id and account was stored before.",
    ),
    optional(
        "destination_key_as_typed",
        Text,
        "`destinationKeyId` of a ReEncrypt, as typed.",
    ),
    optional(
        "alias_name",
        Text,
        "The alias that an alias operation made, moved or deleted (`aliasName`).",
    ),
    optional("tls_version", Text, "`tlsDetails.tlsVersion`."),
    optional("tls_cipher_suite", Text, "`tlsDetails.cipherSuite`."),
    optional(
        "tls_key_exchange",
        Text,
        "`tlsDetails.keyExchange`; `X25519MLKEM768` is post-quantum.",
    ),
    optional("tls_host", Text, "`tlsDetails.clientProvidedHostHeader`."),
    optional(
        "key_material_id",
        Text,
        "The version of the key's material that was used; the source's for a ReEncrypt.",
    ),
    optional(
        "destination_key_material_id",
        Text,
        "The material version of the destination key of a ReEncrypt.",
    ),
    optional(
        "pending_window_days",
        Int,
        "The waiting period of a ScheduleKeyDeletion; 30 where none was typed.",
    ),
    optional(
        "deletion_date",
        Time,
        "The date of deletion that ScheduleKeyDeletion answered, read from its locale text as UTC.",
    ),
    optional(
        "attestation_module_id",
        Text,
        "The Nitro enclave's module (`additionalEventData.recipient.attestationDocumentModuleId`).",
    ),
    optional(
        "attestation_image_digest",
        Text,
        "The Nitro enclave's image digest (`…attestationDocumentEnclaveImageDigest`).",
    ),
    optional(
        "custom_key_store_id",
        Text,
        "The custom key store that the call names.",
    ),
    optional(
        "resource_list",
        TextList,
        "All resources the encryption contexts name.",
    ),
    optional(
        "encryption_context",
        Text,
        "The encryption context as JSON; the source's for a ReEncrypt, the constraint's for a grant.",
    ),
    optional(
        "destination_encryption_context",
        Text,
        "The destination's encryption context of a ReEncrypt, as JSON.",
    ),
    optional("user_identity", Text, "`userIdentity` as JSON."),
    optional("request", Text, "`requestParameters` as JSON."),
    optional("response", Text, "`responseElements` as JSON."),
    optional("resources", Text, "`resources` as JSON."),
    optional(
        "additional_event_data",
        Text,
        "`additionalEventData` as JSON.",
    ),
    optional(
        "extra",
        Text,
        "A JSON object of every member of the event that no other column has as it was written.",
    ),
    required(
        "object_id",
        Text,
        "The log object that the row was read from (`log_files.object_id`).",
    ),
    required(
        "record_number",
        Long,
        "The place of the record in its object, from 0.",
    ),
    required("batch_id", Text, "The batch that wrote the row."),
    required(
        "ingest_time",
        Time,
        "When the run that wrote the row began.",
    ),
    required(
        "event_month",
        Text,
        "The UTC month of `event_time`, `YYYY-MM`; the partition.",
    ),
];

const TRAIL_COLUMNS: &[Column] = &[
    required("event_time", Time, "When the call was made (`eventTime`)."),
    required("event_date", Date, "The UTC date of `event_time`."),
    required("event_source", Text, "The service (`eventSource`)."),
    required("event_name", Text, "The operation (`eventName`)."),
    required("caller", Text, "The stable principal, as in `kms_events`."),
    required("outcome", Text, "As in `kms_events`."),
    optional("invoked_by", Text, "`userIdentity.invokedBy`."),
    optional(
        "recipient_account_id",
        Text,
        "The account whose log this event is in.",
    ),
    optional(
        "region",
        Text,
        "The region that recorded the event (`awsRegion`).",
    ),
    required(
        "event_id",
        Text,
        "`eventID`; `keytrail-<content hash>` where the event has none.",
    ),
    required(
        "ingest_seq",
        Long,
        "The ingest commit of this table that wrote the row.",
    ),
    optional("access_key_id", Text, "`userIdentity.accessKeyId`."),
    optional("principal_id", Text, "`userIdentity.principalId`."),
    optional(
        "session_name",
        Text,
        "The last part of `userIdentity.arn` of a session.",
    ),
    optional(
        "source_identity",
        Text,
        "`userIdentity.sessionContext.sourceIdentity`.",
    ),
    optional("on_behalf_of", Text, "`userIdentity.onBehalfOf.userId`."),
    optional("credential_id", Text, "`userIdentity.credentialId`."),
    optional("request_id", Text, "`requestID`."),
    optional("shared_event_id", Text, "`sharedEventID`."),
    optional("source_ip", Text, "`sourceIPAddress`."),
    optional("user_agent", Text, "`userAgent`."),
    optional("vpc_endpoint_id", Text, "`vpcEndpointId`."),
    optional("error_code", Text, "`errorCode`."),
    optional("error_message", Text, "`errorMessage`."),
    optional("denied_by", Text, "As in `kms_events`."),
    required("content_hash", Bytes, "As in `kms_events`."),
    optional("identity_type", Text, "`userIdentity.type`."),
    optional("user_arn", Text, "`userIdentity.arn`."),
    optional("caller_account_id", Text, "`userIdentity.accountId`."),
    optional(
        "user_name",
        Text,
        "`userIdentity.userName`, else the issuer's.",
    ),
    optional("is_mfa", Bool, "As in `kms_events`."),
    optional("is_console", Bool, "As in `kms_events`."),
    optional("is_read_only", Bool, "`readOnly`."),
    optional("is_management_event", Bool, "`managementEvent`."),
    required("is_correction", Bool, "As in `kms_events`."),
    required("is_event_id_derived", Bool, "As in `kms_events`."),
    optional("event_type", Text, "`eventType`."),
    optional("event_category", Text, "`eventCategory`."),
    optional("event_version", Text, "`eventVersion`."),
    optional("addendum_reason", Text, "`addendum.reason`."),
    optional("original_event_id", Text, "`addendum.originalEventID`."),
    optional("user_identity", Text, "`userIdentity` as JSON."),
    optional("request", Text, "`requestParameters` as JSON."),
    optional("response", Text, "`responseElements` as JSON."),
    optional("resources", Text, "`resources` as JSON."),
    optional(
        "additional_event_data",
        Text,
        "`additionalEventData` as JSON.",
    ),
    optional("extra", Text, "As in `kms_events`."),
    required(
        "object_id",
        Text,
        "The log object that the row was read from.",
    ),
    required(
        "record_number",
        Long,
        "The place of the record in its object, from 0.",
    ),
    required("batch_id", Text, "The batch that wrote the row."),
    required(
        "ingest_time",
        Time,
        "When the run that wrote the row began.",
    ),
    required(
        "event_month",
        Text,
        "The UTC month of `event_time`, `YYYY-MM`; the partition.",
    ),
];
