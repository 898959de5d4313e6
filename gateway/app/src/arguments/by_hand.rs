//! The arguments of what is done to partitions by hand.

use clap::{ArgGroup, Args, Subcommand};

use super::config_file::ConfigFile;

/// What is recovered, and from what.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true))]
pub(crate) struct RecoverArguments {
    /// Where stream and store are.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The partition of the log.
    #[arg(long)]
    pub(crate) partition: u32,
    /// Makes the checkpoint from the rows that store and topic still have, and goes on where folding ended.
    #[arg(long, group = "source")]
    pub(crate) from_store: bool,
    /// Folds the whole log again, from its beginning.
    #[arg(long, group = "source")]
    pub(crate) from_log: bool,
    /// Does not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Prints JSON, before anything is done.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is said of the broker's clock.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Says when records were appended that the broker stamped with a wrong time.
    Correct(ClockCorrectArguments),
}

/// Which records, and when.
#[derive(Debug, Args)]
pub(crate) struct ClockCorrectArguments {
    /// Where stream and store are.
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The partition of the log; all of them when absent.
    #[arg(long)]
    pub(crate) partition: Option<u32>,
    /// The offset of the first record; without it, all records stamped more than a day ahead of this machine's clock.
    #[arg(long, requires_all = ["last", "partition"])]
    pub(crate) first: Option<u64>,
    /// The offset of the last record.
    #[arg(long, requires = "first")]
    pub(crate) last: Option<u64>,
    /// When they were appended, RFC 3339.
    #[arg(long, required = true)]
    pub(crate) time: jiff::Timestamp,
    /// Does not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Prints JSON, before anything is done.
    #[arg(long)]
    pub(crate) json: bool,
}
