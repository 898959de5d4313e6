//! Makes a component of the core module that a compiler built against the policy world.

use wit_component::ComponentEncoder;

/// Makes the component. The module says itself, in a section of its own, which world it was built for.
///
/// # Errors
/// When the module is none, was built for no world, or wants imports that the world does not have, such as files.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, String> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("no component can be made of it: {error:#}"))
}
