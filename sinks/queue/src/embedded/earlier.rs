//! Takes over the queue of an earlier release: a table in SQLite, in a file named as the folder with `.db` behind.
//!
//! Messages leave the table once they stand in the log. A process that ends in between leaves some in both: redeliveries, which
//! count nowhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tallygate_embedded::folders::sync_folder;
use tallygate_embedded::rusqlite::{Connection, Result as Rows};
use tallygate_embedded::{Database, DatabaseError, Durability};

use super::failure::Failure;
use super::log::Log;
use crate::limits::{COMMIT_BYTES, TAKEN_OVER_AT_ONCE};
use crate::port::QueueError;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT";

/// Where an earlier release kept this queue.
pub(super) fn path(folder: &Path) -> PathBuf {
    let mut path = folder.to_owned();
    path.as_mut_os_string().push(".db");
    path
}

/// # Errors
/// When the file cannot be read, or the log not written; what was not taken over is taken over the next time.
pub(super) fn take_over(folder: &Path, log: &mut Log) -> Result<(), QueueError> {
    let path = path(folder);
    if !path.exists() {
        return Ok(());
    }
    let database = Database::open(&path, SCHEMA, Durability::Synced)?;
    let mut count = 0;
    loop {
        let some = database.read_blocking(some)?;
        let Some(last) = some.last().map(|(id, _)| *id) else { break };
        count += some.len();
        let messages: Vec<Bytes> = some.into_iter().map(|(_, message)| message.into()).collect();
        log.append(&messages)?;
        database.write_blocking(move |t| t.execute("DELETE FROM messages WHERE id <= ?1", [last]))?;
    }
    drop(database);
    remove(&path).map_err(|error| Failure::of(&path, error))?;
    let (file, folder) = (path.display(), folder.display());
    tracing::info!(
        "{file}: its {count} messages, of an earlier release, stand in {folder} now, and the file is removed"
    );
    Ok(())
}

fn some(c: &Connection) -> Rows<Vec<(i64, Vec<u8>)>> {
    let mut statement = c.prepare("SELECT id, message FROM messages ORDER BY id LIMIT ?1")?;
    let mut rows = statement.query([TAKEN_OVER_AT_ONCE])?;
    let (mut some, mut bytes) = (Vec::new(), 0);
    while bytes < COMMIT_BYTES
        && let Some(row) = rows.next()?
    {
        let (id, message): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        bytes += message.len();
        some.push((id, message));
    }
    Ok(some)
}

/// The file last: without it, what stands beside it says nothing.
fn remove(path: &Path) -> io::Result<()> {
    for ending in ["-wal", "-shm", ""] {
        let mut file = path.to_owned();
        file.as_mut_os_string().push(ending);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder(path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

impl From<DatabaseError> for QueueError {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() { Self::Away(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}
