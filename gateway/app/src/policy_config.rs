//! The file with a policy's configuration, where it is not a gateway's.

use std::path::Path;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

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
        if file.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("toml")) {
            return Ok(Self::Policys(text));
        }
        let table: Table = toml::from_str(&text).with_context(|| file.display().to_string())?;
        if let Some(key) = OF_GATEWAYS.into_iter().find(|key| table.contains_key(*key)) {
            return Ok(Self::Gateways(key));
        }
        let json = json(Value::Table(table)).with_context(|| file.display().to_string())?;
        Ok(Self::Policys(json.to_string()))
    }
}

/// What TOML and JSON both have; nothing else is made into something that it is not.
fn json(value: Value) -> Result<serde_json::Value> {
    Ok(match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => serde_json::Number::from_f64(number)
            .with_context(|| format!("{number} must be a number that JSON has, such as 12.5"))?
            .into(),
        Value::Boolean(truth) => truth.into(),
        Value::Datetime(moment) => bail!("{moment} must be a text, such as \"{moment}\": JSON has no dates"),
        Value::Array(items) => items.into_iter().map(json).collect::<Result<Vec<_>>>()?.into(),
        Value::Table(table) => {
            let member = |(name, value): (String, Value)| {
                let value = json(value).with_context(|| name.clone())?;
                anyhow::Ok((name, value))
            };
            serde_json::Value::Object(table.into_iter().map(member).collect::<Result<_>>()?)
        }
    })
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
        assert_eq!(read("A.TOML", "a = [1, 2.5, true]"), PolicyConfig::Policys(r#"{"a":[1,2.5,true]}"#.into()));
    }

    #[test]
    fn what_json_does_not_have_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        for (text, says) in [
            ("[deep]\na = nan", "deep: a: NaN must be a number that JSON has"),
            ("a = [-inf]", "a: -inf must be a number"),
            ("a = 2026-01-01", "a: 2026-01-01 must be a text"),
        ] {
            std::fs::write(&file, text).unwrap();
            let said = format!("{:#}", PolicyConfig::read(&file).unwrap_err());
            assert!(said.contains(says), "{said}");
        }
    }
}
