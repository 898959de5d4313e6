//! What the partners' side counts and times.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::journal::JournalMetrics;
use crate::publishing::Publishing;

/// The metrics of the partners' side. Cloning it shares them.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) connections: Family<ListenerLabels, Counter>,
    pub(crate) connections_open: Gauge<i64, AtomicI64>,
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) requests_in_flight: Gauge<i64, AtomicI64>,
    pub(crate) short: Family<ShortLabels, Counter>,
    pub(crate) request_seconds: Family<RouteLabels, Histogram, Buckets>,
    pub(crate) policy_seconds: Family<PolicyLabels, Histogram, Buckets>,
    pub(crate) policy_failures: Family<FailureLabels, Counter>,
    pub(crate) policy_active: Family<PolicyLabels, Gauge>,
    pub(crate) policy_fallback: Family<PolicyLabels, Gauge>,
    pub(crate) publish_seconds: Histogram,
    pub(crate) publish_errors: Counter,
    pub(crate) publishing: Publishing,
    pub(crate) messages: Counter,
    pub(crate) transactions: Counter,
    pub(crate) journal: JournalMetrics,
    pub(crate) upstream_errors: Family<UpstreamLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ListenerLabels {
    pub(crate) listener: Arc<str>,
    /// `accepted`, `refused` (too many, or no memory for it), `handshake` (TLS failed) or `broken` (ended by an error or a time limit).
    pub(crate) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) route: Arc<str>,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ShortLabels {
    /// `places` or `memory` for a request, or memory for `connections`.
    pub(crate) what: &'static str,
    /// `share` (there is some, but the caller has its share) or `whole` (there is no more).
    pub(crate) why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    pub(crate) route: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PolicyLabels {
    pub(crate) policy: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct FailureLabels {
    pub(crate) policy: Arc<str>,
    pub(crate) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct UpstreamLabels {
    pub(crate) upstream: Arc<str>,
    /// `away` (no response), `unread` (took no more of a body in time), `slow` (no response in time), `broken` (broke off within
    /// its response) or `hung` (sent nothing more of it in time).
    pub(crate) kind: &'static str,
}

/// Makes histograms from 10 microseconds to about 20 seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        let steps = [1.0, 2.0, 5.0];
        let decades = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0];
        Histogram::new(decades.into_iter().flat_map(|decade| steps.map(|s| s * decade)).chain([10.0, 20.0]))
    }
}

impl Metrics {
    /// Adds them to a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let mut metrics = Self {
            connections: Family::default(),
            connections_open: Gauge::default(),
            requests: Family::default(),
            requests_in_flight: Gauge::default(),
            short: Family::default(),
            request_seconds: Family::new_with_constructor(Buckets),
            policy_seconds: Family::new_with_constructor(Buckets),
            policy_failures: Family::default(),
            policy_active: Family::default(),
            policy_fallback: Family::default(),
            publish_seconds: Buckets.new_metric(),
            publish_errors: Counter::default(),
            publishing: Publishing::default(),
            messages: Counter::default(),
            transactions: Counter::default(),
            journal: JournalMetrics::default(),
            upstream_errors: Family::default(),
        };
        let r = registry.sub_registry_with_prefix("front");
        r.register("connections", "Connections, by listener and what became of them", metrics.connections.clone());
        r.register("connections_open", "Connections open now", metrics.connections_open.clone());
        r.register("requests", "Requests whose response began, by route and status", metrics.requests.clone());
        r.register(
            "requests_in_flight",
            "Requests until their response has been taken",
            metrics.requests_in_flight.clone(),
        );
        r.register(
            "short",
            "Requests and connections refused for want of places or memory, for all or beyond the caller's share",
            metrics.short.clone(),
        );
        r.register("request_seconds", "From a request's head to its reply's", metrics.request_seconds.clone());
        r.register("policy_seconds", "One message in one policy", metrics.policy_seconds.clone());
        r.register("policy_failures", "Calls of policies that failed, by kind", metrics.policy_failures.clone());
        r.register("policy_active", "1 where a version is in service, else 0", metrics.policy_active.clone());
        r.register(
            "policy_fallback",
            "1 where the active version does not start, and another one serves or none",
            metrics.policy_fallback.clone(),
        );
        r.register(
            "publish_seconds",
            "From handing a message to the queue to its confirm",
            metrics.publish_seconds.clone(),
        );
        r.register("publish_errors", "Messages the queue did not confirm", metrics.publish_errors.clone());
        metrics.publishing = Publishing::register(r);
        r.register("messages", "Messages acknowledged to partners", metrics.messages.clone());
        r.register("transactions", "Transactions in them", metrics.transactions.clone());
        metrics.journal = JournalMetrics::register(r);
        r.register(
            "upstream_errors",
            "Times an upstream's target did not do its part, by kind",
            metrics.upstream_errors.clone(),
        );
        metrics
    }
}
