//! What is known of policies and their versions, and what was done with them.

use jiff::Timestamp;
use tallygate_host::About;

use super::state::Source;

/// What is known of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyListing {
    /// Its name.
    pub name: String,
    /// The version that its operator activated last; none: none was yet.
    pub active: Option<String>,
    /// The version that serves, which is another one where the active one does not start; none: it refuses everything.
    pub serving: Option<String>,
    /// Why the active version does not serve.
    pub trouble: Option<String>,
    /// Its versions, in the order they came.
    pub versions: Vec<VersionListing>,
}

/// What is known of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionListing {
    /// The SHA-256 of component and configuration.
    pub version: String,
    /// The bytes of the component.
    pub bytes: u64,
    /// The bytes of the configuration.
    pub config_bytes: u64,
    /// When it came.
    pub came: Timestamp,
    /// How it came.
    pub source: Source,
    /// Whether it is the active one.
    pub active: bool,
    /// Whether a rollback would activate it.
    pub previous: bool,
    /// The routes that have this version whichever is active.
    pub pinned_by: Vec<String>,
    /// What it says of itself; none while it is not compiled here.
    pub about: Option<About>,
}

/// A version with its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionDetail {
    /// What is known of it.
    pub listing: VersionListing,
    /// Its configuration, a JSON object.
    pub config_json: String,
}

/// Where a pushed version has its configuration from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFrom {
    /// It came with the push.
    Push,
    /// From the version that was active.
    Active,
    /// From the configured file.
    File,
    /// There was none, or one without keys, so it is empty.
    Nowhere,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The version.
    pub version: String,
    /// Whether it was not known before.
    pub new: bool,
    /// Where its configuration is from.
    pub config_from: ConfigFrom,
}

/// What an activation or a rollback did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    /// The version that is active now.
    pub active: String,
    /// The version that was active before; none: none was.
    pub previous: Option<String>,
    /// Whether anything changed.
    pub changed: bool,
}

impl ConfigFrom {
    /// `push`, `active`, `file` or `nowhere`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Active => "active",
            Self::File => "file",
            Self::Nowhere => "nowhere",
        }
    }
}
