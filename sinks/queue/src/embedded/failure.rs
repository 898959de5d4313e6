//! Why the embedded queue did not do what was asked.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use crate::port::QueueError;

/// Every message names the file or folder.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{}: the disk is full, free some space on it", .0.display())]
    Full(PathBuf),
    /// Messages that were confirmed may be in it, so nothing goes on without it.
    #[error("{}: the file is damaged ({}); restore the folder of the queue, or move it away to begin anew", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// Nothing that is written there would be found again.
    #[error(
        "{}: it or what is in it was removed or replaced while it was in use; put it back, or restart to go on with what stands there",
        .0.display()
    )]
    Gone(PathBuf),
    #[error("{}: there is no such queue; it is made when the process that owns it first runs", .0.display())]
    Missing(PathBuf),
    #[error(
        "{}: is an earlier release's, or no queue; whoever owns it brings it up to date when it starts",
        .0.display()
    )]
    Earlier(PathBuf),
    #[error("{}: was opened for its depth alone", .0.display())]
    ReadOnly(PathBuf),
    #[error("{}: is a later release's (version {} of the format); a release as new would be right", .0.display(), .1)]
    Later(PathBuf, u64),
    #[error("{}: gave no answer within {:?}, the outcome is unknown; look whether its disk hangs", .0.display(), .1)]
    Late(PathBuf, Duration),
    #[error("{}: the queue is closed", .0.display())]
    Closed(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, Arc<io::Error>),
}

impl Failure {
    pub(super) fn of(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        let is_full = |errno: Errno| errno == Errno::NOSPC || errno == Errno::DQUOT;
        if Errno::from_io_error(&error).is_some_and(is_full) {
            Self::Full(path)
        } else {
            Self::Io(path, Arc::new(error))
        }
    }

    /// What was read of it by its name was there before.
    pub(super) fn of_reading(path: &Path, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Gone(path.to_owned()) } else { Self::of(path, error) }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged(path.to_owned(), what.into())
    }

    /// Whether trying again later may help: the disk is full, hangs or fails, or the folder may be put back.
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Gone(_) | Self::Late(..) | Self::Io(..))
    }
}

impl From<Failure> for QueueError {
    fn from(failure: Failure) -> Self {
        if failure.is_retryable() { Self::Away(failure.to_string()) } else { Self::Refused(failure.to_string()) }
    }
}
