//! Whether the sums by key and the sums by partner add up to the same, log partition by log partition.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tallygate_core::{Aggregate, Currency, Day};
use tallygate_stream::{Stream, Topic};
use tallygate_sums::Sums;
use tokio::time::sleep;

use super::error::ReconcileError;
use super::figures::Figures;
use crate::limits::{STANDS_AFTER, STANDS_TRIES};
use crate::text::as_text;

/// Daily sums that do not add up to what counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DailyDifference {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// The log partition's number.
    pub partition: u32,
    /// What the rows by key add up to.
    pub daily: Figures,
    /// What the rows by partner add up to.
    pub counted: Figures,
    /// Whether all of it was committed before it was read, so that it stands whatever moves.
    #[serde(skip)]
    pub(super) is_settled: bool,
}

/// What was found of the daily sums.
#[derive(Default)]
pub(super) struct Daily {
    pub(super) differences: Vec<DailyDifference>,
    /// Days of log partitions whose rows changed each time they were looked at.
    pub(super) changing: u64,
}

/// A day of a log partition, by currency.
#[derive(Default, PartialEq, Eq)]
struct Place {
    daily: BTreeMap<Currency, Figures>,
    counted: BTreeMap<Currency, Figures>,
    /// The offset of the newest row.
    newest: Option<u64>,
}

impl Daily {
    /// Compares these days. What differs is looked at again: a flush writes its rows one after the other.
    pub(super) async fn read(
        store: &dyn Sums,
        stream: &dyn Stream,
        days: &BTreeSet<Day>,
    ) -> Result<Self, ReconcileError> {
        let generations = store.generations().await?;
        let mut differing = Vec::new();
        for partition in generations.iter().flat_map(|generation| generation.log_partitions()) {
            for day in days {
                let place = Place::read(store, *day, partition).await?;
                if place.differs() {
                    differing.push((partition, *day, place));
                }
            }
        }
        let mut found = Self::default();
        for _ in 0..STANDS_TRIES {
            if differing.is_empty() {
                break;
            }
            let bounds = stream.bounds(Topic::Transactions).await?;
            sleep(STANDS_AFTER).await;
            for (partition, day, before) in std::mem::take(&mut differing) {
                let place = Place::read(store, day, partition).await?;
                if !place.differs() {
                    continue;
                }
                if place != before {
                    differing.push((partition, day, place));
                    continue;
                }
                let current = generations.last().and_then(|newest| partition.checked_sub(newest.first_partition));
                let committed = current.and_then(|of_log| bounds.iter().find(|bounds| bounds.partition == of_log));
                let is_settled = committed.is_none_or(|bounds| place.newest.is_none_or(|at| at < bounds.committed));
                found.differences.extend(place.differences(day, partition, is_settled));
            }
        }
        found.changing = differing.len() as u64;
        Ok(found)
    }
}

impl Place {
    async fn read(store: &dyn Sums, day: Day, partition: u32) -> Result<Self, ReconcileError> {
        let mut place = Self::default();
        for aggregate in [Aggregate::Daily, Aggregate::Counted] {
            for row in store.read(aggregate, day, partition, None).await? {
                let of = if aggregate == Aggregate::Daily { &mut place.daily } else { &mut place.counted };
                of.entry(row.at.currency).or_default().add(row.count, row.sum);
                place.newest = place.newest.max(Some(row.offset));
            }
        }
        Ok(place)
    }

    fn differs(&self) -> bool {
        self.daily != self.counted
    }

    fn differences(self, day: Day, partition: u32, is_settled: bool) -> impl Iterator<Item = DailyDifference> {
        let currencies: BTreeSet<Currency> = self.daily.keys().chain(self.counted.keys()).copied().collect();
        currencies.into_iter().filter_map(move |currency| {
            let of = |figures: &BTreeMap<Currency, Figures>| figures.get(&currency).copied().unwrap_or_default();
            let (daily, counted) = (of(&self.daily), of(&self.counted));
            (daily != counted).then_some(DailyDifference { day, currency, partition, daily, counted, is_settled })
        })
    }
}
