//! The crate that a new policy begins with.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::name;
use super::sdk::Sdk;

/// The files, and their places in the crate. `NAME` and `SDK` in them are replaced.
const FILES: [(&str, &str); 10] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    (".cargo/config.toml", include_str!("template/cargo-config.toml")),
    (".gitignore", "/target\n/*.wasm\n"),
    ("README.md", include_str!("template/README.md")),
    ("src/lib.rs", include_str!("template/lib.rs")),
    ("samples/request.json", include_str!("template/request.json")),
    ("samples/two-payments.in.csv", include_str!("template/two-payments.in.csv")),
    ("samples/two-payments.expected.json", include_str!("template/two-payments.expected.json")),
    ("samples/wrong-amount.in.csv", include_str!("template/wrong-amount.in.csv")),
    ("samples/wrong-amount.expected.json", include_str!("template/wrong-amount.expected.json")),
];

/// Makes the crate of a new policy in a folder that is not there yet, or is empty.
///
/// # Errors
/// When the name is none, the folder is taken, or cannot be written.
pub(crate) fn scaffold(name: &str, folder: &Path, sdk: &Sdk) -> Result<()> {
    name::check(name)?;
    if folder.exists() && std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_some()) {
        bail!("{} is there already, and it is no empty folder; --dir names another one", folder.display());
    }
    for (place, text) in FILES {
        let file = folder.join(place);
        let parent = file.parent().unwrap_or(folder);
        let text = text.replace("NAME", name).replace("SDK", &sdk.dependency());
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        scaffold("payments", folder.path(), &Sdk::Registry).unwrap();
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("payments"));
        assert_eq!(manifest["dependencies"]["tallygate-policy"].as_str(), Some("1"));
        let error = scaffold("other", folder.path(), &Sdk::Registry).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
    }
}
