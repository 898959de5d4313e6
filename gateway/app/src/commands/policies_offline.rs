//! `tallygate policy list|show|activate|rollback|remove --offline`: the kept versions while no process has them.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use serde_json::{Value, json};
use tallygate_console::policies::Policy;
use tallygate_embedded::{LockError, lock_data_dir};
use tallygate_front::registry::OfflinePolicies;

use crate::config::Config;
use crate::policy_listing;

pub(super) fn list(file: &Path) -> Result<Value> {
    with_policies(file, |policies| {
        let listed: Vec<Policy> = policies.list()?.into_iter().map(not_serving).collect();
        Ok(json!({ "policies": listed }))
    })
}

pub(super) fn show(file: &Path, policy: &str, version: &str) -> Result<Value> {
    with_policies(file, |policies| {
        Ok(serde_json::to_value(policy_listing::detail(policy, policies.version(policy, version)?))?)
    })
}

pub(super) fn activate(file: &Path, policy: &str, version: &str) -> Result<Value> {
    with_policies(file, |policies| {
        Ok(serde_json::to_value(policy_listing::switched(policy, policies.activate(policy, version)?))?)
    })
}

pub(super) fn rollback(file: &Path, policy: &str) -> Result<Value> {
    with_policies(file, |policies| {
        Ok(serde_json::to_value(policy_listing::switched(policy, policies.rollback(policy)?))?)
    })
}

pub(super) fn remove(file: &Path, policy: &str, version: &str) -> Result<Value> {
    with_policies(file, |policies| Ok(json!({ "policy": policy, "removed": policies.remove(policy, version)? })))
}

/// Does it while no other process has the data directory, and none can take it.
fn with_policies<T>(file: &Path, then: impl FnOnce(&OfflinePolicies) -> Result<T>) -> Result<T> {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"))
        }
    };
    let _lock = lock_data_dir(&config.data_dir).map_err(|error| match &error {
        LockError::InUse { .. } => anyhow!("{error}; or leave --offline out, and ask the process that runs"),
        LockError::Unusable { .. } | LockError::NotPrivate { .. } => error.into(),
    })?;
    then(&OfflinePolicies::new(&config.policies))
}

fn not_serving(listing: tallygate_front::registry::PolicyListing) -> Policy {
    Policy { serving: None, ..policy_listing::policy(listing) }
}
