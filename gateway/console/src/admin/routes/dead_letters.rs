//! The dead letters.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use tallygate_core::Day;
use tallygate_reading::dead_letters::{Filter, Listing, Position, Shown};
use tallygate_reading::limits::{DEAD_LETTERS, DEAD_LETTERS_MOST};
use utoipa::IntoParams;

use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::query::{Query, given};
use crate::admin::shared::Shared;

/// Which dead letters are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::admin) struct DeadLettersQuery {
    /// Of this business day alone.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>, format = Date)]
    day: Option<Day>,
    /// Of this partner alone.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>)]
    partner: Option<String>,
    /// Those whose reason holds this text, whatever its case.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>)]
    reason: Option<String>,
    /// At most so many, the newest.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<u32>, maximum = 1_000, default = 50)]
    most: Option<usize>,
}

/// The newest dead letters. What was seen of them is held for a second; of very many the newest alone are searched.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "dead-letters",
    tag = "reading",
    params(DeadLettersQuery),
    responses(
        (status = 200, description = "The newest that pass the filter, newest last", body = Listing),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn list(
    Query(query): Query<DeadLettersQuery>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Listing>, Problem> {
    let most = query.most.unwrap_or(DEAD_LETTERS);
    if most > DEAD_LETTERS_MOST {
        return Err(Problem::bad(format!("most: must be at most {DEAD_LETTERS_MOST}, is {most}")));
    }
    let filter = Filter { day: query.day, partner: query.partner, reason: query.reason, most };
    Ok(Json(shared.reading()?.letters.list(&filter).await?))
}

/// One dead letter, whole: the one from this position of the log, or else the one at it among the dead letters.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters/{partition}/{offset}",
    operation_id = "dead-letter",
    tag = "reading",
    params(
        ("partition" = u32, Path, description = "The partition, from 0"),
        ("offset" = u64, Path, description = "The offset"),
    ),
    responses(
        (status = 200, description = "The dead letter", body = Shown),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn show(
    path: Result<Path<(String, String)>, PathRejection>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Shown>, Problem> {
    let Path((partition, offset)) = path?;
    let position: Position = format!("{partition}/{offset}").parse().map_err(Problem::bad)?;
    let shown = shared.reading()?.letters.show(position).await?;
    shown.map(Json).ok_or_else(|| {
        Problem::not_found(format!("no dead letter stands at {position}, nor one of the newest from there in the log"))
    })
}
