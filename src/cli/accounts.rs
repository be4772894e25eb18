//! `keytrail accounts`: what is known of accounts, and a list of them imported.

use std::fs;

use anyhow::Context as _;

use super::ExitStatus;
use super::args::{AccountsAction, AccountsArgs, ImportArgs};
use super::clock::now_micros;
use super::error::{print_warnings, to_stderr, to_stdout};
use super::ingest::grouped;
use super::queries::Queries;
use super::session::{StoreChoice, destination};
use crate::inventory::{AccountList, Import, import_accounts};
use crate::render::{visible, write_stream};

pub(super) async fn run(place: &StoreChoice, args: AccountsArgs) -> anyhow::Result<ExitStatus> {
    if let Some(AccountsAction::Import(args)) = args.action {
        return import(place, args).await;
    }
    let destination = destination(place, &args.output)?;
    let store = place.open().await?;
    let queries = Queries::embedded()?;
    let (session, _pins) = queries.session(&store).await?;
    let list = queries.library.status("status-accounts")?;
    let stream = session.query(&list.sql).await?;
    write_stream(stream, args.output.rendering(), &destination).await?;
    Ok(ExitStatus::Success)
}

/// The accounts to import, and where they are from.
fn list(args: ImportArgs) -> anyhow::Result<(String, AccountList)> {
    let Some(file) = args.file else {
        let list = args.list.context("no accounts to import")?;
        return Ok(("the configuration".to_owned(), list));
    };
    let shown = file.display().to_string();
    let bytes = fs::read(&file).with_context(|| format!("cannot read `{shown}`"))?;
    let list = AccountList::parse(&shown, &bytes)?;
    Ok((shown, list))
}

async fn import(place: &StoreChoice, args: ImportArgs) -> anyhow::Result<ExitStatus> {
    let (shown, list) = list(args)?;
    let store = place.create().await?;
    let run_id = uuid::Uuid::new_v4().to_string();
    let import = Import {
        run_id: &run_id,
        started_at: now_micros(),
        source: &shown,
    };
    let done = import_accounts(&store, &list, &import).await;
    print_warnings(&store);
    done?;
    for column in &list.columns_not_read {
        to_stderr(&format!(
            "warning: column `{}` is not read: an account has id, name, ou, owner and environment\n",
            visible(column)
        ));
    }
    to_stdout(&match list.accounts.len() {
        1 => "1 account imported\n".to_owned(),
        count => format!("{} accounts imported\n", grouped(count as u64)),
    })?;
    Ok(ExitStatus::Success)
}
