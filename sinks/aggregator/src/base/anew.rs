//! A partition that is taken over from what the topic of sums, the local state and the log hold.

use std::time::Duration;

use backon::Retryable;
use tallygate_core::Position;
use tallygate_core::fold::Fold;
use tallygate_stream::Topic;
use tallygate_sums::{Foreign, SumsError};

use super::{Refusal, fits, with_rows};
use crate::backoff;
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::failure::Failure;
use crate::partition::{Beginning, Unpacked};
use crate::parts::Parts;

/// For the owner whose group has committed this offset.
pub(super) async fn anew(
    parts: &Parts,
    ends: &Ends,
    number: u32,
    committed: Option<u64>,
) -> Result<Beginning, Refusal> {
    let Checkpoint { position, rows } = Checkpoint::read(&*parts.stream, number, committed, Duration::ZERO).await?;
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
    let rows_to = rows.values().map(|row| row.offset).max();
    let fold = Fold::new(log_partition, parts.horizon);
    let fold = with_rows(fold, &position, rows.into_values()).map_err(Refusal::Stand)?;
    let known = parts.state.restore_point(number, position.next, position.recoveries);
    let known = known.filter(|known| known.goes_with(&position, low));
    let (fold, restored) = match known {
        Some(known) => (parts.state.restore(number, known.end, fold).await?, Some(known)),
        None => {
            // Without local state nothing is lost but time.
            let _ = parts.state.forget_behind(number, 0).await;
            (fold, None)
        }
    };
    let unpacked = Unpacked::new(restored.as_ref().map(|restored| restored.end));
    Ok(Beginning { position, fold, restored, unpacked, low, rows_to })
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
