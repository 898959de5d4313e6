//! What a commit outlives, and how SQLite is told so.

use rusqlite::{Connection, Result};

/// What a commit outlives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process and a power cut: each commit is synced to the disk.
    Synced,
    /// The death of the process; a power cut may take the last commits, but leaves the file whole.
    Cached,
}

/// How SQLite reports `synchronous=NORMAL`.
const NORMAL: i64 = 1;
/// How SQLite reports `synchronous=FULL`.
const FULL: i64 = 2;

impl Durability {
    /// Sets the connection up.
    pub(crate) fn apply(self, connection: &Connection) -> Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let synchronous = match self {
            Self::Synced => FULL,
            Self::Cached => NORMAL,
        };
        connection.pragma_update(None, "synchronous", synchronous)
    }

    /// As the connection itself reports it; none when it promises neither.
    pub(crate) fn of(connection: &Connection) -> Result<Option<Self>> {
        let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok(match (&*journal, synchronous) {
            ("wal", FULL) => Some(Self::Synced),
            ("wal", NORMAL) => Some(Self::Cached),
            _ => None,
        })
    }
}
