//! The versions of each policy: kept by content hash, one of them active, switched while requests run.

mod chains;
mod check;
mod config;
mod entry;
mod error;
mod inactive;
mod key;
mod listing;
mod offline;
mod options;
mod reference;
mod show;
mod start;
mod state;
mod store;
mod workshop;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tallygate_host::Compiler;

use crate::metrics::{Metrics, PolicyLabels};
use crate::policy::{Activator, ActivePolicy};
use chains::{Beside, Chains};
pub use check::Refused;
use entry::{Entry, Push, locked};
pub use error::RegistryError;
pub use listing::{ConfigFrom, PolicyListing, Pushed, Switched, VersionDetail, VersionListing};
pub use offline::OfflinePolicies;
use options::check_name;
pub use options::{PolicyOptions, RegistryOptions};
pub(crate) use reference::PolicyRef;
use reference::split;
pub use state::Source;
use workshop::Workshop;

/// All policies with their versions. Cloning it is cheap; all clones are the same registry.
#[derive(Clone)]
pub struct PolicyRegistry(Arc<Shared>);

struct Shared {
    dir: PathBuf,
    policies: RwLock<BTreeMap<String, Arc<Entry>>>,
    /// Held while a policy is made by its first push.
    making: Mutex<()>,
    /// Held from the look at what others serve to the switch that goes with it.
    switching: Mutex<()>,
    chains: Chains,
    retry_after: Duration,
    /// For the start, which nobody waits behind.
    at_once: Workshop,
    /// For what is compiled while requests run.
    behind: Workshop,
    metrics: Metrics,
}

impl PolicyRegistry {
    /// Opens the registry, takes the versions of the configured files in, and puts each policy's active version into
    /// service. Blocking: what has not been compiled here before is compiled. A version that does not start is told in the
    /// log; the last one before it that does serves in its place, and where none does, its routes answer 503.
    ///
    /// # Errors
    /// When a folder or file cannot be used, or a route would have two policies that accept.
    pub fn open(
        options: RegistryOptions,
        activator: Arc<dyn Activator>,
        metrics: &Metrics,
    ) -> Result<Self, RegistryError> {
        let at_once = Workshop::new(activator, key::of(&options.dir)?);
        let compiler = Compiler::start().map_err(|error| RegistryError::Host(error.to_string()))?;
        let chains = Chains::new(options.chains.clone());
        let mut policies = BTreeMap::new();
        for (policy, declared) in options.all()? {
            let name = policy.name.clone();
            let entry = Entry::new(&options.dir, policy, declared, options.retry_after)?;
            let pinned: Vec<&str> = chains.pinned(&name).map(|(_, version)| version).collect();
            entry.start(&pinned, &at_once)?;
            policies.insert(name, Arc::new(entry));
        }
        let registry = Self(Arc::new(Shared {
            dir: options.dir,
            policies: RwLock::new(policies),
            making: Mutex::default(),
            switching: Mutex::default(),
            chains,
            retry_after: options.retry_after,
            behind: at_once.behind(compiler),
            at_once,
            metrics: metrics.clone(),
        }));
        // What a route pins and is not there is the route's to tell.
        registry.0.chains.pins().for_each(|(_, reference)| drop(registry.resolve(reference)));
        registry.0.let_stand_ins_stand_back()?;
        registry.0.policies().values().for_each(|entry| registry.0.measure(entry));
        Ok(registry)
    }

    /// Takes a new version in, inactive, once it has been compiled and configured. A known one is fine. Without a
    /// configuration it takes the active version's, else the file's, else an empty one. The first push of a new name makes
    /// a policy.
    ///
    /// # Errors
    /// Why the component cannot be put into service, or kept.
    pub async fn push(
        &self,
        name: &str,
        component: Vec<u8>,
        config_json: Option<String>,
    ) -> Result<Pushed, RegistryError> {
        let push = Push { component, config_json, source: Source::Push };
        let (shared, name) = (self.0.clone(), name.to_owned());
        blocking(move || shared.push(&name, push)).await
    }

    /// Makes a version the active one; a unique beginning of at least 8 digits names it. Requests under way end with the
    /// version they began with.
    ///
    /// # Errors
    /// When there is no such version, or it cannot be put into service; then the old one stays.
    pub async fn activate(&self, name: &str, version: &str) -> Result<Switched, RegistryError> {
        let version = version.to_owned();
        self.change(name, move |shared, entry| entry.activate(&version, &shared.behind, shared)).await
    }

    /// Goes back to the version that was active before.
    ///
    /// # Errors
    /// When there was none, or it cannot be put into service; then the present one stays.
    pub async fn rollback(&self, name: &str) -> Result<Switched, RegistryError> {
        self.change(name, |shared, entry| entry.rollback(&shared.behind, shared)).await
    }

    /// Removes a version, and says which.
    ///
    /// # Errors
    /// [`RegistryError::InUse`] where it is active, serves in the active one's place, or is pinned by a route. The active
    /// version of a policy that no route names can go; the last version of one that is not configured takes it along.
    pub async fn remove(&self, name: &str, version: &str) -> Result<String, RegistryError> {
        let (entry, shared) = (self.0.entry(name)?, self.0.clone());
        let (name, version) = (name.to_owned(), version.to_owned());
        blocking(move || {
            let pinned: Vec<_> = shared.chains.pinned(&name).collect();
            let removed = entry.remove(&version, &pinned, entry.declared || shared.chains.follow(&name))?;
            shared.measure(&entry);
            if entry.forget_if_empty(&pinned)? {
                shared.policies.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
            }
            Ok(removed)
        })
        .await
    }

    /// All policies and their versions. Blocking: it looks at their files.
    #[must_use]
    pub fn list(&self) -> Vec<PolicyListing> {
        self.0.policies().values().map(|entry| entry.listing(&self.0.chains)).collect()
    }

    /// One version with its configuration. Blocking: it reads files.
    ///
    /// # Errors
    /// When there is no such version, or its files cannot be read.
    pub fn version(&self, name: &str, version: &str) -> Result<VersionDetail, RegistryError> {
        self.0.entry(name)?.detail(version, &self.0.chains)
    }

    /// Whether a route names this policy, in whichever version.
    #[must_use]
    pub fn is_routed(&self, name: &str) -> bool {
        self.0.chains.follow(name) || self.0.chains.pinned(name).next().is_some()
    }

    /// Why active versions do not serve, and which policies of routes have none, one sentence for each.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let troubles = |(name, entry): (&String, &Arc<Entry>)| {
            let serving = entry.serving().0;
            let waits = || serving.version.is_none() && self.0.chains.follow(name);
            let trouble = serving.trouble.clone();
            let trouble = trouble.or_else(|| waits().then(|| "no version is active, so its routes answer 503".into()));
            let all = trouble.into_iter().chain(entry.troubles_of_pins());
            all.map(|trouble| format!("policy {name}: {trouble}")).collect::<Vec<_>>()
        };
        self.0.policies().iter().flat_map(troubles).collect()
    }

    /// The names of all policies.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.policies().keys().cloned().collect()
    }

    /// The policy that a route names, as `name` or `name@version`. Blocking: a pinned version is loaded.
    pub(crate) fn resolve(&self, reference: &str) -> Result<PolicyRef, RegistryError> {
        let (name, version) = split(reference);
        self.0.entry(name)?.reference(version, &self.0.at_once)
    }

    /// Changes what is in service of a policy, beside the requests and to the end even if the asker goes away.
    async fn change(
        &self,
        name: &str,
        change: impl FnOnce(&Shared, &Entry) -> Result<Switched, RegistryError> + Send + 'static,
    ) -> Result<Switched, RegistryError> {
        let (entry, shared) = (self.0.entry(name)?, self.0.clone());
        blocking(move || {
            let switched = change(&shared, &entry)?;
            shared.measure(&entry);
            Ok(switched)
        })
        .await
    }
}

impl Shared {
    /// Whether what serves of a policy, as a route names it, may accept.
    fn may_accept(&self, reference: &str) -> bool {
        self.now(reference).is_some_and(|policy| policy.about().may_accept)
    }

    /// Where a version that only serves in another one's place would be the second of its route to accept, its routes are
    /// refused rather than that nothing starts.
    fn let_stand_ins_stand_back(&self) -> Result<(), RegistryError> {
        loop {
            let (route, first, second) = match self.chains.check(|reference| self.may_accept(reference)) {
                Err(RegistryError::TwoAccept { route, first, second }) => (route, first, second),
                other => return other,
            };
            let followed = [&second, &first].into_iter().filter(|reference| !reference.contains('@'));
            let stand_in = followed.filter_map(|name| self.entry(name).ok()).find(|entry| entry.stands_in());
            match stand_in {
                Some(entry) => entry.stand_back(&route),
                None => return Err(RegistryError::TwoAccept { route, first, second }),
            }
        }
    }

    fn push(&self, name: &str, push: Push) -> Result<Pushed, RegistryError> {
        let pinned: Vec<&str> = self.chains.pinned(name).map(|(_, version)| version).collect();
        if let Ok(entry) = self.entry(name) {
            return entry.push(push, &pinned, &self.behind);
        }
        check_name(name)?;
        let _making = locked(&self.making);
        if let Ok(entry) = self.entry(name) {
            return entry.push(push, &pinned, &self.behind);
        }
        let entry = Entry::new(&self.dir, PolicyOptions::pushed(name), false, self.retry_after)?;
        let pushed = entry.push(push, &pinned, &self.behind)?;
        self.measure(&entry);
        self.policies.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(entry));
        Ok(pushed)
    }

    fn now(&self, reference: &str) -> Option<Arc<dyn ActivePolicy>> {
        let (name, version) = split(reference);
        self.entry(name).ok()?.now(version)
    }

    /// Whether an active version that does not start now would accept once it did.
    fn would_accept(&self, reference: &str) -> bool {
        let (name, version) = split(reference);
        version.is_none() && self.entry(name).is_ok_and(|entry| entry.would_accept())
    }

    fn measure(&self, entry: &Entry) {
        let (serving, has_active) = entry.serving();
        let labels = PolicyLabels { policy: serving.policy.name().into() };
        self.metrics.policy_active.get_or_create(&labels).set(serving.version.is_some().into());
        self.metrics.policy_fallback.get_or_create(&labels).set((has_active && serving.trouble.is_some()).into());
    }

    fn policies(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Entry>>> {
        self.policies.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, name: &str) -> Result<Arc<Entry>, RegistryError> {
        let policies = self.policies();
        policies
            .get(name)
            .cloned()
            .ok_or_else(|| RegistryError::NoPolicy { name: name.to_owned(), known: policies.keys().cloned().collect() })
    }
}

impl Beside for Shared {
    fn fits(&self, name: &str, policy: &dyn ActivePolicy) -> Result<MutexGuard<'_, ()>, RegistryError> {
        let alone = locked(&self.switching);
        self.chains.check(|reference| match reference {
            own if own == name => policy.about().may_accept,
            other => self.may_accept(other) || self.would_accept(other),
        })?;
        Ok(alone)
    }
}

async fn blocking<T: Send + 'static>(
    change: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    let ended = tokio::task::spawn_blocking(change).await;
    ended.unwrap_or_else(|error| Err(RegistryError::Host(error.to_string())))
}

#[cfg(test)]
mod tests;
