//! Which releases can read the file, and for how many partitions it was made.

use std::path::Path;

use rusqlite::{Connection, Result};
use tallygate_embedded::rusqlite;

use super::log::{set_setting, setting};
use crate::port::StreamError;

/// The format that is written here: records of the log in batches.
const CURRENT: i64 = 2;
/// The setting that holds it; the first format had none.
const FORMAT: &str = "format";
/// The setting that holds the number of partitions.
const PARTITIONS: &str = "partition_count";
/// The one that held it in the first format. Of no partition, it keeps releases out that would read past the batches.
const PARTITIONS_BEFORE: &str = "partitions";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Of this release, with so many partitions.
    Current(i64),
    /// A later release's.
    Later(i64),
    /// An earlier release's, with so many partitions; none where it has none yet.
    Earlier(Option<i64>),
}

impl Format {
    /// The file's, as it is.
    pub(super) fn of(log: &Connection) -> Result<Self> {
        Ok(match setting(log, FORMAT)? {
            None => Self::Earlier(setting(log, PARTITIONS_BEFORE)?),
            Some(CURRENT) => Self::Current(setting(log, PARTITIONS)?.unwrap_or_default()),
            Some(later) => Self::Later(later),
        })
    }

    /// The file's, after it was brought up to date where it was an earlier release's, or new.
    pub(super) fn settle(log: &Connection, partitions: i64) -> Result<Self> {
        let before = match Self::of(log)? {
            Self::Earlier(before) => before,
            settled => return Ok(settled),
        };
        let partitions = before.unwrap_or(partitions);
        set_setting(log, FORMAT, CURRENT)?;
        set_setting(log, PARTITIONS, partitions)?;
        set_setting(log, PARTITIONS_BEFORE, 0)?;
        Ok(Self::Current(partitions))
    }

    /// The number of partitions of the file at this path.
    ///
    /// # Errors
    /// `Refused` when it is of a format that is not read here.
    pub(super) fn partitions(self, path: &Path) -> std::result::Result<i64, StreamError> {
        let why = match self {
            Self::Current(partitions) => return Ok(partitions),
            Self::Later(format) => format!("is of format {format}, of a later release; this one reads {CURRENT}"),
            Self::Earlier(_) => {
                "is an earlier release's until the process that owns it is started with this one".to_owned()
            }
        };
        Err(StreamError::Refused(format!("{}: {why}", path.display())))
    }
}
