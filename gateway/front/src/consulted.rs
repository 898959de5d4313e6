//! A policy that was asked about a request, in the version that was active then.

use std::sync::Arc;
use std::time::Instant;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use tallygate_host::{
    Decision, Message, Outcome, PolicyFailure, Refusal, Reply, Response, ResponseOutcome, Transaction, Used,
};

use crate::metrics::FailureLabels;
use crate::policy::ActivePolicy;
use crate::problem::Problem;
use crate::reply::fields;
use crate::routes::Step;
use crate::shared::Shared;

/// A policy, and what it left for when it is asked again.
pub(crate) struct Consulted {
    step: Arc<Step>,
    pub(crate) policy: Arc<dyn ActivePolicy>,
    context: Vec<u8>,
    /// Whether it was asked what becomes of the message.
    pub(crate) has_handled: bool,
}

/// What a policy wants counted.
pub(crate) struct ToCount {
    pub(crate) policy: Arc<dyn ActivePolicy>,
    pub(crate) transactions: Vec<Transaction>,
}

impl Consulted {
    /// The version that is active now, not asked yet.
    pub(crate) fn now(step: &Arc<Step>) -> Self {
        Self { step: step.clone(), policy: step.policy.now(), context: Vec::new(), has_handled: false }
    }

    pub(crate) fn is(&self, step: &Arc<Step>) -> bool {
        Arc::ptr_eq(&self.step, step)
    }

    /// What it wants counted.
    pub(crate) fn to_count(&self, transactions: Vec<Transaction>) -> ToCount {
        ToCount { policy: self.policy.clone(), transactions }
    }

    /// What it leaves for the policy behind it.
    pub(crate) fn context(&self) -> &[u8] {
        &self.context
    }

    /// What it decides about the message; `context` is what the policy before it left.
    pub(crate) async fn handle(
        &mut self,
        shared: &Shared,
        message: &Message,
        context: &[u8],
    ) -> Result<Outcome, Problem> {
        self.has_handled = true;
        let began = Instant::now();
        let mut used = shared.observer.is_some().then(Used::default);
        let decided = self.policy.handle(message, context, used.as_mut()).await;
        self.step.seconds.observe(began.elapsed().as_secs_f64());
        if let Some(observer) = &shared.observer {
            observer.handled(self.policy.name(), &decided, used.unwrap_or_default());
        }
        let Decision { outcome, context } = decided.map_err(|failure| match failure {
            // What a message needs is its sender's to change.
            PolicyFailure::OutOfMemory(limit) if !message.body.is_empty() => {
                self.too_large(shared, &failure, Problem::TooLargeForPolicy(self.policy.name().to_owned(), limit))
            }
            failure => self.failed(shared, failure),
        })?;
        self.context = context;
        Ok(outcome)
    }

    /// What it decides about the upstream's response.
    pub(crate) async fn respond(
        &self,
        shared: &Shared,
        message: &Message,
        response: &Response,
    ) -> Result<ResponseOutcome, Problem> {
        let mut used = shared.observer.is_some().then(Used::default);
        let decided = self.policy.respond(message, &self.context, response, used.as_mut()).await;
        if let Some(observer) = &shared.observer {
            observer.responded(self.policy.name(), &decided, used.unwrap_or_default());
        }
        decided.map_err(|failure| match failure {
            PolicyFailure::OutOfMemory(limit) if !response.body.is_empty() => {
                let problem = Problem::ResponseTooLargeForPolicy(self.policy.name().to_owned(), limit);
                self.too_large(shared, &failure, problem)
            }
            failure => self.failed(shared, failure),
        })
    }

    /// The refusal in the partner's protocol, if the policy has a form for it. One that fails over it has none.
    pub(crate) async fn fault(&self, shared: &Shared, message: &Message, refusal: &Refusal) -> Option<Reply> {
        match self.policy.fault(message, &self.context, refusal).await {
            Ok(reply) => reply,
            Err(failure) => {
                tracing::warn!(request = message.id, policy = self.policy.name(), "fault: {failure}");
                self.count(shared, &failure);
                None
            }
        }
    }

    /// The problem that it returned what cannot be carried out.
    pub(crate) fn bad_outcome(&self, shared: &Shared, what: impl Into<String>) -> Problem {
        self.failed(shared, PolicyFailure::BadOutcome(what.into()))
    }

    /// The head of a message as the policies up to this one have made it.
    pub(crate) fn changed_head(
        &self,
        shared: &Shared,
        message: &Message,
    ) -> Result<(Method, PathAndQuery, HeaderMap), Problem> {
        let method = Method::from_bytes(message.method.as_bytes()).map_err(|_| {
            let what = format!("forward with the method {:?}, which would be such as `POST`", message.method);
            self.bad_outcome(shared, what)
        })?;
        let target = message.target.parse().ok().filter(|_| message.target.starts_with('/')).ok_or_else(|| {
            let what =
                format!("forward with the target {:?}, which would be such as `/invoices?test=1`", message.target);
            self.bad_outcome(shared, what)
        })?;
        Ok((method, target, fields(message.headers.clone(), |_| false)))
    }

    fn failed(&self, shared: &Shared, failure: PolicyFailure) -> Problem {
        self.count(shared, &failure);
        let name = self.policy.name().to_owned();
        match failure {
            PolicyFailure::Busy => Problem::PolicyBusy(name, shared.limits.retry_after),
            failure => Problem::Policy(name, failure),
        }
    }

    fn too_large(&self, shared: &Shared, failure: &PolicyFailure, problem: Problem) -> Problem {
        self.count(shared, failure);
        problem
    }

    fn count(&self, shared: &Shared, failure: &PolicyFailure) {
        let labels = FailureLabels { policy: self.step.labels.policy.clone(), kind: failure.code() };
        shared.metrics.policy_failures.get_or_create(&labels).inc();
    }
}
