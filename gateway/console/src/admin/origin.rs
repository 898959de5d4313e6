//! Refuses what another site's page made a browser send.

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

use super::problem::Problem;

/// The request comes from this console's own page. Browsers name the origin with every POST.
pub(super) struct SameOrigin;

impl SameOrigin {
    /// Refuses what comes from elsewhere.
    pub(super) fn check(parts: &Parts) -> Result<Self, Problem> {
        let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let host = parts.uri.authority().map(|authority| authority.as_str()).or_else(|| text(&HOST));
        let same = match (text(&ORIGIN), host) {
            (Some(origin), Some(host)) => origin.strip_prefix("https://").is_some_and(|o| o.eq_ignore_ascii_case(host)),
            _ => false,
        };
        if same {
            return Ok(Self);
        }
        Err(Problem::forbidden("a change by session must come from this console's own page"))
    }
}

impl<S: Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::check(parts)
    }
}
