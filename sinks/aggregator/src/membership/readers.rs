//! Those who read the log for us: one for each time that partitions were given.

use std::collections::BTreeSet;

use futures::future::{pending, select_all};
use tallygate_stream::{Follower, Record, Start, Stream, StreamError, Topic};

use crate::ends::Ends;

/// Readers, each of partitions of its own.
#[derive(Default)]
pub(super) struct Readers {
    readers: Vec<Reader>,
    /// Read and given back, to be handed on again before all else.
    given_back: Vec<Record>,
}

struct Reader {
    follower: Box<dyn Follower>,
    partitions: BTreeSet<u32>,
}

impl Readers {
    /// Reads these partitions, each from its offset on; nobody reads them otherwise any more. Tells those that cannot be
    /// read from there, each with the reason; the others are read all the same.
    pub(super) async fn begin(
        &mut self,
        stream: &dyn Stream,
        mut from: Vec<(u32, u64)>,
    ) -> Result<Vec<(u32, String)>, StreamError> {
        self.end(from.iter().map(|(partition, _)| *partition));
        let mut unreadable = Vec::new();
        while !from.is_empty() {
            let starts = from.iter().map(|(partition, offset)| (*partition, Start::Offset(*offset))).collect();
            match stream.follow(Topic::Transactions, starts).await {
                Ok(follower) => {
                    let partitions = from.iter().map(|(partition, _)| *partition).collect();
                    self.readers.push(Reader { follower, partitions });
                    break;
                }
                Err(StreamError::Refused(reason)) => {
                    let ends = Ends::of(stream, Topic::Transactions).await?;
                    let told = unreadable.len();
                    from.retain(|(partition, offset)| {
                        let (low, high) = (ends.low(*partition), ends.high(*partition));
                        let is_there = (low..=high).contains(offset);
                        if !is_there {
                            let reason =
                                format!("it is read from offset {offset} on, and the log holds {low} to {high}");
                            unreadable.push((*partition, reason));
                        }
                        is_there
                    });
                    if unreadable.len() == told {
                        return Err(StreamError::Refused(reason));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(unreadable)
    }

    /// Takes back what there was no room for; the next call hands it on again.
    pub(super) fn give_back(&mut self, records: Vec<Record>) {
        self.given_back = records;
    }

    /// Reads these no more.
    pub(super) fn end(&mut self, partitions: impl Iterator<Item = u32>) {
        for partition in partitions {
            self.readers.iter_mut().for_each(|reader| {
                reader.partitions.remove(&partition);
            });
            self.given_back.retain(|record| record.partition != partition);
        }
        self.readers.retain(|reader| !reader.partitions.is_empty());
    }

    /// The next records, of partitions that are still read. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Vec<Record>, StreamError> {
        if !self.given_back.is_empty() {
            return Ok(std::mem::take(&mut self.given_back));
        }
        if self.readers.is_empty() {
            return pending().await;
        }
        let reads = self.readers.iter_mut().map(|Reader { follower, partitions }| {
            Box::pin(async move {
                let mut records = follower.next().await?.records;
                records.retain(|record| partitions.contains(&record.partition));
                Ok(records)
            })
        });
        select_all(reads).await.0
    }
}
