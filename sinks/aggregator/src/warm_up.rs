//! Before the process shares the log: what it knew of partitions is brought up to now, so that those that it is given stand still for
//! a moment only. Until then others fold them on.

use futures::{StreamExt, stream};
use tallygate_stream::{Start, StreamError, Topic};
use tokio::time::timeout;

use crate::base::{Base, Refusal};
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::limits::{TAKEN_OVER_AT_ONCE, WARMED_UP_RECORDS};
use crate::parts::Parts;
use crate::timeouts::WARM_UP;

/// Keeps the partitions of which the local state knows nearly all, as if they had just gone from us. What cannot be read is left to
/// the takeover, which says why.
pub(crate) async fn warm_up(parts: &Parts) {
    let partitions = parts.state.partitions();
    if partitions.is_empty() {
        return;
    }
    let Ok(ends) = Ends::of(&*parts.stream, Topic::Transactions).await else { return };
    let ends = ends.growing();
    let all = stream::iter(partitions).for_each_concurrent(TAKEN_OVER_AT_ONCE, |number| {
        let ends = &ends;
        async move {
            if let Err(why) = keep(parts, ends, number).await {
                tracing::debug!(partition = number, why, "not brought up to now");
            }
        }
    });
    if timeout(WARM_UP, all).await.is_err() {
        tracing::info!("what was known of partitions is not all brought up to now, as that takes long");
    }
}

async fn keep(parts: &Parts, ends: &Ends, number: u32) -> Result<(), String> {
    let now = Checkpoint::since(&*parts.stream, number, u64::MAX).await.map_err(|error| error.to_string())?;
    let position = now.and_then(|now| now.position).ok_or("the topic of sums has no position")?;
    let known = parts.state.restore_point(number, position.next, position.recoveries);
    let known = known.ok_or("nothing of it is known")?;
    if position.next - known.end > WARMED_UP_RECORDS {
        return Err(format!("{} of its records are to be learnt", position.next - known.end));
    }
    let base = Base::of(parts, ends, number, None).await.map_err(|refusal| match refusal {
        Refusal::Stand(reason) => reason,
        Refusal::Failed(failure) => failure.to_string(),
    })?;
    let until = base.position().next;
    let (from, mut partition) = base.partition(number, parts);
    let away = |error: StreamError| error.to_string();
    let start = vec![(number, Start::Offset(from))];
    let mut follower = parts.stream.follow(Topic::Transactions, start).await.map_err(away)?;
    while partition.next() < until {
        let batch = follower.next().await.map_err(away)?;
        let learnt = batch.records.partition_point(|record| record.offset < until);
        let taken = partition.take(&batch.records[..learnt], parts.flush_rows, &parts.metrics);
        taken.map_err(|halt| format!("{halt:?}"))?;
        if batch.caught_up {
            break;
        }
        tokio::task::yield_now().await;
    }
    parts.kept.put(number, partition);
    Ok(())
}
