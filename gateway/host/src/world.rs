//! The policy world, version 1.0, as wasmtime's bindings of `wasm-sdk/wit/policy.wit`.

#[allow(missing_docs, unreachable_pub, reason = "generated; the WIT file documents it")]
mod v1 {
    wasmtime::component::bindgen!({
        path: "../../wasm-sdk/wit",
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
