//! The policy world 1.0: the adapter between its types and the host's own.

mod bindings;
mod functions;
mod host;
mod lift;
mod lower;

pub(crate) use functions::{Functions, configure};
pub(crate) use host::add_to_linker;
pub(crate) use lift::{decision, reply, response_outcome};
pub(crate) use lower::{Seen, SeenResponse, refusal};
