//! The corpus generator as a command: trees of `CloudTrail` logs with known answers, made from a seed and nothing else.
//!
//! `corpus sample` writes the small curated tree of `sample-logs/`; `corpus tree` writes big ones for the benches.

#[expect(dead_code, reason = "benches and tests use the rest")]
#[path = "mod.rs"]
mod corpus;
mod sample;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use corpus::{time, tree, world};

/// Writes trees of `CloudTrail` logs with known answers.
#[derive(Parser)]
#[command(name = "corpus")]
struct Arguments {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// The small curated tree of sample-logs, with everything that is odd planted in it.
    Sample {
        /// Directory to write to; it must not hold an `AWSLogs` yet.
        #[arg(long)]
        out: PathBuf,
        /// Every id and every draw follows from it.
        #[arg(long, default_value_t = 2026)]
        seed: u64,
    },
    /// A big tree for the benches.
    Tree(TreeArguments),
}

#[derive(Args)]
struct TreeArguments {
    /// Directory to write to; it must not hold an `AWSLogs` yet.
    #[arg(long)]
    out: PathBuf,
    /// Calls; duplicates, copies, corrections and other further records come on top.
    #[arg(long)]
    events: u64,
    /// Share of KMS events, from 0 to 1.
    #[arg(long, default_value = "0.2", value_parser = share)]
    kms_share: u64,
    /// Every id and every draw follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days over which the events are spread, from 1 April 2025.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..))]
    days: i64,
    #[arg(long, default_value_t = 3, value_parser = whole(1, 1000))]
    accounts: u64,
    /// Regions of each account.
    #[arg(long, default_value_t = 2, value_parser = whole(1, world::REGIONS.len() as u64))]
    regions: u64,
    /// Keys over all accounts and regions; at least two for each account in each region.
    #[arg(long, default_value_t = 500, value_parser = whole(2, 10_000_000))]
    keys: u64,
    #[arg(long, default_value_t = 1500, value_parser = whole(1, 1_000_000_000))]
    events_per_object: u64,
    /// Share of records that are delivered once more, from 0 to 1.
    #[arg(long, default_value = "0.001", value_parser = share)]
    duplicates: u64,
    /// Level of libdeflate.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(i32).range(1..=12))]
    gzip_level: i32,
    /// Let any caller use any key in any way: the worst case for roll-ups. Without it, a few of these make nearly all
    /// events, as in real logs.
    #[arg(long)]
    flat: bool,
    /// Give every call one record that names its key by ARN: no copies in another account's log, no corrections, no
    /// typed aliases, no records of VPC endpoints.
    #[arg(long)]
    plain: bool,
    #[arg(long, default_value_t = 2, value_parser = whole(1, 1024))]
    threads: u64,
}

impl TreeArguments {
    fn write(self) -> io::Result<String> {
        let count = |number: u64| usize::try_from(number).expect("limited by the argument's range");
        let streams = self.accounts * self.regions;
        let sizes = world::Sizes {
            seed: self.seed,
            start: time::at([2025, 4, 1], [0, 0, 0]),
            events: self.events,
            events_per_object: self.events_per_object,
            days: self.days,
            accounts: count(self.accounts),
            regions: count(self.regions),
            keys: count(self.keys.max(2 * streams)),
            kms_share: self.kms_share,
            duplicates: self.duplicates,
            is_flat: self.flat,
            is_plain: self.plain,
        };
        let truth = tree::write(&self.out, sizes, self.gzip_level, count(self.threads))?;
        Ok(truth.counts().pretty())
    }
}

/// Numbers from `low` to `high`.
fn whole(low: u64, high: u64) -> clap::builder::RangedU64ValueParser {
    clap::builder::RangedU64ValueParser::new().range(low..=high)
}

/// A share from 0 to 1, as parts per million.
fn share(text: &str) -> Result<u64, String> {
    let share: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if !(0.0..=1.0).contains(&share) {
        return Err("a share is a number from 0 to 1".to_owned());
    }
    format!("{:.0}", share * 1_000_000.0)
        .parse()
        .map_err(|error| format!("{error}"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.mode {
        Mode::Sample { out, seed } => sample::write(&out, seed),
        Mode::Tree(tree) => tree.write(),
    };
    let told = result.and_then(|summary| io::stdout().lock().write_all(summary.as_bytes()));
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let complaint = format!("error: {error}\n");
            // Nothing is left to tell it to if standard error is gone too.
            io::stderr()
                .lock()
                .write_all(complaint.as_bytes())
                .map_or(ExitCode::from(3), |()| ExitCode::from(2))
        }
    }
}
