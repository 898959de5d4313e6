//! Reads a store's sums, the rows of all generations added up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use tallygate_core::{Aggregate, Currency, Day, Row, Sum};
use tallygate_sums::{Sums, SumsError};

use super::day_sums::DaySums;
use super::key_sums::{KeySum, KeySums};
use super::order::{Order, Top};
use super::total::Total;
use super::warnings::warnings;
use crate::limits::PARTITION_READS;

/// Reads the sums of a store.
#[derive(Clone)]
pub struct Reader {
    sums: Arc<dyn Sums>,
}

impl Reader {
    /// Reads from this store.
    pub fn new(sums: Arc<dyn Sums>) -> Self {
        Self { sums }
    }

    /// What it reads.
    pub(crate) fn store(&self) -> &dyn Sums {
        &*self.sums
    }

    /// A day's totals and top keys.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn day(&self, day: Day, top: Top) -> Result<DaySums, SumsError> {
        let mut keys: HashMap<(String, Currency), KeySum> = HashMap::new();
        let (partitions, warnings) = self.overview().await?;
        let mut pages = self.pages(Aggregate::Daily, day, None, &partitions);
        while let Some(rows) = pages.try_next().await? {
            for row in rows {
                add(&mut keys, row);
            }
        }
        let mut totals: BTreeMap<Currency, Total> = BTreeMap::new();
        for sum in keys.values() {
            let total = totals.entry(sum.currency).or_insert(Total {
                currency: sum.currency,
                sum: Sum::default(),
                count: 0,
                keys: 0,
            });
            total.sum = total.sum + sum.sum;
            total.count += sum.count;
            total.keys += 1;
        }
        let wanted = |sum: &KeySum| top.currency.is_none_or(|currency| currency == sum.currency);
        let mut sums: Vec<KeySum> = keys.into_values().filter(wanted).collect();
        match top.order {
            Order::Count => sums.sort_by(|a, b| (b.count, &a.key, a.currency).cmp(&(a.count, &b.key, b.currency))),
            Order::Sum => {
                sums.sort_by(|a, b| (Reverse(a.sum), &a.key, a.currency).cmp(&(Reverse(b.sum), &b.key, b.currency)))
            }
        }
        sums.truncate(top.most);
        Ok(DaySums { day, totals: totals.into_values().collect(), top: sums, warnings })
    }

    /// One key's sums on a day.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn key(&self, day: Day, key: &str) -> Result<KeySums, SumsError> {
        let mut keys = HashMap::new();
        let (partitions, warnings) = self.overview().await?;
        let mut pages = self.pages(Aggregate::Daily, day, Some(key), &partitions);
        while let Some(rows) = pages.try_next().await? {
            for row in rows {
                add(&mut keys, row);
            }
        }
        let mut sums: Vec<KeySum> = keys.into_values().collect();
        sums.sort_by_key(|sum| sum.currency);
        Ok(KeySums { day, key: key.to_owned(), sums, warnings })
    }

    /// The rows of an aggregate and day in all log partitions, or those of one key alone.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn rows(&self, aggregate: Aggregate, day: Day, key: Option<&str>) -> Result<Vec<Row>, SumsError> {
        let partitions = self.log_partitions().await?;
        self.pages(aggregate, day, key, &partitions).try_concat().await
    }

    /// What a reader must know beside the sums, one sentence each, of a bounded length and number.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn warnings(&self) -> Result<Vec<String>, SumsError> {
        Ok(self.overview().await?.1)
    }

    /// Every log partition number that was ever given out, and the warnings.
    async fn overview(&self) -> Result<(Vec<u32>, Vec<String>), SumsError> {
        let (generations, notices) = futures::try_join!(self.sums.generations(), self.sums.notices())?;
        let partitions = generations.iter().flat_map(|generation| generation.log_partitions()).collect();
        Ok((partitions, warnings(&generations, &notices)))
    }

    /// Every log partition number that was ever given out.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn log_partitions(&self) -> Result<Vec<u32>, SumsError> {
        let generations = self.sums.generations().await?;
        Ok(generations.iter().flat_map(|generation| generation.log_partitions()).collect())
    }

    /// The rows, a log partition at a time, so that nobody needs to hold a day twice.
    pub fn pages<'a>(
        &'a self,
        aggregate: Aggregate,
        day: Day,
        key: Option<&'a str>,
        partitions: &'a [u32],
    ) -> impl futures::Stream<Item = Result<Vec<Row>, SumsError>> + Unpin + 'a {
        let reads = partitions.iter().map(move |partition| self.sums.read(aggregate, day, *partition, key));
        stream::iter(reads).buffer_unordered(PARTITION_READS)
    }
}

fn add(keys: &mut HashMap<(String, Currency), KeySum>, row: Row) {
    let sum = keys.entry((row.at.key.clone(), row.at.currency)).or_insert_with(|| KeySum {
        key: row.at.key,
        currency: row.at.currency,
        sum: Sum::default(),
        count: 0,
        updated_at: row.updated_at,
    });
    sum.sum = sum.sum + row.sum;
    sum.count += row.count;
    sum.updated_at = sum.updated_at.max(row.updated_at);
}
