//! Moves the write-ahead log into the file: at the start, and where readers never let it begin anew.

use rusqlite::{Connection, Error, ffi};

use crate::limits::{CUT_TRIES, LOG_BYTES};
use crate::timeouts;

/// What is known of the log's size.
///
/// SQLite moves the log into the file beside the commits, and begins it anew when nobody reads from it at that moment: readers
/// that always overlap would let it grow for ever.
pub(crate) struct WriteAheadLog {
    /// The size from which on readers are waited for.
    bound: u64,
}

impl Default for WriteAheadLog {
    fn default() -> Self {
        Self { bound: u64::from(LOG_BYTES) }
    }
}

impl WriteAheadLog {
    /// Cuts the log where it came to be too large, waiting for those who read from it, a bounded time. Where one of them does
    /// not end, it is tried again when the log has grown by as much again.
    pub(crate) fn keep_small(&mut self, connection: &Connection, bytes: u64) {
        if bytes <= self.bound {
            return;
        }
        self.bound = u64::from(LOG_BYTES);
        let why = match cut(connection) {
            Ok(true) => return,
            Ok(false) => "somebody reads from it for too long".to_owned(),
            Err(error) => error.to_string(),
        };
        self.bound = self.bound.saturating_add(bytes);
        tracing::warn!(file = connection.path(), bytes, why, "the write-ahead log cannot be cut, it grows on");
    }
}

/// Moves into the file what the log holds, before anything is built on it. The process before may have ended after a sync that
/// failed: what the system had to write then it takes for written, shows it, and never writes it; written to the file, it is
/// synced anew.
///
/// # Errors
/// When that fails, or somebody reads from the log for too long.
pub(crate) fn empty(connection: &Connection) -> rusqlite::Result<()> {
    if cut(connection)? {
        return Ok(());
    }
    let busy = ffi::Error::new(ffi::SQLITE_BUSY);
    Err(Error::SqliteFailure(busy, Some("readers of the file do not end".to_owned())))
}

/// Whether it could be. SQLite waits for a place among the readers rather than for the reader that it found there, so that
/// later ones take its turn; each try looks anew.
fn cut(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(timeouts::CUT_TRY)?;
    let mut is_cut = Ok(false);
    for _ in 0..CUT_TRIES {
        is_cut =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0).map(|busy| !busy));
        if !matches!(is_cut, Ok(false)) {
            break;
        }
    }
    connection.busy_timeout(timeouts::LOCK_WAIT)?;
    is_cut
}
