//! What a registry would refuse to put into service, found without touching anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use tallygate_host::version_of;

use super::PolicyRegistry;
use super::chains::Chains;
use super::config::canonical;
use super::error::RegistryError;
use super::key;
use super::options::{PolicyOptions, RegistryOptions};
use super::reference::split;
use super::state::{Source, State, Version};
use super::store::Store;
use super::workshop::Workshop;
use crate::policy::{Activator, ActivePolicy};

/// Something that does not start, or not with the rest.
#[derive(Debug)]
pub struct Refused {
    /// The policy, the reference that pins a version of it, or the route.
    pub named: String,
    /// Whether it is what the configured file holds that is refused, with the configuration beside it.
    pub of_file: bool,
    /// Why.
    pub error: RegistryError,
}

/// The versions of a policy as they would be once the registry was opened.
struct Foreseen {
    options: PolicyOptions,
    store: Store,
    state: State,
    /// The file's version, where it is not kept yet, and how it started.
    fresh: Option<(String, Arc<dyn ActivePolicy>)>,
    of_file: Option<String>,
}

impl PolicyRegistry {
    /// Tries all that [`open`](Self::open) would put into service or take in, and the versions that routes pin, and leaves
    /// everything as it is. Blocking: what has not been compiled here before is compiled.
    #[must_use]
    pub fn check(options: &RegistryOptions, activator: Arc<dyn Activator>) -> Vec<Refused> {
        let whole = |error| vec![Refused { named: String::new(), of_file: false, error }];
        let (key, policies) = match (key::of_or_fresh(&options.dir), options.all()) {
            (Ok(key), Ok(policies)) => (key, policies),
            (Err(error), _) | (_, Err(error)) => return whole(error),
        };
        let (workshop, chains) = (Workshop::new(activator, key), Chains::new(options.chains.clone()));
        let (mut refused, mut accepting) = (Vec::new(), BTreeMap::new());
        for (policy, _) in policies {
            let name = policy.name.clone();
            match Foreseen::of(options, policy, &workshop, &mut refused) {
                Ok(foreseen) => foreseen.check(&chains, &workshop, &mut accepting, &mut refused),
                Err(error) => refused.push(Refused { named: name, of_file: false, error }),
            }
        }
        if let Err(error) = chains.check(|reference| accepting.get(reference).copied().unwrap_or_default()) {
            let named = if let RegistryError::TwoAccept { route, .. } = &error { route.clone() } else { String::new() };
            refused.push(Refused { named, of_file: false, error });
        }
        refused
    }
}

impl Foreseen {
    fn of(
        options: &RegistryOptions,
        policy: PolicyOptions,
        workshop: &Workshop,
        refused: &mut Vec<Refused>,
    ) -> Result<Self, RegistryError> {
        let store = Store::at(options.dir.join(&policy.name));
        let state = store.state()?.unwrap_or_default();
        let mut foreseen = Self { options: policy, store, state, fresh: None, of_file: None };
        if let Err(error) = foreseen.take_in_files(workshop) {
            refused.push(Refused { named: foreseen.options.name.clone(), of_file: true, error });
        }
        Ok(foreseen)
    }

    fn take_in_files(&mut self, workshop: &Workshop) -> Result<(), RegistryError> {
        let Some(file) = &self.options.component else { return Ok(()) };
        let component = std::fs::read(file).map_err(|error| RegistryError::Component(file.clone(), error))?;
        let config = canonical(&self.options.config_json)
            .map_err(|problem| RegistryError::Config(self.options.name.clone(), problem))?;
        let version = version_of(&component, &config);
        self.of_file = Some(version.clone());
        let known = self.state.knows(&version);
        // The start writes a version anew whose files are damaged, from this very file.
        if !known || self.store.source(&version).is_err() {
            let compiled = workshop.compile(&self.options, component, config)?;
            self.fresh = Some((version.clone(), compiled.policy));
        }
        if !known {
            self.state.versions.push(Version::now(&version, Source::File));
        }
        if self.state.active.is_none() {
            self.state.activate(&version);
        }
        Ok(())
    }

    fn check(
        &self,
        chains: &Chains,
        workshop: &Workshop,
        accepting: &mut BTreeMap<String, bool>,
        refused: &mut Vec<Refused>,
    ) {
        let name = &self.options.name;
        let mut tried = BTreeMap::new();
        let mut try_one = |named: &str, version: &str| {
            if !tried.contains_key(version) {
                match self.version(version, workshop) {
                    Ok(policy) => drop(tried.insert(version.to_owned(), policy.about().may_accept)),
                    Err(error) => {
                        tried.insert(version.to_owned(), false);
                        let of_file = self.of_file.as_deref() == Some(version);
                        refused.push(Refused { named: named.to_owned(), of_file, error });
                    }
                }
            }
            accepting.insert(named.to_owned(), tried.get(version).copied().unwrap_or_default());
        };
        if let Some(active) = &self.state.active {
            try_one(name, active);
        }
        let mut unknown = BTreeMap::new();
        for (_, pin) in chains.pins().filter(|(_, reference)| split(reference).0 == name) {
            match self.state.find(name, split(pin).1.unwrap_or_default()) {
                Ok(version) => try_one(pin, &version),
                Err(error) => drop(unknown.insert(pin.to_owned(), error)),
            }
        }
        refused.extend(unknown.into_iter().map(|(named, error)| Refused { named, of_file: false, error }));
    }

    fn version(&self, version: &str, workshop: &Workshop) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        match &self.fresh {
            Some((fresh, policy)) if fresh == version => Ok(policy.clone()),
            _ => workshop.version(&self.options, &self.store, version, false),
        }
    }
}
