//! A policy in service: activated once, then called for each message.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::about::About;
use crate::call::{self, Call, Used};
use crate::check;
use crate::engine::Engine;
use crate::failure::{ActivationError, PolicyFailure};
use crate::keys::Keys;
use crate::message::Message;
use crate::outcome::Decision;
use crate::reply::{Refusal, Reply};
use crate::response::{Response, ResponseOutcome};
use crate::snapshot;
use crate::spec::{KeptPolicy, Limits, PolicySpec, check_needs};
use crate::version::version_of;
use crate::worlds::{self, World, v1};

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
    world: World,
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
        let pre = worlds::linker(&engine.wasmtime)?.instantiate_pre(component).map_err(worlds::wrong)?;
        Ok(Self {
            name: kept.name.into(),
            version: kept.version,
            about,
            keys: kept.keys,
            limits: kept.limits,
            engine: engine.clone(),
            permits: Semaphore::new((engine.limits.instances as usize / 2).max(1)),
            pre,
            world: World::of(component)?,
        })
    }

    /// Asks the policy what is to become of a message, of which it sees what it needs. `context` is what the policy before
    /// it in its chain left; empty for the first one. What the call used is added where somebody asks, which costs a little.
    ///
    /// # Errors
    /// When the policy failed; nothing of its outcome is known.
    pub async fn handle(
        &self,
        message: &Message,
        context: &[u8],
        used: Option<&mut Used>,
    ) -> Result<Decision, PolicyFailure> {
        let decision = match &self.world {
            World::V1(functions) => {
                let seen = v1::Seen::new(&self.name, &self.about, message, context);
                let (given,) = self.call(message, &functions.handle, (&seen.param(),), used).await?;
                v1::decision(given)?
            }
        };
        check::decision(&self.about, &decision)?;
        Ok(decision)
    }

    /// Asks the policy to put a refusal into the partner's protocol; `None`: it has no form of its own for it. `context`
    /// is what it left itself when it handled the message.
    ///
    /// # Errors
    /// When the policy failed; a plain problem document serves then too.
    pub async fn fault(
        &self,
        message: &Message,
        context: &[u8],
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        let reply = match &self.world {
            World::V1(functions) => {
                let seen = v1::Seen::new(&self.name, &self.about, message, context);
                let params = (&seen.param(), &v1::refusal(refusal));
                let (given,): (Option<_>,) = self.call(message, &functions.fault, params, None).await?;
                given.map(v1::reply).transpose()?
            }
        };
        reply.as_ref().map_or(Ok(()), check::reply)?;
        Ok(reply)
    }

    /// Asks the policy what is to become of an upstream's response; only for one whose [`About::sees_responses`] says so.
    /// `context` is what it left itself when it handled the message.
    ///
    /// # Errors
    /// When the policy failed; the response it should have seen must not be sent.
    pub async fn respond(
        &self,
        message: &Message,
        context: &[u8],
        response: &Response,
        used: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        let outcome = match &self.world {
            World::V1(functions) => {
                let seen = v1::Seen::new(&self.name, &self.about, message, context);
                let answered = v1::SeenResponse::new(&self.about, response);
                let params = (&seen.param(), &answered.param());
                let (given,) = self.call(message, &functions.respond, params, used).await?;
                v1::response_outcome(given)?
            }
        };
        check::response(&self.about, &outcome)?;
        Ok(outcome)
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
        used: Option<&mut Used>,
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
        let mut spent = used.is_some().then_some(Duration::ZERO);
        let run = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            let function = instance.get_typed_func::<Params, Return>(&mut store, function)?;
            function.call_async(&mut store, params).await
        };
        let returned = call::measured(run, spent.as_mut()).await;
        if let (Some(used), Some(spent)) = (used, spent) {
            used.time += spent;
            used.memory = used.memory.max(store.data().memory());
        }
        returned.map_err(|error| store.data().failure(&error))
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
