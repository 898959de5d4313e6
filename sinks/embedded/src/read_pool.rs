//! The reading connections of a database: opened when needed, kept, and shared out.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::failure::DatabaseError;
use crate::{limits, timeouts};

/// A small pool of connections that can only read.
pub(crate) struct ReadPool {
    path: Arc<Path>,
    connections: Mutex<Connections>,
    returned: Condvar,
    /// Lets no more asynchronous readers onto blocking threads than there are connections for.
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Connections {
    idle: Vec<Connection>,
    lent: usize,
}

/// A connection that goes back into the pool, also when its user panics.
struct Lent<'a> {
    pool: &'a ReadPool,
    connection: Option<Connection>,
}

impl ReadPool {
    pub(crate) fn new(path: Arc<Path>) -> Self {
        Self {
            path,
            connections: Mutex::default(),
            returned: Condvar::new(),
            turns: Arc::new(Semaphore::new(limits::READERS)),
        }
    }

    pub(crate) async fn read<T, F>(pool: &Arc<Self>, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let closed = |_| DatabaseError::Closed(pool.path.to_path_buf());
        let turn = Arc::clone(&pool.turns).acquire_owned().await.map_err(closed)?;
        let own = Arc::clone(pool);
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = own.read_blocking(work);
            drop(turn);
            outcome
        });
        match reading.await {
            Ok(outcome) => outcome,
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            Err(_) => Err(DatabaseError::Closed(pool.path.to_path_buf())),
        }
    }

    pub(crate) fn read_blocking<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let mut lent = self.lend();
        let connection = match lent.connection.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|e| DatabaseError::of(&self.path, e))?,
        };
        work(lent.connection.insert(connection)).map_err(|e| DatabaseError::of(&self.path, e))
    }

    fn lend(&self) -> Lent<'_> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        while connections.lent >= limits::READERS {
            connections = self.returned.wait(connections).unwrap_or_else(PoisonError::into_inner);
        }
        connections.lent += 1;
        Lent { pool: self, connection: connections.idle.pop() }
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(timeouts::LOCK_WAIT)?;
        connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
        Ok(connection)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut connections = self.pool.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.lent -= 1;
        // One left inside a transaction by its user would go on seeing an old state.
        if let Some(connection) = self.connection.take()
            && connection.is_autocommit()
        {
            connections.idle.push(connection);
        }
        self.pool.returned.notify_one();
    }
}
