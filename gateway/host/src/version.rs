//! The version of a policy: what its component and its configuration hash to.

use sha2::{Digest, Sha256};

/// Nothing else hashes to what begins so.
const DOMAIN: &[u8] = b"tallygate policy version 2\0";

/// The version of a policy: the SHA-256 of its component and its configuration, each behind its length, in 64 lower-case
/// hexadecimal digits. The configuration counts byte by byte, so whoever keeps versions writes it in one form.
#[must_use]
pub fn version_of(component: &[u8], config_json: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    for part in [component, config_json.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 12 digits of a version, for people.
#[must_use]
pub fn short_version(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}
