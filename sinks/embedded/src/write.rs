//! A write for the committing thread: its work, what it takes of the memory for waiting writes, and what follows from it.

use rusqlite::Transaction;

use crate::failure::DatabaseError;
use crate::limits;

pub(crate) type Work<T> = Box<dyn FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send>;
pub(crate) type Settled<T> = Box<dyn FnOnce(&Result<T, DatabaseError>) + Send>;

/// Work for the committing thread, and what belongs to it.
pub struct Write<T> {
    pub(crate) work: Work<T>,
    pub(crate) settled: Vec<Settled<T>>,
    pub(crate) bytes: usize,
    pub(crate) is_one_statement: bool,
    pub(crate) is_alone: bool,
}

impl<T> Write<T> {
    /// A small one, of any number of statements.
    pub fn new(work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static) -> Self {
        Self { work: Box::new(work), settled: Vec::new(), bytes: 0, is_one_statement: false, is_alone: false }
    }

    /// It is one statement alone, which SQLite undoes by itself when it fails.
    pub fn of_one_statement(self) -> Self {
        Self { is_one_statement: true, ..self }
    }

    /// It has a transaction of its own, since it changes much of what is there: so that it could be undone without the others, SQLite
    /// would first copy each page.
    pub fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    /// It holds so many bytes until it is settled.
    pub fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// What happens on the committing thread when it is settled, after what was to happen before: before the writer is told,
    /// and also when the writer went away. A write that never reached the thread drops it unused.
    pub fn then(mut self, settled: impl FnOnce(&Result<T, DatabaseError>) + Send + 'static) -> Self {
        self.settled.push(Box::new(settled));
        self
    }

    /// What it takes of the memory for waiting writes. One that is larger than all of it waits for all of it.
    pub(crate) fn weight(&self) -> u32 {
        let bytes = self.bytes.clamp(limits::WRITE_LEAST_BYTES, limits::WAITING_BYTES);
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}
