//! Which versions of a policy there are, which is active, and which were before: the small file beside them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use crate::limits::{POLICY_HISTORY, VERSION_PREFIX};

const FORMAT: u32 = 2;

/// How a version came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the configured file.
    File,
    /// By a push.
    Push,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// None until the first activation.
    pub(super) active: Option<String>,
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
    active: Option<String>,
    before: Vec<String>,
    versions: Vec<WireVersion>,
}

/// What every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireVersion {
    version: String,
    came: String,
    source: String,
}

impl State {
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
        self.before.extend(self.active.replace(version.to_owned()));
        let beyond = self.before.len().saturating_sub(POLICY_HISTORY);
        self.before.drain(..beyond);
    }

    /// Goes one step back and says to what.
    pub(super) fn back(&mut self, name: &str) -> Result<String, RegistryError> {
        let Some(earlier) = self.before.pop() else {
            let others = self.versions.iter().map(|known| known.version.clone());
            let others = others.filter(|version| self.active.as_ref() != Some(version)).collect();
            return Err(RegistryError::NothingBefore { name: name.to_owned(), active: self.active.clone(), others });
        };
        self.active = Some(earlier.clone());
        Ok(earlier)
    }

    /// Forgets a version that is not active; a rollback goes past it.
    pub(super) fn remove(&mut self, version: &str) {
        self.versions.retain(|known| known.version != version);
        self.before.retain(|earlier| earlier != version);
        self.before.dedup();
        while self.before.last().is_some_and(|earlier| Some(earlier) == self.active.as_ref()) {
            self.before.pop();
        }
    }

    /// The oldest version that nothing needs: neither active nor what a rollback would take, nor among these.
    pub(super) fn oldest_spare(&self, needed: &[String]) -> Option<String> {
        let kept = |version: &String| {
            self.active.as_ref() == Some(version) || self.before.last() == Some(version) || needed.contains(version)
        };
        self.versions.iter().map(|known| &known.version).find(|version| !kept(version)).cloned()
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
        let Format { format } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if format != FORMAT {
            return Err(format!("format {format} is unknown here, {FORMAT} would be right"));
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let state = Self {
            active: wire.active,
            before: wire.before,
            versions: wire.versions.into_iter().map(Version::read).collect::<Result<_, _>>()?,
        };
        if let Some(unknown) = state.active.iter().chain(&state.before).find(|version| !state.knows(version)) {
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
  "format": 2,
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
        let other = GOLDEN.replace("\"format\": 2", "\"format\": 1");
        assert_eq!(State::decode(other.as_bytes()).unwrap_err(), "format 1 is unknown here, 2 would be right");
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

    #[test]
    fn a_removed_version_leaves_the_history_and_a_rollback_goes_past_it() {
        let mut state = State::decode(GOLDEN.as_bytes()).unwrap();
        state.versions.push(Version::now("cccccccc33", Source::Push));
        for version in ["cccccccc33", "bbbbbbbb22"] {
            state.activate(version);
        }
        assert_eq!(state.oldest_spare(&[]).as_deref(), Some("aaaaaaaa11"));
        assert_eq!(state.oldest_spare(&["aaaaaaaa11".into()]), None);
        state.remove("cccccccc33");
        assert_eq!((state.active.as_deref(), &state.before[..]), (Some("bbbbbbbb22"), &["aaaaaaaa11".to_owned()][..]));
        assert!(!state.knows("cccccccc33"));
        assert_eq!(State::decode(&state.encode().unwrap()).unwrap(), state);
    }

    #[test]
    fn a_policy_may_have_versions_and_none_of_them_active() {
        let state = State { versions: vec![Version::now("aaaaaaaa11", Source::Push)], ..State::default() };
        assert_eq!(State::decode(&state.encode().unwrap()).unwrap(), state);
    }
}
