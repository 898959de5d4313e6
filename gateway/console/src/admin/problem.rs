//! Refusals, as `application/problem+json` (RFC 9457): the only place where a failure gets its status.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{ExtensionRejection, PathRejection};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use tallygate_stream::StreamError;
use tallygate_sums::SumsError;
use utoipa::{ToResponse, ToSchema};

use crate::live::TooManyDays;
use crate::policies::PolicyError;
use crate::replays::ReplayError;

/// A refusal.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    headers: Vec<(http::HeaderName, HeaderValue)>,
}

/// What a refusal said, among its response's extensions.
#[derive(Clone, Debug)]
pub(super) struct Detail(pub(super) String);

/// A refusal (RFC 9457).
#[derive(Serialize, ToSchema, ToResponse)]
#[response(description = "A refusal (RFC 9457)", content_type = "application/problem+json")]
pub(super) struct ProblemDocument {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What was wrong, and what would be right.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), headers: Vec::new() }
    }

    fn with(mut self, name: http::HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((name, value));
        }
        self
    }

    fn away(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with(RETRY_AFTER, HeaderValue::from_static("2"))
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        // No Basic challenge: a browser would ask for the password by itself, over the page's own form.
        Self::new(StatusCode::UNAUTHORIZED, detail)
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tallygate\""))
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn nothing() -> Self {
        Self::not_found("there is nothing at this path")
    }

    pub(super) fn method(right: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("{right} would be right")).with(ALLOW, right)
    }

    pub(super) fn too_large(most: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body must have at most {most} bytes"))
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
    }

    pub(super) fn wait(time: Duration) -> Self {
        let seconds = time.as_secs().max(1);
        let detail = format!("too many failed attempts; try again in {seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).with(RETRY_AFTER, seconds.to_string())
    }

    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::away(detail)
    }

    pub(super) fn absent(what: &str, role: &str) -> Self {
        Self::not_found(format!("this process has no {what}; ask one that runs the role {role}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let detail = Detail(self.detail.clone());
        let document = ProblemDocument {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("refused"),
            status: self.status.as_u16(),
            detail: self.detail,
        };
        let mut response = (self.status, Json(document)).into_response();
        response.extensions_mut().insert(detail);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

impl From<ExtensionRejection> for Problem {
    fn from(rejection: ExtensionRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl From<SumsError> for Problem {
    fn from(error: SumsError) -> Self {
        Self::away(error.to_string())
    }
}

impl From<StreamError> for Problem {
    fn from(error: StreamError) -> Self {
        Self::away(error.to_string())
    }
}

impl From<TooManyDays> for Problem {
    fn from(error: TooManyDays) -> Self {
        Self::away(error.to_string())
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        let ReplayError::Away(detail) = error;
        Self::away(detail)
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        let detail = error.to_string();
        match error {
            PolicyError::Unknown(_) => Self::not_found(detail),
            PolicyError::Invalid(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
            PolicyError::Conflict(_) => Self::new(StatusCode::CONFLICT, detail),
            PolicyError::Away(_) => Self::away(detail),
        }
    }
}
