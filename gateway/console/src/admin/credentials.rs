//! Takes the caller out of a request's credentials; a handler that names a [`Caller`] is closed to strangers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;

use super::caller::Caller;
use super::origin::SameOrigin;
use super::problem::Problem;
use super::shared::Shared;

/// The address a request comes from; the server notes it with each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Problem;

    /// Refuses everybody who is not known; a browser's change from elsewhere too.
    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Peer(peer) = Peer::from_request_parts(parts, shared).await?;
        let caller = shared.access.caller(&parts.headers, peer).await?;
        if matches!(caller, Self::Session { .. }) && parts.method != Method::GET {
            SameOrigin::check(parts)?;
        }
        Ok(caller)
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let noted = parts.extensions.get().copied();
        noted.ok_or_else(|| Problem::unauthorized("the connection's address is not known"))
    }
}
