//! The facts of one event.
//!
//! Enters: a parsed event. Leaves: [`Event`], which borrows from it. What a fact means is said in
//! `schema`; where AWS writes it, in the functions here.

use std::borrow::Cow;

use super::context::{self, Resource};
use super::facts::FACTS;
use super::identity::{Identity, account_of};
use super::json::{JsonKind, Value};
use super::key::{KeyPlaces, Keys};
use super::time::{parse_event_time, parse_locale_date};

/// The `eventSource` of AWS KMS.
pub(crate) const KMS: &str = "kms.amazonaws.com";

type Text<'a> = Option<Cow<'a, str>>;

/// The top-level members of an event, by name.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct EventMembers<'a> {
    pub(crate) addendum: Option<Value<'a>>,
    pub(crate) additional: Option<Value<'a>>,
    pub(crate) error_code: Option<Value<'a>>,
    pub(crate) error_message: Option<Value<'a>>,
    pub(crate) event_category: Option<Value<'a>>,
    pub(crate) event_id: Option<Value<'a>>,
    pub(crate) event_name: Option<Value<'a>>,
    pub(crate) event_source: Option<Value<'a>>,
    pub(crate) event_time: Option<Value<'a>>,
    pub(crate) event_type: Option<Value<'a>>,
    pub(crate) event_version: Option<Value<'a>>,
    pub(crate) management: Option<Value<'a>>,
    pub(crate) read_only: Option<Value<'a>>,
    pub(crate) recipient: Option<Value<'a>>,
    pub(crate) region: Option<Value<'a>>,
    pub(crate) request: Option<Value<'a>>,
    pub(crate) request_id: Option<Value<'a>>,
    pub(crate) resources: Option<Value<'a>>,
    pub(crate) response: Option<Value<'a>>,
    pub(crate) service_event: Option<Value<'a>>,
    pub(crate) console: Option<Value<'a>>,
    pub(crate) shared_event_id: Option<Value<'a>>,
    pub(crate) source_ip: Option<Value<'a>>,
    pub(crate) tls: Option<Value<'a>>,
    pub(crate) user: Option<Value<'a>>,
    pub(crate) user_agent: Option<Value<'a>>,
    pub(crate) vpc_endpoint: Option<Value<'a>>,
}

impl<'a> EventMembers<'a> {
    /// Finds the members that have a meaning here; of a repeated name, the last.
    pub(crate) fn read(event: Value<'a>) -> Self {
        let mut members = Self::default();
        for (name, value) in event.members() {
            let Some(name) = name.text() else { continue };
            let place = match name.as_ref() {
                "addendum" => &mut members.addendum,
                "additionalEventData" => &mut members.additional,
                "errorCode" => &mut members.error_code,
                "errorMessage" => &mut members.error_message,
                "eventCategory" => &mut members.event_category,
                "eventID" => &mut members.event_id,
                "eventName" => &mut members.event_name,
                "eventSource" => &mut members.event_source,
                "eventTime" => &mut members.event_time,
                "eventType" => &mut members.event_type,
                "eventVersion" => &mut members.event_version,
                "managementEvent" => &mut members.management,
                "readOnly" => &mut members.read_only,
                "recipientAccountId" => &mut members.recipient,
                "awsRegion" => &mut members.region,
                "requestParameters" => &mut members.request,
                "requestID" => &mut members.request_id,
                "resources" => &mut members.resources,
                "responseElements" => &mut members.response,
                "serviceEventDetails" => &mut members.service_event,
                "sessionCredentialFromConsole" => &mut members.console,
                "sharedEventID" => &mut members.shared_event_id,
                "sourceIPAddress" => &mut members.source_ip,
                "tlsDetails" => &mut members.tls,
                "userIdentity" => &mut members.user,
                "userAgent" => &mut members.user_agent,
                "vpcEndpointId" => &mut members.vpc_endpoint,
                _ => continue,
            };
            *place = Some(value);
        }
        members
    }
}

/// What every event says.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    /// Microseconds since 1970, UTC.
    pub(crate) time: i64,
    pub(crate) identity: Identity<'a>,
    pub(crate) outcome: &'static str,
    pub(crate) is_dry_run: bool,
    pub(crate) denied_by: Option<&'static str>,
    pub(crate) addendum_reason: Text<'a>,
    pub(crate) original_event_id: Text<'a>,
    pub(crate) members: EventMembers<'a>,
}

impl<'a> Event<'a> {
    /// Reads the facts; `None` if the event time is unreadable.
    pub(crate) fn read(members: &EventMembers<'a>) -> Option<Self> {
        let time = parse_event_time(&members.event_time?.text()?)?;
        let is_dry_run = get(members.request, "dryRun").and_then(Value::truth) == Some(true);
        let error_code = text(members.error_code);
        let outcome = match error_code.as_deref() {
            Some(code) => FACTS.outcome(code),
            // A code that is no text is still no success.
            None if is_odd(members.error_code) => "error",
            None if is_dry_run => "dry_run",
            None => "success",
        };
        let denied_by = (outcome == "denied")
            .then(|| text(members.error_message))
            .flatten()
            .and_then(|message| denied_by(&message));
        Some(Self {
            time,
            identity: Identity::read(members.user),
            outcome,
            is_dry_run: is_dry_run || outcome == "dry_run",
            denied_by,
            addendum_reason: text(get(members.addendum, "reason")),
            original_event_id: text(get(members.addendum, "originalEventID")),
            members: *members,
        })
    }

    /// Whether the record corrects an earlier event.
    pub(crate) fn is_correction(&self) -> bool {
        self.addendum_reason.as_deref() == Some("UPDATED_DATA")
    }
}

/// What a KMS event says beyond that.
#[derive(Debug)]
pub(crate) struct KmsFacts<'a> {
    pub(crate) keys: Keys<'a>,
    /// The caller where the keys tell more of it than its identity.
    pub(crate) caller: Option<String>,
    pub(crate) resources: Vec<Resource<'a>>,
    pub(crate) service: Text<'a>,
    pub(crate) encryption_context: Option<Value<'a>>,
    pub(crate) destination_context: Option<Value<'a>>,
    pub(crate) grant_id: Text<'a>,
    pub(crate) alias_name: Text<'a>,
    pub(crate) key_material_id: Text<'a>,
    pub(crate) destination_key_material_id: Text<'a>,
    pub(crate) pending_window_days: Option<i32>,
    pub(crate) deletion_date: Option<i64>,
    pub(crate) attestation_module_id: Text<'a>,
    pub(crate) attestation_image_digest: Text<'a>,
    pub(crate) custom_key_store_id: Text<'a>,
    pub(crate) use_label: Option<&'static str>,
}

impl<'a> KmsFacts<'a> {
    /// Reads the facts of a KMS event.
    pub(crate) fn read(event: &Event<'a>, event_name: &'a str) -> Self {
        let members = &event.members;
        let (request, response) = (members.request, members.response);
        let additional = members.additional;
        let (encryption_context, destination_context) = contexts(request);
        let mut resources = context::read([encryption_context, destination_context]);
        if let Some(instance) = &event.identity.ec2_instance {
            resources.push(Resource::of("ec2.amazonaws.com", instance));
        }
        let service = resources
            .first()
            .map(|resource| resource.service.clone())
            .or_else(|| event.identity.invoked_by.clone());
        let is_scheduled = event_name == "ScheduleKeyDeletion";
        let keys = Keys::read(
            KeyPlaces {
                event_name,
                resources: members.resources,
                request,
                response,
                service_event: members.service_event,
            },
            text(members.error_message).as_deref(),
        );
        Self {
            caller: caller_by_keys(event, &keys),
            keys,
            use_label: use_label(event, event_name, &resources),
            resources,
            service,
            encryption_context,
            destination_context,
            grant_id: first_text(&[
                (request, &["grantId"]),
                (response, &["grantId"]),
                (additional, &["grantId"]),
            ]),
            alias_name: text(get(request, "aliasName")),
            key_material_id: first_text(&[
                (additional, &["sourceKeyMaterialId"]),
                (additional, &["keyMaterialId"]),
                (response, &["keyMaterialId"]),
                (request, &["keyMaterialId"]),
                (members.service_event, &["keyMaterialId"]),
            ]),
            destination_key_material_id: text(get(additional, "destinationKeyMaterialId")),
            pending_window_days: is_scheduled.then(|| pending_window(request)).flatten(),
            deletion_date: is_scheduled
                .then(|| get(response, "deletionDate")?.text())
                .flatten()
                .and_then(|date| parse_locale_date(&date)),
            attestation_module_id: first_text(&[(
                additional,
                &["recipient", "attestationDocumentModuleId"],
            )]),
            attestation_image_digest: first_text(&[(
                additional,
                &["recipient", "attestationDocumentEnclaveImageDigest"],
            )]),
            custom_key_store_id: first_text(&[
                (additional, &["customKeyStoreId"]),
                (request, &["customKeyStoreId"]),
                (response, &["customKeyStoreId"]),
            ]),
        }
    }
}

/// The member's text, unless it is empty or no string.
pub(crate) fn text(value: Option<Value<'_>>) -> Text<'_> {
    value.and_then(Value::nonempty)
}

/// Whether a member is there, but neither null nor text.
fn is_odd(value: Option<Value<'_>>) -> bool {
    value.is_some_and(|value| !matches!(value.kind(), JsonKind::Null | JsonKind::Text))
}

fn get<'a>(object: Option<Value<'a>>, name: &str) -> Option<Value<'a>> {
    object.and_then(|object| object.get(name))
}

fn first_text<'a>(places: &[(Option<Value<'a>>, &[&str])]) -> Text<'a> {
    places
        .iter()
        .find_map(|(object, path)| text(object.and_then(|object| object.path(path))))
}

/// EC2 calls for the instances of an account. It is one service for the log and the keys of that account, and that
/// account's role for those of any other.
fn caller_by_keys(event: &Event<'_>, keys: &Keys<'_>) -> Option<String> {
    let role = event.identity.ec2_role.as_deref()?;
    let own = account_of(role);
    let named = [
        &keys.arn,
        &keys.destination_arn,
        &keys.as_typed,
        &keys.destination_as_typed,
    ];
    let owners = || named.iter().filter_map(|key| account_of(key.as_deref()?));
    let recipient = text(event.members.recipient);
    // A call of which another account's log has a record is about a key of that account.
    let is_shared = owners().next().is_none() && text(event.members.shared_event_id).is_some();
    let mut accounts = owners().chain(recipient.as_deref());
    (is_shared || accounts.any(|account| Some(account) != own)).then(|| role.to_owned())
}

/// The encryption context of the call, or of a ReEncrypt's source and destination, or that a grant
/// demands.
fn contexts(request: Option<Value<'_>>) -> (Option<Value<'_>>, Option<Value<'_>>) {
    let context = [
        &["encryptionContext"] as &[&str],
        &["sourceEncryptionContext"],
        &["constraints", "encryptionContextSubset"],
        &["constraints", "encryptionContextEquals"],
    ]
    .iter()
    .find_map(|path| request.and_then(|request| request.path(path)));
    let is_object = |value: &Value<'_>| value.kind() == JsonKind::Object;
    (
        context.filter(is_object),
        get(request, "destinationEncryptionContext").filter(is_object),
    )
}

/// 30 days where no waiting period was typed (ScheduleKeyDeletion, KMS API reference).
fn pending_window(request: Option<Value<'_>>) -> Option<i32> {
    const DEFAULT_DAYS: i32 = 30;
    match get(request, "pendingWindowInDays") {
        None => Some(DEFAULT_DAYS),
        Some(days) if days.kind() == JsonKind::Null => Some(DEFAULT_DAYS),
        Some(days) => days.raw().parse().ok(),
    }
}

/// Uses that are no one's work with the key: CloudTrail's own, and our own.
fn use_label(
    event: &Event<'_>,
    event_name: &str,
    resources: &[Resource<'_>],
) -> Option<&'static str> {
    let is_cloudtrail = event.identity.invoked_by.as_deref() == Some("cloudtrail.amazonaws.com");
    if is_cloudtrail
        && event_name.starts_with("GenerateDataKey")
        && resources
            .iter()
            .any(|resource| resource.service == "cloudtrail.amazonaws.com")
    {
        return Some("cloudtrail_delivery");
    }
    let is_self = text(event.members.user_agent).is_some_and(|agent| agent.contains("keytrail/"));
    is_self.then_some("self")
}

/// Which kind of policy refused, from the words that IAM puts into the message
/// ("Troubleshoot access denied error messages", IAM user guide).
fn denied_by(message: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 8] = [
        ("service control policy", "service_control_policy"),
        ("resource control policy", "resource_control_policy"),
        ("permissions boundary", "permissions_boundary"),
        ("session policy", "session_policy"),
        ("VPC endpoint policy", "vpc_endpoint_policy"),
        ("resource-based policy", "key_policy"),
        ("key policy", "key_policy"),
        ("identity-based policy", "identity_policy"),
    ];
    // For a ciphertext of an unknown key the message leaves open which of three things is the cause.
    if message.contains("because the resource does not exist in this Region") {
        return None;
    }
    KINDS
        .iter()
        .find(|(words, _)| message.contains(words))
        .map(|(_, kind)| *kind)
}
