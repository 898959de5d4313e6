//! The kept versions of policies while no gateway runs on them: whoever uses this holds the data directory.

use super::chains::Chains;
use super::entry::Entry;
use super::error::RegistryError;
use super::listing::{PolicyListing, Switched, VersionDetail};
use super::options::{PolicyOptions, RegistryOptions, check_name};
use super::store::stored;

/// The versions in a folder, changed without a look at whether they start: the gateway looks when it does.
pub struct OfflinePolicies {
    options: RegistryOptions,
    chains: Chains,
}

impl OfflinePolicies {
    /// Those of these options.
    #[must_use]
    pub fn new(options: &RegistryOptions) -> Self {
        Self { options: options.clone(), chains: Chains::new(options.chains.clone()) }
    }

    /// All policies that have versions.
    ///
    /// # Errors
    /// When their files cannot be read.
    pub fn list(&self) -> Result<Vec<PolicyListing>, RegistryError> {
        let mut names: Vec<String> =
            stored(&self.options.dir).into_iter().filter(|name| check_name(name).is_ok()).collect();
        names.sort_unstable();
        names.iter().map(|name| Ok(self.entry(name)?.listing(&self.chains))).collect()
    }

    /// One version with its configuration.
    ///
    /// # Errors
    /// When there is no such version, or its files cannot be read.
    pub fn version(&self, name: &str, version: &str) -> Result<VersionDetail, RegistryError> {
        self.entry(name)?.detail(version, &self.chains)
    }

    /// Makes a version the one that the next start puts into service.
    ///
    /// # Errors
    /// When there is no such version, or its files cannot be written.
    pub fn activate(&self, name: &str, version: &str) -> Result<Switched, RegistryError> {
        self.entry(name)?.activate_offline(version)
    }

    /// Goes back to the version that was active before.
    ///
    /// # Errors
    /// When there was none, or the files cannot be written.
    pub fn rollback(&self, name: &str) -> Result<Switched, RegistryError> {
        self.entry(name)?.rollback_offline()
    }

    /// Removes a version, and says which.
    ///
    /// # Errors
    /// [`RegistryError::InUse`] where it is active or pinned by a route.
    pub fn remove(&self, name: &str, version: &str) -> Result<String, RegistryError> {
        let pinned: Vec<_> = self.chains.pinned(name).collect();
        let declared = self.options.policies.iter().any(|policy| policy.name == name);
        self.entry(name)?.remove(version, &pinned, declared || self.chains.follow(name))
    }

    fn entry(&self, name: &str) -> Result<Entry, RegistryError> {
        let known = stored(&self.options.dir);
        if check_name(name).is_err() || !known.iter().any(|stored| stored == name) {
            return Err(RegistryError::NoPolicy { name: name.to_owned(), known });
        }
        Entry::new(&self.options.dir, PolicyOptions::pushed(name), false, self.options.retry_after)
    }
}

impl Entry {
    /// Writes down that a version is active, with nothing in service.
    fn activate_offline(&self, version: &str) -> Result<Switched, RegistryError> {
        let mut state = self.state();
        let (active, previous) = (state.find(&self.options.name, version)?, state.active.clone());
        let changed = previous.as_ref() != Some(&active);
        if changed {
            state.activate(&active);
            self.save(state)?;
        }
        Ok(Switched { active, previous, changed })
    }

    /// Writes down that the version before is active, with nothing in service.
    fn rollback_offline(&self) -> Result<Switched, RegistryError> {
        let mut state = self.state();
        let previous = state.active.clone();
        let active = state.back(&self.options.name)?;
        self.save(state)?;
        Ok(Switched { active, previous, changed: true })
    }
}
