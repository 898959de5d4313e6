//! How the appliance does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::shared::Shared;
use crate::status::Status;

/// How the appliance does.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "reading",
    responses(
        (status = 200, description = "How it does now", body = Status),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn status(State(shared): State<Arc<Shared>>) -> Result<Json<Status>, Problem> {
    Ok(Json(shared.status()?.status().await))
}
