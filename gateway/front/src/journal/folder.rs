//! The folder of a journal: what its files come to, and which of them are too old.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use tallygate_core::Day;

use super::file;

/// What a look at the folder found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pruned {
    /// What is left comes to so many bytes.
    pub(super) bytes: u64,
    /// The clock has passed days that the journal knows nothing of, and files that are too old by the clock alone were kept.
    pub(super) leap: Option<Leap>,
}

/// Days without a file, between two that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leap {
    /// The last day before it.
    pub(super) from: Day,
    /// How many days lie between.
    pub(super) days: i32,
    /// So many files were kept for it.
    pub(super) kept: usize,
}

/// Removes the files that are too old: those of days more than `keep_days` before today, with more than so many later days that
/// have files themselves. A gateway that runs has a file for each day, so a clock that leaps ahead makes no file older than the
/// one day that it shows. A missing folder is empty.
pub(super) fn prune(dir: &Path, today: Day, keep_days: i32) -> io::Result<Pruned> {
    let found = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Pruned::default()),
        found => found?,
    };
    let files = found.collect::<io::Result<Vec<DirEntry>>>()?;
    let day = |entry: &DirEntry| file::day(entry.file_name().to_str().filter(|name| file::is_journal(name))?);
    // Those that lie ahead of the clock say nothing: it may have been wrong before.
    let mut days: BTreeSet<Day> = files.iter().filter_map(day).filter(|day| *day < today).collect();
    days.insert(today);
    // Never later than by the clock alone.
    let first_kept = days.iter().rev().nth(usize::try_from(keep_days).unwrap_or(usize::MAX)).copied();
    let first_by_clock = today.plus(keep_days.saturating_neg());
    let is_too_old = |day: Day| first_kept.is_some_and(|first_kept| day < first_kept);
    let (mut pruned, mut kept) = (Pruned::default(), 0);
    for entry in &files {
        let day = day(entry);
        kept += usize::from(day.is_some_and(|day| day < first_by_clock && !is_too_old(day)));
        pruned.bytes += left(entry, day.is_some_and(is_too_old))?;
    }
    if kept > 0 {
        pruned.leap = latest_leap(&days).map(|(from, days)| Leap { from, days, kept });
    }
    Ok(pruned)
}

/// The latest of the days that lie more than a day before the next one, and how many days are missing behind it.
fn latest_leap(days: &BTreeSet<Day>) -> Option<(Day, i32)> {
    let pairs = days.iter().rev().skip(1).zip(days.iter().rev());
    let mut missing = pairs.map(|(day, next)| (*day, next.epoch_days() - day.epoch_days() - 1));
    missing.find(|(_, missing)| *missing > 0)
}

/// What is left of one file.
fn left(entry: &DirEntry, is_too_old: bool) -> io::Result<u64> {
    if !entry.file_name().to_str().is_some_and(file::is_journal) {
        return Ok(0);
    }
    let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(0) } else { Err(error) };
    if is_too_old {
        return match fs::remove_file(entry.path()) {
            // What is too old may stay; its bytes count as long as it does.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("{}: an old file of the journal cannot be removed: {error}", entry.path().display());
                entry.metadata().map(|found| found.len()).or_else(gone)
            }
            _ => Ok(0),
        };
    }
    entry.metadata().map(|found| found.len()).or_else(gone)
}
