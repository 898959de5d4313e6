//! Reading the sums: a day's totals and top keys, one key's sums, all generations' rows added up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tallygate_core::{Aggregate, Currency, Day, Row, Sum};
use tallygate_sums::{Sums, SumsError};

use crate::limits::PARTITION_READS;
use crate::text::{self, Side, as_instant, as_text};

/// Reads the sums of a store.
#[derive(Clone)]
pub struct Reader {
    sums: Arc<dyn Sums>,
}

/// What makes a key a top key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// How many transactions it has.
    #[default]
    Count,
    /// What they add up to; of keys in one currency.
    Sum,
}

/// Which top keys are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    /// How many.
    pub most: usize,
    /// Of this currency alone.
    pub currency: Option<Currency>,
    /// What makes them so.
    pub order: Order,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DaySums {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// One for each currency, by its name.
    pub totals: Vec<Total>,
    /// The top keys, first the first.
    pub top: Vec<KeySum>,
}

/// What a day adds up to in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// The exact sum.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
    /// The transactions.
    pub count: u64,
    /// The keys they have.
    pub keys: u64,
}

/// What one key adds up to in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySum {
    /// The key.
    pub key: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// The exact sum.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
    /// The transactions.
    pub count: u64,
    /// When the log took the last of them, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    pub updated_at: i64,
}

/// One key on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySums {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The key.
    pub key: String,
    /// One for each currency, by its name; none when the key has no transaction on the day.
    pub sums: Vec<KeySum>,
}

impl Reader {
    /// Reads from this store.
    pub fn new(sums: Arc<dyn Sums>) -> Self {
        Self { sums }
    }

    /// A day's totals and top keys.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn day(&self, day: Day, top: Top) -> Result<DaySums, SumsError> {
        let mut keys: HashMap<(String, Currency), KeySum> = HashMap::new();
        let partitions = self.log_partitions().await?;
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
        Ok(DaySums { day, totals: totals.into_values().collect(), top: sums })
    }

    /// One key's sums on a day.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn key(&self, day: Day, key: &str) -> Result<KeySums, SumsError> {
        let mut keys = HashMap::new();
        for row in self.rows(Aggregate::Daily, day, Some(key)).await? {
            add(&mut keys, row);
        }
        let mut sums: Vec<KeySum> = keys.into_values().collect();
        sums.sort_by_key(|sum| sum.currency);
        Ok(KeySums { day, key: key.to_owned(), sums })
    }

    /// The rows of an aggregate and day in all log partitions, or those of one key alone.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn rows(&self, aggregate: Aggregate, day: Day, key: Option<&str>) -> Result<Vec<Row>, SumsError> {
        let partitions = self.log_partitions().await?;
        self.pages(aggregate, day, key, &partitions).try_concat().await
    }

    /// Every log partition number that was ever given out.
    pub(crate) async fn log_partitions(&self) -> Result<Vec<u32>, SumsError> {
        let generations = self.sums.generations().await?;
        Ok(generations.iter().flat_map(|generation| generation.log_partitions()).collect())
    }

    /// The rows, a log partition at a time, so that nobody needs to hold a day twice.
    pub(crate) fn pages<'a>(
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

impl DaySums {
    /// As two tables for a terminal.
    pub fn to_text(&self) -> String {
        if self.totals.is_empty() {
            return format!("{}: no transactions\n", self.day);
        }
        let totals: Vec<Vec<String>> = self
            .totals
            .iter()
            .map(|t| vec![t.currency.to_string(), t.sum.to_string(), t.count.to_string(), t.keys.to_string()])
            .collect();
        let columns = [("CURRENCY", Side::Left), ("SUM", Side::Right), ("COUNT", Side::Right), ("KEYS", Side::Right)];
        let mut text = format!("{}\n\n{}", self.day, text::table(&columns, &totals));
        if !self.top.is_empty() {
            text.push('\n');
            text.push_str(&key_table(&self.top));
        }
        text
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

impl KeySums {
    /// As a table for a terminal.
    pub fn to_text(&self) -> String {
        if self.sums.is_empty() {
            return format!("{}: no transactions of {}\n", self.day, text::harmless(&self.key));
        }
        format!("{}\n\n{}", self.day, key_table(&self.sums))
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

impl std::str::FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "count" => Ok(Self::Count),
            "sum" => Ok(Self::Sum),
            _ => Err(format!("{text:?} is no order, \"count\" or \"sum\" would be right")),
        }
    }
}

fn key_table(sums: &[KeySum]) -> String {
    let rows: Vec<Vec<String>> = sums
        .iter()
        .map(|s| {
            let updated = tallygate_core::row::instant(s.updated_at);
            vec![s.key.clone(), s.currency.to_string(), s.sum.to_string(), s.count.to_string(), updated]
        })
        .collect();
    let columns = [
        ("KEY", Side::Left),
        ("CURRENCY", Side::Left),
        ("SUM", Side::Right),
        ("COUNT", Side::Right),
        ("UPDATED", Side::Left),
    ];
    text::table(&columns, &rows)
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
