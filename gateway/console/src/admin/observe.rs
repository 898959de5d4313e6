//! Around every request: refuses other methods than the endpoint's, counts, and makes the answer safe for browsers.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName, HeaderValue};

use super::endpoint::Endpoints;
use super::problem::Problem;
use crate::metrics::{Metrics, RequestLabels};

/// What every answer carries: the page may load nothing from elsewhere and use nothing of the machine, and nobody may frame or
/// sniff it.
const SECURITY: [(HeaderName, HeaderValue); 11] = [
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
    (HeaderName::from_static("cross-origin-embedder-policy"), HeaderValue::from_static("require-corp")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()",
        ),
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// That the host is asked over HTTPS alone (RFC 6797), for a year. It holds for every port of the host; so a developer's own
/// machine does not hear it, where other things than this console answer without TLS.
const HTTPS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What observing needs.
pub(super) struct Observer {
    pub(super) endpoints: Endpoints,
    pub(super) metrics: Metrics,
}

/// Lets a request through to its handler.
pub(super) async fn observe(
    State(observer): State<Arc<Observer>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let endpoint = path.as_ref().and_then(|path| observer.endpoints.find(path.as_str()));
    let method = request.method().clone();
    let localhost = is_localhost(&request);
    let mut response = match (&path, endpoint) {
        // The router alone would answer HEAD as GET, and open a feed for it.
        (_, Some(endpoint)) if !endpoint.takes(request.method()) => Problem::method(&endpoint.allow()).into_response(),
        // What the document does not name is not served.
        (Some(_), None) => Problem::nothing().into_response(),
        _ => next.run(request).await,
    };
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    if !localhost {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ALONE);
    }
    let route = endpoint.map_or_else(|| "none".to_owned(), |endpoint| endpoint.name(&method).to_owned());
    let status = response.status().as_u16();
    observer.metrics.requests.get_or_create(&RequestLabels { route, status }).inc();
    observer.metrics.request_seconds.observe(begun.elapsed().as_secs_f64());
    response
}

/// Whether the caller knows this server by the name that every machine has for itself.
fn is_localhost(request: &Request) -> bool {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use prometheus_client::registry::Registry;
    use tower_service::Service as _;
    use utoipa::openapi::OpenApi;

    use super::*;

    #[tokio::test]
    async fn what_the_document_does_not_name_is_not_served() {
        let metrics = Metrics::register(&mut Registry::default());
        let observer = Observer { endpoints: Endpoints::new(&OpenApi::default()), metrics };
        let served = Router::new().route("/hidden", get(async || "here")).route("/icon.svg", get(async || "here"));
        let mut router = served.layer(from_fn_with_state(Arc::new(observer), observe));
        for (path, status) in [("/hidden", 404), ("/icon.svg", 200)] {
            let response = router.call(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn browsers_are_told_to_stay_with_https_but_not_for_localhost() {
        let metrics = Metrics::register(&mut Registry::default());
        let observer = Observer { endpoints: Endpoints::new(&OpenApi::default()), metrics };
        let mut router = Router::new().layer(from_fn_with_state(Arc::new(observer), observe));
        for (host, told) in [
            ("gateway.example", true),
            ("gateway.example:9443", true),
            ("localhost.example", true),
            ("localhost", false),
            ("LOCALHOST:9443", false),
        ] {
            let request = Request::get("/nowhere").header("host", host).body(Body::empty()).unwrap();
            let response = router.call(request).await.unwrap();
            assert_eq!(response.headers().contains_key("strict-transport-security"), told, "{host}");
        }
    }
}
