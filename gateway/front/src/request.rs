//! One request, from its head to its reply: route, access, policies, and then the queue or an upstream.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response};
use tallygate_host::{Accepted, Continuation, Forwarded, Message, Outcome, Transaction};
use tallygate_serve::{Exchange, Holder, Incoming};

use crate::access::Identity;
use crate::access_line::{AccessLine, Recorded, Sent};
use crate::body::{Received, RequestBody};
use crate::connection::Connection;
use crate::consulted::{Consulted, ToCount};
use crate::cookies;
use crate::cors;
use crate::deadline::Deadline;
use crate::head::{self, listed, plain, target};
use crate::held::{Held, caller};
use crate::host::Host;
use crate::ingest::{Origin, PolicyVersion};
use crate::limits::STREAMED_BYTES;
use crate::memory::{needed, needed_by_reply};
use crate::metrics::RequestLabels;
use crate::problem::Problem;
use crate::proxy::{Outgoing, OutgoingBody, Streamed, ends_here, received_headers};
use crate::refusing::{Refused, refuse};
use crate::reply::{self, ReplyBody};
use crate::routes::{Found, Route, Step};
use crate::shared::Shared;
use crate::trace::Trace;
use crate::upstream_call::{ResponseBody, Returned, UpstreamCall};

/// A request, and what has become known of it on its way.
struct Context<'s> {
    exchange: &'s Exchange<Connection>,
    /// What has become known of it for its line of the log, which is written once, at its end.
    line: Box<AccessLine>,
    unix_millis: i64,
    /// Its head, with host and path in the form in which they were compared.
    parts: Parts,
    host: Host,
    route: Option<&'s Route>,
    /// Who sent it, and the partner it counts as on its route.
    identity: Identity,
    partner: Option<Arc<str>>,
    /// The policies that have seen it, each in the version that was active then.
    consulted: Vec<Consulted>,
    message: Option<Message>,
    /// What is queued once all policies have let it pass.
    to_count: Option<ToCount>,
    /// Its place and its memory, once it may have them.
    held: Option<Held>,
    deadline: Deadline,
}

/// Answers one request, whatever happens on its way.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    exchange: &Exchange<Connection>,
    request: Request<Incoming>,
) -> Response<Recorded> {
    let began = Instant::now();
    let unix_millis = shared.clock.unix_millis();
    let (mut parts, body) = request.into_parts();
    // First of all, so that nobody behind ever sees a partner's key, whatever becomes of the request.
    let identity = shared.partners.identify(&exchange.connection().certificate, &mut parts.headers);
    cookies::join(&mut parts.headers);
    let mut context = Context {
        exchange,
        line: Box::new(AccessLine {
            began,
            trace: Trace::of(&parts.headers, unix_millis.unsigned_abs(), shared.clock.seed()),
            peer: exchange.peer(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            route: shared.nowhere.route.clone(),
            partner: None,
            received: Received::default(),
            cut_off: exchange.cut_off(),
            response: Sent::default(),
        }),
        unix_millis,
        parts,
        host: Host::default(),
        route: None,
        identity,
        partner: None,
        consulted: Vec::new(),
        message: None,
        to_count: None,
        held: None,
        deadline: Deadline::of(&shared.limits),
    };
    let outcome = AssertUnwindSafe(handle(shared, &mut context, body)).catch_unwind().await;
    let problem = match outcome {
        Ok(Ok(response)) => {
            return context.responded(shared, response);
        }
        Ok(Err(problem)) => problem,
        Err(_) => Problem::Internal("a request's task panicked".into()),
    };
    if let Some(route) = context.route.filter(|_| !problem.is_of_preflight()) {
        context.message(route);
    }
    if matches!(problem, Problem::BodyBroken(_)) {
        context.line.caller_left();
    }
    let refused = Refused {
        request: &context.line.trace.request,
        version: context.parts.version,
        partner: context.partner.as_deref(),
        route: context.route,
        message: context.message.as_ref(),
        holder: context.holder(),
        consulted: &context.consulted,
        held: context.held.as_mut(),
    };
    let response = refuse(shared, refused, problem).await;
    let response = context.sent(response);
    context.responded(shared, response)
}

/// The way of a request, from top to bottom.
async fn handle<'s>(
    shared: &'s Arc<Shared>,
    context: &mut Context<'s>,
    incoming: Incoming,
) -> Result<Response<ReplyBody>, Problem> {
    head::is_a_request(context.exchange.doubt(), &context.parts)?;
    context.host = head::host(&mut context.parts)?;
    let preflight = cors::preflight(&context.parts);
    let (listener, host) = (context.exchange.connection().listener, context.host.name());
    let find = |method| shared.routes.find(listener, host, context.parts.uri.path(), method);
    // A browser that asks about a method is answered by the route of that method.
    let Found { route, path } = match (find(&context.parts.method), &preflight) {
        (Err(Problem::Method(_)), Some(asked)) => find(asked),
        (found, _) => found,
    }?;
    context.route = Some(route);
    if let Some(settled) = head::settle_path(&context.parts.uri, path)? {
        context.parts.uri = settled;
    }
    context.line.route = route.labels.route.clone();
    if let Some(asked) = preflight
        && let Some(answer) = route.answer_preflight(&asked, &context.parts.headers)?
    {
        return Ok(context.sent(answer));
    }
    if route.upstream.is_some() {
        received_headers(&mut context.parts.headers);
    }
    if let Identity::Partner(partner) = &context.identity {
        context.line.partner = Some(partner.clone());
    }
    context.partner = route.access.admit(&route.labels.route, &context.identity)?;
    context.line.partner = context.partner.clone();
    context.held = Some(shared.capacity.admit(&context.holder())?);
    if route.upstream.is_some()
        && let Some(answer) = ends_here(&mut context.parts, &route.methods)?
    {
        return Ok(context.sent(answer));
    }
    let received = context.line.received.clone();
    let mut body = Some(RequestBody::new(incoming, &context.parts.headers, route.body, received)?);
    for step in &route.policies {
        let forwarded = match consult(shared, context, route, step, &mut body).await? {
            Outcome::Accept(Accepted { transactions, then }) => {
                context.accept(shared, transactions)?;
                match then {
                    Continuation::Reply(reply) => {
                        // Before anything is queued, as a 503 would not be true any more.
                        context.held()?.at_least(needed_by_reply(reply.body.len()))?;
                        queue(shared, context).await?;
                        return Ok(context.sent(reply::response(reply)));
                    }
                    Continuation::Forward(forwarded) => forwarded,
                }
            }
            Outcome::Answer(reply) => {
                context.held()?.at_least(needed_by_reply(reply.body.len()))?;
                return Ok(context.sent(reply::response(reply)));
            }
            Outcome::Forward(forwarded) => forwarded,
            Outcome::Reject(refusal) => return Err(Problem::Rejected(refusal)),
        };
        context.change(route, forwarded, &mut body)?;
    }
    forward(shared, context, route, body).await
}

/// Asks one policy, in the version that is active now, with the body if it needs it.
async fn consult(
    shared: &Shared,
    context: &mut Context<'_>,
    route: &Route,
    step: &Arc<Step>,
    body: &mut Option<RequestBody>,
) -> Result<Outcome, Problem> {
    context.consulted.push(Consulted::now(step));
    let needs_body = context.consulted.last().is_some_and(|asked| asked.policy.about().needs_body);
    if needs_body && let Some(unread) = body.take() {
        plain(&context.parts.headers)?;
        let mut deadline = context.deadline;
        let whole = deadline.apart_from(unread.whole(context.held()?)).await?;
        context.deadline = deadline;
        context.message(route).body = whole.into();
    }
    context.message(route);
    let (Some((asked, before)), Some(message)) = (context.consulted.split_last_mut(), &context.message) else {
        return Err(lost("policy"));
    };
    let before = before.last().map_or(&[][..], Consulted::context);
    context.deadline.within(asked.handle(shared, message, before)).await?
}

/// Queues what a policy accepted; returns once it is durable.
async fn queue(shared: &Shared, context: &mut Context<'_>) -> Result<(), Problem> {
    let Some(ToCount { policy, transactions }) = context.to_count.take() else {
        return Ok(());
    };
    let (origin, policy) = (context.origin(), PolicyVersion::of(&*policy));
    shared.ingest.accept(&origin, policy, transactions, &context.deadline).await
}

/// Queues what is to be counted, sends the request to the route's upstream, and its response back.
async fn forward(
    shared: &Arc<Shared>,
    context: &mut Context<'_>,
    route: &Route,
    body: Option<RequestBody>,
) -> Result<Response<ReplyBody>, Problem> {
    let Some(upstream) = &route.upstream else {
        let last = context.consulted.last().ok_or_else(|| lost("policy"))?;
        return Err(last.bad_outcome(shared, "forward, and the route leads no further"));
    };
    // What cannot go on must be known before anything is queued.
    let outgoing = outgoing(shared, context)?;
    let body = match (body, &context.message) {
        (Some(unread), _) => OutgoingBody::Streamed(unread.streamed()),
        (None, Some(message)) if !message.body.is_empty() => OutgoingBody::Whole(Some(message.body.clone())),
        (None, _) => OutgoingBody::Whole(None::<Bytes>),
    };
    context.held()?.at_least(STREAMED_BYTES)?;
    queue(shared, context).await?;
    let call = UpstreamCall {
        shared: shared.clone(),
        upstream: upstream.clone(),
        outgoing,
        body,
        origin: context.origin(),
        deadline: context.deadline,
        message: context.message.take(),
        consulted: std::mem::take(&mut context.consulted),
        held: context.held.take().ok_or_else(|| lost("place"))?,
    };
    let returned = if call.may_count() {
        shared.detached.run(call.make()).await.ok_or_else(|| Problem::Internal("a detached request ended".into()))?
    } else {
        call.make().await
    };
    let Returned { message, consulted, held, response } = returned;
    (context.message, context.consulted, context.held) = (message, consulted, Some(held));
    let (head, body) = response?.into_parts();
    Ok(match body {
        ResponseBody::Unread(incoming) => {
            // Of what went to the upstream nothing is needed any more.
            context.message = None;
            let held = context.held.take().map(|held| held.at_most(STREAMED_BYTES));
            let body = context.exchange.stream(incoming);
            let body = Streamed::new(body, upstream.clone(), held);
            Response::from_parts(head, ReplyBody::Streamed(Box::new(body)))
        }
        ResponseBody::Whole(bytes) => context.sent(Response::from_parts(head, bytes)),
    })
}

/// The request as it goes to an upstream, but for its body.
fn outgoing(shared: &Shared, context: &Context<'_>) -> Result<Outgoing, Problem> {
    let (method, target, headers) = match (&context.message, context.consulted.last()) {
        (Some(message), Some(last)) => last.changed_head(shared, message)?,
        _ => {
            let target = context.parts.uri.path_and_query().cloned();
            let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
            (context.parts.method.clone(), target, context.parts.headers.clone())
        }
    };
    Ok(Outgoing {
        method,
        target,
        headers,
        version: context.parts.version,
        peer: context.exchange.peer().ip(),
        secure: context.exchange.connection().secure,
        host: context.host.text().to_owned(),
        traceparent: context.line.trace.traceparent.clone(),
    })
}

impl Context<'_> {
    /// The message as policies see it; made when the first one asks.
    fn message(&mut self, route: &Route) -> &mut Message {
        // Where nobody else comes after it, what the one policy does not need is left out.
        let alone = match &self.consulted[..] {
            [asked] if route.policies.len() == 1 && route.upstream.is_none() => Some(asked.policy.about()),
            _ => None,
        };
        let needed = |name: &str| alone.is_none_or(|about| about.needs_header(name));
        let caller = caller(self.holder());
        self.message.get_or_insert_with(|| Message {
            id: self.line.trace.request.clone(),
            received: jiff::Timestamp::from_millisecond(self.unix_millis).unwrap_or_default().to_string(),
            received_millis: u64::try_from(self.unix_millis).unwrap_or_default(),
            route: route.labels.route.to_string(),
            caller,
            partner: self.partner.as_deref().map(str::to_owned),
            method: self.parts.method.as_str().to_owned(),
            target: target(&self.parts).to_owned(),
            headers: listed(&self.parts.headers, needed),
            body: Bytes::new(),
        })
    }

    /// Keeps what the last policy accepted until it may be queued.
    fn accept(&mut self, shared: &Shared, transactions: Vec<Transaction>) -> Result<(), Problem> {
        let last = self.consulted.last().ok_or_else(|| lost("policy"))?;
        if let Some(other) = &self.to_count {
            let other = other.policy.name();
            return Err(last.bad_outcome(shared, format!("accept, and {other} of the same route has accepted already")));
        }
        self.to_count = Some(last.to_count(transactions));
        Ok(())
    }

    /// Makes the changes of a policy that lets the message pass.
    fn change(&mut self, route: &Route, forwarded: Forwarded, body: &mut Option<RequestBody>) -> Result<(), Problem> {
        if let Some(changed) = &forwarded.body {
            self.held()?.at_least(needed(changed.len()))?;
            *body = None;
        }
        forwarded.apply(self.message(route));
        Ok(())
    }

    /// A whole response on its way. Until its last byte was sent it has its place, and the memory that it still needs.
    fn sent(&mut self, response: Response<Bytes>) -> Response<ReplyBody> {
        let held = self.held.take().map(|held| held.at_most(needed_by_reply(response.body().len())));
        response.map(|bytes| ReplyBody::Whole(self.exchange.whole(bytes, held)))
    }

    /// Whose share it is counted against: the partner who has shown to be one, else the address.
    fn holder(&self) -> Holder {
        match &self.identity {
            Identity::Partner(partner) => Holder::Known(partner.clone()),
            _ => Holder::at(self.exchange.peer().ip()),
        }
    }

    fn held(&mut self) -> Result<&mut Held, Problem> {
        self.held.as_mut().ok_or_else(|| lost("place"))
    }

    /// The response that begins now: with what the route says of pages of other origins, counted, and to be recorded.
    fn responded(mut self, shared: &Shared, mut response: Response<ReplyBody>) -> Response<Recorded> {
        let took = self.line.head(response.status());
        let labels = match self.route {
            Some(route) => {
                if let Some(cors) = &route.cors {
                    cors.complete(&self.parts.headers, response.headers_mut());
                }
                route.seconds.observe(took.as_secs_f64());
                &route.labels
            }
            None => &shared.nowhere,
        };
        let counted = RequestLabels { route: labels.route.clone(), status: response.status().as_u16() };
        shared.metrics.requests.get_or_create(&counted).inc();
        Recorded::response(response, self.line)
    }

    fn origin(&self) -> Origin {
        Origin {
            caller: caller(self.holder()),
            partner: self.partner.clone(),
            traceparent: self.line.trace.traceparent.clone(),
            unix_millis: self.unix_millis,
        }
    }
}

/// What the order of the steps rules out.
fn lost(what: &str) -> Problem {
    Problem::Internal(format!("a request lost its {what} on the way"))
}
