//! A policy as the way of a request sees it, and what makes one of a component.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_host::{
    About, ActivationError, ArtefactKey, Decision, Engine, KeptPolicy, Message, Policy, PolicyFailure, PolicySpec,
    Refusal, Reply, Response, ResponseOutcome, Used,
};

/// A version of a policy in service.
#[async_trait]
pub trait ActivePolicy: Send + Sync {
    /// The operator's name for it.
    fn name(&self) -> &str;

    /// The hash of component and configuration.
    fn version(&self) -> &str;

    /// What it says of itself.
    fn about(&self) -> &About;

    /// Decides what becomes of a message; `context` is what the policy before it in the route left.
    ///
    /// # Errors
    /// When the policy failed.
    async fn handle(
        &self,
        message: &Message,
        context: &[u8],
        used: Option<&mut Used>,
    ) -> Result<Decision, PolicyFailure>;

    /// Puts a refusal into the partner's protocol; `None`: it has no form of its own for it. `context` is what it left
    /// itself.
    ///
    /// # Errors
    /// When the policy failed.
    async fn fault(&self, message: &Message, context: &[u8], refusal: &Refusal)
    -> Result<Option<Reply>, PolicyFailure>;

    /// Decides what becomes of an upstream's response; `context` is what it left itself.
    ///
    /// # Errors
    /// When the policy failed.
    async fn respond(
        &self,
        message: &Message,
        context: &[u8],
        response: &Response,
        used: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure>;
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

    fn about(&self) -> &About {
        Policy::about(self)
    }

    async fn handle(
        &self,
        message: &Message,
        context: &[u8],
        used: Option<&mut Used>,
    ) -> Result<Decision, PolicyFailure> {
        Policy::handle(self, message, context, used).await
    }

    async fn fault(
        &self,
        message: &Message,
        context: &[u8],
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        Policy::fault(self, message, context, refusal).await
    }

    async fn respond(
        &self,
        message: &Message,
        context: &[u8],
        response: &Response,
        used: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        Policy::respond(self, message, context, response, used).await
    }
}
