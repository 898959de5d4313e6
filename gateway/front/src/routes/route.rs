//! A route, ready to be taken.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use prometheus_client::metrics::histogram::Histogram;

use crate::access::Access;
use crate::cors::Cors;
use crate::limits::BodyLimits;
use crate::metrics::{PolicyLabels, RouteLabels};
use crate::problem::Problem;
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
    pub(crate) cors: Option<Cors>,
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
    /// What a browser is told that asks whether a page of another origin may call; none where the request goes on to
    /// policies and upstream. It brings no credentials: where they are asked for, nobody behind hears of it.
    pub(crate) fn answer_preflight(
        &self,
        asked: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Response<Bytes>>, Problem> {
        let name = || self.labels.route.to_string();
        let takes = |method| self.methods.is_empty() || self.methods.contains(method);
        match &self.cors {
            Some(cors) => cors.answer(asked, headers).map(Some).ok_or_else(|| Problem::Origin(name())),
            None if self.access.is_for_anyone() && (self.upstream.is_some() || takes(&Method::OPTIONS)) => Ok(None),
            None => Err(Problem::CrossOrigin(name())),
        }
    }

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

#[cfg(test)]
impl Route {
    /// One for partners that takes all requests under a path, and leads nowhere.
    pub(super) fn bare(name: &str, path: &str) -> Self {
        Self {
            labels: RouteLabels { route: name.into() },
            listeners: Vec::new(),
            host: None,
            path: super::path::of_route(path).unwrap(),
            methods: Vec::new(),
            access: Access::partners(),
            cors: None,
            policies: Vec::new(),
            upstream: None,
            body: crate::Limits::default().body(&crate::RouteLimits::default()),
            seconds: Histogram::new([]),
        }
    }
}
