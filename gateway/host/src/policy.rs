//! A policy in service: activated once, then called for each message.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::call::{self, Call};
use crate::engine::Engine;
use crate::failure::{ActivationError, PolicyFailure};
use crate::keys::Keys;
use crate::limits;
use crate::outcome;
use crate::snapshot;
use crate::world::{self, About, Header, Message, Outcome, Refusal, Reply};

/// What one call of a policy may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Its memory, in bytes, its code apart. At most [`EngineLimits::memory`](crate::EngineLimits::memory).
    pub memory: usize,
    /// Its time, counted only while it runs; enforced to about [`limits::TICK`].
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: limits::POLICY_MEMORY, time: limits::POLICY_TIME }
    }
}

/// What to activate.
#[derive(Debug, Clone)]
pub struct PolicySpec {
    /// The operator's name for it, a part of every transaction's identity.
    pub name: String,
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Its configuration, a JSON object.
    pub config_json: String,
    /// The keys it may use, by name.
    pub keys: Keys,
    /// What each call may use.
    pub limits: Limits,
}

/// A policy in service. Share it as `Arc<Policy>`; dropping the last one gives its code and snapshot back.
pub struct Policy {
    name: Arc<str>,
    version: String,
    about: About,
    keys: Keys,
    limits: Limits,
    engine: Engine,
    /// No policy may hold all places of the engine: while one burns its time away in all of these, others find room.
    places: Semaphore,
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
        check(engine, &spec)?;
        let (snapshot, about) = snapshot::configure(engine, &spec)?;
        check_needs(&spec, &about)?;
        let component = Component::new(&engine.wasmtime, &snapshot).map_err(snapshot::not_a_component)?;
        let pre = world::linker(&engine.wasmtime)?.instantiate_pre(&component).map_err(world::wrong_world)?;
        let function = |name| world::export(&component, name);
        Ok(Self {
            name: spec.name.into(),
            version: version_of(&spec.component),
            about,
            keys: spec.keys,
            limits: spec.limits,
            engine: engine.clone(),
            places: Semaphore::new((engine.limits.instances as usize / 2).max(1)),
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
        let view = View::new(self, message);
        let (outcome,) = self.call(view.message, &self.handle, (&*view.message,)).await?;
        outcome::check(outcome)
    }

    /// Asks the policy to put a refusal into the partner's protocol; `None`: it has no form of its own for it.
    ///
    /// # Errors
    /// When the policy failed; a plain problem document serves then too.
    pub async fn fault(&self, message: &mut Message, refusal: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        let view = View::new(self, message);
        let (reply,): (Option<Reply>,) = self.call(view.message, &self.fault, (&*view.message, refusal)).await?;
        reply.map(outcome::check_reply).transpose()
    }

    /// Asks the policy to change an upstream's response; only for one whose [`About::sees_responses`] says so.
    ///
    /// # Errors
    /// When the policy failed; the response it should have changed must not be sent.
    pub async fn respond(&self, message: &mut Message, response: &Reply) -> Result<Reply, PolicyFailure> {
        let view = View::new(self, message);
        let (reply,) = self.call(view.message, &self.respond, (&*view.message, response)).await?;
        outcome::check_reply(reply)
    }

    /// The operator's name for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash of its component, as [`version_of`] says it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Calls a function in a fresh instance, once there is a place for one.
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
        let _own = self.places.acquire().await.map_err(closed)?;
        let _any = self.engine.places.acquire().await.map_err(closed)?;
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

/// A message as its policy gets to see it. What is hidden comes back at the end, also of a call that was given up.
struct View<'a> {
    message: &'a mut Message,
    body: Option<Vec<u8>>,
    headers: Option<Vec<Header>>,
}

impl<'a> View<'a> {
    fn new(policy: &Policy, message: &'a mut Message) -> Self {
        if *message.policy != *policy.name {
            message.policy = policy.name.to_string();
        }
        let body = (!policy.about.needs_body).then(|| std::mem::take(&mut message.body));
        let needed = &policy.about.headers;
        let headers = (*needed != ["*"]).then(|| {
            let seen = message.headers.iter().filter(|header| needed.contains(&header.name)).cloned().collect();
            std::mem::replace(&mut message.headers, seen)
        });
        Self { message, body, headers }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.message.body = body;
        }
        if let Some(headers) = self.headers.take() {
            self.message.headers = headers;
        }
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

/// The version of a component: the SHA-256 of its bytes, in 64 lower-case hexadecimal digits.
#[must_use]
pub fn version_of(component: &[u8]) -> String {
    Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 12 digits of a version, for people.
#[must_use]
pub fn short_version(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

fn check(engine: &Engine, spec: &PolicySpec) -> Result<(), ActivationError> {
    if spec.component.len() > limits::COMPONENT_BYTES {
        return Err(ActivationError::TooLarge { bytes: spec.component.len(), limit: limits::COMPONENT_BYTES });
    }
    if spec.config_json.len() > limits::CONFIG_BYTES {
        let detail = format!("it has {} bytes, and {} is the most", spec.config_json.len(), limits::CONFIG_BYTES);
        return Err(ActivationError::Configuration { pointer: String::new(), detail });
    }
    if spec.limits.memory > engine.limits.memory {
        let most = engine.limits.memory;
        return Err(ActivationError::Limits(format!(
            "memory is {} bytes, and {most} is the most here",
            spec.limits.memory
        )));
    }
    Ok(())
}

/// Whether there is what the policy says it needs.
fn check_needs(spec: &PolicySpec, about: &About) -> Result<(), ActivationError> {
    if let Some(fact) = about.facts.first() {
        return Err(ActivationError::WrongWorld(format!(
            "it needs the fact `{fact}`, which this gateway does not know"
        )));
    }
    for used in &about.keys {
        spec.keys
            .check(&used.name, &used.function)
            .map_err(|detail| ActivationError::Key { name: used.name.clone(), detail })?;
    }
    Ok(())
}
