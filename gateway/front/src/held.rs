//! What a request has of what all requests share: a place, and memory.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tallygate_host::Caller;
use tallygate_serve::{Holder, Share, Shares, Short};

use crate::limits::{Limits, REQUEST_BYTES};
use crate::metrics::{Metrics, ShortLabels};
use crate::problem::Problem;

/// The places and the memory for requests. Of each, every caller has its share.
pub(crate) struct Capacity {
    places: Arc<Shares>,
    memory: Arc<Shares>,
    in_flight: Gauge<i64, AtomicI64>,
    short: Family<ShortLabels, Counter>,
    retry_after: Duration,
}

/// A request's place and its memory, given back when dropped.
pub(crate) struct Held {
    capacity: Arc<Capacity>,
    _place: Share,
    memory: Share,
}

impl Capacity {
    pub(crate) fn new(limits: &Limits, metrics: &Metrics) -> Arc<Self> {
        Arc::new(Self {
            places: Shares::new(limits.requests),
            memory: Shares::new(limits.held_bytes),
            in_flight: metrics.requests_in_flight.clone(),
            short: metrics.short.clone(),
            retry_after: limits.retry_after,
        })
    }

    /// A place for a request, and the memory that each one needs.
    pub(crate) fn admit(self: &Arc<Self>, holder: &Holder) -> Result<Held, Problem> {
        let place = self.places.take(holder, 1).map_err(|short| self.busy("places", short))?;
        let memory = self.memory.take(holder, REQUEST_BYTES).map_err(|short| self.busy("memory", short))?;
        self.in_flight.inc();
        Ok(Held { capacity: self.clone(), _place: place, memory })
    }

    /// The memory that a connection holds by itself; none where there is not as much.
    pub(crate) fn connection(&self, holder: &Holder, bytes: usize) -> Option<Share> {
        self.memory.take(holder, bytes).map_err(|short| self.count("connections", short)).ok()
    }

    fn busy(&self, what: &'static str, short: Short) -> Problem {
        self.count(what, short);
        match short {
            Short::Share => Problem::ShareTaken(self.retry_after),
            Short::Whole => Problem::Busy(self.retry_after),
        }
    }

    fn count(&self, what: &'static str, short: Short) {
        let why = match short {
            Short::Share => "share",
            Short::Whole => "whole",
        };
        self.short.get_or_create(&ShortLabels { what, why }).inc();
    }
}

impl Held {
    /// Sees to it that it has at least as much memory. It never waits: where there is none, it is for the caller to come
    /// again.
    pub(crate) fn at_least(&mut self, bytes: usize) -> Result<(), Problem> {
        let missing = bytes.saturating_sub(self.memory.amount());
        self.memory.grow(missing).map_err(|short| self.capacity.busy("memory", short))
    }

    /// Gives back what it has beyond this.
    pub(crate) fn at_most(mut self, bytes: usize) -> Self {
        self.memory.shrink_to(bytes);
        self
    }
}

/// Whose turns in policies a holder takes.
pub(crate) fn caller(holder: Holder) -> Caller {
    match holder {
        Holder::Known(partner) => Caller::Partner(partner),
        Holder::At(address) => Caller::Address(address),
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.capacity.in_flight.dec();
    }
}
