//! Listing, pushing, activating and rolling back policies.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::body::{JsonBody, read};
use crate::admin::caller::Caller;
use crate::admin::encoding;
use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::shared::Shared;
use crate::policies::{Policy, PolicyAdmin, Pushed, Switched};

/// What administers a policy, and the policy's name.
pub(in crate::admin) struct Named {
    policies: Arc<dyn PolicyAdmin>,
    name: String,
}

/// The version that shall work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Activate {
    /// Its content hash.
    version: String,
}

/// Every policy, by name.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct Policies {
    /// With their versions.
    policies: Vec<Policy>,
}

/// Every policy with its versions.
#[utoipa::path(
    get,
    path = "/api/v1/policies",
    operation_id = "policies",
    tag = "policies",
    responses(
        (status = 200, description = "Every policy, by name", body = Policies),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn list(_: Caller, State(shared): State<Arc<Shared>>) -> Result<Json<Policies>, Problem> {
    Ok(Json(Policies { policies: shared.policies()?.list().await? }))
}

/// Takes a component in as an inactive version. The same bytes again are the same version.
#[utoipa::path(
    post,
    path = "/api/v1/policies/{name}/versions",
    tag = "policies",
    params(("name" = String, Path, description = "The policy")),
    request_body(content = String, content_type = "application/wasm", description = "The component's bytes"),
    responses(
        (status = 200, description = "It was there already", body = Pushed),
        (status = 201, description = "It was taken in", body = Pushed),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 408, response = ProblemDocument),
        (status = 409, response = ProblemDocument),
        (status = 413, response = ProblemDocument),
        (status = 422, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn push(
    caller: Caller,
    Named { policies, name }: Named,
    State(shared): State<Arc<Shared>>,
    body: Body,
) -> Result<(StatusCode, Json<Pushed>), Problem> {
    let Ok(_permit) = shared.pushes.try_acquire() else {
        return Err(Problem::busy("other components are being received, try again when they are through"));
    };
    let component = read(body, policies.component_bytes()).await?;
    if component.is_empty() {
        return Err(Problem::bad("the body is empty, the bytes of a component would be right"));
    }
    let pushed = policies.push(&name, component).await?;
    tracing::info!(by = caller.name(), policy = %pushed.policy, version = %pushed.version, "a policy was pushed");
    let status = if pushed.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(pushed)))
}

/// Makes a version the one that works, at once and for all messages from then on.
#[utoipa::path(
    post,
    path = "/api/v1/policies/{name}/activate",
    tag = "policies",
    params(("name" = String, Path, description = "The policy")),
    request_body = Activate,
    responses(
        (status = 200, description = "It works now", body = Switched),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 408, response = ProblemDocument),
        (status = 409, response = ProblemDocument),
        (status = 413, response = ProblemDocument),
        (status = 422, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn activate(
    caller: Caller,
    Named { policies, name }: Named,
    JsonBody(Activate { version }): JsonBody<Activate>,
) -> Result<Json<Switched>, Problem> {
    let switched = policies.activate(&name, &version).await?;
    tracing::info!(by = caller.name(), policy = %switched.policy, active = %switched.active, "a policy was activated");
    Ok(Json(switched))
}

/// Makes the version that worked before this one work again.
#[utoipa::path(
    post,
    path = "/api/v1/policies/{name}/rollback",
    tag = "policies",
    params(("name" = String, Path, description = "The policy")),
    responses(
        (status = 200, description = "It works again", body = Switched),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 409, response = ProblemDocument),
        (status = 422, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn rollback(
    caller: Caller,
    Named { policies, name }: Named,
) -> Result<Json<Switched>, Problem> {
    let switched = policies.rollback(&name).await?;
    tracing::info!(by = caller.name(), policy = %switched.policy, active = %switched.active, "a policy was rolled back");
    Ok(Json(switched))
}

impl FromRequestParts<Arc<Shared>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let policies = shared.policies()?.clone();
        encoding::check(parts.uri.path())?;
        let Path(name) = Path::from_request_parts(parts, shared).await?;
        Ok(Self { policies, name })
    }
}
