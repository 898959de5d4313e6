//! The live page's source: the days people look at, kept current by following first and loading second (rule 14).
//!
//! One task follows the rows of daily sums for everybody; each browser's subscription reads from the views at its own
//! pace, so a slow one gets fewer and later states, never an old one, and nothing is queued for it.

mod cells;
mod keys;
mod series;
mod view;

mod cache;
mod shared;

mod backoff;
mod follow;
mod loader;

mod message;
mod selection;
mod subscription;

#[cfg(test)]
mod test_rows;

use std::sync::Arc;

use tallygate_core::Day;
use tallygate_core::day::Zone;
use tallygate_reading::clock;
use tallygate_reading::ledger::Reader;
use tallygate_stream::Stream;

pub(crate) use cache::TooManyDays;
pub(crate) use message::Message;
pub(crate) use selection::Selection;
pub(crate) use subscription::Subscription;

use crate::metrics::Metrics;
use shared::Shared;

/// Keeps the views current; [`run`](Self::run) it as long as browsers are served.
pub(crate) struct Live {
    shared: Arc<Shared>,
    stream: Arc<dyn Stream>,
}

/// Opens subscriptions.
#[derive(Clone)]
pub(crate) struct LiveHandle {
    shared: Arc<Shared>,
}

impl Live {
    pub(crate) fn new(stream: Arc<dyn Stream>, reader: Reader, zone: Zone, metrics: Metrics) -> (Self, LiveHandle) {
        let shared = Arc::new(Shared::new(reader, zone, metrics));
        let handle = LiveHandle { shared: shared.clone() };
        (Self { shared, stream }, handle)
    }

    /// Follows and loads until it is dropped; what fails is tried again.
    pub(crate) async fn run(self) {
        tokio::join!(follow::follow(&self.shared, &self.stream), loader::load_wanted(&self.shared));
    }
}

impl LiveHandle {
    /// A subscription for one browser.
    pub(crate) fn subscribe(&self, selection: Selection) -> Result<Subscription, TooManyDays> {
        Subscription::open(self.shared.clone(), selection)
    }

    /// The business day that it is.
    pub(crate) fn today(&self) -> Day {
        clock::today(&self.shared.zone)
    }
}
