//! Bodies of requests, within their limits, and of answers.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Problem;
use crate::limits::{BODY_TIME, JSON_BYTES};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A body that is known whole.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// An answer of JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    let mut response = Response::new(full(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A request's body, whole.
pub(super) async fn read(body: Incoming, most: usize) -> Result<Bytes, Problem> {
    let collected = timeout(BODY_TIME, Limited::new(body, most).collect()).await.map_err(|_| Problem::too_slow())?;
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(most)),
        Err(error) => Err(Problem::bad(format!("the body did not arrive whole: {error}"))),
    }
}

/// A request's body as JSON.
pub(super) async fn read_json<T: DeserializeOwned>(body: Incoming) -> Result<T, Problem> {
    let bytes = read(body, JSON_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad(format!("the body is not the JSON expected: {error}")))
}
