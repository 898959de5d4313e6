//! The live page's source: the days people look at, kept current by following first and loading second (rule 14).
//!
//! One task follows the rows of daily sums for everybody; each browser's feed reads from the views at its own pace, so
//! a slow one gets fewer and later states, never an old one, and nothing is queued for it.

mod days;
mod feed;
mod follow;
mod keep;
mod keys;
mod plot;
mod view;

#[cfg(test)]
mod rows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tallygate_core::day::Zone;
use tallygate_core::{Day, Row};
use tallygate_stream::Stream;
use tokio::sync::Notify;

use days::Days;
pub(crate) use days::TooManyDays;
pub(crate) use feed::{Ask, Feed};

use crate::metrics::Metrics;
use tallygate_reading::clock;
use tallygate_reading::ledger::Reader;

/// Keeps the views current; [`run`](Self::run) it as long as browsers are served.
pub(crate) struct Live {
    shared: Arc<Shared>,
    stream: Arc<dyn Stream>,
}

/// Opens feeds.
#[derive(Clone)]
pub(crate) struct LiveHandle {
    shared: Arc<Shared>,
}

struct Shared {
    days: Mutex<Days>,
    /// Something is to be loaded.
    wanted: Notify,
    reader: Reader,
    zone: Zone,
    metrics: Metrics,
}

impl Live {
    pub(crate) fn new(stream: Arc<dyn Stream>, reader: Reader, zone: Zone, metrics: Metrics) -> (Self, LiveHandle) {
        let today = clock::today(&zone);
        let shared =
            Arc::new(Shared { days: Mutex::new(Days::new(today)), wanted: Notify::new(), reader, zone, metrics });
        let handle = LiveHandle { shared: shared.clone() };
        (Self { shared, stream }, handle)
    }

    /// Follows and loads until it is dropped; what fails is tried again.
    pub(crate) async fn run(self) {
        tokio::join!(follow::follow(&self.shared, &self.stream), keep::keep(&self.shared));
    }
}

impl LiveHandle {
    /// A feed for one browser.
    pub(crate) fn feed(&self, ask: Ask) -> Result<Feed, TooManyDays> {
        Feed::open(self.shared.clone(), ask)
    }

    /// The business day that it is.
    pub(crate) fn today(&self) -> Day {
        clock::today(&self.shared.zone)
    }
}

impl Shared {
    fn days(&self) -> MutexGuard<'_, Days> {
        // Whoever panicked with the lock left rows that are whole: each change is one insertion.
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, rows: &[Row]) {
        let now = clock::now_millis();
        self.days().apply(rows, now);
    }
}
