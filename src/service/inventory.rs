//! Accounts and trails, which the logs do not describe: imported from files, or asked of AWS.

use std::path::PathBuf;

use serde::Serialize;

use super::error::ServiceError;
use super::host::Host;
use super::open::StoreAt;
use crate::aws::Access;
use crate::inventory::{
    AccountList, Described, Document, Import, import_accounts, pull, write_descriptions,
};

/// The result of importing a list of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountsImported {
    /// Accounts of the list.
    pub accounts: u64,
    /// Columns of the list that keytrail does not use.
    pub columns_not_read: Vec<String>,
}

/// Imports a list of accounts from `source`, which replaces the previous one. A store is created if there is none.
///
/// # Errors
/// If the store fails.
pub async fn import_account_list(
    place: &StoreAt,
    list: &AccountList,
    source: &str,
    host: Host<'_>,
) -> Result<AccountsImported, ServiceError> {
    let store = place.create().await?;
    let run_id = uuid::Uuid::new_v4().to_string();
    let import = Import {
        run_id: &run_id,
        started_at: host.now(),
        source,
    };
    let done = import_accounts(&store, list, &import).await;
    host.emit_warnings(&store)?;
    done?;
    Ok(AccountsImported {
        accounts: list.accounts.len() as u64,
        columns_not_read: list.columns_not_read.clone(),
    })
}

/// An answer of AWS in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFile {
    /// The trail that it is about, where it does not say so itself.
    pub trail: Option<String>,
    /// The file.
    pub path: PathBuf,
}

/// Answers of AWS to import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailsImport {
    /// The answers.
    pub files: Vec<AnswerFile>,
    /// The account that was asked, where an answer does not say so itself.
    pub account: Option<String>,
    /// When AWS was asked, in microseconds; now, if not given.
    pub taken_at: Option<i64>,
}

/// The result of writing trails, regions and members of organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrailsWritten {
    /// How many of each, in words.
    pub summary: String,
    /// The questions that AWS refused to answer.
    pub refused: Vec<String>,
    /// Whether the account itself was refused its trails or regions.
    pub is_lacking: bool,
}

/// Asks AWS for trails, regions and members of organizations, and writes them. A store is created if there is none.
///
/// # Errors
/// If AWS cannot be reached, or the store fails.
pub async fn pull_trails(
    place: &StoreAt,
    access: &Access,
    host: Host<'_>,
) -> Result<TrailsWritten, ServiceError> {
    let config = access.load().await;
    let taken_at = host.now();
    let pulled = pull(&config).await?;
    write(place, &pulled.told, taken_at, "aws", host).await?;
    Ok(TrailsWritten {
        summary: pulled.told.summary(),
        refused: pulled.refused().collect(),
        is_lacking: pulled.is_lacking,
    })
}

/// Writes the trails, regions and members that are in files with answers of AWS. A store is created if there is none.
///
/// # Errors
/// If a file cannot be read or is no such answer, and nothing is taken; or if the store fails.
pub async fn import_trails(
    place: &StoreAt,
    import: &TrailsImport,
    host: Host<'_>,
) -> Result<TrailsWritten, ServiceError> {
    let taken_at = import.taken_at.unwrap_or_else(|| host.now());
    let mut documents = Vec::new();
    let mut sources = Vec::new();
    for file in &import.files {
        let shown = file.path.display().to_string();
        let text =
            std::fs::read_to_string(&file.path).map_err(ServiceError::reading(&file.path))?;
        sources.push(shown.clone());
        documents.push(Document {
            shown,
            trail: file.trail.clone(),
            text,
        });
    }
    let told = Described::read(&documents, import.account.as_deref())?;
    write(place, &told, taken_at, &sources.join(" "), host).await?;
    Ok(TrailsWritten {
        summary: told.summary(),
        refused: Vec::new(),
        is_lacking: false,
    })
}

async fn write(
    place: &StoreAt,
    told: &Described,
    taken_at: i64,
    source: &str,
    host: Host<'_>,
) -> Result<(), ServiceError> {
    let store = place.create().await?;
    let run_id = uuid::Uuid::new_v4().to_string();
    let import = Import {
        run_id: &run_id,
        started_at: host.now(),
        source,
    };
    let done = write_descriptions(&store, told, taken_at, &import).await;
    host.emit_warnings(&store)?;
    Ok(done?)
}
