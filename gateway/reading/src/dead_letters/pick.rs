//! Dead letters whole: those that pass a filter, one after the other, and those at given positions.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_stream::{Start, Stream, StreamError, Topic};

use super::filter::Filter;
use super::letter::DeadLetter;
use super::original::Original;
use super::position::Position;
use crate::scan::{next_in_time, scan};

/// Gives every dead letter that passes the filter, in order within each partition, however many.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn each(stream: &dyn Stream, filter: &Filter, mut take: impl FnMut(Original)) -> Result<(), StreamError> {
    scan(stream, Topic::DeadLetters, &[], |record| {
        if filter.takes(&DeadLetter::read(&record)) {
            take(Original::read(&record));
        }
    })
    .await?;
    Ok(())
}

/// The dead letters at these positions among them; what is not there, or not any more, is left out.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn pick(
    stream: &dyn Stream,
    positions: &BTreeSet<Position>,
) -> Result<BTreeMap<Position, Original>, StreamError> {
    let mut picked = BTreeMap::new();
    // By partition, from the first wanted one to the last.
    let mut wanted: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for bounds in stream.bounds(Topic::DeadLetters).await? {
        let there = |position: &&Position| {
            position.partition == bounds.partition && (bounds.low..bounds.high).contains(&position.offset)
        };
        let mut offsets = positions.iter().filter(there).map(|position| position.offset);
        if let Some(first) = offsets.next() {
            wanted.insert(bounds.partition, (first, offsets.next_back().unwrap_or(first)));
        }
    }
    if wanted.is_empty() {
        return Ok(picked);
    }
    let starts = wanted.iter().map(|(partition, (first, _))| (*partition, Start::Offset(*first))).collect();
    let mut follower = stream.follow(Topic::DeadLetters, starts).await?;
    while !wanted.is_empty() {
        let batch = next_in_time(&mut *follower, "dead letter").await?;
        for record in batch.records {
            let at = Position { partition: record.partition, offset: record.offset };
            if positions.contains(&at) {
                picked.insert(at, Original::read(&record));
            }
            if wanted.get(&at.partition).is_some_and(|(_, last)| at.offset >= *last) {
                wanted.remove(&at.partition);
            }
        }
        if batch.caught_up {
            break;
        }
    }
    Ok(picked)
}
