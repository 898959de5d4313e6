//! The arguments of what is done with dead letters.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tallygate_core::Day;

use super::config_file::ConfigFile;
use super::policy::AdminArguments;

/// What is done with what could not be counted.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Lists them, the newest last.
    List {
        /// Where the stream is.
        #[command(flatten)]
        file: ConfigFile,
        /// Those of one business day.
        #[arg(long)]
        day: Option<Day>,
        /// Those of one partner.
        #[arg(long)]
        partner: Option<String>,
        /// How many at most, the newest.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one whole.
    Show {
        /// Where it stands among the dead letters, as `list` says it: `partition/offset`.
        letter: String,
        /// Where the stream is.
        #[command(flatten)]
        file: ConfigFile,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Writes them to standard output, one a line as JSON, to be mended and replayed with `replay --file`.
    Export {
        /// Where the stream is.
        #[command(flatten)]
        file: ConfigFile,
        /// Which of them.
        #[command(flatten)]
        which: Which,
    },
    /// Puts them back into the queue of a running gateway, each under its own identity, so that it counts at most once.
    Replay(ReplayArguments),
}

/// Which dead letters; all of them when nothing is said.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// Those of one business day.
    #[arg(long)]
    pub(crate) day: Option<Day>,
    /// Those of one partner.
    #[arg(long)]
    pub(crate) partner: Option<String>,
    /// Those whose reason holds this text, whatever its case.
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// What is replayed, and how.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)
    .args(["letters", "mended", "day", "partner", "reason", "all"])))]
pub(crate) struct ReplayArguments {
    /// Single letters as they are, by where they stand among the dead letters: `partition/offset`.
    #[arg(value_name = "LETTER", conflicts_with_all = ["mended", "day", "partner", "reason", "all"])]
    pub(crate) letters: Vec<String>,
    /// The lines of an export, mended; `-` is standard input.
    #[arg(long = "file", value_name = "FILE", conflicts_with_all = ["day", "partner", "reason", "all"])]
    pub(crate) mended: Option<PathBuf>,
    /// Which letters, as they are.
    #[command(flatten)]
    pub(crate) which: Which,
    /// All letters, as they are.
    #[arg(long, conflicts_with_all = ["day", "partner", "reason"])]
    pub(crate) all: bool,
    /// Leaves those that still lie outside the horizon and says how many, rather than to refuse each.
    #[arg(long, conflicts_with_all = ["mended", "letters"])]
    pub(crate) as_is: bool,
    /// Says what would happen, and replays nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to reach the gateway.
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}
