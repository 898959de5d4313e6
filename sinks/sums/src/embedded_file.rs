//! The file of the embedded store, which somebody may remove, or put another in the place of, while it is used.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tallygate_embedded::{Database, DatabaseError};

/// What stands at the path now is what is used.
pub(crate) struct EmbeddedFile {
    path: PathBuf,
    open: fn(&Path) -> Result<Database, DatabaseError>,
    used: Mutex<Option<(Database, FileId)>>,
}

/// Device and inode.
type FileId = (u64, u64);

impl EmbeddedFile {
    /// Opens the file, in this way.
    pub(crate) fn open(path: &Path, open: fn(&Path) -> Result<Database, DatabaseError>) -> Result<Self, DatabaseError> {
        let file = Self { path: path.to_owned(), open, used: Mutex::new(None) };
        file.database().map(|_| file)
    }

    /// The database at the path; opened again when it is another file than before.
    pub(crate) fn database(&self) -> Result<Database, DatabaseError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((database, _)) = used.as_ref().filter(|(_, id)| file_id(&self.path) == Some(*id)) {
            return Ok(database.clone());
        }
        if used.is_some() {
            tracing::warn!(
                "{}: was removed or replaced while it was in use; what stands there now is used",
                self.path.display()
            );
        }
        // The former one closes first: it takes its log with it.
        *used = None;
        let database = (self.open)(&self.path)?;
        // One that vanished again at once is found out by the next call.
        *used = file_id(&self.path).map(|id| (database.clone(), id));
        Ok(database)
    }
}

fn file_id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}
