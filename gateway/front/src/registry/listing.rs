//! What is known of policies and their versions.

use jiff::Timestamp;

use super::state::Source;

/// What is known of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyListing {
    /// Its name.
    pub name: String,
    /// Its versions, in the order they came.
    pub versions: Vec<VersionListing>,
}

/// What is known of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionListing {
    /// The SHA-256 of the component.
    pub version: String,
    /// The bytes of the component.
    pub bytes: u64,
    /// When it came.
    pub came: Timestamp,
    /// How it came.
    pub source: Source,
    /// Whether it is the active one.
    pub active: bool,
    /// Whether a rollback would activate it.
    pub previous: bool,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The version.
    pub version: String,
    /// Whether it was not known before.
    pub new: bool,
}
