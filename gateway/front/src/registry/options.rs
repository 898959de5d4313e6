//! What a registry is opened with.

use std::path::PathBuf;
use std::time::Duration;

use tallygate_core::transaction;
use tallygate_host::Keys;

use super::error::RegistryError;
use super::store::stored;
use crate::names;

/// What a registry is opened with.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Where versions are kept, a folder for each policy; made when missing.
    pub dir: PathBuf,
    /// The configured policies; others may come by pushes.
    pub policies: Vec<PolicyOptions>,
    /// The policies of each route, by the route's name, as it names them.
    pub chains: Vec<(String, Vec<String>)>,
    /// What a caller is told to wait where no version of a policy is in service.
    pub retry_after: Duration,
}

/// One configured policy.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Its name for life: 1 to 64 letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The component's file: with the configuration, a version like any other, and active if none is. None: all versions
    /// are pushed.
    pub component: Option<PathBuf>,
    /// Its configuration, a JSON object: the component's, and that of the first push that brings none.
    pub config_json: String,
    /// The keys it may use.
    pub keys: Keys,
    /// What one call of it may use.
    pub limits: tallygate_host::Limits,
}

impl RegistryOptions {
    /// The names that a registry of these options has: the configured ones, and those that versions are kept of.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.policies.iter().map(|policy| policy.name.clone()).collect();
        let stored = stored(&self.dir).into_iter().filter(|name| check_name(name).is_ok() && !names.contains(name));
        names.extend(stored.collect::<Vec<_>>());
        names
    }

    /// Its policies, each with whether it is configured.
    pub(super) fn all(&self) -> Result<Vec<(PolicyOptions, bool)>, RegistryError> {
        let mut all: Vec<(PolicyOptions, bool)> = Vec::new();
        for policy in &self.policies {
            check_name(&policy.name)?;
            if all.iter().any(|(known, _)| known.name == policy.name) {
                return Err(RegistryError::Twice(policy.name.clone()));
            }
            all.push((policy.clone(), true));
        }
        let kept = self.names().into_iter().skip(all.len());
        all.extend(kept.map(|name| (PolicyOptions::pushed(&name), false)));
        Ok(all)
    }
}

impl PolicyOptions {
    /// Those of a policy that is not configured.
    pub(super) fn pushed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            component: None,
            config_json: "{}".to_owned(),
            keys: Keys::new(),
            limits: tallygate_host::Limits::default(),
        }
    }
}

/// A policy's name is a folder's too.
pub(super) fn check_name(name: &str) -> Result<(), RegistryError> {
    if names::is_plain(name) && transaction::name(name).is_ok() {
        return Ok(());
    }
    Err(RegistryError::Name(name.to_owned()))
}
