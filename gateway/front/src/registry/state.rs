//! Which versions of a policy there are, which is active, and which were before: the small file beside them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use crate::limits::{POLICY_HISTORY, VERSION_PREFIX};

const FORMAT: u32 = 1;

/// How a version came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the configured file.
    File,
    /// By a push.
    Push,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) active: String,
    /// What was active earlier, the latest last.
    pub(super) before: Vec<String>,
    pub(super) versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) came: Timestamp,
    pub(super) source: Source,
}

/// The file's own form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: u32,
    active: String,
    before: Vec<String>,
    versions: Vec<WireVersion>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireVersion {
    version: String,
    came: String,
    source: String,
}

impl State {
    pub(super) fn first(version: &str) -> Self {
        Self { active: version.to_owned(), before: Vec::new(), versions: vec![Version::now(version, Source::File)] }
    }

    pub(super) fn knows(&self, version: &str) -> bool {
        self.versions.iter().any(|known| known.version == version)
    }

    /// The version that begins so.
    pub(super) fn find(&self, name: &str, prefix: &str) -> Result<String, RegistryError> {
        let mut matching = self.versions.iter().filter(|known| known.version.starts_with(prefix));
        let problem = if prefix.len() < VERSION_PREFIX {
            format!("`{prefix}` is too short for a version")
        } else {
            match (matching.next(), matching.next()) {
                (Some(found), None) => return Ok(found.version.clone()),
                (None, _) => format!("there is no version `{prefix}`"),
                (Some(_), Some(_)) => format!("several versions begin with `{prefix}`"),
            }
        };
        Err(RegistryError::NoVersion {
            name: name.to_owned(),
            problem,
            known: self.versions.iter().map(|v| v.version.clone()).collect(),
        })
    }

    pub(super) fn activate(&mut self, version: &str) {
        let earlier = std::mem::replace(&mut self.active, version.to_owned());
        self.before.push(earlier);
        let beyond = self.before.len().saturating_sub(POLICY_HISTORY);
        self.before.drain(..beyond);
    }

    /// Goes one step back and says to what.
    pub(super) fn back(&mut self) -> Option<String> {
        self.active = self.before.pop()?;
        Some(self.active.clone())
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, String> {
        let wire = Wire {
            format: FORMAT,
            active: self.active.clone(),
            before: self.before.clone(),
            versions: self.versions.iter().map(Version::wire).collect(),
        };
        serde_json::to_vec_pretty(&wire).map_err(|error| error.to_string())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if wire.format != FORMAT {
            return Err(format!("format {} is unknown here, {FORMAT} would be right", wire.format));
        }
        let state = Self {
            active: wire.active,
            before: wire.before,
            versions: wire.versions.into_iter().map(Version::read).collect::<Result<_, _>>()?,
        };
        if let Some(unknown) = std::iter::once(&state.active).chain(&state.before).find(|version| !state.knows(version))
        {
            return Err(format!("version {unknown} was active but is not among the versions"));
        }
        Ok(state)
    }
}

impl Version {
    pub(super) fn now(version: &str, source: Source) -> Self {
        Self { version: version.to_owned(), came: Timestamp::now(), source }
    }

    fn wire(&self) -> WireVersion {
        WireVersion {
            version: self.version.clone(),
            came: self.came.to_string(),
            source: self.source.as_str().to_owned(),
        }
    }

    fn read(wire: WireVersion) -> Result<Self, String> {
        let came = wire.came.parse().map_err(|_| format!("came: {:?} is no time", wire.came))?;
        let source = match wire.source.as_str() {
            "file" => Source::File,
            "push" => Source::Push,
            other => return Err(format!("source: {other:?} must be file or push")),
        };
        Ok(Self { version: wire.version, came, source })
    }
}

impl Source {
    /// `file` or `push`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Push => "push",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = r#"{
  "format": 1,
  "active": "bbbbbbbb22",
  "before": [
    "aaaaaaaa11"
  ],
  "versions": [
    {
      "version": "aaaaaaaa11",
      "came": "2026-11-22T18:00:00Z",
      "source": "file"
    },
    {
      "version": "bbbbbbbb22",
      "came": "2026-11-23T18:00:00Z",
      "source": "push"
    }
  ]
}"#;

    #[test]
    fn the_file_has_this_form() {
        let state = State::decode(GOLDEN.as_bytes()).unwrap();
        assert_eq!(state.versions[1].came.to_string(), "2026-11-23T18:00:00Z");
        assert_eq!(String::from_utf8(state.encode().unwrap()).unwrap(), GOLDEN);
    }

    #[test]
    fn refuses_a_file_of_another_format_or_with_an_unknown_version_active() {
        let other = GOLDEN.replace("\"format\": 1", "\"format\": 2");
        assert!(State::decode(other.as_bytes()).is_err());
        let unknown = GOLDEN.replace("\"active\": \"b", "\"active\": \"c");
        assert!(State::decode(unknown.as_bytes()).is_err());
    }

    #[test]
    fn a_unique_beginning_names_a_version() {
        let mut state = State::decode(GOLDEN.as_bytes()).unwrap();
        assert_eq!(state.find("p", "bbbbbbbb").unwrap(), "bbbbbbbb22");
        assert!(state.find("p", "bbbbbbb").is_err());
        assert!(state.find("p", "cccccccc").is_err());
        state.versions.push(Version::now("bbbbbbbb33", Source::Push));
        assert!(state.find("p", "bbbbbbbb").is_err());
        assert_eq!(state.find("p", "bbbbbbbb3").unwrap(), "bbbbbbbb33");
    }
}
