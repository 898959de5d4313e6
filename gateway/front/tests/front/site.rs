//! A front on loopback with everything around it, and clients to call it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prometheus_client::registry::Registry;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tallygate_front::registry::{PolicyOptions, RegistryOptions};
use tallygate_front::{
    Callers, ClientAuth, Credential, Fingerprint, Front, FrontError, FrontOptions, ListenerOptions, Metrics,
    PartnerOptions, PolicyRegistry, Publishing, RouteOptions, TlsOptions, UpstreamOptions,
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use crate::authority::{Authority, Identity};
use crate::play::{PlayedQueue, Players};

/// The parts that policies can play.
pub(crate) const PARTS: [&str; 29] = [
    "long",
    "accept",
    "soap",
    "soap-number",
    "soap-reject",
    "echo",
    "reject",
    "trap",
    "timeout",
    "memory",
    "busy",
    "stuck",
    "panic",
    "tag",
    "upper",
    "context",
    "pass",
    "soap-pass",
    "relay",
    "astray",
    "respond",
    "respond-pass",
    "respond-fail",
    "respond-memory",
    "respond-head",
    "respond-count",
    "respond-count-body",
    "mediate",
    "soap-headers",
];

pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) options: FrontOptions,
    pub(crate) queue: Arc<PlayedQueue>,
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
    /// Policies that have no version yet.
    pub(crate) unborn: Vec<String>,
    upstreams: Vec<Upstream>,
}

struct Upstream {
    options: UpstreamOptions,
}

/// A site that is being served.
pub(crate) struct Served {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) policies: PolicyRegistry,
    pub(crate) metrics: Registry,
    pub(crate) journal: PathBuf,
    pub(crate) publishing: Publishing,
    authority: Authority,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), FrontError>>>,
    _dir: TempDir,
}

pub(crate) struct Caller {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Site {
    /// A site with one plain listener; its routes are `/PART` for each part, for callers without credentials.
    pub(crate) fn plain() -> Self {
        Self::with(None)
    }

    /// A site with one listener of TLS.
    pub(crate) fn tls(client_auth: ClientAuth) -> Self {
        Self::with(Some(client_auth))
    }

    fn with(client_auth: Option<ClientAuth>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new("authority");
        let own = authority.vouch("gateway");
        let tls = client_auth.map(|client_auth| TlsOptions {
            certificate: own.pem.into_bytes(),
            key: own.key.into_bytes(),
            client_ca: Some(authority.pem().into_bytes()),
            client_auth,
        });
        let routes = PARTS.map(|part| RouteOptions {
            name: part.into(),
            path: format!("/{part}"),
            partner: Some("till".into()),
            policies: vec![part.into()],
            ..RouteOptions::default()
        });
        let options = FrontOptions {
            listeners: vec![ListenerOptions { name: "main".into(), tls }],
            partners: vec![partner("till", vec![])],
            routes: routes.to_vec(),
            upstreams: Vec::new(),
            zone: "UTC".parse().unwrap(),
            horizon_days: 7,
            future_days: 7,
            journal: dir.path().join("journal"),
            limits: tallygate_front::Limits::default(),
            #[cfg(feature = "faults")]
            reply_before_confirm: false,
        };
        let queue = PlayedQueue::new();
        Self {
            dir,
            options,
            queue,
            authority,
            registry: Registry::default(),
            upstreams: Vec::new(),
            unborn: Vec::new(),
        }
    }

    pub(crate) fn partner(&mut self, name: &str, credentials: Vec<Credential>) {
        self.options.partners.push(partner(name, credentials));
    }

    /// The partner that came last.
    pub(crate) fn last_partner(&mut self) -> &mut PartnerOptions {
        self.options.partners.last_mut().unwrap()
    }

    /// A proxy route for anyone under this path, behind these policies.
    pub(crate) fn proxy(&mut self, path: &str, policies: &[&str], targets: &[SocketAddr]) {
        let targets = targets.iter().map(|target| format!("http://{target}")).collect();
        self.proxy_to(path, policies, targets, None);
    }

    /// A proxy route for anyone to https under this path.
    pub(crate) fn tls_proxy(&mut self, path: &str, target: SocketAddr, ca: &Authority) {
        self.proxy_to(path, &[], vec![format!("https://{target}")], Some(ca.pem().into_bytes()));
    }

    fn proxy_to(&mut self, path: &str, policies: &[&str], targets: Vec<String>, ca: Option<Vec<u8>>) {
        let name = format!("proxy{}", self.upstreams.len());
        let targets = targets.iter().map(|target| target.parse().unwrap()).collect();
        self.upstreams
            .push(Upstream { options: UpstreamOptions { name: name.clone(), targets, ca, response_time: None } });
        self.options.routes.push(RouteOptions {
            name: name.clone(),
            path: path.into(),
            policies: policies.iter().map(|&part| part.into()).collect(),
            upstream: Some(name),
            callers: Callers::Anyone,
            ..RouteOptions::default()
        });
    }

    /// A proxy route for partners; callers without credentials are the partner `till`.
    pub(crate) fn partners_proxy(&mut self, path: &str, policies: &[&str], targets: &[SocketAddr]) {
        self.proxy(path, policies, targets);
        let route = self.last_route();
        (route.callers, route.partner) = (Callers::Partners, Some("till".into()));
    }

    /// The route that came last.
    pub(crate) fn last_route(&mut self) -> &mut RouteOptions {
        self.options.routes.last_mut().unwrap()
    }

    pub(crate) fn route(&mut self, name: &str) -> &mut RouteOptions {
        self.options.routes.iter_mut().find(|route| route.name == name).unwrap()
    }

    pub(crate) fn registry(&self, metrics: &Metrics) -> PolicyRegistry {
        let policies = PARTS.map(|part| {
            let component = self.dir.path().join(format!("{part}.wasm"));
            std::fs::write(&component, part).unwrap();
            PolicyOptions {
                name: part.into(),
                component: Some(component),
                config_json: "{}".into(),
                keys: tallygate_host::Keys::new(),
                limits: tallygate_host::Limits::default(),
            }
        });
        let mut policies = policies.to_vec();
        policies.retain(|policy| !self.unborn.contains(&policy.name));
        let unborn = self.unborn.iter().map(|name| PolicyOptions {
            name: name.clone(),
            component: None,
            config_json: "{}".into(),
            keys: tallygate_host::Keys::new(),
            limits: tallygate_host::Limits::default(),
        });
        policies.extend(unborn);
        let options = RegistryOptions {
            dir: self.dir.path().join("policies"),
            policies,
            chains: Vec::new(),
            retry_after: self.options.limits.retry_after,
        };
        PolicyRegistry::open(options, Arc::new(Players), metrics).unwrap()
    }

    pub(crate) fn serve(mut self) -> Served {
        self.options.upstreams = self.upstreams.iter().map(|upstream| upstream.options.clone()).collect();
        assert_eq!(Front::check(&self.options, &PARTS), []);
        let metrics = Metrics::register(&mut self.registry);
        let policies = self.registry(&metrics);
        let front = Front::new(&self.options, self.queue.clone(), &policies, &metrics).unwrap();
        let publishing = front.publishing();
        let sockets: Vec<TcpListener> =
            self.options.listeners.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(front.serve(sockets, async move {
            let _ = stopped.await;
        }));
        Served {
            addresses,
            policies,
            metrics: self.registry,
            journal: self.options.journal,
            publishing,
            authority: self.authority,
            stop: Some(stop),
            task: Some(task),
            _dir: self.dir,
        }
    }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// A caller of the plain listener.
    pub(crate) fn caller(&self) -> Caller {
        self.client("http", None, false)
    }

    /// A caller of the TLS listener, with or without a certificate, by HTTP/1.1 or 2.
    pub(crate) fn tls_caller(&self, identity: Option<&Identity>, h2: bool) -> Caller {
        self.client("https", identity, h2)
    }

    fn client(&self, scheme: &str, identity: Option<&Identity>, h2: bool) -> Caller {
        let client = Client::builder(TokioExecutor::new()).http2_only(h2).build(self.connector(identity, h2));
        Caller { client, base: format!("{scheme}://{}", self.address()) }
    }

    /// Connects with TLS or without it, by HTTP/1.1 or 2.
    pub(crate) fn connector(&self, identity: Option<&Identity>, h2: bool) -> HttpsConnector<HttpConnector> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.der()).unwrap();
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let chain = vec![CertificateDer::from(identity.der.clone())];
                let key = PrivateKeyDer::try_from(identity.key_der.clone()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        if h2 { builder.enable_http2().build() } else { builder.enable_http1().build() }
    }

    /// Tells it to stop, without waiting.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until it has stopped.
    pub(crate) async fn ended(&mut self) {
        self.stop();
        if let Some(task) = self.task.take() {
            tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap().unwrap();
        }
    }
}

impl Caller {
    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_send(self.request(Method::POST, path).body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send(self.request(Method::GET, path).body(Full::default()).unwrap()).await.unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Box<dyn std::error::Error>> {
        let (parts, body) = self.raw(request).await?.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().into()).unwrap();
        Ok(Answer { status: parts.status.as_u16(), version: parts.version, headers: parts.headers, body })
    }

    /// The response with its body still to come.
    pub(crate) async fn raw(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<hyper::body::Incoming>, Box<dyn std::error::Error>> {
        Ok(tokio::time::timeout(Duration::from_secs(20), self.client.request(request)).await??)
    }
}

/// One transaction of the `accept` policies, of today.
pub(crate) fn line(id: &str, amount: &str) -> String {
    format!("{id} {} {amount}\n", jiff::Timestamp::now())
}

/// A common name, of whatever one authority the listeners ask.
pub(crate) fn cn(cn: &str) -> Credential {
    Credential::SubjectCn { cn: cn.into(), ca: None }
}

pub(crate) fn key(key: &str) -> Credential {
    Credential::ApiKey(Fingerprint(Sha256::digest(key).into()))
}

fn partner(name: &str, credentials: Vec<Credential>) -> PartnerOptions {
    PartnerOptions { name: name.into(), credentials, short_form: true, ..PartnerOptions::default() }
}
