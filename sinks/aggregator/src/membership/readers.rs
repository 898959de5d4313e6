//! Those who read the log for us: one for each time that partitions were given.

use std::collections::BTreeSet;

use futures::future::{pending, select_all};
use tallygate_stream::{Batch, Follower, Record, Start, Stream, StreamError, Topic};

use crate::ends::Ends;
use crate::limits::BATCHES_AT_ONCE;

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

    /// The next records, of partitions that are still read, with what else is at hand by then. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Vec<Record>, StreamError> {
        if !self.given_back.is_empty() {
            return Ok(std::mem::take(&mut self.given_back));
        }
        if self.readers.is_empty() {
            return pending().await;
        }
        let reads = self.readers.iter_mut().map(|Reader { follower, partitions }| {
            Box::pin(async move {
                let batch = follower.next().await?;
                Ok::<_, StreamError>(read(batch, partitions))
            })
        });
        let mut records = select_all(reads).await.0?;
        self.add_at_hand(&mut records)?;
        Ok(records)
    }

    /// The log lies in pieces of one partition each, and only those of several can be folded side by side.
    fn add_at_hand(&mut self, records: &mut Vec<Record>) -> Result<(), StreamError> {
        let mut room = BATCHES_AT_ONCE - 1;
        loop {
            let before = room;
            for Reader { follower, partitions } in self.readers.iter_mut().take(room) {
                if let Some(batch) = follower.at_hand()? {
                    records.extend(read(batch, partitions));
                    room -= 1;
                }
            }
            if room == before {
                return Ok(());
            }
        }
    }
}

fn read(batch: Batch, partitions: &BTreeSet<u32>) -> Vec<Record> {
    let mut records = batch.records;
    records.retain(|record| partitions.contains(&record.partition));
    records
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use async_trait::async_trait;

    use super::*;

    /// Pieces of a log, one behind the other.
    struct Pieces(VecDeque<Vec<Record>>);

    #[async_trait]
    impl Follower for Pieces {
        async fn next(&mut self) -> Result<Batch, StreamError> {
            match self.at_hand()? {
                Some(batch) => Ok(batch),
                None => pending().await,
            }
        }

        fn at_hand(&mut self) -> Result<Option<Batch>, StreamError> {
            Ok(self.0.pop_front().map(|records| Batch { records, caught_up: false }))
        }
    }

    /// Reads so many pieces of one record each, of each of these partitions in turn.
    fn reader(partitions: &[u32], pieces: u64) -> Reader {
        let piece = |offset| {
            let of = partitions.iter().map(move |partition| Record::new((*partition, offset, 0), b"", &[], b""));
            of.map(|record| vec![record])
        };
        let follower = Box::new(Pieces((0..pieces).flat_map(piece).collect()));
        Reader { follower, partitions: partitions.iter().copied().collect() }
    }

    #[tokio::test]
    async fn what_all_readers_have_at_hand_comes_together_in_order_and_within_bounds() {
        let most = BATCHES_AT_ONCE as u64;
        let mut readers = Readers { readers: vec![reader(&[0], most), reader(&[1, 2], 2)], given_back: Vec::new() };
        readers.end([2].into_iter());
        let records = readers.next().await.unwrap();
        let of = |number| records.iter().filter(move |record| record.partition == number).map(|record| record.offset);
        assert!(of(0).eq(0..most - 4), "{records:?}");
        assert!(of(1).eq(0..2) && of(2).next().is_none(), "{records:?}");
        readers.give_back(records[..3].to_vec());
        assert_eq!(readers.next().await.unwrap().len(), 3, "first of all what was given back");
        assert_eq!(readers.next().await.unwrap().len(), 4);
    }
}
