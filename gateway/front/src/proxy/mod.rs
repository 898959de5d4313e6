//! Proxy routes: a request goes on to one of an upstream's targets in turn, streamed both ways.

mod body;
mod rewrite;
mod streamed;
mod upstream;

pub(crate) use body::OutgoingBody;
pub(crate) use rewrite::{Outgoing, is_hop_by_hop};
pub(crate) use streamed::Streamed;
pub(crate) use upstream::Upstream;
