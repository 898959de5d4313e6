//! Reads a topic from its beginning, or from where an earlier scan ended, to the end it had, without owning or committing anything.

use std::collections::HashMap;

use tallygate_stream::{Batch, Bounds, Follower, Record, Start, Stream, StreamError, Topic};
use tokio::time::timeout;

use crate::limits::STREAM_PATIENCE;

/// Where a scan of one partition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// What the partition held when the scan began.
    pub(crate) bounds: Bounds,
    /// The offset behind the last record read.
    pub(crate) end: u64,
}

/// Gives every record there was at the beginning of the scan, and perhaps some later ones, in order within each
/// partition; those behind the earlier scan alone where there was one.
///
/// # Errors
/// When the stream does not answer in time.
pub(crate) async fn scan(
    stream: &dyn Stream,
    topic: Topic,
    earlier: &[Scanned],
    mut take: impl FnMut(Record),
) -> Result<Vec<Scanned>, StreamError> {
    let bounds = stream.bounds(topic).await?;
    let before = |partition| earlier.iter().find(|scanned| scanned.bounds.partition == partition);
    let start = |bounds: &Bounds| match before(bounds.partition) {
        Some(scanned) => (bounds.partition, Start::Offset(scanned.end)),
        None => (bounds.partition, Start::Beginning),
    };
    let starts = bounds.iter().map(start).collect();
    let end = |bounds: &Bounds| (bounds.partition, before(bounds.partition).map_or(bounds.low, |scanned| scanned.end));
    let mut ends: HashMap<u32, u64> = bounds.iter().map(end).collect();
    let mut follower = stream.follow(topic, starts).await?;
    let behind = |ends: &HashMap<u32, u64>| {
        bounds.iter().any(|bounds| ends.get(&bounds.partition).is_some_and(|end| *end < bounds.high))
    };
    let what = format!("record of {topic:?}");
    while behind(&ends) {
        let batch = next_in_time(&mut *follower, &what).await?;
        for record in batch.records {
            ends.insert(record.partition, record.offset + 1);
            take(record);
        }
        // The last offsets may be a broker's own marks, which nobody gets to read.
        if batch.caught_up {
            break;
        }
    }
    let scanned = bounds
        .into_iter()
        .map(|bounds| Scanned { bounds, end: ends.get(&bounds.partition).copied().unwrap_or(bounds.low) });
    Ok(scanned.collect())
}

/// The next records; `what` is what they are, should none come.
pub(crate) async fn next_in_time(follower: &mut dyn Follower, what: &str) -> Result<Batch, StreamError> {
    let seconds = STREAM_PATIENCE.as_secs();
    let next = timeout(STREAM_PATIENCE, follower.next()).await;
    next.map_err(|_| StreamError::Away(format!("no {what} came within {seconds} s")))?
}

/// The value of a record's header.
pub(crate) fn header<'r>(record: &'r Record, name: &str) -> Option<&'r [u8]> {
    record.header(name)
}

/// The value of a record's header as text.
pub(crate) fn header_text(record: &Record, name: &str) -> Option<String> {
    header(record, name).map(|value| String::from_utf8_lossy(value).into_owned())
}
