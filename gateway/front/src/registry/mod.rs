//! The versions of each policy: kept by content hash, one of them active, switched while requests run.

mod check;
mod entry;
mod error;
mod listing;
mod options;
mod reference;
mod state;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::Activator;
use entry::Entry;
pub use error::RegistryError;
pub use listing::{PolicyListing, Pushed, VersionListing};
use options::check_name;
pub use options::{PolicyOptions, RegistryOptions};
pub(crate) use reference::PolicyRef;
pub use state::Source;

/// All policies with their versions. Cloning it is cheap; all clones are the same registry.
#[derive(Clone)]
pub struct PolicyRegistry {
    policies: Arc<BTreeMap<String, Entry>>,
    activator: Arc<dyn Activator>,
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

    /// The names of all policies.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.policies.keys().map(String::as_str).collect()
    }

    /// The policy that a route names, as `name` or `name@version`. Blocking: a pinned version is compiled.
    pub(crate) fn resolve(&self, reference: &str) -> Result<PolicyRef, RegistryError> {
        let (name, version) = match reference.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (reference, None),
        };
        self.entry(name)?.reference(version, &*self.activator)
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

#[cfg(test)]
mod tests;
