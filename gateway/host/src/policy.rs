//! A policy in service: activated once, then called for each message.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::call::{self, Call};
use crate::engine::Engine;
use crate::failure::{ActivationError, PolicyFailure};
use crate::keys::Keys;
use crate::linker;
use crate::outcome;
use crate::snapshot;
use crate::spec::{KeptPolicy, Limits, PolicySpec, check_needs};
use crate::version::version_of;
use crate::view::View;
use crate::world::{About, Message, Outcome, Refusal, Reply};

/// A policy in service. Share it as `Arc<Policy>`; dropping the last one gives its code and snapshot back.
pub struct Policy {
    name: Arc<str>,
    version: String,
    about: About,
    keys: Keys,
    limits: Limits,
    engine: Engine,
    /// No policy may hold all permits of the engine: while one burns its time away with all of these, others find some.
    permits: Semaphore,
    pre: InstancePre<Call>,
    handle: ComponentExportIndex,
    fault: ComponentExportIndex,
    respond: ComponentExportIndex,
}

impl Policy {
    /// Checks a component, configures it and compiles the result. Blocking: tens of milliseconds for a small policy.
    ///
    /// # Errors
    /// See [`ActivationError`]; nothing is left behind.
    pub fn activate(engine: &Engine, spec: PolicySpec) -> Result<Self, ActivationError> {
        spec.check(engine.limits.memory)?;
        let (snapshot, about) = snapshot::configure(engine, &spec)?;
        // Whoever lacks a key hears it before the long step.
        check_needs(&about, &spec.keys)?;
        let component = Component::new(&engine.wasmtime, &snapshot).map_err(snapshot::not_a_component)?;
        let version = version_of(&spec.component, &spec.config_json);
        let kept = KeptPolicy { name: spec.name, version, keys: spec.keys, limits: spec.limits };
        Self::in_service(engine, kept, &component, about)
    }

    /// The policy of a configured component that is compiled.
    pub(crate) fn in_service(
        engine: &Engine,
        kept: KeptPolicy,
        component: &Component,
        about: About,
    ) -> Result<Self, ActivationError> {
        kept.limits.check(engine.limits.memory)?;
        check_needs(&about, &kept.keys)?;
        let pre = linker::linker(&engine.wasmtime)?.instantiate_pre(component).map_err(linker::wrong_world)?;
        let function = |name| linker::export(component, name);
        Ok(Self {
            name: kept.name.into(),
            version: kept.version,
            about,
            keys: kept.keys,
            limits: kept.limits,
            engine: engine.clone(),
            permits: Semaphore::new((engine.limits.instances as usize / 2).max(1)),
            pre,
            handle: function("handle")?,
            fault: function("fault")?,
            respond: function("respond")?,
        })
    }

    /// Asks the policy what is to become of a message. It sees this policy's name as the message's `policy`, and of
    /// headers and body only what it needs; the message itself stays as it is.
    ///
    /// # Errors
    /// When the policy failed; nothing of its outcome is known.
    pub async fn handle(&self, message: &mut Message) -> Result<Outcome, PolicyFailure> {
        let view = View::new(&self.name, &self.about, message);
        let (outcome,) = self.call(view.message, &self.handle, (&*view.message,)).await?;
        outcome::check(outcome)
    }

    /// Asks the policy to put a refusal into the partner's protocol; `None`: it has no form of its own for it.
    ///
    /// # Errors
    /// When the policy failed; a plain problem document serves then too.
    pub async fn fault(&self, message: &mut Message, refusal: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        let view = View::new(&self.name, &self.about, message);
        let (reply,): (Option<Reply>,) = self.call(view.message, &self.fault, (&*view.message, refusal)).await?;
        reply.map(outcome::check_reply).transpose()
    }

    /// Asks the policy to change an upstream's response; only for one whose [`About::sees_responses`] says so.
    ///
    /// # Errors
    /// When the policy failed; the response it should have changed must not be sent.
    pub async fn respond(&self, message: &mut Message, response: &Reply) -> Result<Reply, PolicyFailure> {
        let view = View::new(&self.name, &self.about, message);
        let (reply,) = self.call(view.message, &self.respond, (&*view.message, response)).await?;
        outcome::check_reply(reply)
    }

    /// The operator's name for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash of its component and configuration, as [`version_of`] says it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What it is made of, but for the code.
    pub(crate) fn kept(&self) -> KeptPolicy {
        let (name, version) = (self.name.to_string(), self.version.clone());
        KeptPolicy { name, version, keys: self.keys.clone(), limits: self.limits }
    }

    /// Its code and snapshot.
    pub(crate) fn component(&self) -> &Component {
        self.pre.component()
    }

    /// Calls a function in a fresh instance, once there is a permit for one.
    async fn call<Params, Return>(
        &self,
        message: &Message,
        function: &ComponentExportIndex,
        params: Params,
    ) -> Result<Return, PolicyFailure>
    where
        Params: ComponentNamedList + Lower + Send + Sync,
        Return: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let closed = |_| PolicyFailure::Host("it is shutting down".into());
        let _own = self.permits.acquire().await.map_err(closed)?;
        let _any = self.engine.permits.acquire().await.map_err(closed)?;
        let call = Call::new(self.name.clone(), message.id.clone(), self.keys.clone(), self.limits);
        let mut store = call::store(&self.engine.wasmtime, call);
        call::measured(async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            let function = instance.get_typed_func::<Params, Return>(&mut store, function)?;
            function.call_async(&mut store, params).await
        })
        .await
        .map_err(|error| store.data().failure(&error))
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
