//! A policy as a route names it: whatever version is in service, or one version.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::policy::ActivePolicy;

/// A policy as a route names it.
#[derive(Clone)]
pub(crate) enum PolicyRef {
    /// Whatever version is in service.
    Active(Arc<ArcSwap<Serving>>),
    /// One version.
    Pinned(Arc<dyn ActivePolicy>),
}

/// What is in service of a policy.
pub(crate) struct Serving {
    pub(super) policy: Arc<dyn ActivePolicy>,
    /// None: it refuses everything.
    pub(super) version: Option<String>,
    /// Why it is not the active version.
    pub(super) trouble: Option<String>,
}

impl PolicyRef {
    /// The version that a request which comes now begins and ends with.
    pub(crate) fn now(&self) -> Arc<dyn ActivePolicy> {
        match self {
            Self::Active(serving) => serving.load().policy.clone(),
            Self::Pinned(policy) => policy.clone(),
        }
    }
}

/// Name and version of a reference, `name` or `name@version`.
pub(super) fn split(reference: &str) -> (&str, Option<&str>) {
    match reference.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    }
}
