//! How a policy starts: with the file's version taken in, and the active one in service, or one before it that starts.

use tallygate_host::{short_version, version_of};

use super::entry::{Entry, locked};
use super::error::RegistryError;
use super::state::{Source, Version};
use super::workshop::Workshop;

impl Entry {
    /// Takes the file's version in and puts the active one into service, else the last one before it that starts.
    pub(super) fn start(&self, pinned: &[&str], workshop: &Workshop) -> Result<(), RegistryError> {
        if self.check_undamaged().is_err() {
            return Ok(());
        }
        let refused = self.take_in_files(pinned, workshop)?;
        let state = self.state();
        let Some(active) = state.active else {
            if let Some(error) = refused {
                self.serve(self.inactive(), None, Some(format!("no version is active: {error}")));
            }
            return Ok(());
        };
        let error = match self.version(&active, workshop) {
            Ok(policy) => {
                self.serve(policy, Some(active), None);
                return Ok(());
            }
            Err(error) => error,
        };
        let hash = short_version(&active);
        let mut tried = vec![&active];
        for earlier in state.before.iter().rev() {
            if tried.contains(&earlier) {
                continue;
            }
            tried.push(earlier);
            if let Ok(policy) = self.version(earlier, workshop) {
                let trouble = format!("active {hash} does not start: {error}; serving {}", short_version(earlier));
                self.serve(policy, Some(earlier.clone()), Some(trouble));
                return Ok(());
            }
        }
        let trouble = format!("active {hash} does not start: {error}; no version before it does, so none serves");
        self.serve(self.inactive(), None, Some(trouble));
        Ok(())
    }

    /// Why the file's version was not taken in.
    fn take_in_files(&self, pinned: &[&str], workshop: &Workshop) -> Result<Option<RegistryError>, RegistryError> {
        let Some(file) = &self.options.component else { return Ok(None) };
        let _changing = locked(&self.changing);
        let (mut state, mut spare) = (self.state(), None);
        let component = std::fs::read(file).map_err(|error| RegistryError::Component(file.clone(), error));
        let taken = component.and_then(|component| {
            let config_json = self.canonical(&self.options.config_json)?;
            let version = version_of(&component, &config_json);
            let known = state.knows(&version);
            if !known || !self.is_whole(&version) {
                let compiled = workshop.compile(&self.options, component.clone(), config_json.clone())?;
                self.store.keep(&version, &component, &config_json)?;
                self.store.keep_artefact(&version, &compiled.artefact)?;
                if let (false, Some(active)) = (known, &state.active) {
                    let policy = &self.options.name;
                    tracing::warn!(policy, version, active, "component and configuration of the file are no version that is kept: they are taken in as one, which is not active until it is activated");
                }
                if !known {
                    spare = self.add(&mut state, Version::now(&version, Source::File), pinned)?;
                }
            }
            Ok(version)
        });
        match taken {
            Ok(version) => {
                if state.active.is_none() {
                    state.activate(&version);
                }
                if state != self.state() {
                    self.save(state)?;
                }
                self.made_room(spare);
                Ok(None)
            }
            // Another start may find it mended, and what is active does not need it.
            Err(error) => {
                tracing::error!(policy = self.options.name, "the configured version is not taken in: {error}");
                Ok(Some(error))
            }
        }
    }
}
