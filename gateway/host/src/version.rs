//! The version of a component.

use sha2::{Digest, Sha256};

/// The version of a component: the SHA-256 of its bytes, in 64 lower-case hexadecimal digits.
#[must_use]
pub fn version_of(component: &[u8]) -> String {
    Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 12 digits of a version, for people.
#[must_use]
pub fn short_version(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}
