//! Those who read the log for us: one for each time that partitions were given.

use std::collections::BTreeSet;

use futures::future::{pending, select_all};
use tallygate_stream::{Follower, Record, Start, Stream, StreamError, Topic};

/// Readers, each of partitions of its own.
#[derive(Default)]
pub(super) struct Readers(Vec<Reader>);

struct Reader {
    follower: Box<dyn Follower>,
    partitions: BTreeSet<u32>,
}

impl Readers {
    /// Reads these partitions, each from its offset on; nobody reads them otherwise any more.
    pub(super) async fn begin(&mut self, stream: &dyn Stream, from: Vec<(u32, u64)>) -> Result<(), StreamError> {
        self.end(from.iter().map(|(partition, _)| *partition));
        if from.is_empty() {
            return Ok(());
        }
        let partitions = from.iter().map(|(partition, _)| *partition).collect();
        let starts = from.into_iter().map(|(partition, offset)| (partition, Start::Offset(offset))).collect();
        let follower = stream.follow(Topic::Transactions, starts).await?;
        self.0.push(Reader { follower, partitions });
        Ok(())
    }

    /// Reads these no more.
    pub(super) fn end(&mut self, partitions: impl Iterator<Item = u32>) {
        for partition in partitions {
            self.0.iter_mut().for_each(|reader| {
                reader.partitions.remove(&partition);
            });
        }
        self.0.retain(|reader| !reader.partitions.is_empty());
    }

    /// The next records, of partitions that are still read. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Vec<Record>, StreamError> {
        if self.0.is_empty() {
            return pending().await;
        }
        let reads = self.0.iter_mut().map(|Reader { follower, partitions }| {
            Box::pin(async move {
                let mut records = follower.next().await?.records;
                records.retain(|record| partitions.contains(&record.partition));
                Ok(records)
            })
        });
        select_all(reads).await.0
    }
}
