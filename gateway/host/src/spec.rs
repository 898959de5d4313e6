//! What is to be activated: a component, its configuration, and what it may use.

use std::time::Duration;

use crate::about::About;
use crate::check;
use crate::failure::ActivationError;
use crate::keys::Keys;
use crate::limits;

/// What one call of a policy may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Its memory, in bytes, its code apart. At most [`EngineLimits::memory`](crate::EngineLimits::memory).
    pub memory: usize,
    /// Its time, counted only while it runs; enforced to about [`limits::TICK`].
    pub time: Duration,
    /// The largest document that it may have signed, in bytes. At most [`limits::SIGN_BYTES_MOST`].
    pub sign_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: limits::POLICY_MEMORY, time: limits::POLICY_TIME, sign_bytes: limits::SIGN_BYTES }
    }
}

/// What to activate.
#[derive(Debug, Clone)]
pub struct PolicySpec {
    /// The operator's name for it, a part of every transaction's identity.
    pub name: String,
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Its configuration, a JSON object.
    pub config_json: String,
    /// The keys it may use, by name.
    pub keys: Keys,
    /// What each call may use.
    pub limits: Limits,
}

/// A version that was compiled before, and what it may use now.
#[derive(Debug, Clone)]
pub struct KeptPolicy {
    /// The operator's name for it.
    pub name: String,
    /// The version, as [`version_of`](crate::version_of) says it.
    pub version: String,
    /// The keys it may use, by name.
    pub keys: Keys,
    /// What each call may use.
    pub limits: Limits,
}

impl PolicySpec {
    /// Whether it can be activated at all, where no policy gets more memory than this.
    pub(crate) fn check(&self, most_memory: usize) -> Result<(), ActivationError> {
        if self.component.len() > limits::COMPONENT_BYTES {
            return Err(ActivationError::TooLarge { bytes: self.component.len(), limit: limits::COMPONENT_BYTES });
        }
        if self.config_json.len() > limits::CONFIG_BYTES {
            let detail = format!("it has {} bytes, and {} is the most", self.config_json.len(), limits::CONFIG_BYTES);
            return Err(ActivationError::Configuration { pointer: String::new(), detail });
        }
        self.limits.check(most_memory)
    }
}

impl Limits {
    /// Whether they can be had, where no policy gets more memory than this.
    pub(crate) fn check(&self, most_memory: usize) -> Result<(), ActivationError> {
        let sizes = [("memory", self.memory, most_memory), ("sign_size", self.sign_bytes, limits::SIGN_BYTES_MOST)];
        for (key, asked, most) in sizes {
            if asked > most {
                let detail = format!("{asked} bytes are asked for, and {most} is the most here");
                return Err(ActivationError::Limits { key, detail });
            }
        }
        Ok(())
    }
}

/// Whether there is what the policy says it needs.
pub(crate) fn check_needs(about: &About, keys: &Keys) -> Result<(), ActivationError> {
    if let Some(fact) = about.facts.first() {
        return Err(ActivationError::WrongWorld(format!(
            "it needs the fact `{fact}`, which this gateway does not know"
        )));
    }
    let is_name = |header: &&String| *header == "*" || check::is_name(header);
    if let Some(header) = about.headers.iter().find(|header| !is_name(header)) {
        return Err(ActivationError::WrongWorld(format!(
            "it needs the header field {header:?}, and names are in lower case, such as `content-type`"
        )));
    }
    for used in &about.keys {
        keys.check(&used.name, &used.function)
            .map_err(|detail| ActivationError::Key { name: used.name.clone(), detail })?;
    }
    Ok(())
}
