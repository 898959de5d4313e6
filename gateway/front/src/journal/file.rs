//! What the journal's files are called.

use tallygate_core::{Day, Run};

/// How the names end.
const SUFFIX: &str = ".journal";

/// The name of the file of one day and run.
pub(super) fn name(day: Day, run: Run) -> String {
    format!("{day}-{run}{SUFFIX}")
}

/// Whether a file of this name is the journal's.
pub(super) fn is_journal(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// The day of a file of the journal.
pub(super) fn day(name: &str) -> Option<Day> {
    name.get(..10)?.parse().ok()
}
