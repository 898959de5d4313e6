//! The file of the embedded store, which somebody may remove, or put another in the place of, while it is used.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tallygate_embedded::{Database, DatabaseError, FileId};

use crate::port::SumsError;

/// What stands at the path now is what is used.
pub(crate) struct EmbeddedFile {
    path: PathBuf,
    open: fn(&Path) -> Result<Database, DatabaseError>,
    used: Mutex<Option<Used>>,
}

struct Used {
    database: Arc<Database>,
    file: FileId,
    /// Of SQLite's log and the index of it, when last looked at.
    beside: [Option<FileId>; 2],
}

/// How the names of the files beside it end.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

impl EmbeddedFile {
    /// Opens the file, in this way.
    pub(crate) fn open(path: &Path, open: fn(&Path) -> Result<Database, DatabaseError>) -> Result<Self, SumsError> {
        let file = Self { path: path.to_owned(), open, used: Mutex::new(None) };
        file.database().map(|_| file)
    }

    /// The database at the path; opened again when it is another file than before.
    pub(crate) fn database(&self) -> Result<Arc<Database>, SumsError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = used.as_mut().filter(|used| FileId::of(&self.path) == Some(used.file)) {
            used.beside = self.beside();
            return Ok(Arc::clone(&used.database));
        }
        if let Some(Used { database, file, beside }) = used.take() {
            let path = self.path.display();
            // The former one closes first: two logs of one name would be one too many.
            if let Err(database) = Arc::try_unwrap(database) {
                *used = Some(Used { database, file, beside });
                return Err(SumsError::Away(format!("{path}: was removed or replaced while it was in use")));
            }
            tracing::warn!("{path}: was removed or replaced while it was in use; what stands there now is used");
            self.remove_beside(beside);
        }
        let database = Arc::new((self.open)(&self.path)?);
        // One that vanished again at once is found out by the next call.
        let now = |file| Used { database: Arc::clone(&database), file, beside: self.beside() };
        *used = FileId::of(&self.path).map(now);
        Ok(database)
    }

    fn beside(&self) -> [Option<FileId>; 2] {
        BESIDE.map(|ending| FileId::of(&self.named(ending)))
    }

    /// SQLite leaves the log of a file that is no longer there, and would take it for the new one's.
    fn remove_beside(&self, former: [Option<FileId>; 2]) {
        for (ending, former) in BESIDE.into_iter().zip(former) {
            let path = self.named(ending);
            if former.is_some() && FileId::of(&path) == former {
                let _ = fs::remove_file(path);
            }
        }
    }

    fn named(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}
