//! Takes the caller out of a request's credentials; a handler that names a [`Caller`] is closed to strangers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::extract::rejection::ExtensionRejection;
use http::Method;
use http::request::Parts;
use tallygate_serve::Peer;

use super::caller::Caller;
use super::origin::SameOrigin;
use super::problem::Problem;
use super::shared::Shared;

/// The address that a request comes from.
pub(super) struct Address(pub(super) IpAddr);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Problem;

    /// Refuses everybody who is not known; a browser's change from elsewhere too.
    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Address(peer) = Address::from_request_parts(parts, shared).await?;
        let caller = shared.access.caller(&parts.headers, peer).await?;
        if matches!(caller, Self::Session { .. }) && parts.method != Method::GET {
            SameOrigin::check(parts)?;
        }
        Ok(caller)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ExtensionRejection> {
        let Extension(Peer(address)) = Extension::from_request_parts(parts, state).await?;
        Ok(Self(address.ip()))
    }
}
