//! The file with a policy's configuration, where it is not a gateway's.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What a gateway's own configuration has and a policy's hardly.
const OF_GATEWAYS: [&str; 4] = ["listeners", "routes", "policies", "admin"];

/// What a file holds.
#[derive(Debug, PartialEq)]
pub(crate) enum PolicyConfig {
    /// A policy's configuration, as JSON.
    Policys(String),
    /// A gateway's, told by this key.
    Gateways(&'static str),
}

impl PolicyConfig {
    /// Reads a file: TOML where its name ends so, else JSON.
    ///
    /// # Errors
    /// When it cannot be read, or is no TOML.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        if file.extension().is_none_or(|extension| extension != "toml") {
            return Ok(Self::Policys(text));
        }
        let value: Value = toml::from_str(&text).with_context(|| file.display().to_string())?;
        let key = OF_GATEWAYS.into_iter().find(|key| value.get(key).is_some());
        Ok(key.map_or_else(|| Self::Policys(value.to_string()), Self::Gateways))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_configuration_is_told_from_a_policys() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            PolicyConfig::read(&file).unwrap()
        };
        assert_eq!(read("a.toml", "currency = \"CHF\""), PolicyConfig::Policys(r#"{"currency":"CHF"}"#.into()));
        assert_eq!(read("a.toml", "[policies.a]\n"), PolicyConfig::Gateways("policies"));
        assert_eq!(read("a.json", "{}"), PolicyConfig::Policys("{}".into()));
    }
}
