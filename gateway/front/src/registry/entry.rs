//! One policy of the registry: its files, what they say, and its version in service.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tallygate_host::{short_version, version_of};

use super::chains::Beside;
use super::config::canonical;
use super::error::RegistryError;
use super::inactive::Inactive;
use super::listing::{ConfigFrom, Pushed, Switched};
use super::options::PolicyOptions;
use super::reference::{PolicyRef, Serving};
use super::state::{Source, State, Version};
use super::store::Store;
use super::workshop::Workshop;
use crate::limits::POLICY_VERSIONS;
use crate::policy::ActivePolicy;

/// A configuration without keys.
const EMPTY: &str = "{}";

/// A policy with its versions.
pub(super) struct Entry {
    pub(super) options: PolicyOptions,
    /// Whether it stands in the configuration.
    pub(super) declared: bool,
    retry_after: Duration,
    pub(super) serving: Arc<ArcSwap<Serving>>,
    pub(super) store: Store,
    state: Mutex<State>,
    /// Held while files and state change; the state is not.
    pub(super) changing: Mutex<()>,
    pins: Mutex<HashMap<String, Pin>>,
    /// Why the state could not be read. Nothing is written over it.
    damaged: Option<(PathBuf, String)>,
}

/// A version that a route pins.
struct Pin {
    policy: Arc<dyn ActivePolicy>,
    /// Why it does not start.
    trouble: Option<String>,
}

/// What is pushed.
pub(super) struct Push {
    pub(super) component: Vec<u8>,
    /// None: as it is now.
    pub(super) config_json: Option<String>,
    pub(super) source: Source,
}

impl Entry {
    /// A policy as its files say, with nothing in service yet.
    pub(super) fn new(
        dir: &Path,
        options: PolicyOptions,
        declared: bool,
        retry_after: Duration,
    ) -> Result<Self, RegistryError> {
        let store = Store::at(dir.join(&options.name));
        let (state, damaged) = match store.state() {
            Ok(state) => (state.unwrap_or_default(), None),
            Err(RegistryError::Damaged(path, problem)) => (State::default(), Some((path, problem))),
            Err(error) => return Err(error),
        };
        let trouble = damaged.as_ref().map(|(path, problem)| {
            format!("{}: {problem}; a copy of it put back, or its removal, would mend that", path.display())
        });
        if let Some(trouble) = &trouble {
            tracing::error!(policy = options.name, "{trouble}");
        }
        let serving = Serving { policy: Arc::new(Inactive::new(&options.name, retry_after)), version: None, trouble };
        Ok(Self {
            options,
            declared,
            retry_after,
            serving: Arc::new(ArcSwap::from_pointee(serving)),
            store,
            state: Mutex::new(state),
            changing: Mutex::default(),
            pins: Mutex::default(),
            damaged,
        })
    }

    pub(super) fn push(&self, push: Push, pinned: &[&str], workshop: &Workshop) -> Result<Pushed, RegistryError> {
        let (config_json, config_from) = self.config_of(push.config_json)?;
        let version = version_of(&push.component, &config_json);
        if self.state().knows(&version) && self.is_whole(&version) {
            return Ok(Pushed { version, new: false, config_from });
        }
        // Not yet holding anything: an activation need not wait until this is compiled.
        let compiled = workshop.compile(&self.options, push.component.clone(), config_json.clone());
        let compiled = compiled.map_err(|error| self.told(error, config_from))?;
        let _changing = locked(&self.changing);
        let mut state = self.state();
        let known = state.knows(&version);
        if known && self.is_whole(&version) {
            return Ok(Pushed { version, new: false, config_from });
        }
        self.check_undamaged()?;
        self.store.keep(&version, &push.component, &config_json)?;
        self.store.keep_artefact(&version, &compiled.artefact)?;
        if known {
            return Ok(Pushed { version, new: false, config_from });
        }
        let spare = self.add(&mut state, Version::now(&version, push.source), pinned)?;
        self.save(state)?;
        self.made_room(spare);
        Ok(Pushed { version, new: true, config_from })
    }

    /// Adds a version; where there are as many as may be, the oldest that nothing needs goes, and is returned.
    pub(super) fn add(
        &self,
        state: &mut State,
        version: Version,
        pinned: &[&str],
    ) -> Result<Option<String>, RegistryError> {
        let mut spare = None;
        if state.versions.len() >= POLICY_VERSIONS {
            let mut needed: Vec<String> = self.serving.load().version.iter().cloned().collect();
            needed.extend(pinned.iter().filter_map(|pin| state.find(&self.options.name, pin).ok()));
            let oldest = state.oldest_spare(&needed).ok_or_else(|| RegistryError::Full(self.options.name.clone()))?;
            state.remove(&oldest);
            spare = Some(oldest);
        }
        state.versions.push(version);
        Ok(spare)
    }

    /// Whether a version's files are as they were when it came. Those that are not are told, and can be kept anew.
    pub(super) fn is_whole(&self, version: &str) -> bool {
        let Err(error) = self.store.source(version) else { return true };
        tracing::warn!(policy = self.options.name, version, "the files of a version are written anew: {error}");
        false
    }

    pub(super) fn made_room(&self, spare: Option<String>) {
        if let Some(version) = spare {
            tracing::info!(policy = self.options.name, version, "the oldest version made room for a new one");
            self.store.remove(&version);
        }
    }

    fn config_of(&self, given: Option<String>) -> Result<(String, ConfigFrom), RegistryError> {
        if let Some(given) = given {
            return Ok((self.canonical(&given)?, ConfigFrom::Push));
        }
        if let Some(active) = self.state().active {
            return Ok((self.store.source(&active)?.1, ConfigFrom::Active));
        }
        let config = self.canonical(&self.options.config_json)?;
        let from = if self.declared && config != EMPTY { ConfigFrom::File } else { ConfigFrom::Nowhere };
        Ok((config, from))
    }

    /// A refusal of a configuration that did not come with the push says whose it is.
    fn told(&self, refused: RegistryError, from: ConfigFrom) -> RegistryError {
        let config = match (from, self.state().active) {
            (ConfigFrom::Active, Some(active)) => {
                format!("the configuration of the active version {}", short_version(&active))
            }
            (ConfigFrom::File, _) => "the configuration of the gateway's file".to_owned(),
            (ConfigFrom::Nowhere, _) => "an empty configuration".to_owned(),
            _ => return refused,
        };
        if !refused.is_of_configuration() {
            return refused;
        }
        RegistryError::TakenConfig { refused: Box::new(refused), config }
    }

    pub(super) fn canonical(&self, config_json: &str) -> Result<String, RegistryError> {
        canonical(config_json).map_err(|problem| RegistryError::Config(self.options.name.clone(), problem))
    }

    /// Makes a version active, if what it is then serves with the others.
    pub(super) fn activate(
        &self,
        version: &str,
        workshop: &Workshop,
        beside: &dyn Beside,
    ) -> Result<Switched, RegistryError> {
        let _changing = locked(&self.changing);
        let mut state = self.state();
        let version = state.find(&self.options.name, version)?;
        let previous = state.active.clone();
        if previous.as_ref() == Some(&version) {
            if self.serving.load().version.as_ref() == Some(&version) {
                return Ok(Switched { active: version, previous, changed: false });
            }
        } else {
            state.activate(&version);
        }
        self.switch(state, previous, workshop, beside)
    }

    pub(super) fn rollback(&self, workshop: &Workshop, beside: &dyn Beside) -> Result<Switched, RegistryError> {
        let _changing = locked(&self.changing);
        let mut state = self.state();
        let previous = state.active.clone();
        state.back(&self.options.name)?;
        self.switch(state, previous, workshop, beside)
    }

    /// Puts the version into service that the new state calls active. What is on disk comes first: after a crash the
    /// gateway starts with what it says.
    fn switch(
        &self,
        state: State,
        previous: Option<String>,
        workshop: &Workshop,
        beside: &dyn Beside,
    ) -> Result<Switched, RegistryError> {
        let active = state.active.clone().unwrap_or_default();
        let policy = self.version(&active, workshop)?;
        let _alone = beside.fits(&self.options.name, &*policy)?;
        if state != self.state() {
            self.save(state)?;
        }
        self.serve(policy, Some(active.clone()), None);
        Ok(Switched { active, previous, changed: true })
    }

    /// Removes a version that nothing needs; `pinned` are those that routes pin, with their routes, and `named` says
    /// whether the configuration names the policy or a route takes whichever version is active.
    pub(super) fn remove(&self, version: &str, pinned: &[(&str, &str)], named: bool) -> Result<String, RegistryError> {
        let _changing = locked(&self.changing);
        let mut state = self.state();
        let name = &self.options.name;
        let version = state.find(name, version)?;
        let is_version = |pin: &str| state.find(name, pin).is_ok_and(|found| found == version);
        let is_active = state.active.as_ref() == Some(&version);
        let reason = if is_active && named {
            Some("it is active; activate another one first".to_owned())
        } else if !is_active && named && self.serving.load().version.as_ref() == Some(&version) {
            Some("it serves in place of the active one, which does not start; activate another one first".to_owned())
        } else {
            let pin = pinned.iter().find(|(_, pin)| is_version(pin));
            pin.map(|(route, _)| format!("route {route:?} pins it; a route that does not would free it"))
        };
        if let Some(reason) = reason {
            let version = short_version(&version).to_owned();
            return Err(RegistryError::InUse { name: name.clone(), version, reason });
        }
        if is_active {
            state.active = None;
        }
        state.remove(&version);
        self.save(state)?;
        if self.serving.load().version.as_ref() == Some(&version) {
            self.serve(self.inactive(), None, None);
        }
        locked(&self.pins).remove(&version);
        self.store.remove(&version);
        Ok(version)
    }

    /// The policy as a route names it, in one version or in whichever is in service.
    pub(super) fn reference(&self, version: Option<&str>, workshop: &Workshop) -> Result<PolicyRef, RegistryError> {
        match version {
            None => Ok(PolicyRef::Active(self.serving.clone())),
            Some(version) => self.pin(version, workshop).map(PolicyRef::Pinned),
        }
    }

    /// What is in service, or what a route pins if that was put into service already.
    pub(super) fn now(&self, version: Option<&str>) -> Option<Arc<dyn ActivePolicy>> {
        let Some(version) = version else { return Some(self.serving.load().policy.clone()) };
        let version = self.state().find(&self.options.name, version).ok()?;
        locked(&self.pins).get(&version).map(|pin| pin.policy.clone())
    }

    fn pin(&self, version: &str, workshop: &Workshop) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        let _changing = locked(&self.changing);
        let version = self.state().find(&self.options.name, version)?;
        if let Some(pin) = locked(&self.pins).get(&version) {
            return Ok(pin.policy.clone());
        }
        let pin = match self.version(&version, workshop) {
            Ok(policy) => Pin { policy, trouble: None },
            Err(error) => {
                let trouble = format!("{}, which a route pins, does not start: {error}", short_version(&version));
                tracing::error!(policy = self.options.name, "{trouble}");
                Pin { policy: self.inactive(), trouble: Some(trouble) }
            }
        };
        let policy = pin.policy.clone();
        locked(&self.pins).insert(version, pin);
        Ok(policy)
    }

    /// Why versions that routes pin do not start.
    pub(super) fn troubles_of_pins(&self) -> Vec<String> {
        locked(&self.pins).values().filter_map(|pin| pin.trouble.clone()).collect()
    }

    /// Whether what serves is not the active version.
    pub(super) fn stands_in(&self) -> bool {
        let serving = self.serving.load();
        serving.version.is_some() && serving.version != self.state().active
    }

    /// Takes what serves in the active version's place out of service.
    pub(super) fn stand_back(&self, route: &str) {
        let trouble = self.serving.load().trouble.clone().unwrap_or_default();
        let trouble = format!("{trouble}; but it may accept beside another policy of route {route:?}, so none serves");
        self.serve(self.inactive(), None, Some(trouble));
    }

    /// Whether the active version, which does not start now, would accept once it did. One that was not compiled might.
    pub(super) fn would_accept(&self) -> bool {
        let Some(active) = self.state().active else { return false };
        let serves = self.serving.load().version.as_ref() == Some(&active);
        !serves && self.store.about(&active).is_none_or(|about| about.may_accept)
    }

    /// Removes what is left of a policy that has no version and is not configured, unless a route pins one.
    pub(super) fn forget_if_empty(&self, pinned: &[(&str, &str)]) -> Result<bool, RegistryError> {
        let empty = !self.declared && pinned.is_empty() && self.state().versions.is_empty();
        if empty {
            self.store.forget()?;
        }
        Ok(empty)
    }

    /// What is in service, and whether its operator has activated a version.
    pub(super) fn serving(&self) -> (Arc<Serving>, bool) {
        (self.serving.load_full(), locked(&self.state).active.is_some())
    }

    pub(super) fn version(&self, version: &str, workshop: &Workshop) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        workshop.version(&self.options, &self.store, version, true)
    }

    pub(super) fn inactive(&self) -> Arc<dyn ActivePolicy> {
        Arc::new(Inactive::new(&self.options.name, self.retry_after))
    }

    pub(super) fn serve(&self, policy: Arc<dyn ActivePolicy>, version: Option<String>, trouble: Option<String>) {
        if let Some(trouble) = &trouble {
            tracing::error!(policy = self.options.name, "{trouble}");
        }
        self.serving.store(Arc::new(Serving { policy, version, trouble }));
    }

    pub(super) fn state(&self) -> State {
        locked(&self.state).clone()
    }

    /// That the state was read, and so may be written.
    pub(super) fn check_undamaged(&self) -> Result<(), RegistryError> {
        match &self.damaged {
            None => Ok(()),
            Some((path, problem)) => Err(RegistryError::Damaged(path.clone(), problem.clone())),
        }
    }

    pub(super) fn save(&self, state: State) -> Result<(), RegistryError> {
        self.check_undamaged()?;
        self.store.save(&state)?;
        *locked(&self.state) = state;
        Ok(())
    }
}

/// What is behind these locks is replaced whole, so a panic cannot leave it half done.
pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
