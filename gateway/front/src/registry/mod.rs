//! The versions of each policy: kept by content hash, one of them active, switched while requests run.

mod check;
mod refusal;
mod state;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tallygate_core::transaction;
use tallygate_host::{Keys, PolicySpec, version_of};

use crate::policy::{Activator, ActivePolicy};
pub use refusal::RegistryError;
pub use state::Source;
use state::{State, Version};
use store::Store;

/// What a registry is opened with.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Where versions are kept, a folder for each policy; made when missing.
    pub dir: PathBuf,
    /// The configured policies.
    pub policies: Vec<PolicyOptions>,
}

/// One configured policy.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Its name for life: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The component's file; it is the first version.
    pub component: PathBuf,
    /// Its configuration, a JSON object.
    pub config_json: String,
    /// The keys it may use.
    pub keys: Keys,
    /// What one call of it may use.
    pub limits: tallygate_host::Limits,
}

/// All policies with their versions. Cloning it is cheap; all clones are the same registry.
#[derive(Clone)]
pub struct PolicyRegistry {
    policies: Arc<BTreeMap<String, Entry>>,
    activator: Arc<dyn Activator>,
}

/// A policy as a route names it.
#[derive(Clone)]
pub(crate) enum PolicyRef {
    /// Whatever version is active.
    Active(Arc<ArcSwap<Active>>),
    /// One version.
    Pinned(Arc<dyn ActivePolicy>),
}

/// The active version of a policy.
pub(crate) struct Active(Arc<dyn ActivePolicy>);

/// What is known of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyListing {
    /// Its name.
    pub name: String,
    /// Its versions, in the order they came.
    pub versions: Vec<VersionListing>,
}

/// What is known of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionListing {
    /// The SHA-256 of the component.
    pub version: String,
    /// The bytes of the component.
    pub bytes: u64,
    /// When it came.
    pub came: Timestamp,
    /// How it came.
    pub source: Source,
    /// Whether it is the active one.
    pub active: bool,
    /// Whether a rollback would activate it.
    pub previous: bool,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The version.
    pub version: String,
    /// Whether it was not known before.
    pub new: bool,
}

struct Entry {
    options: PolicyOptions,
    active: Arc<ArcSwap<Active>>,
    store: Store,
    state: Mutex<State>,
    /// Held over the whole of a change, which takes as long as compiling does; the state is not.
    turn: Mutex<()>,
    pins: Mutex<HashMap<String, Arc<dyn ActivePolicy>>>,
}

impl PolicyRegistry {
    /// Opens the registry and puts each policy's active version into service. Blocking: it compiles them.
    ///
    /// # Errors
    /// When a folder or file cannot be used, or an active version no longer activates; the error names the policy.
    pub fn open(options: RegistryOptions, activator: Arc<dyn Activator>) -> Result<Self, RegistryError> {
        let mut policies = BTreeMap::new();
        for policy in options.policies {
            check_name(&policy.name)?;
            let name = policy.name.clone();
            let entry = Entry::open(&options.dir, policy, &*activator)?;
            if policies.insert(name.clone(), entry).is_some() {
                return Err(RegistryError::Twice(name));
            }
        }
        Ok(Self { policies: Arc::new(policies), activator })
    }

    /// Takes a new version in, inactive, once a trial with the policy's configuration has gone well. A known one is fine.
    ///
    /// # Errors
    /// Why the component cannot be put into service, or kept.
    pub async fn push(&self, name: &str, component: Vec<u8>) -> Result<Pushed, RegistryError> {
        self.change(name, move |entry, activator| entry.push(component, activator)).await
    }

    /// Makes a version the active one; a unique beginning of at least 8 digits names it. Requests under way end with the
    /// version they began with.
    ///
    /// # Errors
    /// When there is no such version, or it cannot be put into service; then the old one stays.
    pub async fn activate(&self, name: &str, version: &str) -> Result<String, RegistryError> {
        let version = version.to_owned();
        self.change(name, move |entry, activator| entry.activate(&version, activator)).await
    }

    /// Goes back to the version that was active before.
    ///
    /// # Errors
    /// When there was none, or it cannot be put into service; then the present one stays.
    pub async fn rollback(&self, name: &str) -> Result<String, RegistryError> {
        self.change(name, |entry, activator| entry.rollback(activator)).await
    }

    /// All policies and their versions.
    #[must_use]
    pub fn list(&self) -> Vec<PolicyListing> {
        self.policies.values().map(Entry::listing).collect()
    }

    /// The policy that a route names, as `name` or `name@version`. Blocking: a pinned version is compiled.
    pub(crate) fn resolve(&self, reference: &str) -> Result<PolicyRef, RegistryError> {
        let (name, version) = match reference.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (reference, None),
        };
        let entry = self.entry(name)?;
        match version {
            None => Ok(PolicyRef::Active(entry.active.clone())),
            Some(version) => entry.pin(version, &*self.activator).map(PolicyRef::Pinned),
        }
    }

    /// Changes run beside the requests, one at a time for each policy, and to their end even if the asker goes away.
    async fn change<T: Send + 'static>(
        &self,
        name: &str,
        change: impl FnOnce(&Entry, &dyn Activator) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        self.entry(name)?;
        let (registry, name) = (self.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || change(registry.entry(&name)?, &*registry.activator))
            .await
            .unwrap_or_else(|error| Err(RegistryError::Host(error.to_string())))
    }

    fn entry(&self, name: &str) -> Result<&Entry, RegistryError> {
        self.policies.get(name).ok_or_else(|| RegistryError::NoPolicy {
            name: name.to_owned(),
            known: self.policies.keys().cloned().collect(),
        })
    }
}

impl PolicyRef {
    /// The version that a request which comes now begins and ends with.
    pub(crate) fn now(&self) -> Arc<dyn ActivePolicy> {
        match self {
            Self::Active(active) => active.load().0.clone(),
            Self::Pinned(policy) => policy.clone(),
        }
    }
}

impl Entry {
    fn open(dir: &std::path::Path, options: PolicyOptions, activator: &dyn Activator) -> Result<Self, RegistryError> {
        let store = Store::open(dir.join(&options.name))?;
        let component = std::fs::read(&options.component)
            .map_err(|error| RegistryError::Component(options.component.clone(), error))?;
        let version = version_of(&component);
        let Some(mut state) = store.state()? else {
            // Kept only once it is in service: a first version that fails must not stand in the way of the one that mends it.
            let policy = tried(&options, &version, component.clone(), activator)?;
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
        let active = tried(&options, &state.active, store.component(&state.active)?, activator)?;
        Ok(Self::with(options, store, state, active))
    }

    fn with(options: PolicyOptions, store: Store, state: State, active: Arc<dyn ActivePolicy>) -> Self {
        Self {
            options,
            active: Arc::new(ArcSwap::from_pointee(Active(active))),
            store,
            state: Mutex::new(state),
            turn: Mutex::default(),
            pins: Mutex::default(),
        }
    }

    fn push(&self, component: Vec<u8>, activator: &dyn Activator) -> Result<Pushed, RegistryError> {
        let version = version_of(&component);
        let _turn = held(&self.turn);
        let mut state = self.state();
        if state.knows(&version) {
            return Ok(Pushed { version, new: false });
        }
        if state.versions.len() >= crate::limits::POLICY_VERSIONS {
            return Err(RegistryError::Full(self.options.name.clone()));
        }
        tried(&self.options, &version, component.clone(), activator)?;
        self.store.keep(&version, &component)?;
        state.versions.push(Version::now(&version, Source::Push));
        self.save(state)?;
        Ok(Pushed { version, new: true })
    }

    fn activate(&self, version: &str, activator: &dyn Activator) -> Result<String, RegistryError> {
        let _turn = held(&self.turn);
        let mut state = self.state();
        let version = state.find(&self.options.name, version)?;
        if state.active == version {
            return Ok(version);
        }
        state.activate(&version);
        self.switch(state, activator)
    }

    fn rollback(&self, activator: &dyn Activator) -> Result<String, RegistryError> {
        let _turn = held(&self.turn);
        let mut state = self.state();
        state.back().ok_or_else(|| RegistryError::NothingBefore(self.options.name.clone()))?;
        self.switch(state, activator)
    }

    /// Puts the version into service that the new state calls active. What is on disk comes first: after a crash the
    /// gateway starts with what it says.
    fn switch(&self, state: State, activator: &dyn Activator) -> Result<String, RegistryError> {
        let version = state.active.clone();
        let policy = tried(&self.options, &version, self.store.component(&version)?, activator)?;
        self.save(state)?;
        self.active.store(Arc::new(Active(policy)));
        Ok(version)
    }

    fn pin(&self, version: &str, activator: &dyn Activator) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        let _turn = held(&self.turn);
        let version = self.state().find(&self.options.name, version)?;
        if let Some(policy) = held(&self.pins).get(&version) {
            return Ok(policy.clone());
        }
        let policy = tried(&self.options, &version, self.store.component(&version)?, activator)?;
        held(&self.pins).insert(version, policy.clone());
        Ok(policy)
    }

    fn listing(&self) -> PolicyListing {
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

    fn state(&self) -> State {
        held(&self.state).clone()
    }

    fn save(&self, state: State) -> Result<(), RegistryError> {
        self.store.save(&state)?;
        *held(&self.state) = state;
        Ok(())
    }
}

/// What is behind these locks is replaced whole, so a panic cannot leave it half done.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A component with the policy's configuration, ready for service.
fn tried(
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

/// A policy's name is a folder's too.
fn check_name(name: &str) -> Result<(), RegistryError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !plain || name.starts_with('.') || name.len() > 100 || transaction::name(name).is_err() {
        return Err(RegistryError::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
