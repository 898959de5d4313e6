//! Logging in and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use cookie::{Cookie, SameSite, time};
use http::HeaderMap;
use http::header::SET_COOKIE;
use serde::{Deserialize, Serialize};
use tallygate_reading::clock;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::admin::address::Address;
use crate::admin::audit::Audited;
use crate::admin::body::JsonBody;
use crate::admin::caller::{Caller, Credential};
use crate::admin::origin::SameOrigin;
use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::session::COOKIE;
use crate::admin::shared::Shared;
use crate::limits::SESSION_LIFE;

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Login {
    /// The user's name.
    name: String,
    /// The password.
    password: String,
}

/// Who is logged in; nobody is no error, for the page asks before it shows its form.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct Session {
    /// The user's name.
    user: Option<String>,
    /// What the user may do: `reader`, `operator`, `author` or `admin`.
    role: Option<String>,
    /// The business day that it is.
    #[schema(format = Date)]
    today: String,
}

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "people",
    responses((status = 200, description = "Who is logged in, or nobody", body = Session))
)]
pub(in crate::admin) async fn session(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Json<Session> {
    let caller = shared.access.session(&headers);
    Json(shown(&shared, caller.as_ref()))
}

/// Logs somebody in.
#[utoipa::path(
    post,
    path = "/api/v1/login",
    tag = "people",
    request_body = Login,
    responses(
        (status = 200, description = "Logged in", body = Session, headers(("set-cookie" = String, description = "The session"))),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 403, response = ProblemDocument),
        (status = 408, response = ProblemDocument),
        (status = 413, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn login(
    _: SameOrigin,
    address: Address,
    audited: Audited,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    JsonBody(login): JsonBody<Login>,
) -> Result<impl IntoResponse, Problem> {
    let access = &shared.access;
    let caller = access.password(&login.name, &login.password, address, &audited).await?;
    audited.by(&caller);
    if let Some(Caller { credential: Credential::Session(id), .. }) = access.session(&headers) {
        access.sessions.close(&id);
    }
    let secret = access.sessions.open(&login.name, Instant::now());
    let life = i64::try_from(SESSION_LIFE.as_secs()).unwrap_or(i64::MAX);
    Ok(([(SET_COOKIE, cookie(secret, life))], Json(shown(&shared, Some(&caller)))))
}

/// Logs somebody out; whoever is not logged in is, too.
#[utoipa::path(
    post,
    path = "/api/v1/logout",
    tag = "people",
    responses(
        (status = 200, description = "Logged out", body = Session, headers(("set-cookie" = String, description = "None any more"))),
        (status = 403, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn logout(
    _: SameOrigin,
    audited: Audited,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> impl IntoResponse {
    if let Some(caller) = shared.access.session(&headers) {
        audited.by(&caller);
        if let Credential::Session(id) = caller.credential {
            shared.access.sessions.close(&id);
        }
    }
    ([(SET_COOKIE, cookie(String::new(), 0))], Json(shown(&shared, None)))
}

fn shown(shared: &Shared, caller: Option<&Caller>) -> Session {
    let (user, role) = (caller.map(|caller| caller.name.clone()), caller.map(|caller| caller.role.to_string()));
    Session { user, role, today: clock::today(&shared.zone).to_string() }
}

fn cookie(value: String, seconds: i64) -> String {
    Cookie::build((COOKIE, value))
        .path("/")
        .max_age(time::Duration::seconds(seconds))
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .to_string()
}
