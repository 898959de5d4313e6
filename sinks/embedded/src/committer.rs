//! The committing thread: many writes, each undone alone when it fails, in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, Error, Transaction, TransactionBehavior, ffi};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::failure::DatabaseError;
use crate::in_place::InPlace;
use crate::{limits, timeouts};

/// Owns the committing thread; dropping it lets the thread finish what it was given.
pub(crate) struct Committer {
    writes: Option<mpsc::Sender<Box<dyn Write>>>,
    thread: Option<JoinHandle<()>>,
    path: Arc<Path>,
}

/// One write on its way through the thread.
trait Write: Send {
    /// Whether it is one statement, which SQLite undoes by itself when it fails.
    fn is_one_statement(&self) -> bool;
    /// Does the work and keeps its outcome; `false` when it failed and is to be undone alone.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Tells the writer how it ended, knowing how the transaction did.
    fn settle(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct Work<T, F, R> {
    path: Arc<Path>,
    is_one_statement: bool,
    work: Option<F>,
    outcome: Option<Result<T, DatabaseError>>,
    reply: R,
}

impl Committer {
    pub(crate) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, DatabaseError> {
        let (writes, waiting) = mpsc::channel(limits::WAITING_WRITES);
        let own = Arc::clone(&path);
        let in_place = InPlace::now(&path);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || commit_all(connection, in_place, waiting, &own))
            .map_err(|e| DatabaseError::Thread(path.to_path_buf(), Arc::new(e)))?;
        Ok(Self { writes: Some(writes), thread: Some(thread), path })
    }

    pub(crate) async fn write<T, F>(&self, is_one_statement: bool, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, ended) = oneshot::channel();
        let write = self.boxed(is_one_statement, work, move |outcome| {
            let _ = reply.send(outcome);
        });
        let writes = self.writes.as_ref().ok_or_else(|| self.closed())?;
        writes.send(write).await.map_err(|_| self.closed())?;
        ended.await.unwrap_or_else(|_| Err(self.closed()))
    }

    pub(crate) fn write_blocking<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, ended) = std::sync::mpsc::sync_channel(1);
        let mut write = self.boxed(false, work, move |outcome| {
            let _ = reply.send(outcome);
        });
        let writes = self.writes.as_ref().ok_or_else(|| self.closed())?;
        loop {
            match writes.try_send(write) {
                Ok(()) => break,
                Err(TrySendError::Closed(_)) => return Err(self.closed()),
                Err(TrySendError::Full(back)) => write = back,
            }
            std::thread::sleep(timeouts::FULL_PAUSE);
        }
        ended.recv().unwrap_or_else(|_| Err(self.closed()))
    }

    fn boxed<T, F, R>(&self, is_one_statement: bool, work: F, reply: R) -> Box<dyn Write>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
        R: FnOnce(Result<T, DatabaseError>) + Send + 'static,
    {
        let path = Arc::clone(&self.path);
        Box::new(Work { path, is_one_statement, work: Some(work), outcome: None, reply })
    }

    fn closed(&self) -> DatabaseError {
        DatabaseError::Closed(self.path.to_path_buf())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.writes.take();
        if let Some(thread) = self.thread.take() {
            // A write that itself held the last handle drops it on the thread, which cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!(file = %self.path.display(), "the committing thread panicked");
            }
        }
    }
}

impl<T, F, R> Write for Work<T, F, R>
where
    F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send,
    T: Send,
    R: FnOnce(Result<T, DatabaseError>) + Send,
{
    fn is_one_statement(&self) -> bool {
        self.is_one_statement
    }

    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let outcome = match catch_unwind(AssertUnwindSafe(|| work(transaction))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(DatabaseError::of(&self.path, error)),
            Err(_) => Err(DatabaseError::Panicked(self.path.to_path_buf())),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn settle(self: Box<Self>, committed: Result<(), DatabaseError>) {
        let Self { path, outcome, reply, .. } = *self;
        reply(match (outcome, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(DatabaseError::Closed(path.to_path_buf())),
        });
    }
}

fn commit_all(
    mut connection: Connection,
    mut in_place: InPlace,
    mut waiting: mpsc::Receiver<Box<dyn Write>>,
    path: &Path,
) {
    let mut writes = Vec::with_capacity(limits::COMMIT_WRITES);
    while waiting.blocking_recv_many(&mut writes, limits::COMMIT_WRITES) > 0 {
        let committed = commit(&mut connection, &mut writes).map_err(|e| DatabaseError::of(path, e));
        // Looked at afterwards: what stands there then has what was committed.
        let committed =
            committed.and_then(|()| if in_place.holds() { Ok(()) } else { Err(DatabaseError::Gone(path.to_owned())) });
        if let Err(error) = &committed {
            tracing::error!(%error, writes = writes.len(), "a commit failed");
        }
        let several = writes.len() > 1;
        for write in writes.drain(..) {
            write.settle(committed.clone());
        }
        if several {
            std::thread::sleep(timeouts::GATHER);
        }
    }
}

/// Runs the writes in one transaction, each in a savepoint where it needs one.
fn commit(connection: &mut Connection, writes: &mut [Box<dyn Write>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for write in writes {
        let needs_savepoint = !write.is_one_statement();
        let savepoint = |step| {
            if needs_savepoint { transaction.prepare_cached(step)?.execute([]).map(drop) } else { Ok(()) }
        };
        savepoint("SAVEPOINT write")?;
        if !write.run(&transaction) {
            if transaction.is_autocommit() {
                // Out of space, for one, undoes the whole transaction: nobody's write is in.
                return Err(Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_IOERR),
                    Some("another write of the same commit undid it".to_owned()),
                ));
            }
            savepoint("ROLLBACK TO write")?;
        }
        savepoint("RELEASE write")?;
    }
    transaction.commit()
}
