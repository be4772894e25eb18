//! One event of a trail: what its record says, and beside it what the generator knows about it.
//!
//! `to_json` gives the record with the member order of real ones. The facts (key, outcome, fate) are kept apart,
//! so that known answers are counted from them and never from the text.

use crate::corpus::identity::Identity;
use crate::corpus::json::{Json, map};
use crate::corpus::rng::Rng;
use crate::corpus::time;

/// A KMS key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The id of the current key material; asymmetric and HMAC keys have none in their events.
    pub(crate) material: Option<String>,
}

/// What a correct reader does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Duplicate,
    Rejected,
}

/// Which table a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Kms,
    Trail,
    NotWanted,
}

/// A record and the facts about it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) version: &'static str,
    pub(crate) who: Identity,
    pub(crate) time: i64,
    /// Written in place of `time` where the text is a placeholder or unreadable.
    pub(crate) time_text: Option<String>,
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) error: Option<(String, String)>,
    pub(crate) request: Json,
    pub(crate) response: Json,
    pub(crate) additional: Json,
    pub(crate) request_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) read_only: bool,
    /// Account, ARN and type of each resource.
    pub(crate) resources: Vec<(String, String, &'static str)>,
    pub(crate) kind: &'static str,
    pub(crate) category: &'static str,
    pub(crate) recipient: String,
    pub(crate) shared_id: Option<String>,
    pub(crate) vpc_endpoint: Option<String>,
    /// Members that few events have: `serviceEventDetails`, `addendum`, `sessionCredentialFromConsole`.
    pub(crate) rare: Vec<(&'static str, Json)>,
    /// The order of the members is turned round in the text; the JSON value stays the same.
    pub(crate) reversed: bool,
    // Facts that are not written.
    pub(crate) table: Table,
    pub(crate) fate: Fate,
    /// The key that this event itself names (the source key of a `ReEncrypt`).
    pub(crate) key: Option<String>,
    pub(crate) destination: Option<String>,
    /// How the key was typed, where it was typed.
    pub(crate) typed: Option<String>,
    pub(crate) context: Vec<(String, String)>,
    /// Why a successful use is not counted as an operation of its own.
    pub(crate) not_an_operation: Option<&'static str>,
    pub(crate) label: &'static str,
    pub(crate) planted: Option<&'static str>,
}

/// The operations that AWS counts as use of a key.
const USES: [&str; 12] = [
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];
/// KMS operations that change something; all others are reads.
const WRITES: [&str; 14] = [
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateGrant",
    "CreateKey",
    "DeleteAlias",
    "DisableKey",
    "EnableKey",
    "EnableKeyRotation",
    "PutKeyPolicy",
    "RetireGrant",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "TagResource",
    "UpdateAlias",
];

impl Event {
    /// An event of any service, without resources, keys or errors.
    pub(crate) fn new(
        source: &str,
        name: &str,
        who: Identity,
        region: &str,
        recipient: &str,
        time: i64,
    ) -> Self {
        Self {
            version: "1.11",
            who,
            time,
            time_text: None,
            source: source.to_owned(),
            name: name.to_owned(),
            region: region.to_owned(),
            error: None,
            request: Json::Null,
            response: Json::Null,
            additional: Json::Null,
            request_id: None,
            id: None,
            read_only: true,
            resources: Vec::new(),
            kind: "AwsApiCall",
            category: "Management",
            recipient: recipient.to_owned(),
            shared_id: None,
            vpc_endpoint: None,
            rare: Vec::new(),
            reversed: false,
            table: Table::NotWanted,
            fate: Fate::Kept,
            key: None,
            destination: None,
            typed: None,
            context: Vec::new(),
            not_an_operation: None,
            label: "none",
            planted: None,
        }
    }

    /// A KMS event in the account and region of `key`, which it names as its resource.
    pub(crate) fn kms(name: &str, who: Identity, key: &Key, time: i64) -> Self {
        let mut event = Self::keyless(name, who, &key.region, &key.account, time);
        event.key = Some(key.arn.clone());
        event
            .resources
            .push((key.account.clone(), key.arn.clone(), "AWS::KMS::Key"));
        if let (Some(material), true) = (
            &key.material,
            event.is_cryptographic() && name != "ReEncrypt",
        ) {
            event.additional = map!["keyMaterialId" => material];
        }
        event
    }

    /// A KMS event that names no key.
    pub(crate) fn keyless(
        name: &str,
        who: Identity,
        region: &str,
        recipient: &str,
        time: i64,
    ) -> Self {
        let mut event = Self::new("kms.amazonaws.com", name, who, region, recipient, time);
        event.read_only = !WRITES.contains(&name);
        event.table = Table::Kms;
        event
    }

    /// Adds a request parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.request.set(name, value.into());
        self
    }

    /// Adds `keyId` to the request, as the caller typed it.
    pub(crate) fn typed(mut self, key_id: &str) -> Self {
        self.typed = Some(key_id.to_owned());
        self.with("keyId", key_id)
    }

    /// Adds the encryption context to the request.
    pub(crate) fn in_context(mut self, pairs: &[(&str, &str)]) -> Self {
        self.context = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let members = self
            .context
            .iter()
            .map(|(name, value)| (name.clone(), value.into()))
            .collect();
        self.with("encryptionContext", Json::Map(members))
    }

    /// Makes the call fail; no key material is named then.
    pub(crate) fn failed(mut self, code: &str, message: &str) -> Self {
        self.error = Some((code.to_owned(), message.to_owned()));
        self.additional = Json::Null;
        self
    }

    /// Takes the resources away; the key, if any, has to come from elsewhere in the event.
    pub(crate) fn without_resources(mut self, key: Option<&Key>) -> Self {
        self.resources.clear();
        self.key = key.map(|key| key.arn.clone());
        self
    }

    /// Names the event, for the list of what is planted.
    pub(crate) fn plant(mut self, what: &'static str) -> Self {
        self.planted = Some(what);
        self
    }

    /// Gives the event its ids, as far as it has none.
    pub(crate) fn number(mut self, rng: &mut Rng) -> Self {
        self.request_id.get_or_insert_with(|| rng.uuid());
        self.id.get_or_insert_with(|| rng.uuid());
        self
    }

    /// Is the operation one that AWS counts as use of a key?
    pub(crate) fn is_cryptographic(&self) -> bool {
        self.source == "kms.amazonaws.com" && USES.contains(&self.name.as_str())
    }

    /// A successful cryptographic operation.
    pub(crate) fn is_use(&self) -> bool {
        self.is_cryptographic() && self.outcome() == "success"
    }

    /// The class of the error code.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.error.as_ref().map(|(code, _)| code.as_str()) {
            None => "success",
            Some("DryRunOperationException") => "dry_run",
            Some("ThrottlingException") => "throttled",
            Some("AccessDenied" | "AccessDeniedException" | "VpceAccessDenied") => "denied",
            Some("DisabledException" | "KMSInvalidStateException") => "unusable_key",
            Some("IncorrectKeyException" | "InvalidCiphertextException") => "invalid_request",
            Some("NotFoundException") => "not_found",
            Some(_) => "error",
        }
    }

    /// The record, its members in the order of real ones.
    pub(crate) fn to_json(&self) -> Json {
        let time = self
            .time_text
            .clone()
            .unwrap_or_else(|| time::iso(self.time));
        let network_activity = self.category == "NetworkActivity";
        let mut record = map![
            "eventVersion" => self.version,
            "userIdentity" => self.who.json.clone(),
            "eventTime" => time,
            "eventSource" => &self.source,
            "eventName" => &self.name,
            "awsRegion" => &self.region,
            "sourceIPAddress" => &self.who.ip,
        ];
        if !network_activity {
            record.set("userAgent", (&self.who.agent).into());
        }
        if let Some((code, message)) = &self.error {
            record.set("errorCode", code.into());
            record.set("errorMessage", message.into());
        }
        if !network_activity {
            record.set("requestParameters", self.request.clone());
            record.set("responseElements", self.response.clone());
        }
        if self.additional != Json::Null {
            record.set("additionalEventData", self.additional.clone());
        }
        self.set_ids_and_resources(&mut record, network_activity);
        if self.reversed
            && let Json::Map(members) = &mut record
        {
            members.reverse();
        }
        record
    }

    fn set_ids_and_resources(&self, record: &mut Json, network_activity: bool) {
        for (name, id) in [("requestID", &self.request_id), ("eventID", &self.id)] {
            if let Some(id) = id.as_ref().filter(|id| !id.is_empty()) {
                record.set(name, id.into());
            }
        }
        if !network_activity {
            record.set("readOnly", self.read_only.into());
        }
        if !self.resources.is_empty() {
            let resources = self.resources.iter().map(
                |(account, arn, kind)| map!["accountId" => account, "type" => *kind, "ARN" => arn],
            );
            record.set("resources", Json::List(resources.collect()));
        }
        record.set("eventType", self.kind.into());
        if !network_activity {
            record.set("managementEvent", (self.category == "Management").into());
        }
        record.set("recipientAccountId", (&self.recipient).into());
        if let Some(shared_id) = &self.shared_id {
            record.set("sharedEventID", shared_id.into());
        }
        if let Some(endpoint) = &self.vpc_endpoint {
            record.set("vpcEndpointId", endpoint.into());
            record.set("vpcEndpointAccountId", (&self.recipient).into());
        }
        for (name, value) in &self.rare {
            record.set(name, value.clone());
        }
        record.set("eventCategory", self.category.into());
        if self.who.over_network && self.kind == "AwsApiCall" {
            record.set("tlsDetails", self.tls());
        }
    }

    fn tls(&self) -> Json {
        let service = self.source.trim_end_matches(".amazonaws.com");
        let mut tls = map![
            "tlsVersion" => "TLSv1.3",
            "cipherSuite" => "TLS_AES_256_GCM_SHA384",
            "clientProvidedHostHeader" => format!("{service}.{}.amazonaws.com", self.region),
        ];
        if service == "kms" {
            tls.set("keyExchange", "X25519MLKEM768".into());
        }
        tls
    }
}
