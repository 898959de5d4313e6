//! The address that a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;
use tallygate_serve::Peer;

/// The address that a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address(pub(super) IpAddr);

impl Address {
    /// That of a request with these extensions; the server puts it there.
    pub(super) fn of(extensions: &Extensions) -> Self {
        Self(extensions.get().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| address.ip().to_canonical()))
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
