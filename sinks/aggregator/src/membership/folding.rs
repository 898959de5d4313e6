//! Records go into the partitions that they are of.

use std::collections::BTreeMap;

use tallygate_stream::Record;

use super::Membership;
use crate::failure::Failure;
use crate::partition::Halt;

impl Membership<'_> {
    pub(super) async fn fold(&mut self, mut records: Vec<Record>) -> Result<(), Failure> {
        let (mut done, mut again) = (0, BTreeMap::new());
        while let Some((number, run)) = records.get(done..).and_then(first_run) {
            let length = run.len();
            let Some(partition) = self.owned.get_mut(number).filter(|_| !again.contains_key(&number)) else {
                done += length;
                continue;
            };
            match partition.take(run, self.parts.flush_rows, &self.parts.metrics) {
                Ok(taken) if taken < length => {
                    self.readers.give_back(records.split_off(done + taken));
                    break;
                }
                Ok(_) => done += length,
                Err(Halt::Stand(reason)) => {
                    self.stand(number, reason);
                    done += length;
                }
                Err(Halt::PassedOver) => {
                    again.insert(number, partition.wanted());
                    done += length;
                }
                Err(Halt::ForeignState) => {
                    self.owned.discard(number);
                    self.parts.state.forget_behind(number, 0).await?;
                    return Err(Failure::Again("the local state is of no use"));
                }
            }
        }
        if !again.is_empty() {
            self.read_from(again.into_iter().collect()).await?;
        }
        let saves = self.owned.pack_learnt(&self.flushes.partitions());
        if !saves.is_empty() {
            self.parts.state.save(saves).await;
        }
        self.show();
        Ok(())
    }

    /// What was folded of it and not flushed is dropped: whoever takes it over again folds it again.
    fn stand(&mut self, number: u32, reason: String) {
        self.owned.stop(number, reason);
        self.readers.end([number].into_iter());
        self.want_comparison(false);
    }
}

/// The first records, as far as they are of one partition, and its number; none when there are no records.
fn first_run(records: &[Record]) -> Option<(u32, &[Record])> {
    let run = records.chunk_by(|one, next| one.partition == next.partition).next()?;
    Some((run.first()?.partition, run))
}
