//! The arguments of what reads beside running processes.

use std::path::PathBuf;

use clap::Args;
use tallygate_core::{Currency, Day};

use super::config_file::ConfigFile;

/// Which sums.
#[derive(Debug, Args)]
pub(crate) struct SumsArguments {
    /// Where the store is.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The business day, YYYY-MM-DD; today in the configured zone when absent.
    #[arg(long)]
    pub(crate) day: Option<Day>,
    /// One key; the day's totals and busiest keys when absent.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// One currency.
    #[arg(long)]
    pub(crate) currency: Option<Currency>,
    /// How many of the busiest keys.
    #[arg(long, default_value_t = 10)]
    pub(crate) top: usize,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is proved.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    /// Where queue, stream, store and journal are.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// One business day; every day of the horizon when absent.
    #[arg(long)]
    pub(crate) day: Option<Day>,
    /// Further folders with gateways' journals; the data directory's own is always read.
    #[arg(long)]
    pub(crate) journal: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
