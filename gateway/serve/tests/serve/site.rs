//! A server on loopback, and clients to call it.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tallygate_serve::{Ended, Limits, Server, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A server at work.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    certificate: Option<CertificateDer<'static>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinSet<Result<(), Ended>>,
}

/// What a caller got.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Served {
    pub(crate) fn plain(limits: Limits, service: impl Service) -> Self {
        Self::start(limits, None, service)
    }

    pub(crate) fn tls(limits: Limits, service: impl Service) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self::start(limits, Some((certificate.der().clone(), Arc::new(config))), service)
    }

    fn start(limits: Limits, tls: Option<(CertificateDer<'static>, Arc<ServerConfig>)>, service: impl Service) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (certificate, config) = tls.unzip();
        let mut server = Server::new(limits);
        server.listen("main", socket, config, service).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut running = JoinSet::new();
        running.spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, certificate, stop: Some(stop), running }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn ended(&mut self) {
        self.stop.take();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.running.join_next()).await;
        ended.expect("not ended").unwrap().unwrap().unwrap();
    }

    /// A client of HTTP/1.1 or 2; the latter needs TLS.
    pub(crate) fn client(&self, h2: bool) -> HttpClient {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.certificate.clone());
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        let connector = if h2 { builder.enable_http2().build() } else { builder.enable_http1().build() };
        Client::builder(TokioExecutor::new()).http2_only(h2).build(connector)
    }

    /// One connection of HTTP/2, and what drives it to its end.
    pub(crate) async fn http2<B>(&self) -> (SendRequest<B>, impl Future<Output = hyper::Result<()>> + use<B>)
    where
        B: http_body::Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.certificate.clone());
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap()
    }

    /// A response with its body still to come.
    pub(crate) async fn raw(&self, client: &HttpClient, path: &str) -> Response<Incoming> {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let request = Request::get(format!("{scheme}://{}{path}", self.address)).body(Empty::new()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), client.request(request)).await.unwrap().unwrap()
    }

    pub(crate) async fn get(&self, client: &HttpClient, path: &str) -> Answer {
        let (parts, body) = self.raw(client, path).await.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        Answer { status: parts.status.as_u16(), body }
    }

    /// A bare connection on which this was sent.
    pub(crate) async fn sent(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }
}

/// All that comes until the other side closes.
pub(crate) async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("not closed");
    String::from_utf8_lossy(&all).into_owned()
}
