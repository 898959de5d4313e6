//! What a registry would refuse to put into service, found without touching anything.

use std::collections::BTreeSet;
use std::path::Path;

use tallygate_host::version_of;

use super::PolicyRegistry;
use super::entry::activated;
use super::error::RegistryError;
use super::options::{PolicyOptions, RegistryOptions, check_name};
use super::state::{Source, State, Version};
use super::store::Store;
use crate::policy::Activator;

/// The versions of a policy as they would be once the registry was opened.
struct Foreseen {
    store: Store,
    state: State,
    /// Those whose components are in the store already.
    kept: BTreeSet<String>,
    component: Vec<u8>,
}

impl PolicyRegistry {
    /// Tries all that [`open`](Self::open) would put into service, and the versions that these references of routes pin,
    /// and leaves everything as it is. Blocking: it compiles them.
    ///
    /// What is refused is named as the policy, or as the reference that pins it.
    #[must_use]
    pub fn check<'r>(
        options: &RegistryOptions,
        references: impl IntoIterator<Item = &'r str>,
        activator: &dyn Activator,
    ) -> Vec<(String, RegistryError)> {
        let pins: BTreeSet<&str> = references.into_iter().filter(|reference| reference.contains('@')).collect();
        let mut refused = Vec::new();
        for policy in &options.policies {
            let pins = pins.iter().filter(|pin| pin.split('@').next() == Some(&policy.name));
            match Foreseen::of(&options.dir, policy) {
                Ok(foreseen) => foreseen.check(policy, pins.copied(), activator, &mut refused),
                Err(error) => refused.push((policy.name.clone(), error)),
            }
        }
        refused
    }
}

impl Foreseen {
    fn of(dir: &Path, policy: &PolicyOptions) -> Result<Self, RegistryError> {
        check_name(&policy.name)?;
        let store = Store::at(dir.join(&policy.name));
        let component = std::fs::read(&policy.component)
            .map_err(|error| RegistryError::Component(policy.component.clone(), error))?;
        let version = version_of(&component);
        let Some(mut state) = store.state()? else {
            return Ok(Self { store, state: State::first(&version), kept: BTreeSet::new(), component });
        };
        let kept = state.versions.iter().map(|known| known.version.clone()).collect();
        if !state.knows(&version) {
            state.versions.push(Version::now(&version, Source::File));
        }
        Ok(Self { store, state, kept, component })
    }

    fn check<'r>(
        &self,
        policy: &PolicyOptions,
        pins: impl Iterator<Item = &'r str>,
        activator: &dyn Activator,
        refused: &mut Vec<(String, RegistryError)>,
    ) {
        let mut seen = BTreeSet::from([self.state.active.clone()]);
        if let Err(error) = self.activates(policy, &self.state.active, activator) {
            refused.push((policy.name.clone(), error));
        }
        for pin in pins {
            let prefix = pin.split_once('@').map_or("", |(_, version)| version);
            let outcome = self.state.find(&policy.name, prefix).and_then(|version| {
                if seen.insert(version.clone()) { self.activates(policy, &version, activator) } else { Ok(()) }
            });
            if let Err(error) = outcome {
                refused.push((pin.to_owned(), error));
            }
        }
    }

    fn activates(&self, policy: &PolicyOptions, version: &str, activator: &dyn Activator) -> Result<(), RegistryError> {
        let component =
            if self.kept.contains(version) { self.store.component(version)? } else { self.component.clone() };
        activated(policy, version, component, activator).map(drop)
    }
}
