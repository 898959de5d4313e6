//! What the log says: each record once, those that wait for the fold apart.

use std::collections::BTreeMap;

use tallygate_core::record::{self, Entry};
use tallygate_core::{Day, Sum};
use tallygate_stream::{Record, Stream, StreamError, Topic};
use tokio::time::{Instant, sleep};

use super::figures::Figures;
use super::group::Group;
use super::messages::{Delivery, Messages};
use super::scope::Scope;
use crate::clock;
use crate::limits::{STRAGGLER_PAUSE, STRAGGLERS};
use crate::scan::{Scanned, header, scan};

/// What the log says.
#[derive(Default)]
pub(super) struct Log {
    /// Where the reading of each partition ended.
    pub(super) scanned: Vec<Scanned>,
    /// Records that stand beyond the committed positions.
    pub(super) beyond: u64,
    /// By group, those of them that were not delivered before: they will count, or be duplicates or dead.
    pub(super) waiting: BTreeMap<Group, Figures>,
    /// Records delivered more than once; they count nowhere.
    pub(super) redelivered: u64,
    /// Records that are none of ours, by the log's day, under which their figures stand.
    pub(super) unreadable: BTreeMap<Day, u64>,
    /// Those of them that stand beyond the committed positions.
    pub(super) unreadable_waiting: BTreeMap<Day, u64>,
    /// The first day of which the log still holds everything; none when nothing was ever removed.
    pub(super) complete_from: Option<Day>,
    /// By partition, the committed position before anything was read.
    committed: BTreeMap<u32, u64>,
    /// By partition, the running maximum of the append times.
    clocks: BTreeMap<u32, i64>,
}

impl Log {
    /// Reads all of it.
    pub(super) async fn read(stream: &dyn Stream, messages: &mut Messages, scope: &Scope) -> Result<Self, StreamError> {
        let bounds = stream.bounds(Topic::Transactions).await?;
        let committed = bounds.into_iter().map(|bounds| (bounds.partition, bounds.committed)).collect();
        let mut log = Self { committed, ..Self::default() };
        let mut firsts: BTreeMap<u32, i64> = BTreeMap::new();
        log.scanned = scan(stream, Topic::Transactions, &[], |record| {
            firsts.entry(record.partition).or_insert(record.appended);
            log.take(messages, scope, &record);
        })
        .await?;
        let future = i32::from(messages.future_days);
        for scanned in log.scanned.iter().filter(|scanned| scanned.bounds.low > 0) {
            let first = firsts.get(&scanned.bounds.partition).copied().unwrap_or_else(clock::now_millis);
            let complete = Day::of_unix_millis(first).plus(future + 1);
            log.complete_from = log.complete_from.max(Some(complete));
        }
        Ok(log)
    }

    /// Reads on for a while as long as the log lacks anything that was accepted: the queue was empty, but what
    /// another process has leased need not be seen in it.
    pub(super) async fn wait_for_stragglers(
        &mut self,
        stream: &dyn Stream,
        messages: &mut Messages,
        scope: &Scope,
    ) -> Result<(), StreamError> {
        let begun = Instant::now();
        while self.lacks_any(messages) && begun.elapsed() < STRAGGLERS {
            sleep(STRAGGLER_PAUSE).await;
            let earlier = std::mem::take(&mut self.scanned);
            self.scanned =
                scan(stream, Topic::Transactions, &earlier, |record| self.take(messages, scope, &record)).await?;
        }
        Ok(())
    }

    fn lacks_any(&self, messages: &Messages) -> bool {
        let provable = |day: Day| self.complete_from.is_none_or(|from| day >= from);
        messages.missing().iter().any(|named| provable(named.group.day))
    }

    fn take(&mut self, messages: &mut Messages, scope: &Scope, record: &Record) {
        let clock = self.clocks.entry(record.partition).or_insert(i64::MIN);
        *clock = (*clock).max(record.appended);
        let log_day = Day::of_unix_millis(*clock);
        let beyond = record.offset >= self.committed.get(&record.partition).copied().unwrap_or(0);
        self.beyond += u64::from(beyond);
        let entry = Entry::read(header(record, record::NUMBER), header(record, record::POLICY), record.value());
        let Ok(entry) = entry else {
            *self.unreadable.entry(log_day).or_default() += 1;
            if beyond {
                *self.unreadable_waiting.entry(log_day).or_default() += 1;
            }
            return;
        };
        if !scope.takes(entry.day, &entry.partner) {
            return;
        }
        let group = Group { day: entry.day, partner: entry.partner.into_owned(), currency: entry.currency };
        match messages.see(entry.number, &group, entry.amount) {
            Delivery::Again => self.redelivered += 1,
            Delivery::First if beyond => {
                self.waiting.entry(group).or_default().add(1, Sum::default().plus(entry.amount))
            }
            Delivery::First => {}
        }
    }
}
