//! A console that runs, and a client for it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prometheus_client::registry::Registry;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value;
use tallygate_console::admin::{Console, Handle, Options, Parts, Role, Token, User, hash_password};
use tallygate_console::metrics::Metrics;
use tallygate_console::policies::PolicyAdmin;
use tallygate_console::replays::Replayer;
use tallygate_console::status::{Status, StatusSource};
use tallygate_reading::ledger::Reader;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::log::Log;
use crate::store::Store;

pub(crate) const USER: &str = "operator";
pub(crate) const READER: &str = "reader";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const TOKEN: &str = "a-token-for-programs";
const PATIENCE: Duration = Duration::from_secs(20);

/// The token of a program with this role.
pub(crate) fn token_of(role: Role) -> String {
    format!("a-token-for-a-program-that-is-{role}")
}

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Store>,
    pub(crate) log: Arc<Log>,
    pub(crate) registry: Registry,
    pub(crate) handle: Handle,
    pub(crate) running: JoinHandle<Result<(), tallygate_console::admin::Failure>>,
    client: Arc<ClientConfig>,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Server-sent events, as they come.
pub(crate) struct Events {
    body: Incoming,
    rest: String,
}

/// An appliance that does well, with or without partners to serve, but for what the store tells.
struct Well {
    gateway: bool,
    sums: Reader,
}

#[async_trait::async_trait]
impl StatusSource for Well {
    async fn status(&self) -> Status {
        Status {
            version: "0.1.0".into(),
            roles: ["gateway", "shipper", "aggregator", "console"]
                .into_iter()
                .filter(|&role| self.gateway || role != "gateway")
                .map(str::to_owned)
                .collect(),
            queue_depth: Some(0),
            fold_lag: Some(12),
            dead_letters: Some(3),
            warnings: self.sums.warnings().await.unwrap_or_default(),
            dead_letters_age: Some("2 days".into()),
            troubles: Vec::new(),
        }
    }
}

impl Site {
    /// A console over an empty store and stream.
    pub(crate) async fn start() -> Self {
        Self::with(Arc::default(), None).await
    }

    pub(crate) async fn with(store: Arc<Store>, policies: Option<Arc<dyn PolicyAdmin>>) -> Self {
        Self::of(store, policies, None).await
    }

    /// A console of a process that has a queue, or none.
    pub(crate) async fn replaying(replays: Option<Arc<dyn Replayer>>) -> Self {
        Self::of(Arc::default(), None, replays).await
    }

    async fn of(store: Arc<Store>, policies: Option<Arc<dyn PolicyAdmin>>, replays: Option<Arc<dyn Replayer>>) -> Self {
        static HASH: OnceLock<String> = OnceLock::new();
        let log = Arc::new(Log::default());
        let key = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let certificate: CertificateDer<'static> = key.cert.der().clone();
        let secret = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], secret)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let hash = HASH.get_or_init(|| hash_password(PASSWORD).unwrap());
        let options = Options {
            zone: "Europe/Zagreb".parse().unwrap(),
            tls: Arc::new(tls),
            users: vec![
                User::new(USER, hash.as_str(), Role::Admin).unwrap(),
                User::new(READER, hash.as_str(), Role::Reader).unwrap(),
            ],
            tokens: [Token::from_text("cli", TOKEN, Role::Admin)]
                .into_iter()
                .chain(Role::ALL.map(|role| Token::from_text(format!("a {role}"), &token_of(role), role)))
                .collect(),
        };
        let well = Well { gateway: policies.is_some(), sums: Reader::new(store.clone()) };
        let parts =
            Parts { reading: Some((store.clone(), log.clone())), policies, replays, status: Some(Arc::new(well)) };
        let mut registry = Registry::default();
        let (console, handle) = Console::new(options, parts, Metrics::register(&mut registry));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let running = tokio::spawn(console.run(listener));
        Self { address, store, log, registry, handle, running, client: Arc::new(client) }
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        Answer::of(self.open(method, path, headers, body.into()).await).await
    }

    /// Asks as a program.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let authorization = format!("Bearer {TOKEN}");
        self.send(Method::GET, path, &[("authorization", &authorization)], "").await
    }

    /// Logs in from the page, and returns the cookie.
    pub(crate) async fn log_in(&self) -> String {
        self.log_in_as(USER).await
    }

    pub(crate) async fn log_in_as(&self, name: &str) -> String {
        let answer = self.try_log_in(name, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "name": name, "password": password }).to_string();
        self.send(Method::POST, "/api/v1/login", &[("origin", &self.origin())], body).await
    }

    /// Opens a feed as a program.
    pub(crate) async fn events(&self, query: &str) -> Events {
        let authorization = format!("Bearer {TOKEN}");
        self.events_as(query, ("authorization", &authorization)).await
    }

    pub(crate) async fn events_as(&self, query: &str, header: (&str, &str)) -> Events {
        let path = format!("/api/v1/events?{query}");
        Events::of(self.open(Method::GET, &path, &[header], Bytes::new()).await)
    }

    /// A connection that speaks this protocol.
    pub(crate) async fn connect(&self, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(self.address).await?, protocol).await
    }

    /// The same over a socket that is there.
    pub(crate) async fn over(&self, socket: TcpStream, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
        let mut client = ClientConfig::clone(&self.client);
        client.alpn_protocols = vec![protocol.into()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client)).connect(name, socket).await
    }

    /// A connection of HTTP/2, for requests with whole addresses.
    pub(crate) async fn http2(&self) -> http2::SendRequest<Full<Bytes>> {
        let tls = self.connect("h2").await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> http::Response<Incoming> {
        let tls = self.connect("http/1.1").await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", format!("localhost:{}", self.address.port()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap()
    }
}

impl Answer {
    /// A response, read to its end.
    pub(crate) async fn of(response: http::Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.unwrap().unwrap().to_bytes();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Events {
    /// The events of a response.
    pub(crate) fn of(response: http::Response<Incoming>) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), rest: String::new() }
    }

    /// The next event's name and data.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let data = serde_json::from_str(&line("data: ").unwrap()).unwrap();
                let found = (line("event: ").unwrap_or_else(|| "message".into()), data);
                self.rest = rest.to_owned();
                return Some(found);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("an event comes in time")?.unwrap();
            self.rest.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// Reads messages until one is as wanted, and returns how many that took.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> (Value, usize) {
        let mut count = 0;
        loop {
            let (_, message) = self.next().await.expect("the feed goes on");
            count += 1;
            if wanted(&message) {
                return (message, count);
            }
        }
    }
}
