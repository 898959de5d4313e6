//! A policy in service: activated once, then called for each message.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use crate::call::{self, Call};
use crate::engine::Engine;
use crate::failure::{ActivationError, PolicyFailure};
use crate::keys::Keys;
use crate::limits;
use crate::outcome;
use crate::snapshot;
use crate::world::{self, About, Message, Outcome, Refusal, Reply, WorldPre};

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
        Self {
            memory: limits::POLICY_MEMORY,
            time: limits::POLICY_TIME,
        }
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
    pre: WorldPre<Call>,
}

impl Policy {
    /// Checks a component, configures it and compiles the result. Blocking: tens of milliseconds for a small policy.
    ///
    /// # Errors
    /// See [`ActivationError`]; nothing is left behind.
    pub fn activate(engine: &Engine, spec: PolicySpec) -> Result<Self, ActivationError> {
        check(engine, &spec)?;
        let mut linker = Linker::new(&engine.wasmtime);
        world::add_to_linker::<Call, Data>(&mut linker, |call| call)
            .map_err(snapshot::wrong_world)?;
        let (snapshot, about) = snapshot::configure(engine, &linker, &spec)?;
        for used in &about.keys {
            spec.keys
                .check(&used.name, &used.function)
                .map_err(|detail| ActivationError::Key {
                    name: used.name.clone(),
                    detail,
                })?;
        }
        let component =
            Component::new(&engine.wasmtime, &snapshot).map_err(snapshot::not_a_component)?;
        let pre = linker
            .instantiate_pre(&component)
            .and_then(WorldPre::new)
            .map_err(snapshot::wrong_world)?;
        Ok(Self {
            name: spec.name.into(),
            version: version_of(&spec.component),
            about,
            keys: spec.keys,
            limits: spec.limits,
            engine: engine.clone(),
            places: Semaphore::new((engine.limits.instances as usize / 2).max(1)),
            pre,
        })
    }

    /// Asks the policy what is to become of a message. `message.policy` is set to this policy's name, and the body is
    /// shown only to a policy that needs it.
    ///
    /// # Errors
    /// When the policy failed; nothing of its outcome is known.
    pub async fn handle(&self, message: &mut Message) -> Result<Outcome, PolicyFailure> {
        let body = self.prepare(message);
        let outcome = self.handled(message).await;
        restore(message, body);
        outcome
    }

    /// Asks the policy to put a refusal into the partner's protocol; `None`: it has no form of its own for it.
    ///
    /// # Errors
    /// When the policy failed; a plain problem document serves then too.
    pub async fn fault(
        &self,
        message: &mut Message,
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        let body = self.prepare(message);
        let reply = self.faulted(message, refusal).await;
        restore(message, body);
        reply
    }

    /// Asks the policy to change an upstream's response; only for one whose [`About::sees_responses`] says so.
    ///
    /// # Errors
    /// When the policy failed; the response it should have changed must not be sent.
    pub async fn respond(
        &self,
        message: &mut Message,
        response: &Reply,
    ) -> Result<Reply, PolicyFailure> {
        let body = self.prepare(message);
        let reply = self.responded(message, response).await;
        restore(message, body);
        reply
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

    async fn handled(&self, message: &Message) -> Result<Outcome, PolicyFailure> {
        let _places = self.places().await?;
        let mut store = self.store(message);
        let result = call::measured(async {
            let world = self.pre.instantiate_async(&mut store).await?;
            world
                .tallygate_policy_handler()
                .call_handle(&mut store, message)
                .await
        })
        .await;
        outcome::check(result.map_err(|error| store.data().failure(&error))?)
    }

    async fn faulted(
        &self,
        message: &Message,
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        let _places = self.places().await?;
        let mut store = self.store(message);
        let result = call::measured(async {
            let world = self.pre.instantiate_async(&mut store).await?;
            world
                .tallygate_policy_handler()
                .call_fault(&mut store, message, refusal)
                .await
        })
        .await;
        let reply = result.map_err(|error| store.data().failure(&error))?;
        reply.as_ref().map_or(Ok(()), outcome::check_reply)?;
        Ok(reply)
    }

    async fn responded(&self, message: &Message, response: &Reply) -> Result<Reply, PolicyFailure> {
        let _places = self.places().await?;
        let mut store = self.store(message);
        let result = call::measured(async {
            let world = self.pre.instantiate_async(&mut store).await?;
            world
                .tallygate_policy_handler()
                .call_respond(&mut store, message, response)
                .await
        })
        .await;
        let reply = result.map_err(|error| store.data().failure(&error))?;
        outcome::check_reply(&reply)?;
        Ok(reply)
    }

    async fn places(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), PolicyFailure> {
        let closed = |_| PolicyFailure::Host("it is shutting down".into());
        Ok((
            self.places.acquire().await.map_err(closed)?,
            self.engine.places.acquire().await.map_err(closed)?,
        ))
    }

    fn store(&self, message: &Message) -> Store<Call> {
        let call = Call::new(
            self.name.clone(),
            message.id.clone(),
            self.keys.clone(),
            self.limits,
        );
        call::store(&self.engine.wasmtime, call)
    }

    fn prepare(&self, message: &mut Message) -> Option<Vec<u8>> {
        if *message.policy != *self.name {
            message.policy = self.name.to_string();
        }
        (!self.about.needs_body && !message.body.is_empty())
            .then(|| std::mem::take(&mut message.body))
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The version of a component: the SHA-256 of its bytes, in 64 lower-case hexadecimal digits.
#[must_use]
pub fn version_of(component: &[u8]) -> String {
    Sha256::digest(component)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The first 12 digits of a version, for people.
#[must_use]
pub fn short_version(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

/// Where wasmtime finds the implementation of `host` in a store: the call itself.
struct Data;

impl wasmtime::component::HasData for Data {
    type Data<'a> = &'a mut Call;
}

fn restore(message: &mut Message, body: Option<Vec<u8>>) {
    if let Some(body) = body {
        message.body = body;
    }
}

fn check(engine: &Engine, spec: &PolicySpec) -> Result<(), ActivationError> {
    if spec.component.len() > limits::COMPONENT_BYTES {
        return Err(ActivationError::TooLarge {
            bytes: spec.component.len(),
            limit: limits::COMPONENT_BYTES,
        });
    }
    if spec.config_json.len() > limits::CONFIG_BYTES {
        let detail = format!(
            "it has {} bytes, and {} is the most",
            spec.config_json.len(),
            limits::CONFIG_BYTES
        );
        return Err(ActivationError::Configuration {
            pointer: String::new(),
            detail,
        });
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
