//! What the gateway does for a policy while it handles a message.
//!
//! Outside of wasm, as in `cargo test`, it is done by [`testing`](crate::testing): log lines go to stderr, and keys are
//! those that the test sets.

#[cfg(not(target_family = "wasm"))]
use crate::testing::host as imports;
#[cfg(target_family = "wasm")]
use crate::world::tallygate::policy::host as imports;

pub use crate::world::tallygate::policy::host::Level;

/// Writes a line to the gateway's log. Long lines are cut and many are dropped.
pub fn log(level: Level, message: &str) {
    imports::log(level, message);
}

/// Signs the element whose `Id` is `element_id` and returns the document with the signature as its last child.
///
/// # Errors
/// Says what is wrong with the key or the document.
pub fn sign_xml(key: &str, document: &[u8], element_id: &str) -> Result<Vec<u8>, String> {
    imports::sign_xml(key, document, element_id)
}

/// The 32 bytes of HMAC-SHA-256 over `data`.
///
/// # Errors
/// Says what is wrong with the key.
pub fn hmac_sha256(key: &str, data: &[u8]) -> Result<Vec<u8>, String> {
    imports::hmac_sha256(key, data)
}
