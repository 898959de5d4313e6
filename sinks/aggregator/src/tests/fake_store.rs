//! A store of sums in memory that goes away, writes in part, and loses its latest writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row, RowKey};
use tallygate_sums::{Notices, Sums, SumsError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::chance::Chance;

pub(crate) struct FakeStore {
    chance: Arc<Chance>,
    delay: Duration,
    state: Mutex<State>,
    /// Writes wait here.
    pub(crate) gate: Semaphore,
}

#[derive(Default)]
struct State {
    /// Every write of a row, by its time and in the order of its offsets.
    rows: BTreeMap<RowKey, Vec<(Instant, Row)>>,
    away: bool,
    /// One call in so many fails, some of them half done.
    fails: u64,
}

impl FakeStore {
    pub(crate) fn new(chance: &Arc<Chance>, delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            chance: Arc::clone(chance),
            delay,
            state: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    pub(crate) fn fail_one_in(&self, n: u64) {
        self.state().fails = n;
    }

    pub(crate) fn go_away(&self) {
        self.state().away = true;
    }

    /// It was killed: what was written since then is gone.
    pub(crate) fn lose_since(&self, since: Instant) {
        self.state().rows.retain(|_, writes| {
            writes.retain(|(at, _)| *at < since);
            !writes.is_empty()
        });
    }

    pub(crate) fn come_back(&self) {
        self.state().away = false;
    }

    pub(crate) fn rows(&self) -> BTreeMap<RowKey, Row> {
        let newest =
            |writes: &Vec<(Instant, Row)>| writes.iter().map(|(_, row)| row).max_by_key(|row| row.offset).cloned();
        self.state().rows.iter().filter_map(|(at, writes)| Some((at.clone(), newest(writes)?))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn answer(&self) -> Result<(), SumsError> {
        self.chance.pause(self.delay).await;
        if self.state().away {
            return Err(SumsError::Away("as the test wants".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Sums for FakeStore {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        self.answer().await?;
        Ok(Vec::new())
    }

    async fn add_generation(&self, _: &Generation) -> Result<bool, SumsError> {
        Ok(true)
    }

    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError> {
        self.answer().await?;
        let here = |at: &RowKey| at.aggregate == aggregate && at.day == day && at.partition == partition;
        Ok(self.rows().into_values().filter(|row| here(&row.at) && key.is_none_or(|key| key == row.at.key)).collect())
    }

    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError> {
        let _open = self.gate.acquire().await;
        self.answer().await?;
        let fails = self.state().fails;
        let failing = self.chance.one_in(fails);
        for row in rows {
            if !failing || self.chance.one_in(2) {
                let mut state = self.state();
                state.rows.entry(row.at.clone()).or_default().push((Instant::now(), row.clone()));
            }
        }
        if failing { Err(SumsError::Away("half of it, perhaps".into())) } else { Ok(()) }
    }

    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        self.answer().await?;
        Ok(self.rows().into_keys().filter(|at| at.partition == partition).map(|at| at.day).collect())
    }
}

#[async_trait]
impl Notices for FakeStore {
    async fn tell(&self, _: &Notice) -> Result<(), SumsError> {
        self.answer().await
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        Ok(Vec::new())
    }
}
