//! One request, from its head to its reply: route, access, policies, and then the queue or an upstream.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tallygate_host::{Accepted, Message, Outcome, PolicyFailure, Refusal, Reply};
use tallygate_serve::Exchange;

use crate::access::Caller;
use crate::body::RequestBody;
use crate::clock::unix_millis;
use crate::connection::Connection;
use crate::head::{host, listed, target};
use crate::ingest::Origin;
use crate::limits::FAULT_TIME;
use crate::memory::Reservation;
use crate::metrics::{FailureLabels, RequestLabels};
use crate::permit::Permit;
use crate::policy::ActivePolicy;
use crate::problem::{self, Problem};
use crate::proxy::{Outgoing, OutgoingBody, Streamed};
use crate::reply::{self, ReplyBody};
use crate::routes::{Route, Step};
use crate::shared::Shared;
use crate::trace::Trace;

/// A request, and what has become known of it on its way.
struct Context<'s> {
    exchange: &'s Exchange<Connection>,
    trace: Trace,
    unix_millis: i64,
    parts: Parts,
    route: Option<&'s Route>,
    caller: Caller,
    /// The policies that have seen it, each in the version that was active then.
    consulted: Vec<(&'s Step, Arc<dyn ActivePolicy>)>,
    message: Option<Message>,
    permit: Option<Permit>,
    /// What its body has of the memory budget.
    reservation: Option<Reservation>,
}

/// Answers one request, whatever happens on its way.
pub(crate) async fn serve(
    shared: &Shared,
    exchange: &Exchange<Connection>,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let began = Instant::now();
    let unix_millis = unix_millis();
    let (parts, body) = request.into_parts();
    let mut context = Context {
        exchange,
        trace: Trace::of(&parts.headers, unix_millis.unsigned_abs()),
        unix_millis,
        parts,
        route: None,
        caller: Caller { partner: None, by_key: false },
        consulted: Vec::new(),
        message: None,
        permit: None,
        reservation: None,
    };
    let outcome = AssertUnwindSafe(handle(shared, &mut context, body)).catch_unwind().await;
    let response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => refuse(shared, &mut context, problem).await,
        Err(_) => {
            let problem = Problem::Internal("a request's task panicked".into());
            refuse(shared, &mut context, problem).await
        }
    };
    record(shared, &context, response.status().as_u16(), began);
    response
}

/// The way of a request, from top to bottom.
async fn handle<'s>(
    shared: &'s Shared,
    context: &mut Context<'s>,
    incoming: Incoming,
) -> Result<Response<ReplyBody>, Problem> {
    let route = shared.routes.find(
        context.exchange.connection().listener,
        host(&context.parts)?,
        context.parts.uri.path(),
        &context.parts.method,
    )?;
    context.route = Some(route);
    context.permit = Some(shared.in_flight.try_acquire().ok_or(Problem::Busy(shared.limits.retry_after))?);
    context.caller = shared.partners.find(
        &route.without_credential,
        &context.exchange.connection().certificate,
        &context.parts.headers,
    )?;
    let mut body = Some(RequestBody::new(incoming, &context.parts.headers, &shared.limits)?);
    for step in &route.policies {
        match consult(shared, context, step, &mut body).await? {
            Outcome::Accept(accepted) => return accept(shared, context, accepted).await,
            Outcome::Answer(reply) => return Ok(reply::response(reply)),
            Outcome::Forward(forwarded) => {
                if forwarded.body.is_some() {
                    body = None;
                }
                forwarded.apply(context.message(route));
            }
            Outcome::Reject(refusal) => return Err(Problem::Rejected(refusal)),
        }
    }
    forward(shared, context, route, body).await
}

/// Asks one policy, in the version that is active now, with the body if it needs it.
async fn consult<'s>(
    shared: &Shared,
    context: &mut Context<'s>,
    step: &'s Step,
    body: &mut Option<RequestBody>,
) -> Result<Outcome, Problem> {
    let policy = step.policy.now();
    let route = context.route.ok_or_else(|| lost("route"))?;
    context.consulted.push((step, policy.clone()));
    if policy.needs_body()
        && let Some(unread) = body.take()
    {
        let (whole, reservation) = unread.whole(&shared.body_memory, &shared.limits).await?;
        context.message(route).body = whole;
        context.reservation = Some(reservation);
    }
    let message = context.message(route);
    let began = Instant::now();
    let outcome = policy.handle(message).await;
    step.seconds.observe(began.elapsed().as_secs_f64());
    outcome.map_err(|failure| {
        count_failure(shared, step, &failure);
        Problem::Policy(policy.name().to_owned(), failure)
    })
}

/// Queues what a policy accepted; its reply leaves only when that is durable.
async fn accept(shared: &Shared, context: &Context<'_>, accepted: Accepted) -> Result<Response<ReplyBody>, Problem> {
    let (_, policy) = context.consulted.last().ok_or_else(|| lost("policy"))?;
    let origin = Origin {
        // A proxy route lets callers through unnamed, but nothing counts without a name.
        partner: context.caller.partner.as_deref().ok_or(Problem::NoCredential)?,
        policy: policy.name(),
        version: policy.version(),
        traceparent: &context.trace.traceparent,
        unix_millis: context.unix_millis,
    };
    shared.ingest.accept(origin, accepted.transactions).await?;
    Ok(reply::response(accepted.reply))
}

/// Sends the request to the route's upstream, and its response back.
async fn forward<'s>(
    shared: &Shared,
    context: &mut Context<'s>,
    route: &'s Route,
    body: Option<RequestBody>,
) -> Result<Response<ReplyBody>, Problem> {
    let Some(upstream) = &route.upstream else {
        let (step, policy) = context.consulted.last().ok_or_else(|| lost("policy"))?;
        let failure = PolicyFailure::BadOutcome("forward, and the route leads no further".into());
        count_failure(shared, step, &failure);
        return Err(Problem::Policy(policy.name().to_owned(), failure));
    };
    let (method, target, headers, read) = match &mut context.message {
        None => (
            context.parts.method.clone(),
            target(&context.parts).to_owned(),
            context.parts.headers.clone(),
            Bytes::new(),
        ),
        Some(message) => (
            forwarded_method(context.consulted.last(), message)?,
            message.target.clone(),
            reply::fields(message.headers.clone(), |_| false),
            Bytes::from(message.body.clone()),
        ),
    };
    let body = match body {
        Some(unread) => OutgoingBody::Streamed(unread.streamed()),
        None => OutgoingBody::Whole(Some(read).filter(|read| !read.is_empty())),
    };
    let outgoing = Outgoing {
        method,
        target: &target,
        headers,
        peer: context.exchange.peer().ip(),
        secure: context.exchange.connection().secure,
        host: host(&context.parts)?,
        traceparent: &context.trace.traceparent,
        by_key: context.caller.by_key,
    };
    let response = upstream.ask(outgoing, body, &shared.limits).await?;
    if context.consulted.iter().any(|(_, policy)| policy.sees_responses()) {
        return respond(shared, context, response).await;
    }
    let permit = context.permit.take();
    Ok(response.map(|body| ReplyBody::Streamed(Box::new(Streamed::new(context.exchange.stream(body), permit)))))
}

/// Shows an upstream's response to the policies that want to see it, the last one first.
async fn respond(
    shared: &Shared,
    context: &mut Context<'_>,
    response: Response<Incoming>,
) -> Result<Response<ReplyBody>, Problem> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, shared.limits.body_bytes).collect();
    let body = tokio::time::timeout(shared.limits.upstream_time, body)
        .await
        .map_err(|_| Problem::UpstreamSlow)?
        .map_err(|error| Problem::UpstreamAway(format!("its response: {error}")))?;
    let mut reply = Reply {
        status: parts.status.as_u16(),
        headers: listed(&parts.headers, |_| true),
        body: body.to_bytes().into(),
    };
    let message = context.message.as_mut().ok_or_else(|| lost("message"))?;
    for (step, policy) in context.consulted.iter().rev() {
        if policy.sees_responses() {
            reply = policy.respond(message, &reply).await.map_err(|failure| {
                count_failure(shared, step, &failure);
                Problem::Policy(policy.name().to_owned(), failure)
            })?;
        }
    }
    Ok(reply::response(reply))
}

/// Says no, in the partner's own protocol where a policy of the route has a form for it.
async fn refuse<'s>(shared: &'s Shared, context: &mut Context<'s>, problem: Problem) -> Response<ReplyBody> {
    let refusal = problem.refusal();
    if let Some(cause) = problem.cause() {
        tracing::warn!(
            request = context.trace.request,
            route = context.route.map(|route| &*route.labels.route),
            partner = context.caller.partner.as_deref(),
            status = refusal.status,
            "{cause}",
        );
    }
    let fault = tokio::time::timeout(FAULT_TIME, fault(shared, context, &problem, &refusal)).await;
    let mut response = match fault {
        Ok(Some(reply)) => reply::response(reply),
        _ => problem::document(&refusal, &context.trace.request).map(ReplyBody::whole),
    };
    problem.complete(&refusal, &mut response);
    response
}

/// The refusal as the route's policies put it: the last one that saw the message, then those before it.
async fn fault<'s>(shared: &Shared, context: &mut Context<'s>, problem: &Problem, refusal: &Refusal) -> Option<Reply> {
    let route = context.route?;
    let _permit = shared.faults.try_acquire().ok()?;
    if context.consulted.is_empty() {
        let first = route.policies.first()?;
        context.consulted.push((first, first.policy.now()));
    }
    context.message(route);
    let message = context.message.as_mut()?;
    for (step, policy) in context.consulted.iter().rev() {
        // What has just taken all its time would only do so again.
        let spent = matches!(problem, Problem::Policy(name, PolicyFailure::Timeout(_)) if name == policy.name());
        if spent {
            continue;
        }
        match policy.fault(message, refusal).await {
            Ok(None) => {}
            Ok(reply) => return reply,
            Err(failure) => {
                count_failure(shared, step, &failure);
                tracing::warn!(request = message.id, policy = policy.name(), "fault: {failure}");
            }
        }
    }
    None
}

impl Context<'_> {
    /// The message as policies see it; made when the first one asks.
    fn message(&mut self, route: &Route) -> &mut Message {
        // Where nobody else comes after it, what the one policy does not need is left out.
        let alone = match &self.consulted[..] {
            [(_, policy)] if route.policies.len() == 1 && route.upstream.is_none() => Some(policy),
            _ => None,
        };
        let needed = |name: &str| alone.is_none_or(|policy| policy.needs_header(name));
        self.message.get_or_insert_with(|| Message {
            id: self.trace.request.clone(),
            received: jiff::Timestamp::from_millisecond(self.unix_millis).unwrap_or_default().to_string(),
            route: route.labels.route.to_string(),
            policy: String::new(),
            partner: self.caller.partner.as_deref().map(str::to_owned),
            method: self.parts.method.as_str().to_owned(),
            target: target(&self.parts).to_owned(),
            headers: listed(&self.parts.headers, needed),
            body: Vec::new(),
            facts: Vec::new(),
        })
    }
}

/// Counts the request and writes its line of the log.
fn record(shared: &Shared, context: &Context<'_>, status: u16, began: Instant) {
    let took = began.elapsed();
    let labels = match context.route {
        Some(route) => {
            route.seconds.observe(took.as_secs_f64());
            &route.labels
        }
        None => &shared.nowhere,
    };
    let counted = RequestLabels { route: labels.route.clone(), status };
    shared.metrics.requests.get_or_create(&counted).inc();
    tracing::info!(
        target: "tallygate::access",
        request = context.trace.request,
        traceparent = context.trace.traceparent,
        peer = %context.exchange.peer(),
        partner = context.caller.partner.as_deref(),
        route = &*labels.route,
        method = context.parts.method.as_str(),
        path = context.parts.uri.path(),
        status,
        micros = took.as_micros() as u64,
    );
}

fn count_failure(shared: &Shared, step: &Step, failure: &PolicyFailure) {
    let labels = FailureLabels { policy: step.labels.policy.clone(), kind: failure.code() };
    shared.metrics.policy_failures.get_or_create(&labels).inc();
}

fn forwarded_method(last: Option<&(&Step, Arc<dyn ActivePolicy>)>, message: &Message) -> Result<Method, Problem> {
    Method::from_bytes(message.method.as_bytes()).map_err(|_| {
        let name = last.map_or("", |(_, policy)| policy.name());
        let failure = PolicyFailure::BadOutcome(format!(
            "forward with the method {:?}, which would be such as `POST`",
            message.method
        ));
        Problem::Policy(name.to_owned(), failure)
    })
}

/// What the order of the steps rules out.
fn lost(what: &str) -> Problem {
    Problem::Internal(format!("a request lost its {what} on the way"))
}
