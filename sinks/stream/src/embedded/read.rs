//! Reads one batch of the embedded log, from all partitions that are asked for.

use tallygate_embedded::rusqlite::{self, Connection};

use super::log;
use super::shared::{Shared, explain};
use crate::port::{StreamError, Topic};
use crate::records::{Packer, Record};

/// Records, the positions behind them, and whether there is nothing more behind those.
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) positions: Vec<(u32, u64)>,
    pub(super) is_all: bool,
}

/// Reads one batch from all partitions; the one where it stopped is put last, so that each has its turn.
pub(super) async fn read(shared: &Shared, topic: Topic, positions: Vec<(u32, u64)>) -> Result<Found, StreamError> {
    let gone = move |partition: u32, position: u64| {
        let told = "is no longer in the log; whoever begins anew is told where it begins";
        StreamError::Away(format!("{topic:?}, partition {partition}: the position {position} {told}"))
    };
    let read = move |log: &Connection| -> rusqlite::Result<Result<Found, StreamError>> {
        let log = log.unchecked_transaction()?;
        let (mut packer, mut positions) = (Packer::default(), positions);
        let mut done = 0;
        for (partition, position) in &mut positions {
            match log::read(&log, topic, *partition, *position, &mut packer)? {
                Some(next) => *position = next,
                None => return Ok(Err(gone(*partition, *position))),
            }
            done += 1;
            if packer.is_full() {
                break;
            }
        }
        let is_all = !packer.is_full();
        positions.rotate_left(done);
        Ok(Ok(Found { records: packer.finish(), positions, is_all }))
    };
    shared.database.read(read).await.map_err(explain)?
}
