//! The policy world 1.0: the adapter between its types and the host's own.

mod bindings;
mod core;
mod core_host;
mod core_lift;
mod core_lower;
mod functions;
mod host;
mod lift;
mod lower;

pub(crate) use core::{Guest, module_of};
pub(crate) use core_lower::Passed;
pub(crate) use functions::{Functions, configure};
pub(crate) use host::add_to_linker;
pub(crate) use lift::{decision, reply, response_outcome};
pub(crate) use lower::{Seen, SeenResponse, refusal};
