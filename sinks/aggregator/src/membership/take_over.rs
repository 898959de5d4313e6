//! Taking partitions over: rows and position from the topic of sums, identities from the local state or the log (rule 12).

use std::time::Duration;

use backon::Retryable;
use tallygate_core::Position;
use tallygate_core::fold::Fold;
use tallygate_stream::{Committer, Flush, Topic};
use tallygate_sums::{Foreign, SumsError};
use tokio::time::Instant;

use super::failure::Failure;
use super::owned::Owned;
use crate::backoff;
use crate::checkpoint::{Checkpoint, Unusable};
use crate::ends::Ends;
use crate::flush::records;
use crate::partition::{Beginning, Partition, ahead_of_clock};
use crate::parts::Parts;

/// Makes partitions ours, each with the offset that the group has committed; tells from where they are to be read. None of
/// them is in a flush any more. Nothing of theirs goes to the store before this has committed their positions as they were
/// found: one who reads and is no owner any more may have read what belongs to two owners, and finds out here.
pub(super) async fn take_over(
    parts: &Parts,
    committer: &dyn Committer,
    owned: &mut Owned<'_>,
    ends: &mut Ends,
    partitions: &[(u32, Option<u64>)],
) -> Result<Vec<(u32, u64)>, Failure> {
    let begun = Instant::now();
    *ends = Ends::of(&*parts.stream, Topic::Transactions).await?;
    let (mut flush, mut begin) = (Flush::default(), Vec::new());
    for (number, committed) in partitions {
        owned.begin(*number);
        match beginning(parts, ends, *number, *committed).await {
            Ok(beginning) => {
                flush.sums.push(records::position(*number, &beginning.position));
                flush.offsets.push((*number, beginning.position.next));
                begin.push((*number, beginning));
            }
            Err(Refusal::Stand(reason)) => owned.stop(*number, reason),
            Err(Refusal::Failed(failure)) => return Err(failure),
        }
    }
    if flush.offsets.is_empty() {
        return Ok(Vec::new());
    }
    committer.commit(flush).await?;
    let mut from = Vec::new();
    for (number, beginning) in begin {
        let Position { next, recoveries, .. } = beginning.position;
        let (reads_from, restored) = (beginning.reads_from(), beginning.restored.as_ref().map(|restored| restored.end));
        tracing::info!(partition = number, position = next, reads_from, restored, recoveries, "taken over");
        from.push((number, reads_from));
        let partition = Partition::new(number, parts.horizon, parts.wall.clone(), beginning);
        #[cfg(feature = "faults")]
        let partition = partition.with_faults(parts.faults);
        owned.insert(number, partition);
    }
    parts.metrics.takeover.observe(begun.elapsed().as_secs_f64());
    Ok(from)
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
