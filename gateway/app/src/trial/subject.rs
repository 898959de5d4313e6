//! A policy that is to be tried, with its configuration and what a gateway's says beside it.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use tallygate_core::day::Zone;
use tallygate_front::Limits;
use tallygate_front::registry::PolicyOptions;
use tallygate_host::Keys;

use crate::authoring::DEBUG_ENDING;
use crate::config::Config;
use crate::policy_config::PolicyConfig;

/// A policy that is to be tried.
pub(crate) struct Subject {
    /// Where its component is from.
    pub(super) file: PathBuf,
    /// Its name, configuration, keys and limits; the component comes by a push.
    pub(super) policy: PolicyOptions,
    pub(super) component: Vec<u8>,
    pub(super) terms: Terms,
    /// Whose configuration it is, where it is not one that was given.
    pub(super) taken: Option<String>,
}

/// What a gateway's configuration says beside the policy.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) zone: Zone,
    /// None: no configuration says.
    pub(super) horizon: Option<(u32, u32)>,
    pub(super) limits: Limits,
}

impl Subject {
    /// A policy by the name of its file, with an empty configuration, throw-away keys and the limits of a gateway that is
    /// configured no further.
    ///
    /// # Errors
    /// When no keys can be made.
    pub(crate) fn new(file: &Path, component: Vec<u8>) -> Result<Self> {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(DEBUG_ENDING).unwrap_or(&name).to_owned();
        let policy = PolicyOptions {
            name,
            component: None,
            config_json: "{}".to_owned(),
            keys: Keys::throw_away()?,
            limits: tallygate_host::Limits::default(),
        };
        let terms = Terms { zone: "UTC".parse::<Zone>()?, horizon: None, limits: Limits::default() };
        let taken = Some("an empty configuration, as none is given".to_owned());
        Ok(Self { file: file.to_owned(), policy, component, terms, taken })
    }

    /// The policy with this configuration, a JSON object.
    pub(crate) fn with_config_json(mut self, json: String) -> Self {
        self.policy.config_json = json;
        self.taken = None;
        self
    }

    /// The policy with the configuration in a file: the policy's own, or a gateway's, which has a policy of this name.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub(crate) fn with_config(mut self, file: &Path) -> Result<Self> {
        if let PolicyConfig::Policys(json) = PolicyConfig::read(file)? {
            return Ok(self.with_config_json(json));
        }
        let config = Config::load(file).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow!("{}", lines.join("\n"))
        })?;
        let Some(policy) = config.policies.policies.iter().find(|policy| policy.name == self.policy.name) else {
            bail!("{}: has no [policies.{}], named as the component's file", file.display(), self.policy.name);
        };
        self.policy = PolicyOptions { component: None, ..policy.clone() };
        let section = format!("[policies.{}] of {}", self.policy.name, file.display());
        self.taken = Some(match self.policy.config_json.as_str() {
            "{}" => format!("an empty configuration, as {section} has none"),
            _ => format!("the configuration of {section}"),
        });
        let front = config.front;
        let horizon = Some((front.horizon_days, front.future_days));
        self.terms = Terms { zone: front.zone, horizon, limits: front.limits };
        Ok(self)
    }
}
