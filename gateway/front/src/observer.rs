//! Who looks on while requests are decided, such as a trial run of a policy.

use std::sync::Arc;

use tallygate_host::{Decision, PolicyFailure, Refusal, ResponseOutcome, Used};

/// Looks on. Every call happens on the way of a request, so none may block.
pub trait Observer: Send + Sync {
    /// A policy decided about a message, or failed over it.
    fn handled(&self, policy: &str, decision: &Result<Decision, PolicyFailure>, used: Used);

    /// A policy decided about an upstream's response, or failed over it.
    fn responded(&self, policy: &str, outcome: &Result<ResponseOutcome, PolicyFailure>, used: Used);

    /// A request is refused; `cause` is what only the operator is told.
    fn refused(&self, refusal: &Refusal, cause: Option<&str>);
}

/// The observer, where there is one.
pub(crate) type Observed = Option<Arc<dyn Observer>>;
