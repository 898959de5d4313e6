//! A policy as the way of a request sees it, and what makes one of a component.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_host::{ActivationError, Engine, Message, Outcome, Policy, PolicyFailure, PolicySpec, Refusal, Reply};

/// A version of a policy in service.
#[async_trait]
pub trait ActivePolicy: Send + Sync {
    /// The operator's name for it.
    fn name(&self) -> &str;

    /// Its content hash.
    fn version(&self) -> &str;

    /// Whether [`handle`](Self::handle) needs the body.
    fn needs_body(&self) -> bool;

    /// Whether it needs the header field of this name, in lower case.
    fn needs_header(&self, name: &str) -> bool;

    /// Whether upstreams' responses are shown to it.
    fn sees_responses(&self) -> bool;

    /// Decides what becomes of a message.
    ///
    /// # Errors
    /// When the policy failed.
    async fn handle(&self, message: &mut Message) -> Result<Outcome, PolicyFailure>;

    /// Puts a refusal into the partner's protocol; `None`: it has no form of its own for it.
    ///
    /// # Errors
    /// When the policy failed.
    async fn fault(&self, message: &mut Message, refusal: &Refusal) -> Result<Option<Reply>, PolicyFailure>;

    /// Changes an upstream's response.
    ///
    /// # Errors
    /// When the policy failed.
    async fn respond(&self, message: &mut Message, response: &Reply) -> Result<Reply, PolicyFailure>;
}

/// Makes policies of components. It blocks: tens of milliseconds for a small one.
pub trait Activator: Send + Sync + 'static {
    /// Checks, configures and compiles a component.
    ///
    /// # Errors
    /// When it cannot be put into service; nothing is left behind.
    fn activate(&self, spec: PolicySpec) -> Result<Arc<dyn ActivePolicy>, ActivationError>;
}

impl Activator for Engine {
    fn activate(&self, spec: PolicySpec) -> Result<Arc<dyn ActivePolicy>, ActivationError> {
        Ok(Arc::new(Policy::activate(self, spec)?))
    }
}

#[async_trait]
impl ActivePolicy for Policy {
    fn name(&self) -> &str {
        Policy::name(self)
    }

    fn version(&self) -> &str {
        Policy::version(self)
    }

    fn needs_body(&self) -> bool {
        self.about().needs_body
    }

    fn needs_header(&self, name: &str) -> bool {
        self.about().headers.iter().any(|needed| needed == name || needed == "*")
    }

    fn sees_responses(&self) -> bool {
        self.about().sees_responses
    }

    async fn handle(&self, message: &mut Message) -> Result<Outcome, PolicyFailure> {
        Policy::handle(self, message).await
    }

    async fn fault(&self, message: &mut Message, refusal: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        Policy::fault(self, message, refusal).await
    }

    async fn respond(&self, message: &mut Message, response: &Reply) -> Result<Reply, PolicyFailure> {
        Policy::respond(self, message, response).await
    }
}
