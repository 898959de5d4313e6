//! A message on its way from the queue to the log, and what of it is not there yet.

use std::collections::BTreeSet;

use bytes::Bytes;
use tallygate_queue::{Delivery, Tag};
use tokio::time::Instant;

use crate::timeouts::REFUSED_AGAIN;

/// A leased message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) tag: Tag,
    pub(crate) bytes: Bytes,
    pub(crate) received: Instant,
    /// What is not in the log; none before the first attempt, when that is all of it.
    pub(crate) left: Option<Left>,
}

/// The records of a message that are not in the log; made anew for each attempt, because they are larger than the message.
#[derive(Debug, Default)]
pub(crate) struct Left {
    records: Vec<LeftRecord>,
    /// Those of the records that wait for their partition.
    partitions: BTreeSet<u32>,
    refusal: Option<Refusal>,
}

/// A record that is not in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftRecord {
    pub(crate) ordinal: u32,
    /// The partition that took nothing; none when the record itself was refused.
    pub(crate) waits_for: Option<u32>,
}

#[derive(Debug)]
struct Refusal {
    why: String,
    again: Instant,
}

impl Message {
    pub(crate) fn new(delivery: Delivery, received: Instant) -> Self {
        Self { tag: delivery.tag, bytes: delivery.message, received, left: None }
    }
}

impl Left {
    /// These records, to be tried at once.
    pub(crate) fn of(ordinals: &[u32]) -> Self {
        let records = ordinals.iter().map(|ordinal| LeftRecord { ordinal: *ordinal, waits_for: None }).collect();
        let refusal = Some(Refusal { why: String::new(), again: Instant::now() });
        Self { records, partitions: BTreeSet::new(), refusal }
    }

    /// Whether nothing of it waits for a partition.
    pub(crate) fn is_refused_alone(&self) -> bool {
        self.partitions.is_empty() && self.refusal.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn records(&self) -> &[LeftRecord] {
        &self.records
    }

    /// It waits for its partition.
    pub(crate) fn wait(&mut self, ordinal: u32, partition: u32) {
        self.records.push(LeftRecord { ordinal, waits_for: Some(partition) });
        self.partitions.insert(partition);
    }

    /// It was refused now.
    pub(crate) fn refuse(&mut self, ordinal: u32, why: impl FnOnce() -> String) {
        self.records.push(LeftRecord { ordinal, waits_for: None });
        let again = Instant::now() + REFUSED_AGAIN;
        self.refusal.get_or_insert_with(|| Refusal { why: why(), again });
    }

    /// It is not tried this time.
    pub(crate) fn keep(&mut self, record: LeftRecord, from: &Self) {
        match record.waits_for {
            Some(partition) => self.wait(record.ordinal, partition),
            None => {
                self.records.push(record);
                let kept = || from.refusal.as_ref().map(|refusal| Refusal { why: refusal.why.clone(), ..*refusal });
                self.refusal = self.refusal.take().or_else(kept);
            }
        }
    }

    /// Whether there is something to try where these partitions are avoided.
    pub(crate) fn is_due(&self, avoided: &BTreeSet<u32>, now: Instant) -> bool {
        !self.partitions.is_subset(avoided) || self.refusal_is_due(now)
    }

    pub(crate) fn record_is_due(&self, record: &LeftRecord, avoided: &BTreeSet<u32>, now: Instant) -> bool {
        match record.waits_for {
            Some(partition) => !avoided.contains(&partition),
            None => self.refusal_is_due(now),
        }
    }

    /// Why a record of it was refused.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_ref().map(|refusal| &*refusal.why)
    }

    /// When what was refused is tried again.
    pub(crate) fn refused_again(&self) -> Option<Instant> {
        self.refusal.as_ref().map(|refusal| refusal.again)
    }

    fn refusal_is_due(&self, now: Instant) -> bool {
        self.refused_again().is_some_and(|again| again <= now)
    }
}
