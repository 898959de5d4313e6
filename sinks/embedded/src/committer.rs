//! The committing thread: many writes, each undone alone when it fails, in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, Transaction, TransactionBehavior, ffi};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};
use tokio::time::timeout;

use crate::failure::DatabaseError;
use crate::in_place::InPlace;
use crate::write::{Settled, Work, Write};
use crate::write_ahead_log::WriteAheadLog;
use crate::{limits, timeouts};

/// Owns the committing thread; dropping it lets the thread finish what it was given.
pub(crate) struct Committer {
    /// As many as there is room for.
    writes: Option<mpsc::UnboundedSender<Box<dyn Queued>>>,
    /// Bytes that further writes may hold.
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
    path: Arc<Path>,
}

/// One write on its way through the thread.
trait Queued: Send {
    /// Whether it is one statement, which SQLite undoes by itself when it fails.
    fn is_one_statement(&self) -> bool;
    /// Whether it has a transaction of its own.
    fn is_alone(&self) -> bool;
    /// Does the work and keeps its outcome; `false` when it failed and is to be undone alone.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Tells how it ended, knowing how the transaction did.
    fn settle(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct HandedOver<T, R> {
    path: Arc<Path>,
    is_one_statement: bool,
    is_alone: bool,
    /// None once it ran.
    work: Option<Work<T>>,
    settled: Vec<Settled<T>>,
    outcome: Option<Result<T, DatabaseError>>,
    reply: R,
    /// Held until it is settled, whether or not its writer waits.
    room: OwnedSemaphorePermit,
}

impl Committer {
    pub(crate) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, DatabaseError> {
        let (writes, waiting) = mpsc::unbounded_channel();
        let own = Arc::clone(&path);
        let in_place = InPlace::now(&path);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || commit_all(connection, in_place, waiting, &own))
            .map_err(|e| DatabaseError::Thread(path.to_path_buf(), Arc::new(e)))?;
        let room = Arc::new(Semaphore::new(limits::WAITING_BYTES));
        Ok(Self { writes: Some(writes), room, thread: Some(thread), path })
    }

    pub(crate) async fn write<T: Send + 'static>(&self, write: Write<T>) -> Result<T, DatabaseError> {
        let written = async {
            let room = Arc::clone(&self.room).acquire_many_owned(write.weight()).await.map_err(|_| self.closed())?;
            let (reply, ended) = oneshot::channel();
            self.hand_over(write, room, move |outcome| {
                let _ = reply.send(outcome);
            })?;
            ended.await.unwrap_or_else(|_| Err(self.closed()))
        };
        timeout(timeouts::ANSWER, written).await.unwrap_or_else(|_| Err(self.late(timeouts::ANSWER)))
    }

    /// `within` so long; the thread goes on with what it was given.
    pub(crate) fn write_blocking<T: Send + 'static>(
        &self,
        write: Write<T>,
        within: Duration,
    ) -> Result<T, DatabaseError> {
        let deadline = Instant::now() + within;
        let room = loop {
            match Arc::clone(&self.room).try_acquire_many_owned(write.weight()) {
                Ok(room) => break room,
                Err(TryAcquireError::Closed) => return Err(self.closed()),
                Err(TryAcquireError::NoPermits) if Instant::now() >= deadline => return Err(self.late(within)),
                Err(TryAcquireError::NoPermits) => std::thread::sleep(timeouts::PAUSE),
            }
        };
        let (reply, ended) = std::sync::mpsc::sync_channel(1);
        self.hand_over(write, room, move |outcome| {
            let _ = reply.send(outcome);
        })?;
        match ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(outcome) => outcome,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Err(self.late(within)),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err(self.closed()),
        }
    }

    /// Bytes that further writes may hold.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.room.available_permits()
    }

    fn hand_over<T, R>(&self, write: Write<T>, room: OwnedSemaphorePermit, reply: R) -> Result<(), DatabaseError>
    where
        T: Send + 'static,
        R: FnOnce(Result<T, DatabaseError>) + Send + 'static,
    {
        let path = Arc::clone(&self.path);
        let Write { work, settled, is_one_statement, is_alone, .. } = write;
        let (work, outcome) = (Some(work), None);
        let handed = Box::new(HandedOver { path, is_one_statement, is_alone, work, settled, outcome, reply, room });
        let writes = self.writes.as_ref().ok_or_else(|| self.closed())?;
        writes.send(handed).map_err(|_| self.closed())
    }

    fn closed(&self) -> DatabaseError {
        DatabaseError::Closed(self.path.to_path_buf())
    }

    fn late(&self, within: Duration) -> DatabaseError {
        DatabaseError::Late(self.path.to_path_buf(), within)
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.writes.take();
        let Some(thread) = self.thread.take() else { return };
        // A write that itself held the last handle drops it on the thread, which cannot wait for itself.
        if thread.thread().id() == std::thread::current().id() {
            return;
        }
        until_ended(thread, &self.path);
    }
}

/// Waits until a committing thread has ended that was told to, for a bounded time.
pub fn until_ended(thread: JoinHandle<()>, path: &Path) {
    let deadline = Instant::now() + timeouts::ANSWER;
    while !thread.is_finished() {
        if Instant::now() >= deadline {
            tracing::error!(file = %path.display(), "the committing thread does not end, it is left alone");
            return;
        }
        std::thread::sleep(timeouts::PAUSE);
    }
    if thread.join().is_err() {
        tracing::error!(file = %path.display(), "the committing thread panicked");
    }
}

impl<T, R> Queued for HandedOver<T, R>
where
    T: Send,
    R: FnOnce(Result<T, DatabaseError>) + Send,
{
    fn is_one_statement(&self) -> bool {
        self.is_one_statement
    }

    fn is_alone(&self) -> bool {
        self.is_alone
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
        let Self { path, outcome, settled, reply, room, .. } = *self;
        let outcome = match (outcome, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(DatabaseError::Closed(path.to_path_buf())),
        };
        for settled in settled {
            settled(&outcome);
        }
        drop(room);
        reply(outcome);
    }
}

fn commit_all(
    mut connection: Connection,
    mut in_place: InPlace,
    mut waiting: mpsc::UnboundedReceiver<Box<dyn Queued>>,
    path: &Path,
) {
    let mut log = WriteAheadLog::default();
    let mut writes = Vec::with_capacity(limits::COMMIT_WRITES);
    while waiting.blocking_recv_many(&mut writes, limits::COMMIT_WRITES) > 0 {
        let pause = timeouts::gather(writes.len());
        while let Some(first) = writes.first() {
            let rest = writes.iter().skip(1).take_while(|next| !first.is_alone() && !next.is_alone());
            let together = 1 + rest.count();
            let committed = commit_in_place(&mut connection, &mut in_place, &mut writes[..together], path);
            if let Err(error) = &committed {
                tracing::error!(%error, writes = together, "a commit failed");
            }
            writes.drain(..together).for_each(|write| write.settle(committed.clone()));
        }
        log.keep_small(&connection, in_place.log_bytes());
        std::thread::sleep(pause);
    }
}

/// Looked at before it, so that nothing is put where nobody finds it; and afterwards: what stands there then has what was
/// committed.
fn commit_in_place(
    connection: &mut Connection,
    in_place: &mut InPlace,
    writes: &mut [Box<dyn Queued>],
    path: &Path,
) -> Result<(), DatabaseError> {
    let holds = |in_place: &mut InPlace| {
        if in_place.holds() { Ok(()) } else { Err(DatabaseError::Gone(path.to_owned())) }
    };
    holds(in_place)?;
    commit(connection, writes).map_err(|e| DatabaseError::of(path, e))?;
    holds(in_place)
}

/// Runs the writes in one transaction, each in a savepoint where it needs one: one alone is undone with the transaction.
fn commit(connection: &mut Connection, writes: &mut [Box<dyn Queued>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [write] = writes {
        return if write.run(&transaction) { transaction.commit() } else { transaction.finish() };
    }
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
