//! Taking partitions over: rows and position from the topic of sums, identities from the local state or the log (rule 12). All that
//! is read for it is read beside the folding of others.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use backon::Retryable;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use tallygate_core::Position;
use tallygate_core::fold::Fold;
use tallygate_stream::Topic;
use tallygate_sums::{Foreign, SumsError};
use tokio::time::Instant;

use super::failure::Failure;
use crate::backoff;
use crate::checkpoint::{Checkpoint, Unusable};
use crate::ends::Ends;
use crate::limits::TAKEN_OVER_AT_ONCE;
use crate::partition::{Beginning, Partition, ahead_of_clock};
use crate::parts::Parts;

/// The takeovers that are under way, each of partitions of its own.
#[derive(Default)]
pub(super) struct TakeOvers<'a>(Vec<TakeOver<'a>>);

struct TakeOver<'a> {
    partitions: BTreeSet<u32>,
    read: BoxFuture<'a, Result<Found, Failure>>,
}

/// What was found of partitions that are to be taken over.
pub(super) struct Found {
    pub(super) begun: Instant,
    pub(super) partitions: BTreeSet<u32>,
    /// Of the log.
    pub(super) ends: Ends,
    pub(super) bases: Vec<(u32, Base)>,
    /// Those that stand, each with the reason.
    pub(super) standing: Vec<(u32, String)>,
}

/// What a partition is folded on from.
pub(super) enum Base {
    Anew(Box<Beginning>),
    /// As it was when it went.
    Kept(Box<Partition>),
}

impl<'a> TakeOvers<'a> {
    /// Begins to read what these need, each with the offset that the group has committed.
    pub(super) fn begin(&mut self, parts: &'a Parts, given: Vec<(u32, Option<u64>)>) {
        let partitions = given.iter().map(|(number, _)| *number).collect();
        self.0.push(TakeOver { partitions, read: read(parts, given).boxed() });
    }

    /// Takes none of these over; tells which others are not taken over any more either.
    pub(super) fn cancel(&mut self, partitions: &[u32]) -> Vec<u32> {
        let cancelled = self.0.extract_if(.., |one| partitions.iter().any(|number| one.partitions.contains(number)));
        let others = cancelled.flat_map(|one| one.partitions);
        others.filter(|number| !partitions.contains(number)).collect()
    }

    pub(super) fn has(&self, partition: u32) -> bool {
        self.0.iter().any(|one| one.partitions.contains(&partition))
    }

    /// The next that has read all; never when there is none. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Found, Failure> {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                if let Poll::Ready(found) = self.0[at].read.poll_unpin(context) {
                    drop(self.0.swap_remove(at));
                    return Poll::Ready(found);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Base {
    pub(super) fn position(&self) -> &Position {
        match self {
            Self::Anew(beginning) => &beginning.position,
            Self::Kept(partition) => partition.position(),
        }
    }

    /// The partition, and where the log is read from for it.
    pub(super) fn partition(self, number: u32, parts: &Parts) -> (u64, Partition) {
        let Position { next, recoveries, .. } = *self.position();
        match self {
            Self::Anew(beginning) => {
                let (from, restored) = (beginning.reads_from(), beginning.restored.as_ref().map(|known| known.end));
                tracing::info!(
                    partition = number,
                    position = next,
                    reads_from = from,
                    restored,
                    recoveries,
                    "taken over"
                );
                (from, Partition::new(number, parts.horizon, parts.wall.clone(), *beginning))
            }
            Self::Kept(mut partition) => {
                let from = partition.go_on();
                tracing::info!(
                    partition = number,
                    position = next,
                    reads_from = from,
                    recoveries,
                    "taken over as it was left"
                );
                parts.metrics.kept.inc();
                (from, *partition)
            }
        }
    }
}

async fn read(parts: &Parts, given: Vec<(u32, Option<u64>)>) -> Result<Found, Failure> {
    let begun = Instant::now();
    let partitions = given.iter().map(|(number, _)| *number).collect();
    let ends = Ends::of(&*parts.stream, Topic::Transactions).await?;
    let reads = given.into_iter().map(|(number, committed)| {
        let ends = &ends;
        async move {
            match base(parts, ends, number, committed).await {
                Ok(base) => Ok((number, Ok(base))),
                Err(Refusal::Stand(reason)) => Ok((number, Err(reason))),
                Err(Refusal::Failed(failure)) => Err(failure),
            }
        }
    });
    let read: Vec<_> = stream::iter(reads).buffer_unordered(TAKEN_OVER_AT_ONCE).try_collect().await?;
    let (mut bases, mut standing) = (Vec::new(), Vec::new());
    for (number, read) in read {
        match read {
            Ok(base) => bases.push((number, base)),
            Err(reason) => standing.push((number, reason)),
        }
    }
    Ok(Found { begun, partitions, ends, bases, standing })
}

/// Why a partition was not taken over.
enum Refusal {
    Stand(String),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

async fn base(parts: &Parts, ends: &Ends, number: u32, committed: Option<u64>) -> Result<Base, Refusal> {
    match kept(parts, ends, number, committed).await? {
        Some(partition) => Ok(Base::Kept(Box::new(partition))),
        None => Ok(Base::Anew(Box::new(beginning(parts, ends, number, committed).await?))),
    }
}

/// The partition as it went from us, if nobody has folded it on since: then the topic has the very position that it would commit
/// next.
async fn kept(parts: &Parts, ends: &Ends, number: u32, committed: Option<u64>) -> Result<Option<Partition>, Refusal> {
    let Some((left_at, partition)) = parts.kept.take(number) else { return Ok(None) };
    if committed != Some(partition.position().next) {
        return Ok(None);
    }
    let found = Checkpoint::last_position(&*parts.stream, number).await?;
    if found.as_ref().is_none_or(|found| Some(found.next) < committed) {
        // The topic may show it a little later than the group does.
        parts.kept.put_back(number, left_at, partition);
        return Ok(None);
    }
    if found.as_ref() != Some(partition.position()) {
        return Ok(None);
    }
    fits(parts, partition.position(), ends.low(number), ends.high(number)).map_err(Refusal::Stand)?;
    Ok(Some(partition))
}

async fn beginning(parts: &Parts, ends: &Ends, number: u32, committed: Option<u64>) -> Result<Beginning, Refusal> {
    let Checkpoint { position, rows } = match Checkpoint::read(&*parts.stream, number, committed, Duration::ZERO).await
    {
        Ok(checkpoint) => checkpoint,
        Err(Unusable::Stand(reason)) => return Err(Refusal::Stand(reason)),
        Err(Unusable::Stream(error)) => return Err(error.into()),
    };
    let (low, high) = (ends.low(number), ends.high(number));
    let position = match position {
        Some(position) => position,
        None => first_position(parts, number, committed, low, high).await?,
    };
    if position.generation.log != parts.generation.log {
        let foreign = Foreign { store: parts.generation.log, log: position.generation.log };
        return Err(Failure::from(foreign).into());
    }
    fits(parts, &position, low, high).map_err(Refusal::Stand)?;
    let log_partition = parts.generation.log_partition(number);
    let mut fold = Fold::new(log_partition, parts.horizon);
    let rows_to = rows.values().map(|row| row.offset).max();
    fold.go_on_from(position.clock, &position.days);
    rows.into_values().for_each(|row| fold.hold(row));
    fold.close_old_days();
    if fold.rows() != position.rows {
        return Err(Refusal::Stand(format!(
            "the topic of sums holds {} rows of days that may still count, and its position at offset {} was written with {}: \
             some were lost with the topic; run `tallygate recover`",
            fold.rows(),
            position.next,
            position.rows
        )));
    }
    // The clock comes from what is learnt.
    fold.go_on_from(None, &[]);
    let known = parts.state.restore_point(number, position.next, position.recoveries);
    // Records between what is known and what is held would be missed.
    let known = known.filter(|known| known.end >= low || known.end == position.next);
    let (fold, restored) = match known {
        Some(known) => (parts.state.restore(number, known.end, fold).await?, Some(known)),
        None => {
            // Without local state nothing is lost but time.
            let _ = parts.state.forget_behind(number, 0).await;
            (fold, None)
        }
    };
    Ok(Beginning { position, fold, restored, low, rows_to })
}

/// Whether the log still is, and still holds, what the position needs.
fn fits(parts: &Parts, position: &Position, low: u64, high: u64) -> Result<(), String> {
    let next = position.next;
    if next > high {
        return Err(format!(
            "{next} records were folded, and the log ends at {high}: the topic was made anew, or is another; give the new one \
             a name of its own"
        ));
    }
    if next < low {
        return Err(format!(
            "the records at offsets {next} to {} are no longer in the log, and were never folded: the fold lagged behind for \
             longer than the log keeps its records; run `tallygate recover`",
            low - 1
        ));
    }
    match position.clock.filter(|clock| parts.wall.is_ahead(*clock)) {
        Some(clock) => Err(ahead_of_clock(next.saturating_sub(1), clock, parts.wall.now())),
        None => Ok(()),
    }
}

/// The position of a partition that nothing knows of: the beginning, when the log begins there.
async fn first_position(
    parts: &Parts,
    number: u32,
    committed: Option<u64>,
    low: u64,
    high: u64,
) -> Result<Position, Refusal> {
    let log_partition = parts.generation.log_partition(number);
    let letters = Ends::of(&*parts.stream, Topic::DeadLetters).await?.high(number);
    let ask = || parts.sums.days(log_partition);
    let days = ask.retry(backoff::delays()).when(SumsError::is_retryable).await?;
    let mut known = Vec::new();
    if low > 0 {
        known.push(format!("the log begins at offset {low}"));
    }
    if let Some(committed) = committed {
        known.push(format!("the consumer group has committed offset {committed}"));
    }
    if letters > 0 {
        known.push(format!("there are dead letters of it up to {letters}"));
    }
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        known.push(format!("the store of sums has rows of {} days from {first} to {last}", days.len()));
    }
    if known.is_empty() {
        return Ok(Position::beginning(parts.generation.clone(), log_partition));
    }
    Err(Refusal::Stand(format!(
        "the topic of sums has no position for it, and yet {}: the topic was deleted, or is another. The log holds offsets {low} \
         to {high}. Run `tallygate recover`",
        known.join(", ")
    )))
}
