//! Where the crate is that policies are written with.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The version that is asked of the registry.
const VERSION: &str = "1";
/// Where it is in a checkout.
const IN_CHECKOUT: &str = "wasm-sdk/rust";

/// The crate `tallygate-policy`.
#[derive(Debug, PartialEq)]
pub(crate) enum Sdk {
    /// In a folder.
    Folder(PathBuf),
    /// In the crate registry.
    Registry,
}

impl Sdk {
    /// The one that is named; else that of the checkout that this program is in, or was built in; else the registry's.
    ///
    /// # Errors
    /// When what is named is no such folder.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self> {
        if let Some(named) = named {
            let Some(folder) = crate_in(named) else {
                bail!("there is no crate tallygate-policy in {}", named.display());
            };
            return Ok(Self::Folder(folder));
        }
        let program = std::env::current_exe().unwrap_or_default();
        let built_in = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let checkout = program.ancestors().chain([built_in]).find_map(|folder| crate_in(&folder.join(IN_CHECKOUT)));
        Ok(checkout.map_or(Self::Registry, Self::Folder))
    }

    /// What a crate that uses it writes behind `tallygate-policy = `.
    pub(super) fn dependency(&self) -> String {
        match self {
            Self::Folder(folder) => format!("{{ path = {:?} }}", folder.display().to_string()),
            Self::Registry => format!("{VERSION:?}"),
        }
    }
}

fn crate_in(folder: &Path) -> Option<PathBuf> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    manifest.contains("name = \"tallygate-policy\"").then(|| folder.canonicalize().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkouts_own_is_found_and_a_wrong_folder_is_told() {
        let Sdk::Folder(found) = Sdk::find(None).unwrap() else { panic!("not the checkout's") };
        assert!(found.ends_with(IN_CHECKOUT) && found.is_absolute(), "{}", found.display());
        assert_eq!(Sdk::find(Some(&found)).unwrap(), Sdk::Folder(found.clone()));
        assert!(Sdk::find(Some(&found.join("src"))).is_err());
    }
}
