//! The permits for requests in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use prometheus_client::metrics::gauge::Gauge;

/// As many permits as requests may be in flight at one time.
pub(crate) struct Permits(Arc<InFlight>);

/// A permit for one request, given back when dropped.
pub(crate) struct Permit(Arc<InFlight>);

struct InFlight {
    now: AtomicUsize,
    most: usize,
    gauge: Gauge<i64, AtomicI64>,
}

impl Permits {
    pub(crate) fn new(most: usize, gauge: Gauge<i64, AtomicI64>) -> Self {
        Self(Arc::new(InFlight { now: AtomicUsize::new(0), most, gauge }))
    }

    /// A permit, if there is one.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let now = self.0.now.fetch_add(1, Ordering::Relaxed);
        self.0.gauge.inc();
        // Made first, so that it is given back on either way out.
        let permit = Permit(self.0.clone());
        (now < self.0.most).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
        self.0.gauge.dec();
    }
}
