//! One request, from its head to its reply: route, access, policies, and then the queue or an upstream.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Version, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tallygate_host::{Accepted, Forwarded, Header, Message, Outcome, PolicyFailure, Refusal, Reply};
use tallygate_serve::Exchange;

use crate::access::Caller;
use crate::body::{Held, Inbound};
use crate::connection::Connection;
use crate::front::{Gate, Place, unix_millis};
use crate::ingest::Origin;
use crate::limits::FAULT_TIME;
use crate::metrics::{FailureLabels, RequestLabels};
use crate::policy::ActivePolicy;
use crate::problem::{self, Problem};
use crate::proxy::{Onward, Outbound, Streamed};
use crate::reply::{self, ReplyBody};
use crate::routes::{Route, Step};
use crate::trace::Trace;

/// A request, and what has become known of it on its way.
struct Visit<'g> {
    exchange: &'g Exchange<Connection>,
    trace: Trace,
    unix_millis: i64,
    parts: Parts,
    route: Option<&'g Route>,
    caller: Caller,
    /// The policies that have seen it, each in the version it met.
    met: Vec<(&'g Step, Arc<dyn ActivePolicy>)>,
    message: Option<Message>,
    place: Option<Place>,
    /// The room its body takes up.
    held: Option<Held>,
}

/// Answers one request, whatever happens on its way.
pub(crate) async fn serve(
    gate: &Gate,
    exchange: &Exchange<Connection>,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let began = Instant::now();
    let unix_millis = unix_millis();
    let (parts, body) = request.into_parts();
    let mut visit = Visit {
        exchange,
        trace: Trace::of(&parts.headers, unix_millis.unsigned_abs()),
        unix_millis,
        parts,
        route: None,
        caller: Caller { partner: None, by_key: false },
        met: Vec::new(),
        message: None,
        place: None,
        held: None,
    };
    let outcome = AssertUnwindSafe(way(gate, &mut visit, body)).catch_unwind().await;
    let response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => refuse(gate, &mut visit, problem).await,
        Err(_) => {
            let problem = Problem::Internal("a request's task panicked".into());
            refuse(gate, &mut visit, problem).await
        }
    };
    record(gate, &visit, response.status().as_u16(), began);
    response
}

/// The way of a request, from top to bottom.
async fn way<'g>(gate: &'g Gate, visit: &mut Visit<'g>, incoming: Incoming) -> Result<Response<ReplyBody>, Problem> {
    let route = gate.routes.find(
        visit.exchange.connection().listener,
        host(&visit.parts)?,
        visit.parts.uri.path(),
        &visit.parts.method,
    )?;
    visit.route = Some(route);
    visit.place = Some(gate.place().ok_or(Problem::Busy(gate.limits.retry_after))?);
    visit.caller = gate.partners.find(route, &visit.exchange.connection().certificate, &visit.parts.headers)?;
    let mut body = Some(Inbound::new(incoming, &visit.parts.headers, &gate.limits)?);
    for step in &route.policies {
        match consult(gate, visit, step, &mut body).await? {
            Outcome::Accept(accepted) => return accept(gate, visit, accepted).await,
            Outcome::Answer(reply) => return Ok(reply::response(reply)),
            Outcome::Forward(forwarded) => apply(visit.message(route), forwarded, &mut body),
            Outcome::Reject(refusal) => return Err(Problem::Rejected(refusal)),
        }
    }
    forward(gate, visit, route, body).await
}

/// Asks one policy, in the version that is active now, with the body if it needs it.
async fn consult<'g>(
    gate: &Gate,
    visit: &mut Visit<'g>,
    step: &'g Step,
    body: &mut Option<Inbound>,
) -> Result<Outcome, Problem> {
    let policy = step.policy.now();
    let route = visit.route.ok_or_else(|| lost("route"))?;
    visit.met.push((step, policy.clone()));
    if policy.needs_body()
        && let Some(inbound) = body.take()
    {
        let (whole, held) = inbound.whole(&gate.room, &gate.limits).await?;
        visit.message(route).body = whole;
        visit.held = Some(held);
    }
    let message = visit.message(route);
    let began = Instant::now();
    let outcome = policy.handle(message).await;
    step.seconds.observe(began.elapsed().as_secs_f64());
    outcome.map_err(|failure| {
        count_failure(gate, step, &failure);
        Problem::Policy(policy.name().to_owned(), failure)
    })
}

/// Queues what a policy accepted; its reply leaves only when that is durable.
async fn accept(gate: &Gate, visit: &Visit<'_>, accepted: Accepted) -> Result<Response<ReplyBody>, Problem> {
    let (_, policy) = visit.met.last().ok_or_else(|| lost("policy"))?;
    let origin = Origin {
        // A proxy route lets callers through unnamed, but nothing counts without a name.
        partner: visit.caller.partner.as_deref().ok_or(Problem::NoCredential)?,
        policy: policy.name(),
        version: policy.version(),
        traceparent: &visit.trace.traceparent,
        unix_millis: visit.unix_millis,
    };
    gate.ingest.accept(origin, accepted.transactions).await?;
    Ok(reply::response(accepted.reply))
}

/// Carries out a policy's changes; what the gateway owns stays as it was.
fn apply(message: &mut Message, forwarded: Forwarded, body: &mut Option<Inbound>) {
    let Forwarded { method, target, set_headers, remove_headers, body: changed } = forwarded;
    if let Some(method) = method {
        message.method = method;
    }
    if let Some(target) = target {
        message.target = target;
    }
    let replaced = |name: &str| set_headers.iter().any(|set| set.name == name);
    message.headers.retain(|header| !remove_headers.contains(&header.name) && !replaced(&header.name));
    message.headers.extend(set_headers);
    if let Some(changed) = changed {
        message.body = changed;
        *body = None;
    }
}

/// Sends the request to the route's upstream, and its response back.
async fn forward<'g>(
    gate: &Gate,
    visit: &mut Visit<'g>,
    route: &'g Route,
    body: Option<Inbound>,
) -> Result<Response<ReplyBody>, Problem> {
    let Some(upstream) = &route.upstream else {
        let (step, policy) = visit.met.last().ok_or_else(|| lost("policy"))?;
        let failure = PolicyFailure::BadOutcome("forward, and the route leads no further".into());
        count_failure(gate, step, &failure);
        return Err(Problem::Policy(policy.name().to_owned(), failure));
    };
    let (method, target, headers, read) = match &mut visit.message {
        None => {
            (visit.parts.method.clone(), target(&visit.parts).to_owned(), visit.parts.headers.clone(), Bytes::new())
        }
        Some(message) => (
            forwarded_method(visit.met.last(), message)?,
            message.target.clone(),
            reply::fields(message.headers.clone(), |_| false),
            Bytes::from(message.body.clone()),
        ),
    };
    let body = match body {
        Some(inbound) => Outbound::Streamed(inbound.streamed()),
        None => Outbound::Whole(Some(read).filter(|read| !read.is_empty())),
    };
    let onward = Onward {
        method,
        target: &target,
        headers,
        peer: visit.exchange.peer().ip(),
        secure: visit.exchange.connection().secure,
        host: host(&visit.parts)?,
        traceparent: &visit.trace.traceparent,
        by_key: visit.caller.by_key,
    };
    let response = upstream.ask(onward, body, &gate.limits).await?;
    if visit.met.iter().any(|(_, policy)| policy.sees_responses()) {
        return respond(gate, visit, response).await;
    }
    let place = visit.place.take();
    Ok(response.map(|body| ReplyBody::Streamed(Box::new(Streamed::new(visit.exchange.stream(body), place)))))
}

/// Shows an upstream's response to the policies that want to see it, the last one first.
async fn respond(
    gate: &Gate,
    visit: &mut Visit<'_>,
    response: Response<Incoming>,
) -> Result<Response<ReplyBody>, Problem> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, gate.limits.body_bytes).collect();
    let body = tokio::time::timeout(gate.limits.upstream_time, body)
        .await
        .map_err(|_| Problem::UpstreamSlow)?
        .map_err(|error| Problem::UpstreamAway(format!("its response: {error}")))?;
    let mut reply = Reply {
        status: parts.status.as_u16(),
        headers: listed(&parts.headers, |_| true),
        body: body.to_bytes().into(),
    };
    let message = visit.message.as_mut().ok_or_else(|| lost("message"))?;
    for (step, policy) in visit.met.iter().rev() {
        if policy.sees_responses() {
            reply = policy.respond(message, &reply).await.map_err(|failure| {
                count_failure(gate, step, &failure);
                Problem::Policy(policy.name().to_owned(), failure)
            })?;
        }
    }
    Ok(reply::response(reply))
}

/// Says no, in the partner's own protocol where a policy of the route has a form for it.
async fn refuse<'g>(gate: &'g Gate, visit: &mut Visit<'g>, problem: Problem) -> Response<ReplyBody> {
    let refusal = problem.refusal();
    if let Some(cause) = problem.cause() {
        tracing::warn!(
            request = visit.trace.request,
            route = visit.route.map(|route| &*route.labels.route),
            partner = visit.caller.partner.as_deref(),
            status = refusal.status,
            "{cause}",
        );
    }
    let fault = tokio::time::timeout(FAULT_TIME, fault(gate, visit, &problem, &refusal)).await;
    let mut response = match fault {
        Ok(Some(reply)) => reply::response(reply),
        _ => problem::document(&refusal, &visit.trace.request),
    };
    problem.complete(&refusal, &mut response);
    response
}

/// The refusal as the route's policies put it: the last one that saw the message, then those before it.
async fn fault<'g>(gate: &Gate, visit: &mut Visit<'g>, problem: &Problem, refusal: &Refusal) -> Option<Reply> {
    let route = visit.route?;
    let _place = gate.faults.try_acquire().ok()?;
    if visit.met.is_empty() {
        let first = route.policies.first()?;
        visit.met.push((first, first.policy.now()));
    }
    visit.message(route);
    let message = visit.message.as_mut()?;
    for (step, policy) in visit.met.iter().rev() {
        // What has just taken all its time would only do so again.
        let spent = matches!(problem, Problem::Policy(name, PolicyFailure::Timeout(_)) if name == policy.name());
        if spent {
            continue;
        }
        match policy.fault(message, refusal).await {
            Ok(None) => {}
            Ok(reply) => return reply,
            Err(failure) => {
                count_failure(gate, step, &failure);
                tracing::warn!(request = message.id, policy = policy.name(), "fault: {failure}");
            }
        }
    }
    None
}

impl Visit<'_> {
    /// The message as policies see it; made when the first one asks.
    fn message(&mut self, route: &Route) -> &mut Message {
        // Where nobody else comes after it, what the one policy does not need is left out.
        let alone = match &self.met[..] {
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
fn record(gate: &Gate, visit: &Visit<'_>, status: u16, began: Instant) {
    let took = began.elapsed();
    let labels = match visit.route {
        Some(route) => {
            route.seconds.observe(took.as_secs_f64());
            &route.labels
        }
        None => &gate.nowhere,
    };
    let counted = RequestLabels { route: labels.route.clone(), status };
    gate.metrics.requests.get_or_create(&counted).inc();
    tracing::info!(
        target: "tallygate::access",
        request = visit.trace.request,
        traceparent = visit.trace.traceparent,
        peer = %visit.exchange.peer(),
        partner = visit.caller.partner.as_deref(),
        route = &*labels.route,
        method = visit.parts.method.as_str(),
        path = visit.parts.uri.path(),
        status,
        micros = took.as_micros() as u64,
    );
}

fn count_failure(gate: &Gate, step: &Step, failure: &PolicyFailure) {
    let labels = FailureLabels { policy: step.labels.policy.clone(), kind: failure.code() };
    gate.metrics.policy_failures.get_or_create(&labels).inc();
}

fn forwarded_method(met: Option<&(&Step, Arc<dyn ActivePolicy>)>, message: &Message) -> Result<Method, Problem> {
    Method::from_bytes(message.method.as_bytes()).map_err(|_| {
        let name = met.map_or("", |(_, policy)| policy.name());
        let failure = PolicyFailure::BadOutcome(format!(
            "forward with the method {:?}, which would be such as `POST`",
            message.method
        ));
        Problem::Policy(name.to_owned(), failure)
    })
}

/// Whom the request is for, as its caller named it: the authority, or the one Host header.
fn host(parts: &Parts) -> Result<&str, Problem> {
    let mut all = parts.headers.get_all(header::HOST).iter();
    let host = all.next();
    if all.next().is_some() {
        return Err(Problem::Host);
    }
    if let Some(authority) = parts.uri.authority() {
        return Ok(authority.as_str());
    }
    match host.map(|host| host.to_str()) {
        Some(Ok(host)) => Ok(host),
        None if parts.version != Version::HTTP_11 => Ok(""),
        _ => Err(Problem::Host),
    }
}

fn target(parts: &Parts) -> &str {
    let path = parts.uri.path_and_query();
    path.map_or("/", |path| path.as_str())
}

fn listed(headers: &HeaderMap, needed: impl Fn(&str) -> bool) -> Vec<Header> {
    let fields = headers.iter().filter(|(name, _)| needed(name.as_str()));
    fields.map(|(name, value)| Header { name: name.as_str().to_owned(), value: value.as_bytes().to_vec() }).collect()
}

/// What the order of the steps rules out.
fn lost(what: &str) -> Problem {
    Problem::Internal(format!("a request lost its {what} on the way"))
}
