//! What all requests share.

use std::sync::Arc;

use crate::access::Partners;
use crate::clock::Clock;
use crate::detached::Detached;
use crate::faults::Faults;
use crate::held::Capacity;
use crate::ingest::Ingest;
use crate::limits::Limits;
use crate::metrics::{Metrics, RouteLabels};
use crate::observer::Observed;
use crate::routes::Routes;

/// The tables, the way to the queue, and what requests may use together.
pub(crate) struct Shared {
    pub(crate) routes: Routes,
    /// What requests that found no route are counted under.
    pub(crate) nowhere: RouteLabels,
    pub(crate) partners: Partners,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) faults: Faults,
    pub(crate) detached: Detached,
    pub(crate) clock: Clock,
    pub(crate) observer: Observed,
}
