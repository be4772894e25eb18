//! Descriptions of trails, of the regions of accounts and of the members of an organization.
//!
//! Enters: answers of AWS, as the SDK or the command line of AWS gives them. Leaves: [`Described`], from which the rows of
//! `trails`, `account_regions` and `organization_accounts` are made. What no answer says is null.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use super::InventoryError;
use crate::decode::parse_json;

/// All descriptions of one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// By ARN.
    pub trails: BTreeMap<String, TrailDescription>,
    /// By account: its regions, each with its status.
    pub regions: BTreeMap<String, BTreeMap<String, String>>,
    /// By organization: its members.
    pub members: BTreeMap<String, Vec<OrganizationMember>>,
}

/// The description of one trail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrailDescription {
    /// The region that owns it.
    pub home_region: Option<String>,
    /// Where it delivers.
    pub bucket: Option<String>,
    /// Under which prefix.
    pub prefix: Option<String>,
    /// Whether it covers all enabled regions.
    pub is_multi_region: Option<bool>,
    /// Whether it covers the organization.
    pub is_organization: Option<bool>,
    /// Whether it writes digests.
    pub is_validation_enabled: Option<bool>,
    /// The answer of GetEventSelectors.
    pub selectors: Option<Value>,
    /// Whether it was logging.
    pub is_logging: Option<bool>,
    /// Since when, in microseconds.
    pub logging_changed_at: Option<i64>,
    /// The answer of GetTrailStatus.
    pub status: Option<Value>,
}

/// A member of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationMember {
    /// The account.
    pub account_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its state.
    pub status: Option<String>,
    /// When it joined, in microseconds.
    pub joined_at: Option<i64>,
}

/// An answer in a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// What messages call it.
    pub shown: String,
    /// The trail that it is about, by name or ARN, where that is not in it.
    pub trail: Option<String>,
    /// Its text.
    pub text: String,
}

impl Described {
    /// Reads answers as the command line of AWS prints them; `account` is whose ListRegions it is.
    ///
    /// # Errors
    /// [`InventoryError::Document`] for the first that is none, or that does not tell what it is about.
    pub fn read(documents: &[Document], account: Option<&str>) -> Result<Self, InventoryError> {
        let mut told = Self::default();
        let mut parsed = Vec::with_capacity(documents.len());
        for document in documents {
            let value: Value = parse_json(document.text.as_bytes())
                .map_err(|error| fault(document, format!("it is no JSON: {error}")))?;
            parsed.push((document, value));
        }
        // The name of a trail can be looked up only when all trails are known.
        parsed.sort_by_key(|(_, value)| value.get("trailList").is_none());
        for (document, value) in &parsed {
            told.take(document, value, account)?;
        }
        Ok(told)
    }

    /// How many trails, accounts and members are described, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        let members: usize = self.members.values().map(Vec::len).sum();
        format!(
            "trails {}, accounts with their regions {}, members of organizations {members}",
            self.trails.len(),
            self.regions.len()
        )
    }

    fn take(
        &mut self,
        document: &Document,
        value: &Value,
        account: Option<&str>,
    ) -> Result<(), InventoryError> {
        if let Some(trails) = value["trailList"].as_array() {
            for described in trails {
                self.take_description(described)
                    .ok_or_else(|| fault(document, "a trail in it has no TrailARN".to_owned()))?;
            }
        } else if value.get("EventSelectors").is_some()
            || value.get("AdvancedEventSelectors").is_some()
        {
            let own = value["TrailARN"].as_str();
            let arn = self.arn(document, own)?;
            self.trails.entry(arn).or_default().selectors = Some(value.clone());
        } else if value.get("IsLogging").is_some() {
            let arn = self.arn(document, None)?;
            self.trails.entry(arn).or_default().take_status(value);
        } else if let Some(regions) = value["Regions"].as_array() {
            let account = account.ok_or_else(|| {
                let problem =
                    "list-regions does not name its account\n\nhint: name it with --account ID";
                fault(document, problem.to_owned())
            })?;
            is_whole(document, value)?;
            let known = self.regions.entry(account.to_owned()).or_default();
            for listed in regions {
                let (region, status) = region(listed).ok_or_else(|| {
                    let problem = "a region in it has no RegionName or no RegionOptStatus\n\nhint: `aws account \
                                   list-regions` prints both";
                    fault(document, problem.to_owned())
                })?;
                known.insert(region, status);
            }
        } else if let Some(accounts) = value["Accounts"].as_array() {
            is_whole(document, value)?;
            for member in accounts {
                self.take_member(member).ok_or_else(|| {
                    let problem = "an account in it has no Id, or no Arn with its organization";
                    fault(document, problem.to_owned())
                })?;
            }
        } else {
            let problem = "it is no answer of describe-trails, get-event-selectors, get-trail-status, list-regions or \
                           list-accounts";
            return Err(fault(document, problem.to_owned()));
        }
        Ok(())
    }

    /// Takes a trail of an answer of DescribeTrails; none if it has no ARN.
    pub(super) fn take_description(&mut self, described: &Value) -> Option<()> {
        let text = |name: &str| described[name].as_str().map(str::to_owned);
        let trail = self.trails.entry(text("TrailARN")?).or_default();
        trail.home_region = text("HomeRegion");
        trail.bucket = text("S3BucketName");
        trail.prefix = text("S3KeyPrefix");
        trail.is_multi_region = described["IsMultiRegionTrail"].as_bool();
        trail.is_organization = described["IsOrganizationTrail"].as_bool();
        trail.is_validation_enabled = described["LogFileValidationEnabled"].as_bool();
        Some(())
    }

    fn take_member(&mut self, listed: &Value) -> Option<()> {
        // arn:aws:organizations::<management account>:account/<organization>/<account>
        let mut parts = listed["Arn"].as_str()?.split('/');
        let organization = parts.find(|part| part.starts_with("o-"))?;
        let members = self.members.entry(organization.to_owned()).or_default();
        members.push(OrganizationMember::read(listed)?);
        Some(())
    }

    /// The ARN of the trail that a document is about.
    fn arn(&self, document: &Document, own: Option<&str>) -> Result<String, InventoryError> {
        let named = own.or(document.trail.as_deref()).ok_or_else(|| {
            let problem = "it does not name its trail\n\nhint: name it as TRAIL=FILE";
            fault(document, problem.to_owned())
        })?;
        if named.starts_with("arn:") {
            return Ok(named.to_owned());
        }
        let ending = format!(":trail/{named}");
        let mut known = self.trails.keys().filter(|arn| arn.ends_with(&ending));
        match (known.next(), known.next()) {
            (Some(arn), None) => Ok(arn.clone()),
            _ => Err(fault(
                document,
                format!(
                    "`{named}` is not the name of one trail\n\nhint: import describe-trails with it, or give the trail's ARN"
                ),
            )),
        }
    }
}

impl TrailDescription {
    /// Takes an answer of GetTrailStatus.
    pub(super) fn take_status(&mut self, status: &Value) {
        self.is_logging = status["IsLogging"].as_bool();
        self.logging_changed_at = match self.is_logging {
            Some(true) => micros(&status["StartLoggingTime"]),
            Some(false) => micros(&status["StopLoggingTime"]),
            None => None,
        };
        let mut status = status.clone();
        for (name, value) in status.as_object_mut().into_iter().flatten() {
            // Services answer with numbers, and the AWS CLI prints texts.
            let is_number = name.ends_with("Time") && value.is_number();
            let time = micros(value).filter(|_| is_number);
            if let Some(time) = time.and_then(DateTime::from_timestamp_micros) {
                *value = time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into();
            }
        }
        self.status = Some(status);
    }
}

impl OrganizationMember {
    /// An account of an answer of ListAccounts; none if it has no id.
    pub(super) fn read(listed: &Value) -> Option<Self> {
        let text = |name: &str| listed[name].as_str().map(str::to_owned);
        Some(Self {
            account_id: text("Id")?,
            name: text("Name"),
            // Older endpoints have no state.
            status: text("State").or_else(|| text("Status")),
            joined_at: micros(&listed["JoinedTimestamp"]),
        })
    }
}

/// A region of an answer of ListRegions, with its status; none if it lacks one of them.
pub(super) fn region(listed: &Value) -> Option<(String, String)> {
    let text = |name: &str| listed[name].as_str().map(str::to_owned);
    text("RegionName").zip(text("RegionOptStatus"))
}

/// A time as AWS' command line prints it: a text with its zone, or seconds since 1970.
fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.timestamp_micros()),
        Value::Number(seconds) => {
            let seconds = seconds.to_string();
            let (whole, fraction) = seconds.split_once('.').unwrap_or((&seconds, ""));
            let fraction = format!("{fraction:0<6}");
            let fraction = fraction.get(..6)?.parse::<i64>().ok()?;
            let whole = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
            whole.checked_add(fraction)
        }
        _ => None,
    }
}

/// Refuses a list that goes on elsewhere: what is not in it would count as not there.
fn is_whole(document: &Document, list: &Value) -> Result<(), InventoryError> {
    if list["NextToken"].is_null() {
        return Ok(());
    }
    let problem = "the list is incomplete: it has a NextToken\n\nhint: ask for all of it, without --max-items and \
                   --no-paginate";
    Err(fault(document, problem.to_owned()))
}

fn fault(document: &Document, problem: String) -> InventoryError {
    InventoryError::Document {
        path: document.shown.clone(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::{Described, Document};

    fn document(trail: Option<&str>, text: &str) -> Document {
        Document {
            shown: "a.json".to_owned(),
            trail: trail.map(str::to_owned),
            text: text.to_owned(),
        }
    }

    #[test]
    fn answers_of_the_command_line_are_put_together() {
        let documents = [
            document(
                Some("main"),
                r#"{"IsLogging": false, "StartLoggingTime": "2026-01-01T00:00:00.500000+01:00", "StopLoggingTime": 1767312000.25}"#,
            ),
            document(
                None,
                r#"{"TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "EventSelectors": [{"ReadWriteType": "All"}]}"#,
            ),
            document(
                None,
                r#"{"trailList": [{"Name": "main", "S3BucketName": "logs", "IsMultiRegionTrail": true, "HomeRegion": "eu-west-1", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "LogFileValidationEnabled": true, "IsOrganizationTrail": false}]}"#,
            ),
            document(
                None,
                r#"{"Regions": [{"RegionName": "af-south-1", "RegionOptStatus": "DISABLED"}]}"#,
            ),
            document(
                None,
                r#"{"Accounts": [{"Id": "111122223333", "Arn": "arn:aws:organizations::111122223333:account/o-exampleorg/111122223333", "Name": "a", "Status": "ACTIVE", "JoinedTimestamp": "2026-01-01T00:00:00Z"}]}"#,
            ),
        ];
        let told = Described::read(&documents, Some("111122223333")).expect("good answers");
        let trail = &told.trails["arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"];
        assert_eq!(trail.bucket.as_deref(), Some("logs"));
        assert_eq!(trail.is_multi_region, Some(true));
        assert_eq!(trail.is_logging, Some(false));
        assert_eq!(trail.logging_changed_at, Some(1_767_312_000_250_000));
        assert!(trail.selectors.is_some());
        assert_eq!(told.regions["111122223333"]["af-south-1"], "DISABLED");
        assert_eq!(
            told.members["o-exampleorg"][0].joined_at,
            Some(1_767_225_600_000_000)
        );
        assert_eq!(
            told.summary(),
            "trails 1, accounts with their regions 1, members of organizations 1"
        );
    }

    #[track_caller]
    fn check(document: &Document, expected: &str) {
        check_of(document, None, expected);
    }

    #[track_caller]
    fn check_of(document: &Document, account: Option<&str>, expected: &str) {
        let said =
            Described::read(std::slice::from_ref(document), account).expect_err("a bad answer");
        assert!(said.to_string().starts_with(expected), "{said}");
    }

    #[test]
    fn what_an_answer_is_about_is_not_guessed() {
        let not = "`a.json` is not taken: ";
        check(&document(None, "["), &format!("{not}it is no JSON"));
        check(&document(None, "{}"), &format!("{not}it is no answer of"));
        check(
            &document(None, r#"{"IsLogging": true}"#),
            &format!("{not}it does not name its trail"),
        );
        check(
            &document(Some("main"), r#"{"IsLogging": true}"#),
            &format!("{not}`main` is not the name of one trail"),
        );
        let regions = r#"{"Regions": [{"RegionName": "eu-west-1", "OptInStatus": "opted-in"}]}"#;
        check_of(
            &document(None, regions),
            Some("111122223333"),
            &format!("{not}a region in it has no RegionName or no RegionOptStatus"),
        );
        check(
            &document(None, r#"{"Accounts": [], "NextToken": "more"}"#),
            &format!("{not}the list is incomplete"),
        );
        check(
            &document(None, r#"{"Regions": []}"#),
            &format!("{not}list-regions does not name its account"),
        );
    }
}
