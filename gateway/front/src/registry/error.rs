//! Why the registry did not do what was asked.

use std::io;
use std::path::PathBuf;

use tallygate_host::{ActivationError, short_version};

use crate::names::PLAIN;

/// Why the registry did not do what was asked. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No such policy is configured.
    #[error("there is no policy `{name}`; there is {}", listed(known))]
    NoPolicy {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No version of the policy begins so, or several do.
    #[error(
        "policy `{name}`: {problem}; the versions are {}, and a unique beginning of at least 8 digits names one",
        listed(known)
    )]
    NoVersion {
        /// The policy.
        name: String,
        /// What was wrong with what was asked for.
        problem: String,
        /// The versions there are.
        known: Vec<String>,
    },
    /// There is nothing to go back to.
    #[error("policy `{name}`: {}", nothing_before(active.as_deref(), others))]
    NothingBefore {
        /// The policy.
        name: String,
        /// Its active version, where it has one.
        active: Option<String>,
        /// Its other versions.
        others: Vec<String>,
    },
    /// A version cannot be put into service.
    #[error("policy `{name}`, version {version}: {error}")]
    Activation {
        /// The policy.
        name: String,
        /// The beginning of its version.
        version: String,
        /// Why.
        error: ActivationError,
    },
    /// A version refuses the configuration that a push which brought none takes.
    #[error("{refused} (with {config}; --config gives another)")]
    TakenConfig {
        /// What it says.
        refused: Box<RegistryError>,
        /// Whose configuration it is.
        config: String,
    },
    /// The policy has as many versions as are kept.
    #[error("policy `{0}`: as many versions are kept as may be ({most}), and none of them can go", most = crate::limits::POLICY_VERSIONS)]
    Full(String),
    /// The version cannot be removed.
    #[error("policy `{name}`, version {version}: {reason}")]
    InUse {
        /// The policy.
        name: String,
        /// The beginning of its version.
        version: String,
        /// What needs it, and what would free it.
        reason: String,
    },
    /// A route would have two policies that accept messages.
    #[error("route {route:?}: both `{first}` and `{second}` may accept a message, and one alone would be right")]
    TwoAccept {
        /// The route.
        route: String,
        /// A policy of it, as it names it.
        first: String,
        /// Another one.
        second: String,
    },
    /// The configuration cannot be a policy's.
    #[error("policy `{0}`: the configuration {1}")]
    Config(String, String),
    /// The name cannot be a policy's.
    #[error("policy `{name}`: the name {PLAIN}", name = .0)]
    Name(String),
    /// The name stands twice in the configuration.
    #[error("policy `{0}` stands twice")]
    Twice(String),
    /// The configured component cannot be read.
    #[error("{}: the component cannot be read: {}", .0.display(), .1)]
    Component(PathBuf, #[source] io::Error),
    /// A file of the registry cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// A file of the registry holds what it should not.
    #[error("{}: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// The change came to no end.
    #[error("the change came to no end: {0}")]
    Host(String),
}

impl RegistryError {
    pub(crate) fn activation(name: &str, version: &str, error: ActivationError) -> Self {
        Self::Activation { name: name.to_owned(), version: short_version(version).to_owned(), error }
    }

    /// Whether another configuration might be taken.
    #[must_use]
    pub fn is_of_configuration(&self) -> bool {
        let Self::Activation { error, .. } = self else { return false };
        matches!(error, ActivationError::Configuration { .. } | ActivationError::ConfigureFailed(_))
    }
}

fn nothing_before(active: Option<&str>, others: &[String]) -> String {
    let before = active.map_or("no version is active, and none was".to_owned(), |active| {
        format!("there is nothing to go back to: no version was active before {}", short_version(active))
    });
    let others: Vec<&str> = others.iter().map(|version| short_version(version)).collect();
    match others.is_empty() {
        true => format!("{before}, and there is no other"),
        false => format!("{before}; `policy activate` takes any other: {}", others.join(", ")),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}
