//! Putting dead letters back into the queue.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::admin::audit::Audited;
use crate::admin::body::read;
use crate::admin::caller::Caller;
use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::query::{Query, given};
use crate::admin::shared::Shared;
use crate::limits::{REPLAY_BYTES, REPLAY_LINES, REPLAY_WAIT};
use crate::replays::{Replay, Replayed};

/// How letters are replayed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::admin) struct ReplayQuery {
    /// Leaves and counts the letters that still lie outside the horizon, rather than to refuse each of them.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<bool>, default = false)]
    as_is: Option<bool>,
    /// Checks everything and replays nothing.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<bool>, default = false)]
    dry_run: Option<bool>,
}

/// Puts dead letters back into the queue: lines of an export, mended or not, or `{"at":"partition/offset"}` alone.
///
/// Each transaction keeps its partner, policy and id, so that it counts at most once. What is replayed is durable in the queue
/// and journalled before the answer, and bears who replayed it, when, and which letter it was.
#[utoipa::path(
    post,
    path = "/api/v1/replays",
    operation_id = "replay",
    tag = "replaying",
    params(ReplayQuery),
    request_body(
        description = "A letter a line, at most 1,000 lines and 8 MiB",
        content((String = "application/x-ndjson"))
    ),
    responses(
        (status = 200, description = "What became of each", body = Replayed),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 408, response = ProblemDocument),
        (status = 413, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn replay(
    caller: Caller,
    audited: Audited,
    Query(query): Query<ReplayQuery>,
    State(shared): State<Arc<Shared>>,
    body: Body,
) -> Result<Json<Replayed>, Problem> {
    let replays = shared.replays()?;
    // Letters are held whole, so few are received at one time; the others wait for a while.
    let Ok(Ok(_permit)) = tokio::time::timeout(REPLAY_WAIT, shared.replaying.acquire()).await else {
        return Err(Problem::busy("other letters are being replayed, try again when they are through"));
    };
    let body = read(body, REPLAY_BYTES).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::bad("the body is no UTF-8"))?;
    let lines: Vec<(u64, String)> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| (n, line.to_owned()))
        .collect();
    if lines.is_empty() || lines.len() > REPLAY_LINES {
        return Err(Problem::bad(format!("the body has {} lines, 1 to {REPLAY_LINES} would be right", lines.len())));
    }
    let (as_is, dry_run) = (query.as_is.unwrap_or(false), query.dry_run.unwrap_or(false));
    audited.note(|noted| noted.dry_run = Some(dry_run));
    let replayed = replays.replay(Replay { lines, as_is, dry_run }, &caller.name).await?;
    audited.note(|noted| {
        (noted.replayed, noted.outside) = (Some(replayed.replayed), Some(replayed.outside));
        noted.refused_letters = Some(replayed.refused.len() as u64);
    });
    Ok(Json(replayed))
}
