//! An upstream: its targets, asked in turn; the next one where a connection could not be made.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;

use super::body::{Lent, OutgoingBody, Slot};
use super::client::{Client, authorities, chain, client};
use super::framing;
use super::rewrite::{Outgoing, request_headers, response_headers};
use super::waiting::{Overdue, Waiting};
use crate::body::Broken;
use crate::invalid::Problems;
use crate::limits::Limits;
use crate::metrics::{Metrics, UpstreamLabels};
use crate::options::UpstreamOptions;
use crate::problem::Problem;

/// Some servers that are asked in turn.
pub(crate) struct Upstream {
    name: Box<str>,
    targets: Vec<(Scheme, Authority)>,
    turn: AtomicUsize,
    client: Client,
    response_time: Duration,
    metrics: Metrics,
}

/// What an upstream did not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No response: it could not be reached, broke off before one, or sent none that can go on.
    Away,
    /// It took no more of the body in time.
    Unread,
    /// Its response did not begin in time.
    Slow,
    /// It broke off within its response.
    Broken,
    /// It sent nothing more of its response in time.
    Hung,
}

impl Upstream {
    /// None where a problem was noted.
    pub(crate) fn new(
        options: &UpstreamOptions,
        limits: &Limits,
        metrics: &Metrics,
        problems: &mut Problems,
    ) -> Option<Self> {
        let key = |key: &str| format!("upstreams.{}.{key}", options.name);
        if options.targets.is_empty() {
            problems.note(key("targets"), "needs at least one, such as [\"http://127.0.0.1:9000\"]");
        }
        let mut targets = Vec::with_capacity(options.targets.len());
        for (index, uri) in options.targets.iter().enumerate() {
            match target(uri) {
                Some(target) => targets.push(target),
                None => problems.note(
                    key(&format!("targets[{index}]")),
                    format_args!("\"{uri}\" is no target, such as http://127.0.0.1:9000"),
                ),
            }
        }
        let secure = targets.iter().any(|(scheme, _)| *scheme == Scheme::HTTPS);
        let authorities = authorities(options.ca.as_deref(), secure).map_err(|error| error.problem());
        let client = authorities.and_then(|authorities| client(authorities, limits));
        let client = client.map_err(|problem| problems.note(key("ca"), problem)).ok()?;
        (!targets.is_empty()).then(|| Self {
            name: options.name.as_str().into(),
            targets,
            turn: AtomicUsize::new(0),
            client,
            response_time: options.response_time.unwrap_or(limits.response_time),
            metrics: metrics.clone(),
        })
    }

    /// How long it may be silent: until its response begins, and then between one piece of it and the next.
    pub(crate) fn response_time(&self) -> Duration {
        self.response_time
    }

    /// Counts what it did not do.
    pub(crate) fn count(&self, trouble: Trouble) {
        let labels = UpstreamLabels { upstream: (&*self.name).into(), kind: trouble.name() };
        self.metrics.upstream_errors.get_or_create(&labels).inc();
    }

    /// Sends a request to the target whose turn it is, and to the next one as long as none could be reached.
    pub(crate) async fn ask(&self, mut outgoing: Outgoing, body: OutgoingBody) -> Result<Response<Incoming>, Problem> {
        let headers = request_headers(&mut outgoing);
        let broken = match &body {
            OutgoingBody::Streamed(body) => Some(body.broken()),
            OutgoingBody::Whole(_) => None,
        };
        let broken = || broken.as_ref().and_then(Broken::problem);
        let waiting = Waiting::new();
        let slot = Slot::new(body, waiting.clone());
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut last = String::new();
        for attempt in 0..self.targets.len() {
            let Some(body) = slot.lend() else { break };
            let (scheme, authority) = &self.targets[(first + attempt) % self.targets.len()];
            let mut headers = headers.clone();
            frame(&outgoing.method, &body, &mut headers);
            let mut request = Request::new(body);
            *request.method_mut() = outgoing.method.clone();
            *request.version_mut() = Version::HTTP_11;
            *request.headers_mut() = headers;
            *request.uri_mut() = Uri::builder()
                .scheme(scheme.clone())
                .authority(authority.clone())
                .path_and_query(outgoing.target.clone())
                .build()
                .map_err(|error| Problem::Internal(format!("target of the request: {error}")))?;
            waiting.for_upstream(false);
            match waiting.within(self.response_time, self.client.request(request)).await {
                Ok(Ok(response)) => {
                    return accepted(response).map_err(|problem| {
                        self.count(Trouble::Away);
                        Problem::UpstreamAway(problem)
                    });
                }
                Ok(Err(error)) => {
                    if let Some(problem) = broken() {
                        return Err(problem);
                    }
                    self.count(Trouble::Away);
                    last = format!("{authority}: {}", chain(&error));
                    if !error.is_connect() {
                        break;
                    }
                }
                Err(overdue) => {
                    let (trouble, problem) = match overdue {
                        Overdue::Unread => (Trouble::Unread, Problem::UpstreamUnread),
                        Overdue::Unanswered => (Trouble::Slow, Problem::UpstreamSlow),
                    };
                    self.count(trouble);
                    return Err(problem);
                }
            }
        }
        Err(Problem::UpstreamAway(last))
    }
}

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Unread => "unread",
            Self::Slow => "slow",
            Self::Broken => "broken",
            Self::Hung => "hung",
        }
    }
}

/// Says how the body is framed, whatever the method: a length where there is one, chunks else.
fn frame(method: &Method, body: &Lent, headers: &mut HeaderMap) {
    match body.size_hint().exact() {
        _ if body.is_end_stream() => {
            // Of these, no length would leave open whether a body comes (RFC 9110, 8.6).
            if [Method::POST, Method::PUT, Method::PATCH].contains(method) {
                headers.insert(CONTENT_LENGTH, 0.into());
            }
        }
        Some(length) => {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        None => {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
}

/// A response as it may go on, or what is wrong with it.
fn accepted(mut response: Response<Incoming>) -> Result<Response<Incoming>, String> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err("it switched protocols without being asked".to_owned());
    }
    if response.status().as_u16() >= 600 {
        return Err(format!("it answered with the status {}", response.status().as_u16()));
    }
    framing::settle(response.headers_mut())?;
    // The version is each connection's own (RFC 9110, 2.5): where the target speaks HTTP/1.0, the caller is still told
    // where a body ends.
    *response.version_mut() = Version::HTTP_11;
    response_headers(response.headers_mut());
    Ok(response)
}

fn target(uri: &Uri) -> Option<(Scheme, Authority)> {
    let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let bare = uri.path_and_query().is_none_or(|path| path == "/");
    // A port that is none would be passed over for the scheme's own.
    let port = authority.as_str().strip_prefix(authority.host()).and_then(|port| port.strip_prefix(':'));
    let reachable =
        port.is_none_or(|port| port.parse().is_ok_and(|port: u16| port > 0)) && !authority.host().is_empty();
    (bare && reachable).then(|| (scheme.clone(), authority.clone()))
}
