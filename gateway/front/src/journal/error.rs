//! Why the journal did not take a line, or cannot be used.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::space::JournalFull;

/// Why the journal did not take a line, or cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// It may not grow.
    #[error(transparent)]
    Full(#[from] JournalFull),
    /// What the system says of its file.
    #[error("{}: the journal cannot be written: {}", .0.display(), .1)]
    File(Arc<Path>, Arc<io::Error>),
    /// Its file has given no answer for so long. What was handed over may be written all the same.
    #[error("{}: the journal has given no answer for {} s; look whether its disk hangs", .0.display(), .1.as_secs())]
    Late(Arc<Path>, Duration),
    /// The thread that writes it could not be started.
    #[error("{}: the journal's thread cannot be started: {}", .0.display(), .1)]
    Thread(Arc<Path>, Arc<io::Error>),
    /// The thread that writes it is gone.
    #[error("{}: the journal's thread has ended; restart to go on", .0.display())]
    Closed(Arc<Path>),
}
