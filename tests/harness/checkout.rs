//! The checkout whose line is tested, and what `make` puts into it.

use std::path::{Path, PathBuf};

/// A file or folder of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap().join(path)
}

/// The core module that a stock policy was made a component of.
pub fn core_module(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout("policies/target"), PathBuf::from);
    target.join(format!("wasm32-unknown-unknown/release/{name}.wasm"))
}

/// The folder of the stock policies.
pub fn policies() -> String {
    let folder = checkout("target/policies");
    assert!(
        folder.join("json.wasm").exists(),
        "no policies in {}: run policies/build.sh target/policies",
        folder.display()
    );
    folder.display().to_string()
}
