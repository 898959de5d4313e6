//! What the live page's tasks and subscriptions share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tallygate_core::Row;
use tallygate_core::day::Zone;
use tallygate_reading::clock;
use tallygate_reading::ledger::Reader;
use tokio::sync::Notify;

use super::cache::DayCache;
use crate::metrics::Metrics;

/// What all of them share.
pub(super) struct Shared {
    days: Mutex<DayCache>,
    /// Something is to be loaded.
    pub(super) wanted: Notify,
    pub(super) reader: Reader,
    pub(super) zone: Zone,
    pub(super) metrics: Metrics,
}

impl Shared {
    pub(super) fn new(reader: Reader, zone: Zone, metrics: Metrics) -> Self {
        let days = Mutex::new(DayCache::new(clock::today(&zone)));
        Self { days, wanted: Notify::new(), reader, zone, metrics }
    }

    /// The days held, for a moment.
    pub(super) fn days(&self) -> MutexGuard<'_, DayCache> {
        // Whoever panicked with the lock left rows that are whole: each change is one insertion.
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes rows, and tells those who look at their days.
    pub(super) fn apply(&self, rows: &[Row]) {
        let now = clock::now_millis();
        self.days().apply(rows, now);
    }
}
