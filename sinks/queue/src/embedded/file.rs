//! The file's tables, and every statement that runs on them.

use std::collections::BTreeSet;

use tallygate_embedded::rusqlite::{Connection, OptionalExtension, Result, Row};

use crate::limits::RECEIVE_BYTES;

/// The number of messages has a row of its own, kept by triggers, which are part of the statement that they follow: counting
/// the messages would read all of them. A file of an earlier release is counted once.
pub(super) const SCHEMA: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS depth (messages INTEGER NOT NULL) STRICT;
    INSERT INTO depth SELECT (SELECT count(*) FROM messages) WHERE NOT EXISTS (SELECT 1 FROM depth);
    CREATE TRIGGER IF NOT EXISTS published AFTER INSERT ON messages BEGIN
        UPDATE depth SET messages = messages + 1;
    END;
    CREATE TRIGGER IF NOT EXISTS acknowledged AFTER DELETE ON messages BEGIN
        UPDATE depth SET messages = messages - 1;
    END;
    COMMIT;
";

/// Messages with their ids.
pub(super) type Messages = Vec<(i64, Vec<u8>)>;

/// What was read: messages, and ids of which there is no message any more.
#[derive(Default)]
pub(super) struct Found {
    pub(super) messages: Messages,
    pub(super) gone: Vec<i64>,
}

/// Whether the file keeps the number of its messages.
pub(super) fn has_depth(c: &Connection) -> Result<bool> {
    c.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'depth'", [], |row| row.get(0))
}

/// How many messages there are.
pub(super) fn depth(c: &Connection) -> Result<u64> {
    let depth: i64 = c.prepare_cached("SELECT messages FROM depth")?.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(depth).unwrap_or_default())
}

/// The last id there is.
pub(super) fn last(c: &Connection) -> Result<i64> {
    c.query_row("SELECT coalesce(max(id), 0) FROM messages", [], |row| row.get(0))
}

pub(super) fn insert(c: &Connection, id: i64, message: &[u8]) -> Result<()> {
    c.prepare_cached("INSERT INTO messages (id, message) VALUES (?1, ?2)")?.execute((id, message)).map(drop)
}

pub(super) fn delete(c: &Connection, ids: &BTreeSet<i64>) -> Result<()> {
    let mut delete = c.prepare_cached("DELETE FROM messages WHERE id BETWEEN ?1 AND ?2")?;
    runs(ids).into_iter().try_for_each(|run| delete.execute(run).map(drop))
}

/// Reads messages, at most so many: first those with these ids, then those behind `last`.
pub(super) fn fetch(c: &Connection, first: &[i64], last: i64, most: usize) -> Result<Found> {
    let message = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (mut found, mut bytes) = (Found::default(), 0);
    let mut one = c.prepare_cached("SELECT id, message FROM messages WHERE id = ?1")?;
    for id in first {
        if bytes >= RECEIVE_BYTES {
            return Ok(found);
        }
        let Some(message): Option<(i64, Vec<u8>)> = one.query_row([id], message).optional()? else {
            found.gone.push(*id);
            continue;
        };
        bytes += message.1.len();
        found.messages.push(message);
    }
    let mut next = c.prepare_cached("SELECT id, message FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let left = i64::try_from(most.saturating_sub(found.messages.len())).unwrap_or(i64::MAX);
    let mut rows = next.query((last, left))?;
    while bytes < RECEIVE_BYTES
        && let Some(row) = rows.next()?
    {
        let message: (i64, Vec<u8>) = message(row)?;
        bytes += message.1.len();
        found.messages.push(message);
    }
    Ok(found)
}

/// The ids as runs without gaps, each deleted by one statement.
fn runs(ids: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for &id in ids {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == id => *end = id,
            _ => runs.push((id, id)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_gaps_are_one_run() {
        assert_eq!(runs(&[1, 2, 3, 5, 8, 9].into()), [(1, 3), (5, 5), (8, 9)]);
        assert_eq!(runs(&BTreeSet::new()), []);
    }
}
