//! Listing, showing, pushing, activating, rolling back and removing versions of policies.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::audit::Audited;
use crate::admin::body::{JsonBody, read};
use crate::admin::encoding;
use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::shared::Shared;
use crate::admin::upload::{self, FORM_BYTES, UploadForm};
use crate::limits::PUSH_WAIT;
use crate::policies::{Policy, PolicyAdmin, PolicyVersionDetail, Pushed, Removed, Switched};

/// What administers a policy, and the policy's name.
pub(in crate::admin) struct Named {
    policies: Arc<dyn PolicyAdmin>,
    name: String,
}

/// What administers a policy, the policy's name, and a version of it.
pub(in crate::admin) struct NamedVersion {
    policies: Arc<dyn PolicyAdmin>,
    name: String,
    version: String,
}

/// The version that shall work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Activate {
    /// Its hash, or the first 8 digits of it or more.
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
pub(in crate::admin) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Policies>, Problem> {
    Ok(Json(Policies { policies: shared.policies()?.list().await? }))
}

/// Takes a component in as an inactive version, with its configuration; the first one of a name makes a policy. The same
/// again is the same version.
#[utoipa::path(
    post,
    path = "/api/v1/policies/{name}/versions",
    tag = "policies",
    params(("name" = String, Path, description = "The policy")),
    request_body(
        description = "The component with its configuration; or the component's bytes alone, which take the configuration \
                       of the active version, else the file's, else an empty one",
        content(
            (UploadForm = "multipart/form-data"),
            (String = "application/wasm"),
        )
    ),
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
    audited: Audited,
    Named { policies, name }: Named,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Pushed>), Problem> {
    // Components are held whole, so few are received at one time; the others wait for a while.
    let Ok(Ok(_permit)) = tokio::time::timeout(PUSH_WAIT, shared.pushes.acquire()).await else {
        return Err(Problem::busy("other components are being received, try again when they are through"));
    };
    let body = read(body, policies.component_bytes() + policies.config_bytes() + FORM_BYTES).await?;
    let upload = upload::read(&headers, body, policies.config_bytes()).await?;
    if upload.component.len() > policies.component_bytes() {
        return Err(Problem::too_large(policies.component_bytes()));
    }
    let pushed = policies.push(&name, upload.component, upload.config).await?;
    audited.note(|noted| {
        (noted.version, noted.changed) = (Some(pushed.version.clone()), Some(pushed.new));
    });
    let status = if pushed.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(pushed)))
}

/// One version with its configuration.
#[utoipa::path(
    get,
    path = "/api/v1/policies/{name}/versions/{version}",
    operation_id = "version",
    tag = "policies",
    params(
        ("name" = String, Path, description = "The policy"),
        ("version" = String, Path, description = "Its hash, or the first 8 digits of it or more"),
    ),
    responses(
        (status = 200, description = "The version", body = PolicyVersionDetail),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn show(version: NamedVersion) -> Result<Json<PolicyVersionDetail>, Problem> {
    Ok(Json(version.policies.show(&version.name, &version.version).await?))
}

/// Removes a version for good, if it is neither active nor pinned by a route.
#[utoipa::path(
    delete,
    path = "/api/v1/policies/{name}/versions/{version}",
    operation_id = "remove",
    tag = "policies",
    params(
        ("name" = String, Path, description = "The policy"),
        ("version" = String, Path, description = "Its hash, or the first 8 digits of it or more"),
    ),
    responses(
        (status = 200, description = "It is gone", body = Removed),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 409, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn remove(audited: Audited, version: NamedVersion) -> Result<Json<Removed>, Problem> {
    let removed = version.policies.remove(&version.name, &version.version).await?;
    audited.note(|noted| noted.version = Some(removed.removed.clone()));
    Ok(Json(removed))
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
    audited: Audited,
    Named { policies, name }: Named,
    JsonBody(Activate { version }): JsonBody<Activate>,
) -> Result<Json<Switched>, Problem> {
    audited.note(|noted| noted.version = Some(version.clone()));
    let switched = policies.activate(&name, &version).await?;
    note_switch(&audited, &switched);
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
    audited: Audited,
    Named { policies, name }: Named,
) -> Result<Json<Switched>, Problem> {
    let switched = policies.rollback(&name).await?;
    note_switch(&audited, &switched);
    Ok(Json(switched))
}

fn note_switch(audited: &Audited, switched: &Switched) {
    audited.note(|noted| {
        (noted.version, noted.previous) = (Some(switched.active.clone()), switched.previous.clone());
        noted.changed = Some(switched.changed);
    });
}

impl FromRequestParts<Arc<Shared>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let policies = shared.policies()?.clone();
        encoding::check(parts.uri.path())?;
        let Path(name): Path<String> = Path::from_request_parts(parts, shared).await?;
        let Ok(audited) = Audited::from_request_parts(parts, shared).await;
        audited.note(|noted| noted.policy = Some(name.clone()));
        Ok(Self { policies, name })
    }
}

impl FromRequestParts<Arc<Shared>> for NamedVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let policies = shared.policies()?.clone();
        encoding::check(parts.uri.path())?;
        let Path((name, version)): Path<(String, String)> = Path::from_request_parts(parts, shared).await?;
        let Ok(audited) = Audited::from_request_parts(parts, shared).await;
        audited.note(|noted| (noted.policy, noted.version) = (Some(name.clone()), Some(version.clone())));
        Ok(Self { policies, name, version })
    }
}
