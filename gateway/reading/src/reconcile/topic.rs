//! The topic of sums beside the store: each row that both must have, figure by figure.

use std::collections::BTreeSet;

use tallygate_core::{Aggregate, Day, Row, RowKey};
use tallygate_stream::Stream;
use tallygate_sums::Sums;
use tokio::time::sleep;

use super::damage::Damage;
use super::error::ReconcileError;
use super::latest_rows::LatestRows;
use super::positions::Positions;
use super::row_difference::{RowDifference, RowFigures};
use crate::ledger::Reader;
use crate::limits::{NAMED_MESSAGES, STANDS_AFTER};

/// What was found of topic and store.
#[derive(Default)]
pub(super) struct TopicAndStore {
    /// Rows of the topic that were compared.
    pub(super) rows: u64,
    /// Rows of equal offset that say different things: nothing that moves explains them.
    pub(super) unequal: Differences,
    /// Rows that one has and the other lacks, or has of another offset: wrong once nothing moves.
    pub(super) apart: Differences,
    /// Of the named ones of these, those that changed meanwhile.
    pub(super) changing: u64,
    /// Days that the topic holds.
    pub(super) days: BTreeSet<Day>,
    /// Days that the store alone holds; the topic has let them go.
    pub(super) store_only_days: BTreeSet<Day>,
    /// What cannot be read.
    pub(super) damage: Damage,
}

/// Some rows by name, and how many there are.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) named: Vec<RowDifference>,
    pub(super) rows: u64,
}

impl TopicAndStore {
    /// Compares all rows, or those of one day, holding at most so many of the topic at a time.
    pub(super) async fn read(
        stream: &dyn Stream,
        reader: &Reader,
        positions: &Positions,
        day: Option<Day>,
        most: usize,
    ) -> Result<Self, ReconcileError> {
        let store = reader.store();
        let mut stored_days: BTreeSet<(u32, Day)> = BTreeSet::new();
        for partition in reader.log_partitions().await? {
            let days = store.days(partition).await?;
            let wanted = days.into_iter().filter(|stored| day.is_none_or(|day| day == *stored));
            stored_days.extend(wanted.map(|day| (partition, day)));
        }
        let (mut found, mut from, mut is_first) = (Self::default(), None, true);
        loop {
            let latest = LatestRows::read(stream, day, from, most).await?;
            let open = stored_days.iter().filter(|(partition, day)| positions.is_open(*partition, *day));
            let places: BTreeSet<(u32, Day)> = latest.days.iter().chain(open).copied().collect();
            if is_first {
                is_first = false;
                found.days = latest.days.iter().map(|(_, day)| *day).collect();
                found.store_only_days = stored_days.difference(&places).map(|(_, day)| *day).collect();
            }
            from = found.compare(store, positions, latest, &places).await?;
            if from.is_none() {
                break;
            }
        }
        found.look_again(store).await?;
        Ok(found)
    }

    /// Compares the rows of a range; returns where the next begins.
    async fn compare(
        &mut self,
        store: &dyn Sums,
        positions: &Positions,
        mut latest: LatestRows,
        places: &BTreeSet<(u32, Day)>,
    ) -> Result<Option<RowKey>, ReconcileError> {
        self.rows += latest.rows.len() as u64;
        for aggregate in Aggregate::ALL {
            for (partition, day) in places {
                if !latest.reaches(aggregate, *day, *partition) {
                    continue;
                }
                for row in store.read(aggregate, *day, *partition, None).await? {
                    if latest.covers(&row.at) {
                        let topic = latest.rows.remove(&row.at);
                        self.put_beside(topic, row, positions);
                    }
                }
            }
        }
        for (at, topic) in std::mem::take(&mut latest.rows) {
            self.apart.add(at, Some(topic), None);
        }
        let damage = std::mem::take(&mut latest.damage);
        let next = latest.next();
        if next.is_none() {
            // Each range finds all of it.
            self.damage = damage;
        }
        Ok(next)
    }

    fn put_beside(&mut self, topic: Option<RowFigures>, row: Row, positions: &Positions) {
        let store = RowFigures::from(&row);
        match topic {
            Some(topic) if topic == store => {}
            Some(topic) if topic.offset == store.offset => self.unequal.add(row.at, Some(topic), Some(store)),
            Some(topic) => self.apart.add(row.at, Some(topic), Some(store)),
            // The topic lets go of rows that nothing can be added to any more.
            None if !positions.is_open(row.at.partition, row.at.day) => {}
            None => self.apart.add(row.at, None, Some(store)),
        }
    }

    /// Rows of the store that change while they are looked at are under way.
    async fn look_again(&mut self, store: &dyn Sums) -> Result<(), ReconcileError> {
        if self.apart.named.is_empty() {
            return Ok(());
        }
        sleep(STANDS_AFTER).await;
        for row in &self.apart.named {
            let rows = store.read(row.aggregate, row.day, row.partition, Some(&row.key)).await?;
            let now = rows.iter().find(|found| found.at.currency == row.currency).map(RowFigures::from);
            self.changing += u64::from(now != row.store);
        }
        Ok(())
    }
}

impl Differences {
    fn add(&mut self, at: RowKey, topic: Option<RowFigures>, store: Option<RowFigures>) {
        self.rows += 1;
        if self.named.len() < NAMED_MESSAGES {
            self.named.push(RowDifference::new(at, topic, store));
        }
    }
}
