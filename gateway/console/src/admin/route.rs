//! A request, from its head to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;

use super::access::Who;
use super::body::Body;
use super::problem::Problem;
use super::{State, assets, events, people, policy_routes, reading};
use crate::metrics::RequestLabels;

/// What every answer carries: the page may load nothing from elsewhere, and nobody may frame or sniff it.
const SECURITY: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// One request.
pub(super) struct Call {
    pub(super) state: Arc<State>,
    pub(super) peer: IpAddr,
    pub(super) request: Request<Incoming>,
}

pub(super) type Answer = Result<Response<Body>, Problem>;

/// Answers a request, whatever it is.
pub(super) async fn answer(state: Arc<State>, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let begun = Instant::now();
    let call = Call { state: state.clone(), peer, request };
    let (route, answered) = dispatch(call).await;
    let mut response = answered.unwrap_or_else(Problem::into_response);
    response.headers_mut().extend(SECURITY);
    let status = response.status().as_u16();
    state.metrics.requests.get_or_create(&RequestLabels { route, status }).inc();
    state.metrics.request_seconds.observe(begun.elapsed().as_secs_f64());
    response
}

/// The route's name, and what it answered.
async fn dispatch(call: Call) -> (&'static str, Answer) {
    let path = call.request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        [""] => ("page", assets::page(&call)),
        ["console.css"] => ("asset", assets::style(&call)),
        ["console.js"] => ("asset", assets::script(&call)),
        ["icon.svg"] => ("asset", assets::icon(&call)),
        ["api", "v1", "session"] => ("session", people::session(call).await),
        ["api", "v1", "login"] => ("login", people::login(call).await),
        ["api", "v1", "logout"] => ("logout", people::logout(call).await),
        ["api", "v1", "status"] => ("status", reading::status(call).await),
        ["api", "v1", "sums"] => ("sums", reading::sums(call).await),
        ["api", "v1", "dead-letters"] => ("dead-letters", reading::dead_letters(call).await),
        ["api", "v1", "dead-letters", partition, offset] => {
            let place = format!("{partition}/{offset}");
            ("dead-letter", reading::dead_letter(call, &place).await)
        }
        ["api", "v1", "events"] => ("events", events::events(call).await),
        ["api", "v1", "policies"] => ("policies", policy_routes::list(call).await),
        ["api", "v1", "policies", name, "versions"] => ("push", policy_routes::push(call, name).await),
        ["api", "v1", "policies", name, "activate"] => ("activate", policy_routes::activate(call, name).await),
        ["api", "v1", "policies", name, "rollback"] => ("rollback", policy_routes::rollback(call, name).await),
        _ => ("none", Err(Problem::not_found("there is nothing at this path"))),
    }
}

impl Call {
    /// Refuses other methods.
    pub(super) fn only(&self, method: &Method) -> Result<(), Problem> {
        if self.request.method() == method {
            return Ok(());
        }
        Err(Problem::method(method))
    }

    /// Refuses other methods and everybody who is not known; a browser's change from elsewhere too.
    pub(super) async fn known(&self, method: &Method) -> Result<Who, Problem> {
        self.only(method)?;
        let who = self.state.access.who(self.request.headers(), self.peer).await?;
        if matches!(who, Who::Session { .. }) && method != Method::GET {
            self.same_origin()?;
        }
        Ok(who)
    }

    /// Refuses what another site's page made the browser send. Browsers name the origin with every POST.
    pub(super) fn same_origin(&self) -> Result<(), Problem> {
        let headers = self.request.headers();
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = self.request.uri().authority().map(|a| a.as_str()).or_else(|| text(&header::HOST));
        let same = match (text(&header::ORIGIN), host) {
            (Some(origin), Some(host)) => origin.strip_prefix("https://").is_some_and(|o| o.eq_ignore_ascii_case(host)),
            _ => false,
        };
        if same {
            return Ok(());
        }
        Err(Problem::forbidden("a change by session must come from this console's own page"))
    }
}
