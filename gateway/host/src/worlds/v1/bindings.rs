//! The world as wasmtime's bindings of `wasm-sdk/wit/policy.wit`.

#[allow(missing_docs, unreachable_pub, reason = "generated; the WIT file documents it")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wasm-sdk/wit",
        world: "policy",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
        exports: { default: async },
    });
}

pub(crate) use generated::tallygate::policy::host::{Host, Level, add_to_linker};
pub(crate) use generated::tallygate::policy::types::*;
