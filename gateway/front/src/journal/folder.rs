//! The folder of a journal: what its files come to, and which of them are too old.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use tallygate_core::Day;

use super::file;

/// Removes the files of days before this one, and returns what the others come to, in bytes. A missing folder is empty.
pub(super) fn prune(dir: &Path, first_kept: Day) -> io::Result<u64> {
    let found = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        found => found?,
    };
    let mut bytes = 0;
    for entry in found {
        bytes += pruned(&entry?, first_kept)?;
    }
    Ok(bytes)
}

/// What is left of one file.
fn pruned(entry: &DirEntry, first_kept: Day) -> io::Result<u64> {
    let name = entry.file_name();
    let Some(name) = name.to_str().filter(|name| file::is_journal(name)) else { return Ok(0) };
    let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(0) } else { Err(error) };
    if file::day(name).is_some_and(|day| day < first_kept) {
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
