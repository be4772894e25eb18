//! Asking a report, explaining it, and judging what it answers.
//!
//! Enters: a [`Question`] as it was typed, and a [`Reader`]. Leaves: an [`Answer`] whose rows stream, with the
//! warnings that come before them; and a [`Judgment`].

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::TryStreamExt as _;
use serde::Serialize;

use super::error::ServiceError;
use super::reader::Reader;
use crate::report::{self, Explained, Filters, LogPeriod, Outcome, Placement, Request, Window};
use crate::sql::TextCells;

/// Which report is asked, and of what.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The report's id.
    pub report: String,
    /// The start of the window, as typed.
    pub since: Option<String>,
    /// Its end, as typed.
    pub until: Option<String>,
    /// Which rows it is about.
    pub filters: Filters,
    /// Parameters by name, each given once; `key` and `days` among them.
    pub arguments: Vec<(String, String)>,
    /// What the answer is required to show.
    pub required: Option<Requirement>,
}

/// What can be required of every hour of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// All its logs are in the store, and proven.
    CompleteVerified,
    /// All its logs are in the store.
    Complete,
}

impl Requirement {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CompleteVerified => "complete-verified",
            Self::Complete => "complete",
        }
    }
}

/// What a report answers.
#[derive(Debug)]
pub struct Answer {
    /// Title, window, summary, rows, and the notes that follow them.
    pub outcome: Outcome,
    /// The warnings that come before the rows.
    pub warnings: Vec<ReportWarning>,
}

impl Answer {
    /// The rows, all of them.
    ///
    /// # Errors
    /// If they cannot be computed.
    pub async fn rows(self) -> Result<Vec<RecordBatch>, ServiceError> {
        Ok(self.outcome.stream.try_collect().await?)
    }
}

/// What a reader must know of a window before its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportWarning {
    /// The store has no logs.
    NothingStored,
    /// The window ends before the logs begin.
    BeforeLogs {
        /// When they begin.
        #[serde(serialize_with = "rfc3339")]
        first: DateTime<Utc>,
    },
    /// The window begins after the logs end.
    AfterLogs {
        /// When they end.
        #[serde(serialize_with = "rfc3339")]
        last: DateTime<Utc>,
    },
    /// The window begins before the logs, and reaches into them.
    BeginsBeforeLogs {
        /// When they begin.
        #[serde(serialize_with = "rfc3339")]
        first: DateTime<Utc>,
    },
    /// The window ends with an event that is dated after the last log was read.
    EventAhead {
        /// The event's time.
        #[serde(serialize_with = "rfc3339")]
        newest: DateTime<Utc>,
        /// When the last log was read.
        #[serde(serialize_with = "rfc3339")]
        last_read: DateTime<Utc>,
    },
    /// Log objects are dated later than they were read, and do not count for where the logs end.
    ObjectsAhead {
        /// How many.
        count: i64,
    },
}

fn rfc3339<S: serde::Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Whether the answer is as it is required to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgment {
    /// The requirement.
    pub required: Requirement,
    /// Whether there was an hour to judge: of nothing, everything could be said.
    pub has_hours: bool,
    /// The hours that are less than required.
    pub holes: Vec<Hole>,
}

impl Judgment {
    /// Whether every hour is as required, and there is one.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.has_hours && self.holes.is_empty()
    }
}

/// Hours in a row, of one account and region, that are less than required for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// The account.
    pub account: String,
    /// Its name, if it is known.
    pub account_name: Option<String>,
    /// The region.
    pub region: String,
    /// The first hour.
    pub from_hour: String,
    /// The hour after the last.
    pub to_hour: String,
    /// What these hours are.
    pub state: String,
}

/// The report that can be required of something, and the one that lists its holes.
const JUDGED: &str = "coverage";
const HOLES: &str = "coverage-holes";

/// How long after an hour all its logs are due, so that it can be judged.
const DUE_HOURS: i64 = 25;

const HOUR_MICROS: i64 = 3_600_000_000;

impl Question {
    /// A question to a report about all that the logs show.
    #[must_use]
    pub fn new(report: &str) -> Self {
        Self {
            report: report.to_owned(),
            ..Self::default()
        }
    }

    /// The question with a parameter of the report.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.arguments.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The question with a requirement on its answer. Its window ends where all logs are due, unless an end was given:
    /// what is not due yet must not count. `now` is in microseconds.
    ///
    /// # Errors
    /// If nothing can be required of that report.
    pub fn requiring(mut self, required: Requirement, now: i64) -> Result<Self, ServiceError> {
        if self.report != JUDGED {
            return Err(ServiceError::NotJudged { judged: JUDGED });
        }
        self.required = Some(required);
        if self.until.is_none() {
            let due = now - DUE_HOURS * HOUR_MICROS;
            let until = DateTime::from_timestamp_micros(due - due.rem_euclid(HOUR_MICROS));
            self.until = until.map(|until| until.to_rfc3339());
        }
        Ok(self)
    }

    /// Whether the window ends where the user says, not where the logs do.
    fn is_end_given(&self) -> bool {
        let until = self.until.as_deref();
        until.is_some_and(|until| !until.trim().ends_with('d'))
    }
}

impl Reader {
    /// Asks a report; `now` is in microseconds.
    ///
    /// # Errors
    /// If there is no such report, or the question cannot be answered as it was asked.
    pub async fn ask(&self, question: &Question, now: i64) -> Result<Answer, ServiceError> {
        let report = self.library().report(&question.report)?;
        let request = self.request(question, now).await?;
        let outcome = report::run(self.session(), self.library(), report, &request).await?;
        let mut warnings = Vec::new();
        warnings.extend(beside_logs(outcome.window, &request.logs));
        if !question.is_end_given() {
            warnings.extend(ahead(&request.logs));
        }
        Ok(Answer { outcome, warnings })
    }

    /// The SQL that answers a report, and the counts behind its figures; `now` is in microseconds.
    ///
    /// # Errors
    /// As [`Reader::ask`].
    pub async fn explain(&self, question: &Question, now: i64) -> Result<Explained, ServiceError> {
        let library = self.library();
        let report = library.report(&question.report)?;
        let behind = library.explain("behind-figures")?;
        let request = self.request(question, now).await?;
        // What was counted is told by the records, also of days that are settled.
        let session = self.over_records().await?;
        Ok(report::explain(&session, library, report, behind, &request).await?)
    }

    /// Judges an answer, by its number of rows and its holes; none if nothing is required of it.
    ///
    /// # Errors
    /// As [`Reader::ask`].
    pub async fn judge(
        &self,
        question: &Question,
        rows: u64,
        now: i64,
    ) -> Result<Option<Judgment>, ServiceError> {
        let Some(required) = question.required else {
            return Ok(None);
        };
        let holes = if rows == 0 {
            Vec::new()
        } else {
            self.holes(question, required, now).await?
        };
        Ok(Some(Judgment {
            required,
            has_hours: rows > 0,
            holes,
        }))
    }

    /// The hours that are less than required.
    async fn holes(
        &self,
        question: &Question,
        required: Requirement,
        now: i64,
    ) -> Result<Vec<Hole>, ServiceError> {
        let mut request = self.request(question, now).await?;
        let word = required.word().to_owned();
        request.arguments.insert("require".to_owned(), word);
        let report = self.library().report(HOLES)?;
        let outcome = report::run(self.session(), self.library(), report, &request).await?;
        let batches: Vec<RecordBatch> = outcome.stream.try_collect().await?;
        let mut holes = Vec::new();
        for batch in &batches {
            let cells = TextCells::of(batch)?;
            for row in 0..batch.num_rows() {
                let text = |column: &str| cells.named(column, row).unwrap_or_default().to_owned();
                holes.push(Hole {
                    account: text("account"),
                    account_name: Some(text("account_name")).filter(|name| !name.is_empty()),
                    region: text("region"),
                    from_hour: text("from_hour"),
                    to_hour: text("to_hour"),
                    state: text("state"),
                });
            }
        }
        Ok(holes)
    }

    async fn request(&self, question: &Question, now: i64) -> Result<Request, ServiceError> {
        let logs = LogPeriod::load(self.session(), self.event_period()?).await?;
        let window = Window::parse(
            question.since.as_deref(),
            question.until.as_deref(),
            logs.end(),
        )?;
        let mut arguments = BTreeMap::new();
        for (name, value) in &question.arguments {
            if arguments.insert(name.clone(), value.clone()).is_some() {
                return Err(ServiceError::ParameterTwice {
                    parameter: name.clone(),
                });
            }
        }
        Ok(Request {
            window,
            filters: question.filters.clone(),
            arguments,
            logs,
            now: DateTime::from_timestamp_micros(now),
        })
    }
}

/// What a reader must know of a window that reaches beyond the logs.
fn beside_logs(window: Window, logs: &LogPeriod) -> Option<ReportWarning> {
    let bounds = logs.bounds();
    let (first, last) = bounds.unwrap_or_default();
    match window.placement(bounds) {
        Placement::NothingHeld => Some(ReportWarning::NothingStored),
        Placement::BeforeFirst => Some(ReportWarning::BeforeLogs { first }),
        Placement::AfterLast => Some(ReportWarning::AfterLogs { last }),
        Placement::BeginsBeforeFirst => Some(ReportWarning::BeginsBeforeLogs { first }),
        Placement::Held => None,
    }
}

/// What a reader must know of dates that cannot be true, which may move the end of the logs.
fn ahead(logs: &LogPeriod) -> impl Iterator<Item = ReportWarning> {
    let event = logs.event_ahead();
    let event = event.map(|(newest, last_read)| ReportWarning::EventAhead { newest, last_read });
    let objects = (logs.dated_ahead > 0).then_some(ReportWarning::ObjectsAhead {
        count: logs.dated_ahead,
    });
    event.into_iter().chain(objects)
}
