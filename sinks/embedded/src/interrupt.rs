//! Ends a read whose caller went away, so that it keeps no connection from those who still wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle};

/// The caller's half: dropped, the statements are ended.
pub(crate) struct Caller(Arc<Mutex<State>>);

/// The reading thread's half.
pub(crate) struct Statements(Arc<Mutex<State>>);

enum State {
    Waiting,
    Running(InterruptHandle),
    /// They ended, or the caller went away before they began.
    Over,
}

pub(crate) fn pair() -> (Caller, Statements) {
    let state = Arc::new(Mutex::new(State::Waiting));
    (Caller(Arc::clone(&state)), Statements(state))
}

impl Statements {
    /// Runs the work, unless the caller went away already. Before the connection goes to somebody else it is over.
    pub(crate) fn run<T>(
        self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        {
            let mut state = lock(&self.0);
            if matches!(*state, State::Over) {
                return Err(interrupted());
            }
            *state = State::Running(connection.get_interrupt_handle());
        }
        work(connection)
    }
}

impl Drop for Statements {
    fn drop(&mut self) {
        *lock(&self.0) = State::Over;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // With the lock, so that it ends no statement of a later one.
        let mut state = lock(&self.0);
        if let State::Running(statements) = &*state {
            statements.interrupt();
        }
        *state = State::Over;
    }
}

fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT), None)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
