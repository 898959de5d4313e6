//! The component that a file holds, or that is made of the core module in it.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

/// How a core module begins; a component has another version.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// How the section of a module is called that says which world it was built for.
const WORLD: &[u8] = b"component-type";

/// Reads a component. Of a core module, as a compiler leaves it, one is made.
///
/// # Errors
/// When the file cannot be read, or its module was not built for the policy world.
pub(crate) fn read_component(file: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    component_of(bytes).with_context(|| file.display().to_string())
}

/// The same of bytes; what is neither is left for the policy host to refuse.
///
/// # Errors
/// When a module was not built for the policy world.
pub(crate) fn component_of(bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.starts_with(CORE_MODULE) {
        return Ok(bytes);
    }
    let made = if bytes.windows(WORLD.len()).any(|window| window == WORLD) {
        tallygate_componentize::componentize(&bytes)
    } else {
        Err("it was built for no world".to_owned())
    };
    made.map_err(|error| {
        anyhow!("it is a core module, and {error}; `tallygate policy build` makes a component of a crate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_that_was_built_for_nothing_is_told_what_would_make_it_a_component() {
        let error = format!("{:#}", component_of(CORE_MODULE.to_vec()).unwrap_err());
        assert!(error.contains("it is a core module") && error.contains("tallygate policy build"), "{error}");
        assert_eq!(component_of(b"<xml/>".to_vec()).unwrap(), b"<xml/>");
    }
}
