//! The one gate: a route behind it is closed to strangers, and to those whose role does not have its permission.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::UtoipaMethodRouter;

use super::address::Address;
use super::audit::{Audit, Audited};
use super::caller::{Caller, Credential};
use super::document::CREDENTIALS;
use super::endpoint::operations;
use super::origin::SameOrigin;
use super::problem::Problem;
use super::role::Permission;
use super::shared::Shared;

/// What stands before one operation.
#[derive(Clone)]
struct Gate {
    shared: Arc<Shared>,
    permission: Permission,
    /// The operation's name.
    action: Arc<str>,
}

/// What stands before an operation that is open.
#[derive(Clone)]
struct Strangers {
    shared: Arc<Shared>,
    action: Arc<str>,
}

/// Puts an operation behind the gate, and says so in its description. Whoever passes is its [`Caller`].
pub(super) fn closed(
    shared: &Arc<Shared>,
    permission: Permission,
    (schemas, mut paths, router): UtoipaMethodRouter<Arc<Shared>>,
) -> UtoipaMethodRouter<Arc<Shared>> {
    let mut gate = Gate { shared: shared.clone(), permission, action: "".into() };
    let needs = |credential| SecurityRequirement::new(credential, [permission.name()]);
    for operation in paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(CREDENTIALS.into_iter().map(needs).collect());
        gate.action = operation.operation_id.clone().unwrap_or_default().into();
    }
    (schemas, paths, router.route_layer(from_fn_with_state(gate, pass)))
}

/// An operation that is open to strangers, and has its line of the log all the same.
pub(super) fn open(
    shared: &Arc<Shared>,
    (schemas, mut paths, router): UtoipaMethodRouter<Arc<Shared>>,
) -> UtoipaMethodRouter<Arc<Shared>> {
    let mut strangers = Strangers { shared: shared.clone(), action: "".into() };
    for operation in paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(vec![SecurityRequirement::default()]);
        strangers.action = operation.operation_id.clone().unwrap_or_default().into();
    }
    (schemas, paths, router.route_layer(from_fn_with_state(strangers, watch)))
}

async fn watch(State(Strangers { shared, action }): State<Strangers>, mut request: Request, next: Next) -> Response {
    let audit = Audit::new(&shared.strangers, &action, Address::of(request.extensions()), request.method());
    request.extensions_mut().insert(audit.noted());
    audit.answered(next.run(request).await)
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let audit = Audit::new(&gate.shared.strangers, &gate.action, Address::of(request.extensions()), request.method());
    let (mut parts, body) = request.into_parts();
    let response = match gate.known(&parts, &audit.noted()).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            parts.extensions.insert(audit.noted());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    };
    audit.answered(response)
}

impl Gate {
    /// Who calls, if it may. A browser's change from another site's page may not.
    async fn known(&self, parts: &Parts, noted: &Audited) -> Result<Caller, Problem> {
        let caller = self.shared.access.caller(&parts.headers, Address::of(&parts.extensions), noted).await?;
        noted.by(&caller);
        if matches!(caller.credential, Credential::Session(_)) && parts.method != Method::GET {
            SameOrigin::check(parts)?;
        }
        if !caller.role.may(self.permission) {
            let (name, role, whose) = (&caller.name, caller.role, self.permission.whose());
            return Err(Problem::forbidden(format!("{name} is {role} here, and this is for {whose}")));
        }
        Ok(caller)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// Whoever passed the gate; without one in front of a route, nobody did.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::forbidden("nobody may do this"))
    }
}
