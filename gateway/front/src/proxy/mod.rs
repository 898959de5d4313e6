//! Proxy routes: a request goes on to one of an upstream's targets in turn, streamed both ways.

mod body;
mod client;
mod connector;
mod forged;
mod framing;
mod max_forwards;
mod rewrite;
mod streamed;
mod upstream;
mod waiting;

pub(crate) use body::OutgoingBody;
pub(crate) use max_forwards::ends_here;
pub(crate) use rewrite::{Outgoing, is_hop_by_hop, received_headers};
pub(crate) use streamed::{CutShort, Streamed};
pub(crate) use upstream::{Trouble, Upstream};
