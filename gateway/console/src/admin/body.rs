//! Bodies of requests, within their limits.

use std::error::Error as _;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Problem;
use crate::limits::{BODY_TIMEOUT, JSON_BYTES};

/// A body of JSON, whatever its type says.
pub(super) struct JsonBody<T>(pub(super) T);

/// A request's body, whole.
pub(super) async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let collected = timeout(BODY_TIMEOUT, to_bytes(body, most)).await.map_err(|_| Problem::too_slow())?;
    collected.map_err(|error| match error.source() {
        Some(source) if source.is::<LengthLimitError>() => Problem::too_large(most),
        _ => Problem::bad(format!("the body did not arrive whole: {error}")),
    })
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request.into_body(), JSON_BYTES).await?;
        Json::from_bytes(&bytes).map(|Json(value)| Self(value)).map_err(|rejection| {
            let why = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
            Problem::bad(format!("the body is not the JSON expected: {why}"))
        })
    }
}
