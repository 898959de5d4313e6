//! A refusal on its way to the caller, in the partner's own protocol where a policy of the route has a form for it.

use bytes::Bytes;
use http::{Response, Version};
use tallygate_host::{Message, PolicyFailure, Refusal, Reply};
use tallygate_serve::Holder;

use crate::consulted::Consulted;
use crate::faults::Key;
use crate::held::Held;
use crate::limits::{FAULT_TIME, REQUEST_BYTES};
use crate::memory::needed_by_reply;
use crate::problem::{self, Problem};
use crate::reply;
use crate::routes::Route;
use crate::shared::Shared;

/// What is known of a request that is refused.
pub(crate) struct Refused<'r> {
    pub(crate) request: &'r str,
    pub(crate) version: Version,
    pub(crate) partner: Option<&'r str>,
    pub(crate) route: Option<&'r Route>,
    pub(crate) message: Option<&'r Message>,
    /// Who is refused.
    pub(crate) holder: Holder,
    /// The policies that have seen it.
    pub(crate) consulted: &'r [Consulted],
    /// Its place and its memory, where it got as far.
    pub(crate) held: Option<&'r mut Held>,
}

/// Says no.
pub(crate) async fn refuse(shared: &Shared, mut refused: Refused<'_>, problem: Problem) -> Response<Bytes> {
    let refusal = problem.refusal();
    let cause = problem.cause();
    if let Some(cause) = &cause {
        tell(&refused, &problem, refusal.status, cause);
    }
    if let Some(observer) = &shared.observer {
        observer.refused(&refusal, cause.as_deref());
    }
    let fault = tokio::time::timeout(FAULT_TIME, fault(shared, &refused, &problem, &refusal)).await;
    let mut response = match fault {
        Ok(Some(reply)) if has_room(&mut refused, &reply) => reply::response(reply),
        _ => problem::document(&refusal, refused.request),
    };
    problem.complete(&refusal, refused.version, &mut response);
    response
}

/// Whether there is room for a policy's words; there is for the plain ones in any case.
fn has_room(refused: &mut Refused<'_>, reply: &Reply) -> bool {
    let needed = needed_by_reply(reply.body.len());
    refused.held.as_mut().map_or(needed <= REQUEST_BYTES, |held| held.at_least(needed).is_ok())
}

/// Tells the operator why, as a warning where there is something to be done about it.
fn tell(refused: &Refused<'_>, problem: &Problem, status: u16, cause: &str) {
    let Refused { request, partner, .. } = refused;
    let route = refused.route.map(|route| &*route.labels.route);
    match problem {
        // A caller that leaves in the middle of its own request; its line of the log says so too.
        Problem::BodyBroken(_) => tracing::debug!(request, route, partner, status, "{cause}"),
        _ => tracing::warn!(request, route, partner, status, "{cause}"),
    }
}

/// The refusal as the first policy puts it that has a form for it: those that saw the message, the last of them first, and
/// then the others of the route.
async fn fault(shared: &Shared, refused: &Refused<'_>, problem: &Problem, refusal: &Refusal) -> Option<Reply> {
    let (route, message) = (refused.route?, refused.message?);
    // Whose message a policy has handled has cost that already; its policy's words are its own.
    if refused.consulted.iter().any(|consulted| consulted.has_handled) {
        return asked(shared, route, message, refused, problem, refusal).await;
    }
    let key = Key::of(message, refusal, |name| {
        route.policies.iter().any(|step| step.policy.now().about().needs_header(name))
    });
    if let Some(kept) = shared.faults.kept(&key) {
        return kept;
    }
    let _permit = shared.faults.permit(refused.holder.clone())?;
    let reply = asked(shared, route, message, refused, problem, refusal).await;
    shared.faults.keep(key, refused.request, reply.as_ref());
    reply
}

/// Asks the policies of a route, one after the other.
async fn asked(
    shared: &Shared,
    route: &Route,
    message: &Message,
    refused: &Refused<'_>,
    problem: &Problem,
    refusal: &Refusal,
) -> Option<Reply> {
    for consulted in refused.consulted.iter().rev() {
        // What has just taken all its time would only do so again.
        let name = consulted.policy.name();
        let spent = matches!(problem, Problem::Policy(of, PolicyFailure::Timeout(_)) if of == name);
        if spent {
            continue;
        }
        if let Some(reply) = consulted.fault(shared, message, refusal).await {
            return Some(reply);
        }
    }
    for step in &route.policies {
        if refused.consulted.iter().any(|consulted| consulted.is(step)) {
            continue;
        }
        if let Some(reply) = Consulted::now(step).fault(shared, message, refusal).await {
            return Some(reply);
        }
    }
    None
}
