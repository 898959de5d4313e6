//! A store in memory that can be away, and slow after it has read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tallygate_core::generation::{FOLD_RULES, Generation, Plan};
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, LogId, PartitionBy, Row, RowKey};
use tallygate_sums::{Notices, Sums, SumsError};
use tokio::sync::watch;

pub(crate) const DAY: &str = "2026-11-22";

/// How records may be spread over the partitions of the log.
pub(crate) const SPREADS: [PartitionBy; 2] = [PartitionBy::Key, PartitionBy::Id];

pub(crate) struct Store {
    rows: Mutex<BTreeMap<RowKey, Row>>,
    pub(crate) away: AtomicBool,
    /// Reads return what they read only once this is false.
    pub(crate) slow: watch::Sender<bool>,
    generations: Vec<Generation>,
    notices: Mutex<BTreeMap<String, Notice>>,
}

impl Default for Store {
    fn default() -> Self {
        Self::spread_by(PartitionBy::Key)
    }
}

impl Store {
    /// Two generations of two partitions each.
    pub(crate) fn spread_by(partition_by: PartitionBy) -> Self {
        let plan = Plan {
            topic: "t".into(),
            partitions: 2,
            partition_by,
            horizon_days: 7,
            future_days: 7,
            fold_rules: FOLD_RULES,
            group: "tallygate".into(),
        };
        let first = Generation::first(plan.clone(), LogId(7));
        let second = Generation { number: 2, first_partition: 2, log: LogId(7), plan };
        Self {
            rows: Mutex::default(),
            notices: Mutex::default(),
            away: AtomicBool::new(false),
            slow: watch::Sender::new(false),
            generations: vec![first, second],
        }
    }
}

impl Store {
    /// Two keys on [`DAY`], one of them in two generations and two currencies; spread by id, in all partitions.
    pub(crate) fn filled(partition_by: PartitionBy) -> Self {
        let store = Self::spread_by(partition_by);
        store.put(daily("HR1", "EUR", 3, 9, 1, "-0.000000001"));
        if partition_by == PartitionBy::Key {
            store.put(daily("HR1", "EUR", 0, 3, 2, "10.50"));
            store.put(daily("HR1", "USD", 0, 4, 1, "7.00"));
            store.put(daily("HR2", "EUR", 1, 8, 5, "1.25"));
        } else {
            store.put(daily("HR1", "EUR", 0, 3, 1, "12.75"));
            store.put(daily("HR1", "EUR", 1, 3, 1, "-2.25"));
            store.put(daily("HR1", "USD", 1, 4, 1, "7.00"));
            store.put(daily("HR2", "EUR", 0, 8, 2, "0.25"));
            store.put(daily("HR2", "EUR", 1, 9, 3, "1.00"));
        }
        store
    }

    /// Without a single generation, as before the first writer or after somebody emptied it.
    pub(crate) fn emptied() -> Self {
        Self { generations: Vec::new(), ..Self::default() }
    }

    pub(crate) fn put(&self, row: Row) {
        self.rows.lock().unwrap().insert(row.at.clone(), row);
    }

    fn answer(&self) -> Result<(), SumsError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(SumsError::Away("told to be".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Sums for Store {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        self.answer()?;
        Ok(self.generations.clone())
    }

    async fn add_generation(&self, _: &Generation) -> Result<bool, SumsError> {
        Ok(false)
    }

    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError> {
        self.answer()?;
        let wanted = |row: &&Row| {
            let at = &row.at;
            (at.aggregate, at.day, at.partition) == (aggregate, day, partition) && key.is_none_or(|key| key == at.key)
        };
        let rows: Vec<Row> = self.rows.lock().unwrap().values().filter(wanted).cloned().collect();
        let mut slow = self.slow.subscribe();
        slow.wait_for(|slow| !slow).await.unwrap();
        Ok(rows)
    }

    async fn upsert(&self, _: &[Row]) -> Result<(), SumsError> {
        Ok(())
    }

    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        self.answer()?;
        let rows = self.rows.lock().unwrap();
        Ok(rows.keys().filter(|at| at.partition == partition).map(|at| at.day).collect())
    }
}

#[async_trait]
impl Notices for Store {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        self.answer()?;
        self.notices.lock().unwrap().insert(notice.name.clone(), notice.clone());
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        self.answer()?;
        Ok(self.notices.lock().unwrap().values().cloned().collect())
    }
}

/// A row of [`DAY`].
pub(crate) fn row(
    aggregate: Aggregate,
    key: &str,
    currency: &str,
    partition: u32,
    offset: u64,
    count: u64,
    sum: &str,
) -> Row {
    Row {
        at: RowKey {
            aggregate,
            day: DAY.parse().unwrap(),
            partition,
            key: key.into(),
            currency: currency.parse().unwrap(),
        },
        sum: sum.parse().unwrap(),
        count,
        offset,
        updated_at: 1_795_375_181_500,
    }
}

/// A row of the daily sums.
pub(crate) fn daily(key: &str, currency: &str, partition: u32, offset: u64, count: u64, sum: &str) -> Row {
    row(Aggregate::Daily, key, currency, partition, offset, count, sum)
}
