//! Reads what the topic of sums holds of a log partition: its position, and the rows that stood at it (rule 12).

use std::collections::BTreeMap;
use std::time::Duration;

use tallygate_core::{Generation, Position, Row, RowKey, SumsRecord};
use tallygate_stream::{Record, Start, Stream, StreamError, Topic};
use tokio::time::{Instant, sleep, timeout};

use crate::ends::Ends;
use crate::limits::LAST_RECORDS;
use crate::scan::until_caught_up;
use crate::timeouts::SETTLE_PAUSE;

/// What the topic of sums holds of one partition.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    /// None when nothing was ever folded, or the topic lost it.
    pub(crate) position: Option<Position>,
    /// The last of each row.
    pub(crate) rows: BTreeMap<RowKey, Row>,
}

/// The topic does not hold what it must.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("{0}")]
    Stand(String),
}

impl Checkpoint {
    /// Reads all that the topic holds of this partition, for the owner whose group has committed this offset. What another's
    /// transaction still hides is waited for so long.
    pub(crate) async fn read(
        stream: &dyn Stream,
        partition: u32,
        committed: Option<u64>,
        patience: Duration,
    ) -> Result<Self, Unusable> {
        let mut follower = stream.follow(Topic::DailySums, vec![(partition, Start::Beginning)]).await?;
        let mut checkpoint = Self::default();
        let until = Instant::now() + patience;
        until_caught_up(&mut *follower, |record| checkpoint.take(record)).await?;
        loop {
            let next = checkpoint.position.as_ref().map(|position| position.next);
            // The group's offset goes with the position in one transaction; the topic may show it a little later.
            let is_behind = committed.is_some_and(|committed| next < Some(committed));
            if !is_behind || Instant::now() >= until {
                return checkpoint.agreeing(committed);
            }
            sleep(SETTLE_PAUSE).await;
            // A reader tells that it caught up when it did; where nothing came it has nothing to tell.
            let read_on = until_caught_up(&mut *follower, |record| checkpoint.take(record));
            timeout(SETTLE_PAUSE, read_on).await.unwrap_or(Ok(()))?;
        }
    }

    /// The position that the topic shows of this partition now, and all rows that changed since it was folded up to `next`. The
    /// position is the last record of each commit: what stands behind one of no later offset is enough, and little is read. None
    /// where no such one is found, or rows were removed.
    pub(crate) async fn since(stream: &dyn Stream, partition: u32, next: u64) -> Result<Option<Self>, Unusable> {
        let ends = Ends::of(stream, Topic::DailySums).await?;
        let (low, high) = (ends.low(partition), ends.high(partition));
        for records in LAST_RECORDS {
            let from = high.saturating_sub(records).max(low);
            let mut follower = stream.follow(Topic::DailySums, vec![(partition, Start::Offset(from))]).await?;
            let (mut since, mut first, mut has_removed) = (Self::default(), None, false);
            until_caught_up(&mut *follower, |record| {
                has_removed |= record.value().is_empty();
                since.take(record)?;
                first = first.or(since.position.as_ref().map(|position| position.next));
                Ok::<_, Unusable>(())
            })
            .await?;
            if first.is_some_and(|first| first <= next) && !has_removed {
                return Ok(Some(since));
            }
            if has_removed || from == low {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Reads what is there now, whatever the group has committed.
    pub(crate) async fn read_as_it_is(stream: &dyn Stream, partition: u32) -> Result<Self, StreamError> {
        let mut follower = stream.follow(Topic::DailySums, vec![(partition, Start::Beginning)]).await?;
        let mut checkpoint = Self::default();
        // What does not read is left behind.
        until_caught_up(&mut *follower, |record| {
            let _ = checkpoint.take(record);
            Ok::<_, StreamError>(())
        })
        .await?;
        Ok(checkpoint)
    }

    fn agreeing(self, committed: Option<u64>) -> Result<Self, Unusable> {
        match (&self.position, committed) {
            (Some(position), Some(committed)) if position.next != committed => Err(Unusable::Stand(format!(
                "its position in the topic of sums is {}, and the consumer group has committed {committed}: one of them was \
                 changed by another hand; put the group's offset back to {}, or run `tallygate recover`",
                position.next, position.next
            ))),
            _ => Ok(self),
        }
    }

    fn take(&mut self, record: &Record) -> Result<(), Unusable> {
        let read = SumsRecord::read(record.key(), record.value()).map_err(|problem| {
            Unusable::Stand(format!(
                "the topic of sums holds what is none of ours at offset {}: {problem}; nobody else may write it",
                record.offset
            ))
        })?;
        match read {
            SumsRecord::Position(position) => self.position = Some(*position),
            SumsRecord::Row(row) => drop(self.rows.insert(row.at.clone(), row)),
            SumsRecord::Removed(Some(at)) => drop(self.rows.remove(&at)),
            SumsRecord::Removed(None) => {}
        }
        Ok(())
    }
}

/// The generation that the topic of sums says the log is of; none before anything was folded.
///
/// # Errors
/// When the stream does not answer in time.
pub async fn generation_of_log(stream: &dyn Stream) -> Result<Option<Generation>, StreamError> {
    for bounds in stream.bounds(Topic::DailySums).await? {
        let mut follower = stream.follow(Topic::DailySums, vec![(bounds.partition, Start::Beginning)]).await?;
        loop {
            let batch = follower.next().await?;
            let mut read =
                batch.records.iter().filter_map(|record| SumsRecord::read(record.key(), record.value()).ok());
            if let Some(SumsRecord::Position(position)) = read.find(|read| matches!(read, SumsRecord::Position(_))) {
                return Ok(Some(position.generation));
            }
            if batch.caught_up {
                break;
            }
        }
    }
    Ok(None)
}
