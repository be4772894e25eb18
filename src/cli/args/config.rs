//! What can be typed for the configuration file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ConfigFileArgs {
    /// The configuration file [default: ./keytrail.toml, else ~/.config/keytrail/keytrail.toml]
    // An empty variable is one that is not set, which a path may not be.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KEYTRAIL_CONFIG",
        hide_env_values = true
    )]
    config: Option<OsString>,
}

impl ConfigFileArgs {
    /// The file that was named.
    pub(in crate::cli) fn path(&self) -> Option<&Path> {
        self.config.as_deref().map(Path::new)
    }
}

#[derive(Debug, ClapArgs)]
#[command(disable_help_subcommand = true)]
pub(in crate::cli) struct ConfigArgs {
    #[command(subcommand)]
    pub(in crate::cli) action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigAction {
    /// Write a commented template
    Init {
        /// Write to this file, which must not exist; `-` prints
        #[arg(long, short, value_name = "FILE", default_value = "keytrail.toml")]
        output: PathBuf,
    },
    /// Check a file, and list every problem with its line
    Check {
        /// The file [default: the one that would be used]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show every value in effect, and where it is from
    Show {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}
