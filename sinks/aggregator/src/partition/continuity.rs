//! Whether the log still is the one that was folded (rule 8).

use std::collections::HashMap;

use tallygate_core::Row;
use tallygate_stream::Record;

use super::halt::Halt;
use crate::note::{Fingerprint, LastFolded};

/// What the log must show, as the committed position and the rows in the store say.
#[derive(Debug)]
pub(super) struct Continuity {
    /// Until it was seen again.
    last_folded: Option<LastFolded>,
    /// Append times that the records at these offsets must have, as rows in the store say.
    rows: HashMap<u64, i64>,
}

impl Continuity {
    pub(super) fn new(last_folded: Option<LastFolded>) -> Self {
        Self { last_folded, rows: HashMap::new() }
    }

    /// Rows that took records which are still to come say when these were appended: a log that was made anew is found out
    /// by it.
    pub(super) fn expect(&mut self, rows: &[Row], from: u64) {
        let ahead = rows.iter().filter(|row| row.offset >= from);
        self.rows.extend(ahead.map(|row| (row.offset, row.updated_at)));
    }

    /// Checks a record against the last one that was folded.
    pub(super) fn check_last_folded(&mut self, record: &Record) -> Result<(), Halt> {
        let Some(LastFolded { offset, fingerprint }) = self.last_folded else { return Ok(()) };
        if record.offset < offset {
            return Ok(());
        }
        if record.offset > offset {
            return Err(Halt::Missing(offset));
        }
        if Fingerprint::of(record) != fingerprint {
            return Err(Halt::Stop(format!(
                "the record at offset {offset} is not the one that was folded: the topic was made anew, or is another; \
                 give the new one a name of its own"
            )));
        }
        self.last_folded = None;
        Ok(())
    }

    /// Checks a record that is about to be folded against the rows that took it already.
    pub(super) fn check_rows(&mut self, record: &Record) -> Result<(), Halt> {
        let offset = record.offset;
        match self.rows.remove(&offset) {
            Some(appended) if appended != record.appended => Err(Halt::Stop(format!(
                "the store of sums has a row of another record at offset {offset}: the topic was made anew, or is \
                 another; give the new one a name of its own"
            ))),
            _ => Ok(()),
        }
    }
}
