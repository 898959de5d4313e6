//! What a registry is opened with.

use std::path::PathBuf;

use tallygate_core::transaction;
use tallygate_host::Keys;

use super::error::RegistryError;

/// What a registry is opened with.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Where versions are kept, a folder for each policy; made when missing.
    pub dir: PathBuf,
    /// The configured policies.
    pub policies: Vec<PolicyOptions>,
}

/// One configured policy.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Its name for life: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The component's file; it is the first version.
    pub component: PathBuf,
    /// Its configuration, a JSON object.
    pub config_json: String,
    /// The keys it may use.
    pub keys: Keys,
    /// What one call of it may use.
    pub limits: tallygate_host::Limits,
}

/// A policy's name is a folder's too.
pub(super) fn check_name(name: &str) -> Result<(), RegistryError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !plain || name.starts_with('.') || name.len() > 100 || transaction::name(name).is_err() {
        return Err(RegistryError::Name(name.to_owned()));
    }
    Ok(())
}
