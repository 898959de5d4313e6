//! Who calls, and who may: the partner behind a client certificate or an API key, and a route's rule about callers.

mod authority;
mod callers;
mod credentials;
mod key_scope;
mod partners;

pub(crate) use authority::{are_strangers, certificates_in};
pub(crate) use callers::Access;
pub(crate) use credentials::{Certificate, Identity};
pub use key_scope::KeyScopes;
pub(crate) use partners::{Partners, authorities_of};
