//! Before the process shares the log, while others fold: what it knew of partitions is brought up to now, so that those that it is
//! given stand still for a moment only.

use futures::{StreamExt, stream};
use tallygate_stream::{Start, StreamError, Topic};
use tokio::time::timeout;

use crate::base::{Base, Refusal};
use crate::checkpoint::Checkpoint;
use crate::ends::Ends;
use crate::limits::{TAKEN_OVER_AT_ONCE, WARMED_UP_BYTES, WARMED_UP_RECORDS};
use crate::parts::Parts;
use crate::timeouts::WARM_UP;

/// Keeps the partitions of which the local state knows nearly all, as if they had just gone from us: as many as memory is for, of those
/// that lie the least behind. What cannot be read is left to the takeover, which says why.
pub(crate) async fn warm_up(parts: &Parts) {
    let all = async {
        let Ok(ends) = Ends::of(&*parts.stream, Topic::Transactions).await else { return };
        let (ends, partitions) = (&ends.growing(), nearly_known(parts).await);
        let kept = partitions.into_iter().map(|number| async move {
            if let Err(why) = keep(parts, ends, number).await {
                tracing::debug!(partition = number, why, "not brought up to now");
            }
        });
        stream::iter(kept).buffer_unordered(TAKEN_OVER_AT_ONCE).collect().await
    };
    if timeout(WARM_UP, all).await.is_err() {
        tracing::info!("what was known of partitions is not all brought up to now, as that takes long");
    }
}

/// Those of which the fewest records are to be learnt, first.
async fn nearly_known(parts: &Parts) -> Vec<u32> {
    let all = parts.state.partitions().into_iter().map(|(number, bytes)| async move {
        let now = Checkpoint::since(&*parts.stream, number, u64::MAX).await.ok().flatten();
        let position = now.and_then(|now| now.position)?;
        let known = parts.state.restore_point(number, position.next, position.recoveries)?;
        Some((position.next - known.end, bytes, number))
    });
    let all: Vec<_> = stream::iter(all).buffer_unordered(TAKEN_OVER_AT_ONCE).collect().await;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.sort_unstable();
    let mut room = WARMED_UP_BYTES;
    let fits = |(behind, bytes, _): &(u64, usize, u32)| {
        room = room.saturating_sub(*bytes);
        room > 0 && *behind <= WARMED_UP_RECORDS
    };
    all.into_iter().take_while(fits).map(|(_, _, number)| number).collect()
}

async fn keep(parts: &Parts, ends: &Ends, number: u32) -> Result<(), String> {
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
