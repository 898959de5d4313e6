//! Taking partitions over: identities and open rows first, then the records that follow.

use tallygate_core::Day;
use tallygate_core::fold::{Fold, Horizon};
use tallygate_stream::Committed;
use tokio::time::Instant;

use super::failure::Failure;
use super::log_ends::LogEnds;
use super::open_days::open_all;
use super::owned::Owned;
use crate::partition::Partition;
use crate::parts::Parts;
use crate::planner::TakeoverPlanner;
use crate::takeover::Takeover;

/// Makes the partitions ours, as the planner said when they were given to us. None of them is in a flush any more.
pub(super) async fn take_over(
    parts: &Parts,
    planner: &TakeoverPlanner,
    owned: &mut Owned<'_>,
    ends: &mut LogEnds,
    partitions: Vec<(u32, Option<Committed>)>,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut days = Vec::new();
    for (number, committed) in partitions {
        owned.remove(number);
        let Some(plan) = planner.plan(number, committed.as_ref()) else {
            // It was given away again and came back since; the event that says so follows.
            continue;
        };
        let from = plan.committed.as_ref().map(|committed| committed.offset);
        tracing::info!(partition = number, committed = from, restored = plan.restored, "taking over");
        if let Some(clock) = plan.tail.clock {
            days.extend(open_days(clock, parts.horizon).map(|day| (number, day)));
        }
        let fold = restore(parts, number, &plan).await?;
        let partition = Partition::new(number, parts.horizon, fold, plan);
        #[cfg(feature = "faults")]
        let partition = partition.with_faults(parts.faults);
        owned.insert(number, partition);
    }
    ends.refresh(&*parts.stream).await?;
    stop_what_is_behind(owned, ends);
    open_all(parts, owned, ends, days).await?;
    parts.metrics.takeover.observe(begun.elapsed().as_secs_f64());
    Ok(())
}

async fn restore(parts: &Parts, number: u32, plan: &Takeover) -> Result<Fold, Failure> {
    let fold = Fold::new(parts.generation.log_partition(number), parts.horizon);
    match plan.restored {
        Some(restored) => Ok(parts.state.restore(number, restored, fold).await?),
        None => {
            // Without local state nothing is lost but time.
            let _ = parts.state.forget_behind(number, 0).await;
            Ok(fold)
        }
    }
}

/// A log that ends before what was folded is another (rule 8).
fn stop_what_is_behind(owned: &mut Owned<'_>, ends: &LogEnds) {
    let behind: Vec<(u32, u64, u64)> = owned
        .iter()
        .map(|(number, partition)| (number, partition.committed_offset(), ends.of(number)))
        .filter(|(_, committed, end)| committed > end)
        .collect();
    for (number, committed, end) in behind {
        let reason = format!(
            "{committed} records were folded, and the log ends at {end}: the topic was made anew, or is another; give \
             the new one a name of its own"
        );
        owned.stop(number, reason);
    }
}

fn open_days(clock: i64, horizon: Horizon) -> impl Iterator<Item = Day> {
    let (past, future) = (i32::from(horizon.past), i32::from(horizon.future));
    (-past..=future).map(move |days| Day::of_unix_millis(clock).plus(days))
}
