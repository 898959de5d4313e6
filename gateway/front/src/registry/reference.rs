//! A policy as a route names it: whatever version is active, or one version.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::policy::ActivePolicy;

/// A policy as a route names it.
#[derive(Clone)]
pub(crate) enum PolicyRef {
    /// Whatever version is active.
    Active(Arc<ArcSwap<Active>>),
    /// One version.
    Pinned(Arc<dyn ActivePolicy>),
}

/// The active version of a policy.
pub(crate) struct Active(pub(super) Arc<dyn ActivePolicy>);

impl PolicyRef {
    /// The version that a request which comes now begins and ends with.
    pub(crate) fn now(&self) -> Arc<dyn ActivePolicy> {
        match self {
            Self::Active(active) => active.load().0.clone(),
            Self::Pinned(policy) => policy.clone(),
        }
    }
}
