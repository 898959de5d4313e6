//! A request at its upstream, and the response on its way back through the policies.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use http::{Response as HttpResponse, StatusCode};
use hyper::body::Incoming;
use tallygate_host::{Message, Response, ResponseOutcome};

use crate::body;
use crate::consulted::{Consulted, ToCount};
use crate::deadline::Deadline;
use crate::head::listed;
use crate::held::Held;
use crate::ingest::{Origin, PolicyVersion};
use crate::memory::needed;
use crate::problem::Problem;
use crate::proxy::{Outgoing, OutgoingBody, Trouble, Upstream};
use crate::reply::fields;
use crate::shared::Shared;

/// All that is needed once the upstream is asked: it holds nothing of the caller's connection, so that it can go on without.
pub(crate) struct UpstreamCall {
    pub(crate) shared: Arc<Shared>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) outgoing: Outgoing,
    pub(crate) body: OutgoingBody,
    pub(crate) origin: Origin,
    pub(crate) deadline: Deadline,
    pub(crate) message: Option<Message>,
    pub(crate) consulted: Vec<Consulted>,
    pub(crate) held: Held,
}

/// What comes back, and what the request needs again where it is to be refused.
pub(crate) struct Returned {
    pub(crate) message: Option<Message>,
    pub(crate) consulted: Vec<Consulted>,
    /// Held for as long as the work goes on, whether the caller waits for it or not.
    pub(crate) held: Held,
    pub(crate) response: Result<HttpResponse<ResponseBody>, Problem>,
}

/// A response, which upstream it came from, and to whose request.
struct Came<'c> {
    upstream: &'c Upstream,
    origin: &'c Origin,
    response: HttpResponse<Incoming>,
}

/// The body of a response.
pub(crate) enum ResponseBody {
    /// As it comes from the upstream.
    Unread(Incoming),
    /// All of it.
    Whole(Bytes),
}

impl UpstreamCall {
    /// Whether what the upstream answers may have to be counted, also when the caller has gone.
    pub(crate) fn may_count(&self) -> bool {
        self.consulted
            .iter()
            .map(|consulted| consulted.policy.about())
            .any(|about| about.sees_responses && about.may_accept)
    }

    /// Asks the upstream, and the policies what becomes of its response.
    pub(crate) async fn make(self) -> Returned {
        let Self { shared, upstream, outgoing, body, origin, mut deadline, message, consulted, mut held } = self;
        let response = async {
            let response = deadline.apart_from(upstream.ask(outgoing, body)).await?;
            match &message {
                Some(message) if consulted.iter().any(|consulted| consulted.policy.about().sees_responses) => {
                    let came = Came { upstream: &upstream, origin: &origin, response };
                    respond(&shared, came, deadline, message, &consulted, &mut held).await
                }
                _ => Ok(response.map(ResponseBody::Unread)),
            }
        };
        let response = response.await;
        Returned { message, consulted, held, response }
    }
}

/// Shows a response to the policies that want to see it, the last one first, and queues what they count once all of them
/// have seen it.
async fn respond(
    shared: &Shared,
    Came { upstream, origin, response }: Came<'_>,
    mut deadline: Deadline,
    message: &Message,
    consulted: &[Consulted],
    held: &mut Held,
) -> Result<HttpResponse<ResponseBody>, Problem> {
    let (parts, incoming) = response.into_parts();
    let mut seen =
        Response { status: parts.status.as_u16(), headers: listed(&parts.headers, |_| true), body: Bytes::new() };
    let mut unread = Some(incoming);
    let (mut changed, mut replaced, mut to_count) = (false, false, None::<ToCount>);
    for consulted in consulted.iter().rev() {
        let about = consulted.policy.about();
        if !about.sees_responses {
            continue;
        }
        if about.needs_response_body
            && let Some(incoming) = unread.take()
        {
            let whole = body::response(incoming, held, &shared.limits, upstream.response_time());
            let whole = deadline.apart_from(whole).await.inspect_err(|problem| match problem {
                Problem::UpstreamAway(_) => upstream.count(Trouble::Broken),
                Problem::UpstreamSlow => upstream.count(Trouble::Hung),
                _ => {}
            })?;
            seen.body = whole.into();
        }
        let change = match deadline.within(consulted.respond(shared, message, &seen)).await?? {
            ResponseOutcome::Pass => continue,
            ResponseOutcome::Change(change) => change,
            ResponseOutcome::Accept(accepted) => {
                if let Some(other) = &to_count {
                    let other = other.policy.name();
                    return Err(consulted.bad_outcome(shared, format!("accept, and {other} has accepted already")));
                }
                to_count = Some(consulted.to_count(accepted.transactions));
                accepted.change
            }
        };
        changed = true;
        if let Some(body) = &change.body {
            held.at_least(needed(body.len()))?;
        }
        if change.apply(&mut seen) {
            (unread, replaced) = (None, true);
        }
    }
    if let Some(ToCount { policy, transactions }) = to_count {
        shared.ingest.accept(origin, PolicyVersion::of(&*policy), transactions, &deadline).await?;
    }
    let head = if changed { changed_head(parts, &mut seen, replaced) } else { parts };
    let body = match unread {
        Some(incoming) => ResponseBody::Unread(incoming),
        None => ResponseBody::Whole(seen.body),
    };
    Ok(HttpResponse::from_parts(head, body))
}

/// The head of a response as the policies have left it.
fn changed_head(mut parts: Parts, seen: &mut Response, replaced: bool) -> Parts {
    // The length of a body that nobody replaced is the upstream's to say, also where a HEAD has none.
    let length = parts.headers.remove(CONTENT_LENGTH).filter(|_| !replaced);
    parts.status = StatusCode::from_u16(seen.status).unwrap_or(StatusCode::BAD_GATEWAY);
    parts.headers = fields(std::mem::take(&mut seen.headers), |_| false);
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, length);
    }
    parts
}
