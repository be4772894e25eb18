//! The one place where values of the configuration become arguments.

use anyhow::bail;

use super::effective::Effective;
use super::values::{Accounts, Aws, Config};
use super::{Typed, accounts, file};
use crate::cli::args::{
    AccountsAction, Args, AwsArgs, Command, IngestArgs, OutputArgs, RetainArgs, StoreArgs,
    TrailsAction,
};

/// Sets what was not typed.
///
/// # Errors
/// If a needed argument is neither typed nor configured.
pub(super) fn apply(effective: &Effective, typed: &Typed, args: &mut Args) -> anyhow::Result<()> {
    let config = &effective.config()?;
    store(config, typed, &mut args.store)?;
    typed.fill("queries", &mut args.queries.queries, config.queries.clone());
    match &mut args.command {
        Command::Ingest(options) => {
            ingest((config, effective), typed, options)?;
            aws(&config.aws, typed, &mut options.aws)?;
        }
        Command::Verify(options) => {
            typed.fill("threads", &mut options.threads, config.threads);
            aws(&config.aws, typed, &mut options.aws)?;
        }
        Command::FetchSignatures(options) => aws(&config.aws, typed, &mut options.aws)?,
        Command::Trails(options) => {
            if let Some(TrailsAction::Pull(options)) = &mut options.action {
                aws(&config.aws, typed, options)?;
            }
            output(config, typed, &mut options.output);
        }
        Command::Accounts(options) => {
            output(config, typed, &mut options.output);
            if let Some(AccountsAction::Import(options)) = &mut options.action
                && options.file.is_none()
            {
                match &config.accounts {
                    Some(Accounts::File(path)) => options.file = Some(path.clone()),
                    Some(Accounts::Entries(entries)) => {
                        options.list = Some(accounts::list(file::NAME, entries)?);
                    }
                    None => bail!(
                        "no accounts to import\n\nhint: name a CSV file, or set `accounts` in {}",
                        file::NAME
                    ),
                }
            }
        }
        Command::Sql(options) => output(config, typed, &mut options.output),
        Command::Report(options) => output(config, typed, &mut options.output),
        Command::Retain(options) => retain((config, effective), typed, options)?,
        Command::Status(_)
        | Command::Export(_)
        | Command::Compact
        | Command::Settle(_)
        | Command::Vacuum(_)
        | Command::Forget(_)
        | Command::Event(_)
        | Command::Config(_)
        | Command::Demo(_)
        | Command::Schema(_)
        | Command::Completions(_)
        | Command::Man(_) => {}
    }
    Ok(())
}

fn store(config: &Config, typed: &Typed, args: &mut StoreArgs) -> anyhow::Result<()> {
    let (access, from) = (&mut args.access, &config.aws.store);
    typed.fill("store", &mut args.store, config.store.clone());
    typed.fill(
        "store_profile",
        &mut access.store_profile,
        from.profile.clone(),
    );
    typed.fill(
        "store_region",
        &mut access.store_region,
        from.region.clone(),
    );
    typed.fill(
        "store_assume_role",
        &mut access.store_assume_role,
        from.role_arn.clone(),
    );
    typed.fill(
        "store_external_id",
        &mut access.store_external_id,
        from.external_id.clone(),
    );
    typed.fill(
        "store_endpoint_url",
        &mut access.store_endpoint_url,
        from.endpoint_url.clone(),
    );
    if typed.has("store_external_id") && access.store_assume_role.is_none() {
        bail!("`--store-external-id` needs `--store-assume-role`");
    }
    Ok(())
}

fn aws(from: &Aws, typed: &Typed, args: &mut AwsArgs) -> anyhow::Result<()> {
    typed.fill("profile", &mut args.profile, from.profile.clone());
    typed.fill("region", &mut args.region, from.region.clone());
    typed.fill("assume_role", &mut args.assume_role, from.role_arn.clone());
    typed.fill(
        "external_id",
        &mut args.external_id,
        from.external_id.clone(),
    );
    typed.fill(
        "endpoint_url",
        &mut args.endpoint_url,
        from.endpoint_url.clone(),
    );
    typed.fill("path_style", &mut args.path_style, from.path_style);
    typed.fill(
        "requester_pays",
        &mut args.requester_pays,
        from.requester_pays,
    );
    if typed.has("external_id") && args.assume_role.is_none() {
        bail!("`--external-id` needs `--assume-role`");
    }
    Ok(())
}

fn output(config: &Config, typed: &Typed, args: &mut OutputArgs) {
    typed.fill("tz", &mut args.tz, config.output.time_zone);
}

/// Options of `ingest` that say what to list, so that no queue is meant.
const OF_PATHS: [&str; 6] = ["from", "to", "account", "log_region", "lookback", "all"];

fn ingest(
    (config, effective): (&Config, &Effective),
    typed: &Typed,
    args: &mut IngestArgs,
) -> anyhow::Result<()> {
    typed.fill("threads", &mut args.threads, config.threads);
    let of_paths = OF_PATHS.iter().find(|id| typed.has(id));
    let is_queue_meant = args.paths.is_empty() && of_paths.is_none();
    let (queue, from) = (&mut args.queue, &config.queue);
    if is_queue_meant {
        typed.fill("url", &mut queue.url, from.url.clone());
    }
    if queue.url.is_some() {
        typed.fill("buckets", &mut queue.buckets, from.buckets.clone());
    } else if typed.has("until_empty") || typed.has("buckets") {
        let option = if typed.has("buckets") {
            "--bucket"
        } else {
            "--until-empty"
        };
        bail!("`{option}` needs `--queue URL`, and no PATH");
    } else if args.paths.is_empty() {
        if let (Some(id), Some(place)) = (of_paths, effective.place("queue.url")) {
            let option = id.replace('_', "-");
            bail!(
                "nothing to ingest; `--{option}` is about a PATH in a bucket, and none is given\n\nhint: name s3://BUCKET/PREFIX, or leave out `--{option}` to read the queue of {place}"
            );
        }
        bail!(
            "nothing to ingest\n\nhint: name files, directories or s3://BUCKET/PREFIX; or `--queue URL`, or set `queue.url` in {}",
            file::NAME
        );
    }
    typed.fill(
        "batch_objects",
        &mut queue.batch_objects,
        from.batch_objects,
    );
    typed.fill(
        "batch_seconds",
        &mut queue.batch_seconds,
        from.batch_seconds,
    );
    typed.fill(
        "visibility_seconds",
        &mut queue.visibility_seconds,
        from.visibility_seconds,
    );
    typed.fill(
        "lookback",
        &mut args.bucket.lookback,
        config.ingest.lookback_days,
    );
    let (limits, from) = (&mut args.limits, &config.limits);
    typed.fill(
        "record_bytes_max",
        &mut limits.record_bytes_max,
        from.record_bytes_max,
    );
    typed.fill("depth_max", &mut limits.depth_max, from.depth_max);
    typed.fill(
        "object_bytes_max",
        &mut limits.object_bytes_max,
        from.object_bytes_max,
    );
    typed.fill("ratio_max", &mut limits.ratio_max, from.ratio_max);
    Ok(())
}

/// An option of `retain` that is typed means no other: a hold must not delete events. Keys that the file puts on hold
/// are kept in any case: the holds come before the deletion.
fn retain(
    (config, effective): (&Config, &Effective),
    typed: &Typed,
    args: &mut RetainArgs,
) -> anyhow::Result<()> {
    let from = &config.retention;
    let place = effective.place("retention.hold").unwrap_or_default();
    if !["events", "usage", "hold", "release"]
        .iter()
        .any(|id| typed.has(id))
    {
        args.events = from.events;
        args.usage = from.usage;
    }
    for key in &from.hold {
        if args.release.contains(key) {
            bail!(
                "cannot release `{}`; it is in `retention.hold` ({place})\n\nhint: remove it there first",
                crate::render::visible(key)
            );
        }
        if !args.hold.contains(key) {
            args.hold.push(key.clone());
            args.configured.insert(key.clone(), place.clone());
        }
    }
    Ok(())
}
