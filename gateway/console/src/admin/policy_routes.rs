//! Pushing, activating and rolling back policies.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;

use super::access::Who;
use super::body::{json, read, read_json};
use super::problem::Problem;
use super::query::decode;
use super::route::{Answer, Call};
use crate::limits::COMPONENT_BYTES;
use crate::policies::PolicyAdmin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activate {
    version: String,
}

/// Every policy with its versions.
pub(super) async fn list(call: Call) -> Answer {
    call.known(&Method::GET).await?;
    let policies = policies(&call)?.list().await?;
    Ok(json(StatusCode::OK, &serde_json::json!({ "policies": policies })))
}

/// Takes a component in as an inactive version.
pub(super) async fn push(call: Call, name: &str) -> Answer {
    let who = call.known(&Method::POST).await?;
    let (policies, name) = (policies(&call)?, decode(name)?);
    let Ok(_place) = call.state.pushes.try_acquire() else {
        return Err(Problem::busy("other components are being received, try again when they are through"));
    };
    let component = read(call.request.into_body(), COMPONENT_BYTES).await?;
    if component.is_empty() {
        return Err(Problem::bad("the body is empty, the bytes of a component would be right"));
    }
    let pushed = policies.push(&name, component).await?;
    tracing::info!(by = caller(&who), policy = %pushed.policy, version = %pushed.version, "a policy was pushed");
    let status = if pushed.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &pushed))
}

/// Makes a version the one that works.
pub(super) async fn activate(call: Call, name: &str) -> Answer {
    let who = call.known(&Method::POST).await?;
    let (policies, name) = (policies(&call)?, decode(name)?);
    let Activate { version } = read_json(call.request.into_body()).await?;
    let switched = policies.activate(&name, &version).await?;
    tracing::info!(by = caller(&who), policy = %switched.policy, active = %switched.active, "a policy was activated");
    Ok(json(StatusCode::OK, &switched))
}

/// Makes the version before work again.
pub(super) async fn rollback(call: Call, name: &str) -> Answer {
    let who = call.known(&Method::POST).await?;
    let switched = policies(&call)?.rollback(&decode(name)?).await?;
    tracing::info!(by = caller(&who), policy = %switched.policy, active = %switched.active, "a policy was rolled back");
    Ok(json(StatusCode::OK, &switched))
}

fn policies(call: &Call) -> Result<Arc<dyn PolicyAdmin>, Problem> {
    call.state.policies.clone().ok_or_else(|| Problem::absent("policies", "gateway"))
}

fn caller(who: &Who) -> &str {
    match who {
        Who::Session { user, .. } => user,
        Who::Program(name) => name,
    }
}
