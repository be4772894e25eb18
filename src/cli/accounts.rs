//! `keytrail accounts`: what is known of accounts, and a list of them imported.

use std::fs;

use anyhow::Context as _;

use super::ExitStatus;
use super::args::{AccountsAction, AccountsArgs, ImportArgs};
use super::error::{to_stderr, to_stdout};
use super::events::HOST;
use super::numbers::grouped;
use super::session::{StoreChoice, destination};
use crate::inventory::AccountList;
use crate::render::{visible, write_stream};
use crate::service::{Queries, Reader, import_account_list};

pub(super) async fn run(place: &StoreChoice, args: AccountsArgs) -> anyhow::Result<ExitStatus> {
    if let Some(AccountsAction::Import(args)) = args.action {
        return import(place, args).await;
    }
    let destination = destination(place, &args.output)?;
    let store = place.open().await?;
    let reader = Reader::open(&store, Queries::embedded()?).await?;
    let stream = reader.accounts().await?;
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
    let done = import_account_list(&place.at(), &list, &shown, HOST).await?;
    for column in &done.columns_not_read {
        to_stderr(&format!(
            "warning: column `{}` is not read: an account has id, name, ou, owner and environment\n",
            visible(column)
        ));
    }
    to_stdout(&match done.accounts {
        1 => "1 account imported\n".to_owned(),
        count => format!("{} accounts imported\n", grouped(count)),
    })?;
    Ok(ExitStatus::Success)
}
