//! Column builders for the two event tables.
//!
//! Enters: events, one at a time. Leaves: record batches with the columns of the table in order, all
//! but those that only the store knows ([`STORE_COLUMNS`]).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Int32Builder, Int64Builder,
    ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::canonical::{Canonical, text_of};
use super::event::{Event, EventMembers, KmsFacts, text};
use super::json::{JsonKind, Value, unescape};
use super::time::is_plain_time;
use crate::schema;

/// Columns that the store adds when it commits.
pub const STORE_COLUMNS: [&str; 3] = ["ingest_seq", "batch_id", "ingest_time"];

/// Where a row was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowOrigin<'a> {
    pub(crate) object_id: &'a str,
    pub(crate) record_number: i64,
}

/// Builds the columns of one of the event tables.
#[derive(Debug)]
pub(crate) struct EventColumns {
    schema: SchemaRef,
    builders: Vec<Builder>,
    bytes: usize,
    /// The day and the month of the last row.
    month: (Option<i32>, String),
    /// What `extra` is written in.
    extra: String,
}

impl EventColumns {
    /// Builders for `table`, without the store's columns.
    pub(crate) fn new(table: &'static schema::Table) -> Self {
        let fields: Vec<Arc<Field>> = table
            .arrow()
            .fields()
            .iter()
            .filter(|field| !STORE_COLUMNS.contains(&field.name().as_str()))
            .cloned()
            .collect();
        let builders = fields.iter().map(|field| Builder::new(field)).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            builders,
            bytes: 0,
            month: (None, String::new()),
            extra: String::new(),
        }
    }

    /// About how many bytes of text the rows hold.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the rows.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.bytes = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.schema.clone(), arrays)
    }

    /// Adds a row of `kms_events`.
    pub(crate) fn push_kms(
        &mut self,
        event: &Event<'_>,
        facts: &KmsFacts<'_>,
        canonical: &Canonical,
        hash: &[u8],
        origin: RowOrigin<'_>,
    ) {
        let members = &event.members;
        let who = &event.identity;
        let keys = &facts.keys;
        let id = EventId::read(members, hash);
        let error_message = text(members.error_message);
        let mut row = self.row();
        row.when(event.time);
        row.text("key_arn", keys.arn.as_deref());
        row.text("key_as_typed", keys.as_typed.as_deref());
        row.text("key_source", keys.source);
        let caller = facts.caller.as_deref().unwrap_or(&who.caller);
        row.text("caller", Some(caller));
        row.member("event_name", members.event_name);
        row.text("outcome", Some(event.outcome));
        row.text("invoked_by", who.invoked_by.as_deref());
        row.member("recipient_account_id", members.recipient);
        row.member("region", members.region);
        row.text("service", facts.service.as_deref());
        row.text(
            "resource",
            facts
                .resources
                .first()
                .map(|resource| resource.name.as_ref()),
        );
        row.text("event_id", Some(&id.text));
        row.text("destination_key_arn", keys.destination_arn.as_deref());
        row.identity(event);
        row.member("request_id", members.request_id);
        row.member("shared_event_id", members.shared_event_id);
        row.text("grant_id", facts.grant_id.as_deref());
        row.member("source_ip", members.source_ip);
        row.member("user_agent", members.user_agent);
        row.member("vpc_endpoint_id", members.vpc_endpoint);
        row.member("error_code", members.error_code);
        row.text("error_message", error_message.as_deref());
        row.text("denied_by", event.denied_by);
        row.bytes("content_hash", hash);
        row.who(event);
        row.flag("is_dry_run", Some(event.is_dry_run));
        row.circumstances(event, id.is_derived);
        row.text("use_label", facts.use_label);
        row.member("event_source", members.event_source);
        row.kind(event);
        row.text(
            "destination_key_as_typed",
            keys.destination_as_typed.as_deref(),
        );
        row.text("alias_name", facts.alias_name.as_deref());
        row.tls(members.tls);
        row.kms_details(facts);
        row.documents(canonical, members, event.time);
        row.origin(origin);
        row.month(event.time);
        row.end();
    }

    /// Adds a row of `trail_events`.
    pub(crate) fn push_trail(
        &mut self,
        event: &Event<'_>,
        canonical: &Canonical,
        hash: &[u8],
        origin: RowOrigin<'_>,
    ) {
        let members = &event.members;
        let id = EventId::read(members, hash);
        let mut row = self.row();
        row.when(event.time);
        row.member("event_source", members.event_source);
        row.member("event_name", members.event_name);
        row.text("caller", Some(&event.identity.caller));
        row.text("outcome", Some(event.outcome));
        row.text("invoked_by", event.identity.invoked_by.as_deref());
        row.member("recipient_account_id", members.recipient);
        row.member("region", members.region);
        row.text("event_id", Some(&id.text));
        row.identity(event);
        row.member("request_id", members.request_id);
        row.member("shared_event_id", members.shared_event_id);
        row.member("source_ip", members.source_ip);
        row.member("user_agent", members.user_agent);
        row.member("vpc_endpoint_id", members.vpc_endpoint);
        row.member("error_code", members.error_code);
        row.member("error_message", members.error_message);
        row.text("denied_by", event.denied_by);
        row.bytes("content_hash", hash);
        row.who(event);
        row.circumstances(event, id.is_derived);
        row.kind(event);
        row.documents(canonical, members, event.time);
        row.origin(origin);
        row.month(event.time);
        row.end();
    }

    fn row(&mut self) -> RowWriter<'_> {
        RowWriter {
            fields: self.schema.fields(),
            builders: &mut self.builders,
            bytes: &mut self.bytes,
            month: &mut self.month,
            extra: &mut self.extra,
            next: 0,
        }
    }
}

/// The event's id, or one made from its content.
struct EventId<'a> {
    text: Cow<'a, str>,
    is_derived: bool,
}

impl<'a> EventId<'a> {
    fn read(members: &EventMembers<'a>, hash: &[u8]) -> Self {
        match text(members.event_id) {
            Some(text) => Self {
                text,
                is_derived: false,
            },
            None => Self {
                text: Cow::Owned(format!("keytrail-{}", hex::encode(hash))),
                is_derived: true,
            },
        }
    }
}

/// Writes one row, column after column, in the order of the schema.
///
/// In debug builds each call checks that it writes the column it names.
struct RowWriter<'a> {
    fields: &'a [Arc<Field>],
    builders: &'a mut [Builder],
    bytes: &'a mut usize,
    month: &'a mut (Option<i32>, String),
    extra: &'a mut String,
    next: usize,
}

impl RowWriter<'_> {
    fn when(&mut self, time: i64) {
        self.time("event_time", Some(time));
        match self.builder("event_date") {
            Builder::Date(builder) => builder.append_value(days_of(time)),
            _ => unreachable!("event_date is a date"),
        }
    }

    fn identity(&mut self, event: &Event<'_>) {
        let who = &event.identity;
        self.text("access_key_id", who.access_key_id.as_deref());
        self.text("principal_id", who.principal_id.as_deref());
        self.text("session_name", who.session_name.as_deref());
        self.text("source_identity", who.source_identity.as_deref());
        self.text("on_behalf_of", who.on_behalf_of.as_deref());
        self.text("credential_id", who.credential_id.as_deref());
    }

    fn who(&mut self, event: &Event<'_>) {
        let who = &event.identity;
        self.text("identity_type", who.kind.as_deref());
        self.text("user_arn", who.arn.as_deref());
        self.text("caller_account_id", who.account_id.as_deref());
        self.text("user_name", who.user_name.as_deref());
    }

    fn circumstances(&mut self, event: &Event<'_>, is_event_id_derived: bool) {
        let members = &event.members;
        self.flag("is_mfa", event.identity.is_mfa);
        self.flag("is_console", members.console.and_then(Value::truth));
        self.flag("is_read_only", members.read_only.and_then(Value::truth));
        self.flag(
            "is_management_event",
            members.management.and_then(Value::truth),
        );
        self.flag("is_correction", Some(event.is_correction()));
        self.flag("is_event_id_derived", Some(is_event_id_derived));
    }

    fn kind(&mut self, event: &Event<'_>) {
        let members = &event.members;
        self.member("event_type", members.event_type);
        self.member("event_category", members.event_category);
        self.member("event_version", members.event_version);
        self.text("addendum_reason", event.addendum_reason.as_deref());
        self.text("original_event_id", event.original_event_id.as_deref());
    }

    fn tls(&mut self, tls: Option<Value<'_>>) {
        let get = |name| tls.and_then(|tls| tls.get(name));
        self.member("tls_version", get("tlsVersion"));
        self.member("tls_cipher_suite", get("cipherSuite"));
        self.member("tls_key_exchange", get("keyExchange"));
        self.member("tls_host", get("clientProvidedHostHeader"));
    }

    /// What only KMS events tell, from the material on.
    fn kms_details(&mut self, facts: &KmsFacts<'_>) {
        self.text("key_material_id", facts.key_material_id.as_deref());
        self.text(
            "destination_key_material_id",
            facts.destination_key_material_id.as_deref(),
        );
        self.int("pending_window_days", facts.pending_window_days);
        self.time("deletion_date", facts.deletion_date);
        self.text(
            "attestation_module_id",
            facts.attestation_module_id.as_deref(),
        );
        self.text(
            "attestation_image_digest",
            facts.attestation_image_digest.as_deref(),
        );
        self.text("custom_key_store_id", facts.custom_key_store_id.as_deref());
        self.list(
            "resource_list",
            facts
                .resources
                .iter()
                .map(|resource| resource.name.as_ref()),
        );
        self.json("encryption_context", facts.encryption_context);
        self.json("destination_encryption_context", facts.destination_context);
    }

    /// The parts of the event that are kept as JSON, and in `extra` all that nothing else keeps.
    fn documents(&mut self, canonical: &Canonical, members: &EventMembers<'_>, time: i64) {
        const COLUMNS: [&str; 5] = [
            "user_identity",
            "request",
            "response",
            "resources",
            "additional_event_data",
        ];
        let mut documents = [None; COLUMNS.len()];
        let mut extra = std::mem::take(self.extra);
        extra.clear();
        for member in canonical.members() {
            let place = match member.name {
                "userIdentity" => Some(0),
                "requestParameters" => Some(1),
                "responseElements" => Some(2),
                "resources" => Some(3),
                "additionalEventData" => Some(4),
                _ => None,
            };
            if let Some(place) = place.filter(|_| member.is_last) {
                documents[place] = Some(member.value).filter(|json| *json != "null");
            }
            // No column says how often a member was repeated.
            if member.is_repeated || !is_held(member.name, members, time) {
                extra.push(if extra.is_empty() { '{' } else { ',' });
                extra.push_str(member.whole);
            }
        }
        for (column, document) in COLUMNS.into_iter().zip(documents) {
            self.text(column, document);
        }
        if extra.is_empty() {
            self.text("extra", None);
        } else {
            extra.push('}');
            self.text("extra", Some(&extra));
        }
        *self.extra = extra;
    }

    fn origin(&mut self, origin: RowOrigin<'_>) {
        self.text("object_id", Some(origin.object_id));
        match self.builder("record_number") {
            Builder::Long(builder) => builder.append_value(origin.record_number),
            _ => unreachable!("record_number is a bigint"),
        }
    }

    fn month(&mut self, time: i64) {
        let (days, text) = &mut *self.month;
        let now = days_of(time);
        if *days != Some(now) {
            *days = Some(now);
            text.clear();
            if let Some(time) = chrono::DateTime::from_timestamp_micros(time) {
                let _infallible = write!(text, "{}", time.format("%Y-%m"));
            }
        }
        let text = std::mem::take(text);
        self.text(
            "event_month",
            Some(text.as_str()).filter(|text| !text.is_empty()),
        );
        self.month.1 = text;
    }

    /// A member that is a string; empty strings are no value.
    fn member(&mut self, name: &'static str, value: Option<Value<'_>>) {
        self.text(name, text(value).as_deref());
    }

    fn json(&mut self, name: &'static str, value: Option<Value<'_>>) {
        self.text(name, value.map(text_of).as_deref());
    }

    fn text(&mut self, name: &'static str, value: Option<&str>) {
        *self.bytes += value.map_or(0, str::len);
        match self.builder(name) {
            Builder::Text(builder) => builder.append_option(value),
            _ => unreachable!("{name} is text"),
        }
    }

    fn bytes(&mut self, name: &'static str, value: &[u8]) {
        *self.bytes += value.len();
        match self.builder(name) {
            Builder::Bytes(builder) => builder.append_value(value),
            _ => unreachable!("{name} is bytes"),
        }
    }

    fn flag(&mut self, name: &'static str, value: Option<bool>) {
        match self.builder(name) {
            Builder::Bool(builder) => builder.append_option(value),
            _ => unreachable!("{name} is boolean"),
        }
    }

    fn int(&mut self, name: &'static str, value: Option<i32>) {
        match self.builder(name) {
            Builder::Int(builder) => builder.append_option(value),
            _ => unreachable!("{name} is int"),
        }
    }

    fn time(&mut self, name: &'static str, value: Option<i64>) {
        match self.builder(name) {
            Builder::Time(builder) => builder.append_option(value),
            _ => unreachable!("{name} is a timestamp"),
        }
    }

    /// A list of texts; no list where there is none.
    fn list<'t>(&mut self, name: &'static str, values: impl ExactSizeIterator<Item = &'t str>) {
        match self.builder(name) {
            Builder::TextList(builder) => {
                let is_present = values.len() > 0;
                for value in values {
                    builder.values().append_value(value);
                }
                builder.append(is_present);
            }
            _ => unreachable!("{name} is a list"),
        }
    }

    fn builder(&mut self, name: &'static str) -> &mut Builder {
        debug_assert_eq!(self.fields[self.next].name(), name);
        let builder = &mut self.builders[self.next];
        self.next += 1;
        builder
    }

    fn end(self) {
        debug_assert_eq!(self.next, self.builders.len());
    }
}

/// The day of a time in microseconds, in days since 1970.
fn days_of(time: i64) -> i32 {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    i32::try_from(time.div_euclid(MICROS_PER_DAY)).unwrap_or(0)
}

/// Whether a member can be written again from the columns exactly as it was.
///
/// `keytrail event` (`event_json` in `store`) is the other half of this.
fn is_held(name: &str, members: &EventMembers<'_>, time: i64) -> bool {
    let (value, is_document) = match name {
        "userIdentity" => (members.user, true),
        "requestParameters" => (members.request, true),
        "responseElements" => (members.response, true),
        "resources" => (members.resources, true),
        "additionalEventData" => (members.additional, true),
        "awsRegion" => (members.region, false),
        "errorCode" => (members.error_code, false),
        "errorMessage" => (members.error_message, false),
        "eventCategory" => (members.event_category, false),
        "eventID" => (members.event_id, false),
        "eventName" => (members.event_name, false),
        "eventSource" => (members.event_source, false),
        "eventType" => (members.event_type, false),
        "eventVersion" => (members.event_version, false),
        "recipientAccountId" => (members.recipient, false),
        "requestID" => (members.request_id, false),
        "sharedEventID" => (members.shared_event_id, false),
        "sourceIPAddress" => (members.source_ip, false),
        "userAgent" => (members.user_agent, false),
        "vpcEndpointId" => (members.vpc_endpoint, false),
        "eventTime" => {
            return text(members.event_time).is_some_and(|text| is_plain_time(&text, time));
        }
        "readOnly" => return is_boolean(members.read_only),
        "managementEvent" => return is_boolean(members.management),
        _ => return false,
    };
    value.is_some_and(|value| {
        if is_document {
            value.kind() != JsonKind::Null
        } else {
            is_plain_text(value)
        }
    })
}

fn is_boolean(value: Option<Value<'_>>) -> bool {
    value.is_some_and(|value| matches!(value.kind(), JsonKind::True | JsonKind::False))
}

/// A string that a text column stores without loss.
fn is_plain_text(value: Value<'_>) -> bool {
    value.kind() == JsonKind::Text
        && !value.raw().is_empty()
        && (!value.is_escaped() || unescape(value.raw()).surrogates.is_empty())
}

#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    TextList(ListBuilder<StringBuilder>),
    Bytes(BinaryBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(field: &Field) -> Self {
        match field.data_type() {
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Int32 => Self::Int(Int32Builder::new()),
            DataType::Int64 => Self::Long(Int64Builder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            DataType::List(element) => {
                Self::TextList(ListBuilder::new(StringBuilder::new()).with_field(element.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn finish(&mut self) -> arrow::array::ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::TextList(builder) => Arc::new(builder.finish()),
            Self::Bytes(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Long(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => ArrayBuilder::finish(builder),
        }
    }
}
