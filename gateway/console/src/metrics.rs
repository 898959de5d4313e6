//! The console's figures: requests, logins, browsers, and how fresh the page is.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The console's figures. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Requests answered, by route and status.
    pub(crate) requests: Family<RequestLabels, Counter>,
    /// The time from a request's head to its answer's head.
    pub(crate) request_seconds: Histogram,
    /// Logins and passwords checked, by outcome.
    pub(crate) logins: Family<LoginLabels, Counter>,
    /// Connections open.
    pub(crate) connections: Gauge,
    /// Browsers that follow.
    pub(crate) browsers: Gauge,
    /// Changes sent to browsers.
    pub(crate) updates: Counter,
    /// Rows read along the stream.
    pub(crate) rows: Counter,
    /// Records of the stream that were no rows.
    pub(crate) unreadable: Counter,
    /// Times the stream was lost or the store did not answer, by which.
    pub(crate) errors: Family<SourceLabels, Counter>,
    /// The time from the log's append to the row's arrival here.
    pub(crate) row_age_seconds: Histogram,
    /// Days loaded that wait to be read again: the page's backlog.
    pub(crate) loading: Gauge,
    /// Keys held for the page.
    pub(crate) keys: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) route: String,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct LoginLabels {
    pub(crate) outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct SourceLabels {
    pub(crate) source: &'static str,
}

impl Metrics {
    /// Registers them all under `console_`, behind the prefix of the registry.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            request_seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
            logins: Family::default(),
            connections: Gauge::default(),
            browsers: Gauge::default(),
            updates: Counter::default(),
            rows: Counter::default(),
            unreadable: Counter::default(),
            errors: Family::default(),
            row_age_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            loading: Gauge::default(),
            keys: Gauge::default(),
        };
        let own = registry.sub_registry_with_prefix("console");
        own.register("requests", "requests answered", metrics.requests.clone());
        own.register("request_seconds", "from a request's head to its answer's head", metrics.request_seconds.clone());
        own.register("logins", "passwords and tokens checked", metrics.logins.clone());
        own.register("connections", "connections open", metrics.connections.clone());
        own.register("browsers", "browsers that follow", metrics.browsers.clone());
        own.register("updates", "changes sent to browsers", metrics.updates.clone());
        own.register("rows", "rows of daily sums read along the stream", metrics.rows.clone());
        own.register("unreadable", "records of the daily sums that are no rows", metrics.unreadable.clone());
        own.register("errors", "failures of what the console reads", metrics.errors.clone());
        own.register(
            "row_age_seconds",
            "from a record's append to the log to its row's arrival at the console",
            metrics.row_age_seconds.clone(),
        );
        own.register("loading", "days being read from the store", metrics.loading.clone());
        own.register("keys", "keys held for the page", metrics.keys.clone());
        metrics
    }

    pub(crate) fn failed(&self, source: &'static str) {
        self.errors.get_or_create(&SourceLabels { source }).inc();
    }

    pub(crate) fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&LoginLabels { outcome }).inc();
    }
}

/// Counts one more as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
