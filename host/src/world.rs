//! The policy world, version 1.0, as wasmtime's bindings of `wasm-sdk/wit/policy.wit`.

use wasmtime::component::{Component, ComponentExportIndex};

use crate::failure::ActivationError;

const HANDLER: &str = "tallygate:policy/handler@1.0.0";

#[allow(missing_docs, unreachable_pub, reason = "generated; the WIT file documents it")]
mod v1 {
    wasmtime::component::bindgen!({
        path: "../wasm-sdk/wit",
        world: "policy",
        imports: { default: trappable },
        exports: { default: async },
        additional_derives: [PartialEq],
    });
}

pub use v1::tallygate::policy::types::{
    About, Accepted, Forwarded, Header, KeyUse, Message, Outcome, Refusal, Reply, Transaction,
};

pub(crate) use v1::Policy as World;
pub(crate) use v1::tallygate::policy::host::{Host, Level, add_to_linker};

/// Where a component has a function of the handler.
pub(crate) fn export(component: &Component, function: &str) -> Result<ComponentExportIndex, ActivationError> {
    let handler = component.get_export_index(None, HANDLER);
    handler
        .and_then(|handler| component.get_export_index(Some(&handler), function))
        .ok_or_else(|| ActivationError::WrongWorld(format!("it does not export {function} of {HANDLER}")))
}
