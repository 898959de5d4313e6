//! What a policy's files and its state say of its versions.

use super::chains::Chains;
use super::entry::Entry;
use super::error::RegistryError;
use super::listing::{PolicyListing, VersionDetail, VersionListing};
use super::state::{State, Version};

impl Entry {
    pub(super) fn listing(&self, chains: &Chains) -> PolicyListing {
        let (state, serving) = (self.state(), self.serving.load());
        PolicyListing {
            name: self.options.name.clone(),
            versions: state.versions.iter().map(|version| self.known(&state, version, chains)).collect(),
            active: state.active,
            serving: serving.version.clone(),
            trouble: serving.trouble.clone(),
        }
    }

    pub(super) fn detail(&self, version: &str, chains: &Chains) -> Result<VersionDetail, RegistryError> {
        let state = self.state();
        let version = state.find(&self.options.name, version)?;
        let known = state.versions.iter().find(|known| known.version == version);
        let known = known.ok_or_else(|| RegistryError::Host(format!("{version} is lost")))?;
        let config_json = self.store.source(&version)?.1;
        Ok(VersionDetail { listing: self.known(&state, known, chains), config_json })
    }

    fn known(&self, state: &State, version: &Version, chains: &Chains) -> VersionListing {
        let name = &self.options.name;
        let is_it = |pin: &str| state.find(name, pin).is_ok_and(|found| found == version.version);
        let mut pinned_by: Vec<String> = Vec::new();
        for (route, _) in chains.pinned(name).filter(|(_, pin)| is_it(pin)) {
            if !pinned_by.iter().any(|known| known == route) {
                pinned_by.push(route.to_owned());
            }
        }
        let (bytes, config_bytes) = self.store.sizes(&version.version);
        VersionListing {
            version: version.version.clone(),
            bytes,
            config_bytes,
            came: version.came,
            source: version.source,
            active: Some(&version.version) == state.active.as_ref(),
            previous: Some(&version.version) == state.before.last(),
            pinned_by,
            about: self.store.about(&version.version),
        }
    }
}
