//! The API's own description.

use axum::Extension;
use axum::body::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;

use crate::admin::problem::ProblemDocument;

/// The OpenAPI document, as JSON.
#[derive(Clone)]
pub(in crate::admin) struct Description(pub(in crate::admin) Bytes);

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "reading",
    responses(
        (status = 200, description = "The API's description, in OpenAPI", body = Object),
        (status = 401, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn openapi(
    Extension(Description(json)): Extension<Description>,
) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(CONTENT_TYPE, "application/json")], json)
}
