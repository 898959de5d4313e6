//! The handle to one database file.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Transaction};

use crate::committer::Committer;
use crate::durability::Durability;
use crate::failure::DatabaseError;
use crate::folders::make_folder;
use crate::read_pool::ReadPool;
use crate::write::Write;
use crate::{limits, timeouts, write_ahead_log};

/// A handle to one database file; clones share it. When the last one is dropped, writes that were handed over are
/// committed and the file is closed.
#[derive(Clone)]
pub struct Database {
    // The reading connections stand first, so that the committing connection closes last and moves the log into the file.
    read_pool: Arc<ReadPool>,
    committer: Option<Arc<Committer>>,
    path: Arc<Path>,
}

impl Database {
    /// Opens the file, or makes it and its directory, and runs `schema`, which must be idempotent
    /// (`CREATE TABLE IF NOT EXISTS …`).
    ///
    /// # Errors
    /// When the directory cannot be made, the file is no database, or the schema does not apply.
    pub fn open(path: impl AsRef<Path>, schema: &str, durability: Durability) -> Result<Self, DatabaseError> {
        let path: Arc<Path> = path.as_ref().into();
        let folder = path.parent().unwrap_or(Path::new(""));
        make_folder(folder).map_err(|error| DatabaseError::Directory(path.to_path_buf(), Arc::new(error)))?;
        let connection = connect(&path, schema, durability).map_err(|e| DatabaseError::of(&path, e))?;
        Ok(Self {
            read_pool: Arc::new(ReadPool::new(Arc::clone(&path))),
            committer: Some(Arc::new(Committer::start(connection, Arc::clone(&path))?)),
            path,
        })
    }

    /// Opens a file for reading alone, also while another process writes it.
    ///
    /// # Errors
    /// [`DatabaseError::Missing`], or why it does not open.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let path: Arc<Path> = path.as_ref().into();
        if !path.exists() {
            return Err(DatabaseError::Missing(path.to_path_buf()));
        }
        let database = Self { read_pool: Arc::new(ReadPool::new(Arc::clone(&path))), committer: None, path };
        database.read_blocking(|c| c.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))?;
        Ok(database)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a commit outlives, as the committing connection itself reports it; none when it promises nothing of the kind.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn durability(&self) -> Result<Option<Durability>, DatabaseError> {
        self.write_blocking(|transaction| Durability::of(transaction))
    }

    /// Runs `work` on the committing thread and returns its value when it is committed. Writes that wait at the same
    /// time share one commit; one that returns an error is undone alone. Use `prepare_cached` in it.
    ///
    /// Once it was handed over, a write happens even if this future is dropped, or gives up waiting.
    ///
    /// # Errors
    /// What `work` returned, why the commit failed, or [`DatabaseError::Late`] when it is unknown.
    pub async fn write<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Write::new(work)).await
    }

    /// As [`write`](Self::write), for a write that is large, one statement alone, or has something follow from it.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn submit<T: Send + 'static>(&self, write: Write<T>) -> Result<T, DatabaseError> {
        self.committer()?.write(write).await
    }

    /// As [`write`](Self::write), blocking the calling thread.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.committer()?.write_blocking(Write::new(work), timeouts::ANSWER)
    }

    /// Runs `work` on a reading connection, beside the runtime's own threads; it sees all that was committed before.
    /// Statements see one state each; begin a transaction to have several see the same.
    ///
    /// When this future is dropped or gives up waiting, the statement that runs is ended.
    ///
    /// # Errors
    /// What `work` returned, or [`DatabaseError::Late`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        ReadPool::read(&self.read_pool, work).await
    }

    /// As [`read`](Self::read), on the calling thread: what `work` itself takes has no bound.
    ///
    /// # Errors
    /// What `work` returned.
    pub fn read_blocking<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        self.read_pool.read_blocking(work)
    }

    fn committer(&self) -> Result<&Committer, DatabaseError> {
        match &self.committer {
            Some(committer) => Ok(committer),
            None => Err(DatabaseError::ReadOnly(self.path.to_path_buf())),
        }
    }
}

fn connect(path: &Path, schema: &str, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(timeouts::LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    // Of a file that is new; any other keeps its own.
    connection.pragma_update(None, "page_size", limits::PAGE_BYTES)?;
    durability.apply(&connection)?;
    write_ahead_log::empty(&connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", limits::CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", limits::LOG_BYTES)?;
    connection.execute_batch(schema)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
