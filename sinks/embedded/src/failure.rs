//! Why an embedded database did not do what was asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Error, ErrorCode};

/// Why a database did not do what was asked; every message names the file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Nothing can be added until there is room.
    #[error("{}: the disk is full, free some space on it", .0.display())]
    Full(PathBuf),
    /// The file, or the disk under it, is damaged.
    #[error("{}: the file is damaged or no database ({}); restore it, or move it away to begin anew", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// It was removed or replaced while it was in use: nothing that is written there would be found again.
    #[error(
        "{}: it or its log was removed or replaced while it was in use; put it back, or restart to go on with what stands there",
        .0.display()
    )]
    Gone(PathBuf),
    /// There is no such file.
    #[error("{}: there is no such database; it is made when the process that owns it first runs", .0.display())]
    Missing(PathBuf),
    /// It was opened for reading alone.
    #[error("{}: was opened for reading only", .0.display())]
    ReadOnly(PathBuf),
    /// The directory for it could not be made.
    #[error("{}: cannot make the directory for the database: {}", .0.display(), .1)]
    Directory(PathBuf, Arc<std::io::Error>),
    /// A write panicked; it was undone, and the others went on.
    #[error("{}: a write panicked and was undone", .0.display())]
    Panicked(PathBuf),
    /// The committing thread could not be started.
    #[error("{}: cannot start the committing thread: {}", .0.display(), .1)]
    Thread(PathBuf, Arc<std::io::Error>),
    /// It did not answer in time. What was to be written may be written all the same.
    #[error("{}: gave no answer within {:?}, the outcome is unknown; look whether its disk hangs", .0.display(), .1)]
    Late(PathBuf, Duration),
    /// The committing thread is gone.
    #[error("{}: the database is closed", .0.display())]
    Closed(PathBuf),
    /// Anything else SQLite says.
    #[error("{}: {}", .0.display(), .1)]
    Sqlite(PathBuf, Arc<Error>),
}

impl DatabaseError {
    /// Whether trying again later may help: the disk is full, hangs or fails, the file may be put back, or another
    /// process holds a lock.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Full(_) | Self::Gone(_) | Self::Late(..) => true,
            Self::Sqlite(_, error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::OutOfMemory
                )
            ),
            _ => false,
        }
    }

    pub(crate) fn of(path: &Path, error: Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(path, error.to_string()),
            _ => Self::Sqlite(path, Arc::new(error)),
        }
    }
}
