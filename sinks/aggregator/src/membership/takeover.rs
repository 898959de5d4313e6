//! Taking partitions over: identities and open rows first, then the records that follow.

use futures::stream::{self, StreamExt, TryStreamExt};
use tallygate_core::fold::Fold;
use tallygate_core::{Day, Row};
use tallygate_stream::{Committed, Topic};
use tallygate_sums::SumsError;
use tokio::time::Instant;

use super::{Failure, Membership, highs};
use crate::day_rows;
use crate::limits;
use crate::partition::Partition;
use crate::planner::Takeover;

impl Membership<'_> {
    pub(super) async fn take_over(&mut self, partitions: Vec<(u32, Option<Committed>)>) -> Result<(), Failure> {
        let begun = Instant::now();
        self.fenced_until = None;
        let numbers: Vec<u32> = partitions.iter().map(|(number, _)| *number).collect();
        self.end_flush_of(&numbers).await?;
        let mut days = Vec::new();
        for (number, committed) in partitions {
            self.drop_partition(number);
            let Some(plan) = self.planner.plan(number, committed.as_ref()) else {
                // It was given away again and came back since; the event that says so follows.
                continue;
            };
            let from = plan.committed.as_ref().map(|committed| committed.offset);
            tracing::info!(partition = number, committed = from, restored = plan.restored, "taking over");
            let open = self.open_days(plan.tail.clock);
            days.extend(open.map(|day| (number, day)));
            let fold = self.restore(number, &plan).await?;
            self.owned.insert(number, Partition::new(number, self.parts.horizon.past, fold, plan, self.parts.faults));
        }
        self.highs = highs(self.parts.stream.bounds(Topic::Transactions).await?);
        let behind: Vec<(u32, u64, u64)> = self
            .owned
            .iter()
            .map(|(number, partition)| (*number, partition.committed_offset(), self.high(*number)))
            .filter(|(_, committed, high)| committed > high)
            .collect();
        for (number, committed, high) in behind {
            let reason = format!(
                "{committed} records were folded, and the log ends at {high}: the topic was made anew, or is another; give \
                 the new one a name of its own"
            );
            self.stop_partition(number, reason);
        }
        self.preload(days).await?;
        self.parts.metrics.takeover.observe(begun.elapsed().as_secs_f64());
        self.show();
        Ok(())
    }

    async fn restore(&self, number: u32, plan: &Takeover) -> Result<Fold, Failure> {
        let fold = Fold::new(self.parts.generation.log_partition(number), self.parts.horizon);
        match plan.restored {
            Some(restored) => Ok(self.parts.state.restore(number, restored, fold).await?),
            None => {
                // Without local state nothing is lost but time.
                let _ = self.parts.state.forget_behind(number, 0).await;
                Ok(fold)
            }
        }
    }

    fn open_days(&self, clock: i64) -> impl Iterator<Item = Day> + use<> {
        let (past, future) = (i32::from(self.parts.horizon.past), i32::from(self.parts.horizon.future));
        let range = if clock == i64::MIN { 0..0 } else { -past..future + 1 };
        range.map(move |days| Day::of_unix_millis(clock).plus(days))
    }

    async fn preload(&mut self, days: Vec<(u32, Day)>) -> Result<(), Failure> {
        let parts = self.parts;
        let loads: Vec<_> = days
            .into_iter()
            .filter(|(number, _)| self.owned.contains_key(number))
            .map(|(number, day)| async move {
                let log_partition = parts.generation.log_partition(number);
                let rows = day_rows::load(&parts.sums, &parts.metrics, log_partition, day).await?;
                Ok::<_, SumsError>((number, day, rows))
            })
            .collect();
        let mut loads = stream::iter(loads).buffer_unordered(limits::LOADS_IN_FLIGHT);
        let mut loaded = Vec::new();
        while let Some(one) = loads.try_next().await? {
            loaded.push(one);
        }
        for (number, day, rows) in loaded {
            self.open_with(number, day, rows).await?;
        }
        Ok(())
    }

    pub(super) async fn open(&mut self, number: u32, day: Day) -> Result<(), Failure> {
        let log_partition = self.parts.generation.log_partition(number);
        let rows = day_rows::load(&self.parts.sums, &self.parts.metrics, log_partition, day).await?;
        self.open_with(number, day, rows).await
    }

    async fn open_with(&mut self, number: u32, day: Day, rows: Vec<Row>) -> Result<(), Failure> {
        let last = rows.iter().map(|row| row.offset).max();
        if last.is_some_and(|last| last >= self.high(number)) {
            self.highs = highs(self.parts.stream.bounds(Topic::Transactions).await?);
        }
        if let Some(last) = last.filter(|last| *last >= self.high(number)) {
            let reason = format!(
                "the store of sums has a row of {day} that took the record at offset {last}, and the log ends at {}: the \
                 topic was made anew, or is another; give the new one a name of its own",
                self.high(number)
            );
            self.stop_partition(number, reason);
        } else if let Some(partition) = self.owned.get_mut(&number).filter(|p| !p.fold().is_open(day)) {
            partition.open(day, rows);
        }
        Ok(())
    }
}
