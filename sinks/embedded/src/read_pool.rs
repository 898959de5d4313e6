//! The reading connections of a database: opened when needed, kept, and shared out.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::failure::DatabaseError;
use crate::{interrupt, limits, timeouts};

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
        let closed = || DatabaseError::Closed(pool.path.to_path_buf());
        let answer = async {
            let turn = Arc::clone(&pool.turns).acquire_owned().await.map_err(|_| closed())?;
            let (own, (caller, statements)) = (Arc::clone(pool), interrupt::pair());
            let reading = tokio::task::spawn_blocking(move || {
                let outcome = own.read_blocking(move |connection| statements.run(connection, work));
                drop(turn);
                outcome
            });
            let answer = reading.await;
            drop(caller);
            match answer {
                Ok(outcome) => outcome,
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(_) => Err(closed()),
            }
        };
        timeout(timeouts::ANSWER, answer).await.unwrap_or_else(|_| Err(pool.late()))
    }

    pub(crate) fn read_blocking<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let mut lent = self.lend()?;
        let connection = match lent.connection.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|e| DatabaseError::of(&self.path, e))?,
        };
        work(lent.connection.insert(connection)).map_err(|e| DatabaseError::of(&self.path, e))
    }

    fn lend(&self) -> Result<Lent<'_>, DatabaseError> {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let all_lent = |connections: &mut Connections| connections.lent >= limits::READERS;
        let (mut connections, waited) = self
            .returned
            .wait_timeout_while(connections, timeouts::ANSWER, all_lent)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(self.late());
        }
        connections.lent += 1;
        Ok(Lent { pool: self, connection: connections.idle.pop() })
    }

    fn late(&self) -> DatabaseError {
        DatabaseError::Late(self.path.to_path_buf(), timeouts::ANSWER)
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
