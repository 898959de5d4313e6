//! A store of sums in memory that goes away, writes in part, loses rows, is emptied, and is put back from a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, LogId, Row, RowKey};
use tallygate_sums::{Notices, Sums, SumsError};
use tokio::sync::Semaphore;

use super::chance::Chance;

pub(crate) struct FakeStore {
    chance: Arc<Chance>,
    delay: Duration,
    state: Mutex<State>,
    /// Writes wait here.
    pub(crate) gate: Semaphore,
}

/// What it holds.
#[derive(Clone, Default)]
pub(crate) struct Contents {
    rows: BTreeMap<RowKey, Row>,
    generations: Vec<Generation>,
    notices: BTreeMap<String, Notice>,
}

#[derive(Default)]
struct State {
    contents: Contents,
    /// Rows that somebody deleted by hand: nothing that is written to them shows.
    hidden: BTreeSet<RowKey>,
    away: bool,
    /// It answers, and takes no rows.
    is_full: bool,
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

    pub(crate) fn come_back(&self) {
        self.state().away = false;
    }

    pub(crate) fn fill(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    pub(crate) fn is_away(&self) -> bool {
        self.state().away
    }

    /// A copy that it can be put back to.
    pub(crate) fn copy(&self) -> Contents {
        self.state().contents.clone()
    }

    pub(crate) fn put_back(&self, copy: Contents) {
        self.state().contents = copy;
    }

    /// All of it goes, the generations too.
    pub(crate) fn clear(&self) {
        self.state().contents = Contents::default();
    }

    pub(crate) fn truncate(&self) {
        self.state().contents.rows.clear();
    }

    /// Rows go by chance, or back to what they were in a copy.
    pub(crate) fn lose_some(&self, copy: &Contents) {
        let mut state = self.state();
        for at in state.contents.rows.keys().cloned().collect::<Vec<_>>() {
            match (self.chance.below(4), copy.rows.get(&at)) {
                (0, _) => drop(state.contents.rows.remove(&at)),
                (1, Some(older)) => drop(state.contents.rows.insert(at, older.clone())),
                _ => {}
            }
        }
    }

    /// A row goes, as a delete by hand with a later time hides it.
    pub(crate) fn hide(&self, at: &RowKey) {
        let mut state = self.state();
        state.contents.rows.remove(at);
        state.hidden.insert(at.clone());
    }

    /// It is another log's.
    pub(crate) fn belongs_to(&self, log: LogId) {
        self.state().contents.generations.iter_mut().for_each(|generation| generation.log = log);
    }

    pub(crate) fn rows(&self) -> BTreeMap<RowKey, Row> {
        self.state().contents.rows.clone()
    }

    pub(crate) fn told(&self) -> Vec<Notice> {
        self.state().contents.notices.values().cloned().collect()
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
        Ok(self.state().contents.generations.clone())
    }

    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError> {
        self.answer().await?;
        let mut state = self.state();
        let is_new = state.contents.generations.iter().all(|there| there.number != generation.number);
        if is_new {
            state.contents.generations.push(generation.clone());
        }
        Ok(is_new)
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
        if self.state().is_full {
            return Err(SumsError::Away("it is full".into()));
        }
        let fails = self.state().fails;
        let failing = self.chance.one_in(fails);
        for row in rows {
            let mut state = self.state();
            let is_newer = state.contents.rows.get(&row.at).is_none_or(|there| there.offset <= row.offset);
            if is_newer && !state.hidden.contains(&row.at) && (!failing || self.chance.one_in(2)) {
                state.contents.rows.insert(row.at.clone(), row.clone());
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
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        self.answer().await?;
        self.state().contents.notices.insert(notice.name.clone(), notice.clone());
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        self.answer().await?;
        Ok(self.told())
    }
}
