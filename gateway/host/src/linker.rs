//! What of the host a component is linked to, and where it has its own functions.

use wasmtime::component::{Component, ComponentExportIndex, Linker};

use crate::call::Call;
use crate::failure::ActivationError;
use crate::world::add_to_linker;

const HANDLER: &str = "tallygate:policy/handler@1.0.0";

/// What a component is linked to: the call's own functions, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> Result<Linker<Call>, ActivationError> {
    let mut linker = Linker::new(engine);
    add_to_linker::<Call, Data>(&mut linker, |call| call).map_err(wrong_world)?;
    Ok(linker)
}

pub(crate) fn wrong_world(error: wasmtime::Error) -> ActivationError {
    ActivationError::WrongWorld(format!("{error:#}"))
}

/// Where wasmtime finds the implementation of `host` in a store: the call itself.
struct Data;

impl wasmtime::component::HasData for Data {
    type Data<'a> = &'a mut Call;
}

/// Where a component has a function of the handler.
pub(crate) fn export(component: &Component, function: &str) -> Result<ComponentExportIndex, ActivationError> {
    let handler = component.get_export_index(None, HANDLER);
    handler
        .and_then(|handler| component.get_export_index(Some(&handler), function))
        .ok_or_else(|| ActivationError::WrongWorld(format!("it does not export {function} of {HANDLER}")))
}
