//! What the command line of AWS would print about the organization, and how it is imported.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::planted::{
    ASKED, ASKED_EARLY, JOINED, LEFT, LISTED_EARLY, NEVER_ENABLED, SILENT, SILENT_REGION,
};
use crate::context::Context;
use crate::organization::{Fault, LeftOut, Plan, shown};

/// A store, and how it is told things.
pub(super) struct Teller<'a> {
    pub(super) context: &'a Context,
    pub(super) store: &'a str,
    pub(super) plan: &'a Plan,
}

impl Teller<'_> {
    /// Members, regions and the trail, as they were when AWS was asked last; and an older list of members.
    pub(super) fn tell_all(&self) {
        let plan = self.plan;
        let present: Vec<&str> = [0, 2, 3].map(|index| plan.accounts[index]).into();
        let all: Vec<&str> = plan.accounts.clone();
        self.import(LISTED_EARLY, None, &[self.members(&all)]);
        self.import(LEFT, None, &[self.members(&present)]);
        let started = plan.faults.iter().find_map(|fault| match fault {
            Fault::Stopped(_, until) => Some(plan.hour(*until)),
            _ => None,
        });
        self.trail(ASKED, None, started.unwrap_or(plan.start));
        for (index, account) in plan.accounts.iter().enumerate() {
            let mut regions: Vec<(&str, &str)> = plan
                .regions
                .iter()
                .map(|region| (*region, "ENABLED_BY_DEFAULT"))
                .collect();
            match index {
                0 => regions.push((SILENT_REGION, "ENABLED")),
                3 => {
                    regions[2].1 = "DISABLED";
                    regions.push((NEVER_ENABLED, "DISABLED"));
                }
                _ => {}
            }
            let regions: Vec<Value> = regions
                .into_iter()
                .map(|(name, status)| json!({"RegionName": name, "RegionOptStatus": status}))
                .collect();
            self.import(ASKED, Some(account), &[json!({"Regions": regions})]);
        }
    }

    /// That the trail left KMS out when AWS was asked in the first hours.
    pub(super) fn tell_of_the_beginning(&self) {
        let before = self.plan.hour(-1000);
        self.trail(ASKED_EARLY, Some(LeftOut::KmsBasic), before);
    }

    fn trail(&self, hour: i64, left_out: Option<LeftOut>, started: i64) {
        let plan = self.plan;
        let arn = plan.trail_arn();
        let described = json!({"trailList": [{
            "Name": plan.trail, "S3BucketName": plan.bucket, "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": true, "HomeRegion": plan.home_region, "TrailARN": arn,
            "LogFileValidationEnabled": true, "HasCustomEventSelectors": true, "IsOrganizationTrail": true,
        }]});
        let excluded: &[&str] = match left_out {
            Some(LeftOut::KmsBasic) => &["kms.amazonaws.com"],
            _ => &[],
        };
        let selectors = json!({"TrailARN": arn, "EventSelectors": [{
            "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [],
            "ExcludeManagementEventSources": excluded,
        }]});
        let status = json!({"IsLogging": true, "StartLoggingTime": shown(started)});
        self.import(hour, None, &[described, selectors, status]);
    }

    fn members(&self, accounts: &[&str]) -> Value {
        let plan = self.plan;
        let member = |account: &str| {
            let joined = if account == plan.accounts[2] {
                plan.hour(JOINED)
            } else {
                plan.hour(-10_000)
            };
            json!({
                "Id": account, "Name": format!("account {account}"), "Status": "ACTIVE",
                "Arn": format!(
                    "arn:aws:organizations::{}:account/{}/{account}", plan.accounts[0], plan.organization
                ),
                "JoinedMethod": "CREATED", "JoinedTimestamp": shown(joined),
            })
        };
        let accounts = accounts.iter().copied().chain([SILENT]);
        json!({"Accounts": accounts.map(member).collect::<Vec<Value>>()})
    }

    fn import(&self, hour: i64, account: Option<&str>, answers: &[Value]) {
        let taken_at = shown(self.plan.hour(hour));
        let files: Vec<PathBuf> = (0..answers.len())
            .map(|number| Path::new("told").with_extension(format!("{number}.json")))
            .collect();
        let mut words = vec!["--store", self.store, "trails", "import", "--taken-at"];
        words.push(&taken_at);
        words.extend(account.iter().flat_map(|account| ["--account", account]));
        let mut named = Vec::new();
        for (answer, file) in answers.iter().zip(&files) {
            fs::write(self.context.path().join(file), answer.to_string()).expect("an answer");
            let file = file.display();
            // Nothing in a status tells its trail.
            named.push(if answer.get("IsLogging").is_some() {
                format!("{}={file}", self.plan.trail)
            } else {
                file.to_string()
            });
        }
        words.extend(named.iter().map(String::as_str));
        let imported = self.context.run(&words);
        assert_eq!(imported.code, 0, "{imported}");
    }
}
