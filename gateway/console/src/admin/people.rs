//! Logging in and out.

use http::header::{HeaderValue, SET_COOKIE};
use http::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::access::Who;
use super::body::{Body, json, read_json};
use super::problem::Problem;
use super::route::{Answer, Call};
use super::session::COOKIE;
use crate::limits::SESSION_LIFE;
use tallygate_reading::clock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    name: String,
    password: String,
}

/// Who is logged in; nobody is no error, for the page asks before it shows its form.
#[derive(Serialize)]
struct Session {
    user: Option<String>,
    today: String,
}

/// Says who is logged in.
pub(super) async fn session(call: Call) -> Answer {
    call.only(&Method::GET)?;
    let who = call.state.access.session(call.request.headers());
    let user = match who {
        Some(Who::Session { user, .. }) => Some(user),
        _ => None,
    };
    Ok(json(StatusCode::OK, &state(&call, user)))
}

/// Logs somebody in.
pub(super) async fn login(call: Call) -> Answer {
    call.only(&Method::POST)?;
    call.same_origin()?;
    let (parts, body) = call.request.into_parts();
    let login: Login = read_json(body).await?;
    let access = &call.state.access;
    access.password(&login.name, &login.password, call.peer).await?;
    if let Some(Who::Session { id, .. }) = access.session(&parts.headers) {
        access.sessions.close(&id);
    }
    let cookie = access.sessions.open(&login.name, Instant::now());
    let today = clock::today(&call.state.zone).to_string();
    let session = Session { user: Some(login.name), today };
    with_cookie(json(StatusCode::OK, &session), &cookie, SESSION_LIFE.as_secs())
}

/// Logs somebody out; whoever is not logged in is, too.
pub(super) async fn logout(call: Call) -> Answer {
    call.only(&Method::POST)?;
    call.same_origin()?;
    if let Some(Who::Session { id, .. }) = call.state.access.session(call.request.headers()) {
        call.state.access.sessions.close(&id);
    }
    let session = state(&call, None);
    with_cookie(json(StatusCode::OK, &session), "", 0)
}

fn state(call: &Call, user: Option<String>) -> Session {
    Session { user, today: clock::today(&call.state.zone).to_string() }
}

fn with_cookie(mut response: Response<Body>, value: &str, seconds: u64) -> Answer {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    let cookie = HeaderValue::try_from(cookie).map_err(|error| Problem::bad(error.to_string()))?;
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}
