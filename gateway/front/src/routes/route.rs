//! A route, ready to be taken.

use std::sync::Arc;

use http::Method;
use prometheus_client::metrics::histogram::Histogram;

use crate::access::Access;
use crate::limits::BodyLimits;
use crate::metrics::{PolicyLabels, RouteLabels};
use crate::proxy::Upstream;
use crate::registry::PolicyRef;

/// What becomes of the requests that take it.
pub(crate) struct Route {
    pub(crate) labels: RouteLabels,
    /// The listeners, by their index; none: all.
    pub(crate) listeners: Vec<usize>,
    /// In the form in which hosts are compared.
    pub(crate) host: Option<String>,
    /// In the form in which paths are compared; the root is empty.
    pub(crate) path: Vec<u8>,
    /// None: all.
    pub(crate) methods: Vec<Method>,
    pub(crate) access: Access,
    pub(crate) policies: Vec<Arc<Step>>,
    pub(crate) upstream: Option<Arc<Upstream>>,
    pub(crate) body: BodyLimits,
    /// Its own of the family, so that no request has to look it up.
    pub(crate) seconds: Histogram,
}

/// A policy of a route's chain.
pub(crate) struct Step {
    pub(crate) policy: PolicyRef,
    pub(crate) labels: PolicyLabels,
    pub(crate) seconds: Histogram,
}

impl Route {
    /// Whether requests for this host may take it.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.host.as_deref().is_none_or(|own| own == host)
    }

    /// Whether some request could take either route equally well. A route without methods takes every method, so it clashes
    /// with one that has some: which of them won would depend on their order.
    pub(crate) fn clashes(&self, other: &Self) -> bool {
        overlap(&self.listeners, &other.listeners)
            && overlap(&self.methods, &other.methods)
            && self.path == other.path
            && self.host == other.host
    }
}

/// Whether two lists, of which an empty one is all there is, have something in common.
fn overlap<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|item| b.contains(item))
}
