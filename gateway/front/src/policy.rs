//! A policy as the way of a request sees it, and what makes one of a component.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_host::{
    ActivationError, ArtefactKey, Engine, KeptPolicy, Message, Outcome, Policy, PolicyFailure, PolicySpec, Refusal,
    Reply,
};

/// A version of a policy in service.
#[async_trait]
pub trait ActivePolicy: Send + Sync {
    /// The operator's name for it.
    fn name(&self) -> &str;

    /// The hash of component and configuration.
    fn version(&self) -> &str;

    /// Whether [`handle`](Self::handle) needs the body.
    fn needs_body(&self) -> bool;

    /// Whether it needs the header field of this name, in lower case.
    fn needs_header(&self, name: &str) -> bool;

    /// Whether upstreams' responses are shown to it.
    fn sees_responses(&self) -> bool;

    /// Whether it may accept a message, so that its transactions count; a route has at most one such policy.
    fn may_accept(&self) -> bool {
        false
    }

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

/// A policy that was compiled, and what it can be loaded from another time.
pub struct Compiled {
    /// The policy.
    pub policy: Arc<dyn ActivePolicy>,
    /// Its code with what it says of itself, sealed.
    pub artefact: Vec<u8>,
}

/// Makes policies of components. It blocks.
pub trait Activator: Send + Sync + 'static {
    /// Checks, configures and compiles a component, and seals the result with this key: tens of milliseconds for a small
    /// one.
    ///
    /// # Errors
    /// When it cannot be put into service; nothing is left behind.
    fn compile(&self, spec: PolicySpec, key: &ArtefactKey) -> Result<Compiled, ActivationError>;

    /// The policy of what was compiled before: milliseconds. None where that is not what this key sealed for this policy
    /// and for what compiles now as it did then.
    ///
    /// # Errors
    /// When it cannot be put into service any more, such as for a key that it lacks.
    fn load(
        &self,
        kept: KeptPolicy,
        key: &ArtefactKey,
        artefact: &[u8],
    ) -> Option<Result<Arc<dyn ActivePolicy>, ActivationError>>;
}

impl Activator for Engine {
    fn compile(&self, spec: PolicySpec, key: &ArtefactKey) -> Result<Compiled, ActivationError> {
        let policy = Policy::activate(self, spec)?;
        let artefact = policy.artefact(self, key)?;
        Ok(Compiled { policy: Arc::new(policy), artefact })
    }

    fn load(
        &self,
        kept: KeptPolicy,
        key: &ArtefactKey,
        artefact: &[u8],
    ) -> Option<Result<Arc<dyn ActivePolicy>, ActivationError>> {
        let loaded = Policy::load(self, key, kept, artefact)?;
        Some(loaded.map(|policy| Arc::new(policy) as Arc<dyn ActivePolicy>))
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
