//! How many dead letters there are and since when, without reading them all.

use std::collections::BTreeMap;

use tallygate_stream::{Start, Stream, StreamError, Topic};

use crate::scan::next_in_time;

/// What there is of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pile {
    /// How many; a broker's own marks may be among them.
    pub number: u64,
    /// When the oldest became one, Unix milliseconds.
    pub oldest: Option<i64>,
}

/// The first dead letter of each partition, remembered from one look to the next.
#[derive(Debug, Default)]
pub struct Firsts(BTreeMap<u32, (u64, i64)>);

impl Firsts {
    /// Looks at the pile; a first letter that was read before is not read again.
    ///
    /// # Errors
    /// When the stream does not answer in time.
    pub async fn look(&mut self, stream: &dyn Stream) -> Result<Pile, StreamError> {
        let bounds = stream.bounds(Topic::DeadLetters).await?;
        let filled: BTreeMap<u32, u64> =
            bounds.iter().filter(|b| b.high > b.low).map(|b| (b.partition, b.low)).collect();
        self.0.retain(|partition, (low, _)| filled.get(partition) == Some(low));
        let unread: Vec<u32> = filled.keys().copied().filter(|partition| !self.0.contains_key(partition)).collect();
        if !unread.is_empty() {
            self.read(stream, &unread, &filled).await?;
        }
        Ok(Pile {
            number: bounds.iter().map(|b| b.high.saturating_sub(b.low)).sum(),
            oldest: self.0.values().map(|(_, appended)| *appended).min(),
        })
    }

    async fn read(
        &mut self,
        stream: &dyn Stream,
        unread: &[u32],
        filled: &BTreeMap<u32, u64>,
    ) -> Result<(), StreamError> {
        let starts = unread.iter().map(|partition| (*partition, Start::Beginning)).collect();
        let mut follower = stream.follow(Topic::DeadLetters, starts).await?;
        while unread.iter().any(|partition| !self.0.contains_key(partition)) {
            let batch = next_in_time(&mut *follower, "dead letter").await?;
            for record in batch.records {
                let low = filled.get(&record.partition).copied().unwrap_or(record.offset);
                self.0.entry(record.partition).or_insert((low, record.appended));
            }
            if batch.caught_up {
                break;
            }
        }
        Ok(())
    }
}
