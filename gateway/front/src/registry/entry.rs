//! One policy of the registry: its files, what they say, and its version in service.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tallygate_host::{PolicySpec, version_of};

use super::error::RegistryError;
use super::listing::{PolicyListing, Pushed, VersionListing};
use super::options::PolicyOptions;
use super::reference::{Active, PolicyRef};
use super::state::{Source, State, Version};
use super::store::Store;
use crate::limits::POLICY_VERSIONS;
use crate::policy::{Activator, ActivePolicy};

/// A policy with its versions.
pub(super) struct Entry {
    options: PolicyOptions,
    active: Arc<ArcSwap<Active>>,
    store: Store,
    state: Mutex<State>,
    /// Held over the whole of a change, which takes as long as compiling does; the state is not.
    changing: Mutex<()>,
    pins: Mutex<HashMap<String, Arc<dyn ActivePolicy>>>,
}

impl Entry {
    pub(super) fn open(dir: &Path, options: PolicyOptions, activator: &dyn Activator) -> Result<Self, RegistryError> {
        let store = Store::open(dir.join(&options.name))?;
        let component = std::fs::read(&options.component)
            .map_err(|error| RegistryError::Component(options.component.clone(), error))?;
        let version = version_of(&component);
        let Some(mut state) = store.state()? else {
            // Kept only once it is in service: a first version that fails must not stand in the way of the one that mends it.
            let policy = activated(&options, &version, component.clone(), activator)?;
            let state = State::first(&version);
            store.keep(&version, &component)?;
            store.save(&state)?;
            return Ok(Self::with(options, store, state, policy));
        };
        if !state.knows(&version) {
            tracing::warn!(
                policy = options.name,
                version,
                active = state.active,
                "the configured component has changed: it is kept as a new version, and is not active until it is activated",
            );
            store.keep(&version, &component)?;
            state.versions.push(Version::now(&version, Source::File));
            store.save(&state)?;
        }
        let active = activated(&options, &state.active, store.component(&state.active)?, activator)?;
        Ok(Self::with(options, store, state, active))
    }

    fn with(options: PolicyOptions, store: Store, state: State, active: Arc<dyn ActivePolicy>) -> Self {
        Self {
            options,
            active: Arc::new(ArcSwap::from_pointee(Active(active))),
            store,
            state: Mutex::new(state),
            changing: Mutex::default(),
            pins: Mutex::default(),
        }
    }

    pub(super) fn push(&self, component: Vec<u8>, activator: &dyn Activator) -> Result<Pushed, RegistryError> {
        let version = version_of(&component);
        let _changing = locked(&self.changing);
        let mut state = self.state();
        if state.knows(&version) {
            return Ok(Pushed { version, new: false });
        }
        if state.versions.len() >= POLICY_VERSIONS {
            return Err(RegistryError::Full(self.options.name.clone()));
        }
        activated(&self.options, &version, component.clone(), activator)?;
        self.store.keep(&version, &component)?;
        state.versions.push(Version::now(&version, Source::Push));
        self.save(state)?;
        Ok(Pushed { version, new: true })
    }

    pub(super) fn activate(&self, version: &str, activator: &dyn Activator) -> Result<String, RegistryError> {
        let _changing = locked(&self.changing);
        let mut state = self.state();
        let version = state.find(&self.options.name, version)?;
        if state.active == version {
            return Ok(version);
        }
        state.activate(&version);
        self.switch(state, activator)
    }

    pub(super) fn rollback(&self, activator: &dyn Activator) -> Result<String, RegistryError> {
        let _changing = locked(&self.changing);
        let mut state = self.state();
        state.back().ok_or_else(|| RegistryError::NothingBefore(self.options.name.clone()))?;
        self.switch(state, activator)
    }

    /// Puts the version into service that the new state calls active. What is on disk comes first: after a crash the
    /// gateway starts with what it says.
    fn switch(&self, state: State, activator: &dyn Activator) -> Result<String, RegistryError> {
        let version = state.active.clone();
        let policy = activated(&self.options, &version, self.store.component(&version)?, activator)?;
        self.save(state)?;
        self.active.store(Arc::new(Active(policy)));
        Ok(version)
    }

    /// The policy as a route names it, in one version or in whichever is active.
    pub(super) fn reference(
        &self,
        version: Option<&str>,
        activator: &dyn Activator,
    ) -> Result<PolicyRef, RegistryError> {
        match version {
            None => Ok(PolicyRef::Active(self.active.clone())),
            Some(version) => self.pin(version, activator).map(PolicyRef::Pinned),
        }
    }

    pub(super) fn listing(&self) -> PolicyListing {
        let state = self.state();
        let versions = state.versions.iter().map(|version| VersionListing {
            version: version.version.clone(),
            bytes: self.store.bytes(&version.version),
            came: version.came,
            source: version.source,
            active: version.version == state.active,
            previous: Some(&version.version) == state.before.last(),
        });
        PolicyListing { name: self.options.name.clone(), versions: versions.collect() }
    }

    fn pin(&self, version: &str, activator: &dyn Activator) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        let _changing = locked(&self.changing);
        let version = self.state().find(&self.options.name, version)?;
        if let Some(policy) = locked(&self.pins).get(&version) {
            return Ok(policy.clone());
        }
        let policy = activated(&self.options, &version, self.store.component(&version)?, activator)?;
        locked(&self.pins).insert(version, policy.clone());
        Ok(policy)
    }

    fn state(&self) -> State {
        locked(&self.state).clone()
    }

    fn save(&self, state: State) -> Result<(), RegistryError> {
        self.store.save(&state)?;
        *locked(&self.state) = state;
        Ok(())
    }
}

/// What is behind these locks is replaced whole, so a panic cannot leave it half done.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A component with the policy's configuration, ready for service.
pub(super) fn activated(
    options: &PolicyOptions,
    version: &str,
    component: Vec<u8>,
    activator: &dyn Activator,
) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
    activator
        .activate(spec(options, component))
        .map_err(|error| RegistryError::activation(&options.name, version, error))
}

fn spec(options: &PolicyOptions, component: Vec<u8>) -> PolicySpec {
    PolicySpec {
        name: options.name.clone(),
        component,
        config_json: options.config_json.clone(),
        keys: options.keys.clone(),
        limits: options.limits,
    }
}
