//! An upstream: its targets, asked in turn; the next one where a connection could not be made.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tallygate_tls::{Pem, TlsError, system_authorities};

use super::body::{Lent, OutgoingBody, Slot};
use super::rewrite::{Outgoing, request_headers, response_headers};
use crate::invalid::Problems;
use crate::limits::{Limits, UPSTREAM_IDLE};
use crate::metrics::{Metrics, UpstreamLabels};
use crate::options::UpstreamOptions;
use crate::problem::Problem;

type HttpsClient = Client<HttpsConnector<HttpConnector>, Lent>;

/// Some servers that are asked in turn.
pub(crate) struct Upstream {
    labels: UpstreamLabels,
    targets: Vec<(Scheme, Authority)>,
    turn: AtomicUsize,
    client: HttpsClient,
    errors: Metrics,
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
            labels: UpstreamLabels { upstream: options.name.as_str().into() },
            targets,
            turn: AtomicUsize::new(0),
            client,
            errors: metrics.clone(),
        })
    }

    /// Sends a request to the target whose turn it is, and to the next one as long as none could be reached.
    pub(crate) async fn ask(
        &self,
        mut outgoing: Outgoing,
        body: OutgoingBody,
        limits: &Limits,
    ) -> Result<Response<Incoming>, Problem> {
        let headers = request_headers(&mut outgoing);
        let broken = match &body {
            OutgoingBody::Streamed(body) => Some(body.broken()),
            OutgoingBody::Whole(_) => None,
        };
        let broken = || broken.as_ref().and_then(|broken| broken.problem(limits));
        let slot = Slot::new(body);
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut last = String::new();
        for attempt in 0..self.targets.len() {
            let Some(body) = slot.lend() else { break };
            let (scheme, authority) = &self.targets[(first + attempt) % self.targets.len()];
            let mut request = Request::new(body);
            *request.method_mut() = outgoing.method.clone();
            *request.version_mut() = Version::HTTP_11;
            *request.headers_mut() = headers.clone();
            *request.uri_mut() = Uri::builder()
                .scheme(scheme.clone())
                .authority(authority.clone())
                .path_and_query(outgoing.target.clone())
                .build()
                .map_err(|error| Problem::Internal(format!("target of the request: {error}")))?;
            let asked = tokio::time::timeout(limits.upstream_time, self.client.request(request)).await;
            match asked {
                Ok(Ok(response)) => return accepted(response),
                Ok(Err(error)) => {
                    self.count();
                    last = format!("{authority}: {}", chain(&error));
                    if !error.is_connect() {
                        break;
                    }
                }
                Err(_) => {
                    self.count();
                    return Err(broken().unwrap_or(Problem::UpstreamSlow));
                }
            }
        }
        Err(broken().unwrap_or(Problem::UpstreamAway(last)))
    }

    fn count(&self) {
        self.errors.upstream_errors.get_or_create(&self.labels).inc();
    }
}

fn accepted(mut response: Response<Incoming>) -> Result<Response<Incoming>, Problem> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let detail = "it switched protocols without being asked".to_owned();
        return Err(Problem::UpstreamAway(detail));
    }
    if response.status().as_u16() >= 600 {
        return Err(Problem::UpstreamAway(format!("it answered with the status {}", response.status().as_u16())));
    }
    response_headers(response.headers_mut());
    Ok(response)
}

fn target(uri: &Uri) -> Option<(Scheme, Authority)> {
    let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let bare = uri.path_and_query().is_none_or(|path| path == "/");
    bare.then(|| (scheme.clone(), authority.clone()))
}

fn client(roots: RootCertStore, limits: &Limits) -> Result<HttpsClient, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(limits.connect_time));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(connector);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits.idle_time.min(Duration::from_secs(30)))
        .pool_max_idle_per_host(UPSTREAM_IDLE)
        .build(connector))
}

/// The authorities that may vouch for the targets.
fn authorities(ca: Option<&[u8]>, secure: bool) -> Result<RootCertStore, TlsError> {
    match ca {
        Some(pem) => Pem::new("ca", pem).authorities(),
        None if secure => system_authorities(),
        None => Ok(RootCertStore::empty()),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
