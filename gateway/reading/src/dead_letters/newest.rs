//! The newest dead letters, held between one look and the next, so that each is read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use tallygate_stream::{Bounds, Start, Stream, StreamError, Topic};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

use super::filter::Filter;
use super::letter::DeadLetter;
use super::listing::Listing;
use super::position::Position;
use super::shown::{Shown, stands_at};
use crate::limits::{DEAD_LETTERS_FRESH, DEAD_LETTERS_MOST, DEAD_LETTERS_READ, DEAD_LETTERS_TIME};
use crate::scan::next_in_time;

/// Letters that are looked at before others get their turn.
const LOOKED_AT_ONCE: usize = 1_000;

/// The newest dead letters of a stream, as many as may be held; their values stay there. One look at a time reads what has come
/// since the one before, and a look ends within [`DEAD_LETTERS_TIME`]: what it has read by then stays.
pub struct Newest {
    stream: Arc<dyn Stream>,
    most_bytes: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// By age.
    letters: BTreeMap<(i64, Position), DeadLetter>,
    bytes: usize,
    partitions: BTreeMap<u32, Read>,
    /// When the last look came to its end.
    looked: Option<Instant>,
    /// Those there are, a broker's own marks with them where not all of them were read.
    all: u64,
}

/// What was read of a partition.
struct Read {
    /// What there was then, from here on.
    low: u64,
    /// Where the next look begins.
    next: u64,
    /// Whether some letters before that are not held.
    left_out: bool,
}

impl Newest {
    /// Nothing is read yet; at most about so many bytes will be held.
    pub fn new(stream: Arc<dyn Stream>, most_bytes: usize) -> Self {
        Self { stream, most_bytes, held: Mutex::default() }
    }

    /// As [`list`](super::list), among the newest that are held.
    ///
    /// # Errors
    /// When the stream does not answer in time, or there is more to read than that.
    pub async fn list(&self, filter: &Filter) -> Result<Listing, StreamError> {
        let held = self.look().await?;
        let most = filter.most.min(DEAD_LETTERS_MOST);
        let (mut newest, mut matching) = (Vec::new(), 0);
        for (place, letter) in held.letters.values().rev().enumerate() {
            if place % LOOKED_AT_ONCE == LOOKED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            if filter.takes(letter) {
                matching += 1;
                if newest.len() < most {
                    newest.push(letter.clone());
                }
            }
        }
        newest.reverse();
        Ok(Listing { dead_letters: newest, matching, all: held.all, searched: held.letters.len() as u64 })
    }

    /// As [`show`](super::show); a place in the log is looked for among the newest that are held.
    ///
    /// # Errors
    /// When the stream does not answer in time, or there is more to read than that.
    pub async fn show(&self, position: Position) -> Result<Option<Shown>, StreamError> {
        let origin = position.to_string();
        let at = {
            let held = self.look().await?;
            let from_there = held.letters.values().rfind(|letter| letter.origin.as_ref() == Some(&origin));
            from_there.map_or(position, |letter| letter.at)
        };
        stands_at(&*self.stream, at).await
    }

    /// What is held, once it is up to date.
    async fn look(&self) -> Result<MutexGuard<'_, Held>, StreamError> {
        let looked = timeout(DEAD_LETTERS_TIME, async {
            let mut held = self.held.lock().await;
            held.update(&*self.stream, self.most_bytes).await?;
            Ok(held)
        });
        looked.await.unwrap_or_else(|_| {
            let seconds = DEAD_LETTERS_TIME.as_secs();
            Err(StreamError::Away(format!("the dead letters were not read to their end within {seconds} s, try again")))
        })
    }
}

impl Held {
    async fn update(&mut self, stream: &dyn Stream, most_bytes: usize) -> Result<(), StreamError> {
        if self.looked.is_some_and(|at| at.elapsed() < DEAD_LETTERS_FRESH) {
            return Ok(());
        }
        let bounds = stream.bounds(Topic::DeadLetters).await?;
        self.forget(&bounds);
        let behind = |held: &Self| -> Vec<(u32, Start)> {
            let unread = bounds.iter().filter_map(|Bounds { partition, high, .. }| {
                let next = held.partitions.get(partition)?.next;
                (next < *high).then_some((*partition, Start::Offset(next)))
            });
            unread.collect()
        };
        let starts = behind(self);
        if !starts.is_empty() {
            let mut follower = stream.follow(Topic::DeadLetters, starts).await?;
            while !behind(self).is_empty() {
                let batch = next_in_time(&mut *follower, "dead letter").await?;
                for record in &batch.records {
                    if let Some(read) = self.partitions.get_mut(&record.partition) {
                        read.next = record.offset + 1;
                        self.take(DeadLetter::read(record), most_bytes);
                    }
                }
                if batch.caught_up {
                    // The last offsets may be a broker's own marks, which nobody gets to read.
                    for Bounds { partition, high, .. } in &bounds {
                        self.partitions.entry(*partition).and_modify(|read| read.next = read.next.max(*high));
                    }
                }
            }
        }
        self.all = match self.partitions.values().any(|read| read.left_out) {
            true => bounds.iter().map(|bounds| bounds.high.saturating_sub(bounds.low)).sum(),
            false => self.letters.len() as u64,
        };
        self.looked = Some(Instant::now());
        Ok(())
    }

    /// Lets go of what the topic no longer has, and begins with partitions that are new, at most so far before their ends.
    fn forget(&mut self, bounds: &[Bounds]) {
        let share = DEAD_LETTERS_READ / bounds.len().max(1) as u64;
        let mut shrunk = false;
        for Bounds { partition, low, high, .. } in bounds.iter().copied() {
            // One that ends before what was read of it was made anew.
            if self.partitions.get(&partition).is_some_and(|read| read.next > high) {
                self.partitions.remove(&partition);
                self.keep(|letter| letter.at.partition != partition);
            }
            let next = low.max(high.saturating_sub(share));
            let new = Read { low, next, left_out: next > low };
            let read = self.partitions.entry(partition).or_insert(new);
            shrunk |= read.low < low;
            (read.low, read.next) = (low, read.next.max(low));
        }
        if shrunk {
            let lows: BTreeMap<u32, u64> = bounds.iter().map(|bounds| (bounds.partition, bounds.low)).collect();
            self.keep(|letter| lows.get(&letter.at.partition).is_some_and(|low| letter.at.offset >= *low));
        }
    }

    fn keep(&mut self, wanted: impl Fn(&DeadLetter) -> bool) {
        self.letters.retain(|_, letter| wanted(letter));
        self.bytes = self.letters.values().map(DeadLetter::held_bytes).sum();
    }

    /// Takes a letter; the oldest make room.
    fn take(&mut self, letter: DeadLetter, most_bytes: usize) {
        self.bytes += letter.held_bytes();
        if let Some(same) = self.letters.insert((letter.appended, letter.at), letter) {
            self.bytes -= same.held_bytes();
        }
        while self.bytes > most_bytes
            && let Some((_, oldest)) = self.letters.pop_first()
        {
            self.bytes -= oldest.held_bytes();
            if let Some(read) = self.partitions.get_mut(&oldest.at.partition) {
                read.left_out = true;
            }
        }
    }
}
