//! Records go into the partitions that they are of: of few records into one partition after the other, of many side by side.

use std::panic::resume_unwind;

use tallygate_stream::Record;
use tokio::task::JoinSet;

use super::Membership;
use crate::failure::Failure;
use crate::metrics::AggregatorMetrics;
use crate::partition::{Halt, Partition};

/// What became of a partition's records: those that it had no room for come back.
type Taken = Result<Vec<Record>, Halt>;

impl Membership<'_> {
    pub(super) async fn fold(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        let are_many = records.len() >= self.parts.side_by_side;
        let mut shares = by_partition(records);
        shares.retain(|(number, _)| self.owned.contains(*number));
        let taken = if are_many && shares.len() > 1 {
            self.take_side_by_side(shares).await?
        } else {
            self.take_in_turn(shares)
        };
        let (mut left, mut again, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        for (number, taken) in taken {
            match taken {
                Ok(rest) => left.extend(rest),
                Err(Halt::Stand(reason)) => self.stand(number, reason),
                Err(Halt::PassedOver) => {
                    let wanted = self.owned.get_mut(number).map(|partition| partition.wanted());
                    again.extend(wanted.map(|wanted| (number, wanted)));
                }
                Err(Halt::ForeignState) => foreign.push(number),
            }
        }
        if !foreign.is_empty() {
            foreign.iter().for_each(|number| self.owned.discard(*number));
            for number in foreign {
                self.parts.state.forget_behind(number, 0).await?;
            }
            return Err(Failure::Again("what was known of a partition is not what the log has"));
        }
        self.readers.give_back(left);
        if !again.is_empty() {
            self.read_from(again).await?;
        }
        let saves = self.owned.pack_learnt(&self.flushes.partitions());
        self.parts.state.save(saves).await;
        self.show();
        Ok(())
    }

    fn take_in_turn(&mut self, shares: Vec<(u32, Vec<Record>)>) -> Vec<(u32, Taken)> {
        let (flush_rows, metrics) = (self.parts.flush_rows, &self.parts.metrics);
        let take = |(number, records)| Some((number, take(self.owned.get_mut(number)?, records, flush_rows, metrics)));
        shares.into_iter().filter_map(take).collect()
    }

    /// Each partition goes into a task with its records and comes back with it. Of those that are out when this ends early nothing
    /// is kept: whoever takes them over begins with what was committed.
    async fn take_side_by_side(&mut self, shares: Vec<(u32, Vec<Record>)>) -> Result<Vec<(u32, Taken)>, Failure> {
        let mut tasks = JoinSet::new();
        for (number, records) in shares {
            let Some(mut partition) = self.owned.lend(number) else { continue };
            let (flush_rows, metrics) = (self.parts.flush_rows, self.parts.metrics.clone());
            tasks.spawn(async move {
                let taken = take(&mut partition, records, flush_rows, &metrics);
                (number, partition, taken)
            });
        }
        let mut all = Vec::with_capacity(tasks.len());
        while let Some(ended) = tasks.join_next().await {
            // A panic is ours, as it is where they are folded in turn.
            let (number, partition, taken) = ended.map_err(|error| match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(stopped) => stopped,
            })?;
            self.owned.take_back(number, partition);
            all.push((number, taken));
        }
        Ok(all)
    }

    /// What was folded of it and not flushed is dropped: whoever takes it over again folds it again.
    fn stand(&mut self, number: u32, reason: String) {
        self.owned.stop(number, reason);
        self.readers.end([number].into_iter());
        self.want_comparison(false);
    }
}

fn take(partition: &mut Partition, mut records: Vec<Record>, flush_rows: usize, metrics: &AggregatorMetrics) -> Taken {
    let taken = partition.take(&records, flush_rows, metrics)?;
    Ok(records.split_off(taken))
}

/// The records of each partition, in their order.
fn by_partition(mut records: Vec<Record>) -> Vec<(u32, Vec<Record>)> {
    // Most often they come so.
    records.sort_by_key(|record| record.partition);
    let mut shares = Vec::new();
    while let Some(number) = records.last().map(|last| last.partition) {
        let first = records.partition_point(|record| record.partition < number);
        let share = if first == 0 { std::mem::take(&mut records) } else { records.split_off(first) };
        shares.push((number, share));
    }
    shares
}
