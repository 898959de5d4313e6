//! Who misuses a gateway: from an address of its own, with a partner's certificate, over connections that tell it all.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::combinators::BoxBody;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tallygate_tls::TlsFiles;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What an abuse calls from, so that the honest are not taken for it.
const FROM: &str = "127.0.0.2:0";
/// A pause between tries where the gateway lets nobody in.
const REFUSED: Duration = Duration::from_millis(20);

/// The body of a request that an attacker sends as it likes.
pub type Body = BoxBody<Bytes, io::Error>;

/// An attacker, until its time is over.
#[derive(Clone)]
pub struct Attacker {
    port: u16,
    /// Where its own upstream listens, which the route `/behind` leads to.
    pub upstream: u16,
    tls: ClientConfig,
    tls_unnamed: ClientConfig,
    until: Instant,
}

impl Attacker {
    /// With this partner's certificate of a site, at a gateway.
    pub fn new(certs: &Path, partner: &str, port: u16, upstream: u16, until: Instant) -> Self {
        let ca = || Some(certs.join("server-ca.pem"));
        let own = |extension| Some(certs.join(format!("{partner}.{extension}")));
        let tls = TlsFiles { ca: ca(), certificate: own("pem"), key: own("key") }.client_config().unwrap();
        let unnamed = TlsFiles { ca: ca(), certificate: None, key: None }.client_config().unwrap();
        Self { port, upstream, tls, tls_unnamed: unnamed, until }
    }

    /// The same, without a certificate.
    pub fn unnamed(self) -> Self {
        Self { tls: self.tls_unnamed.clone(), ..self }
    }

    /// Where a path is at its gateway.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Does the same so many times at once, each again and again, until its time is over.
    pub async fn at_once<F>(&self, times: usize, deed: impl Fn(Self) -> F)
    where
        F: Future<Output = io::Result<()>>,
    {
        let again = |_| async {
            while !self.is_over() {
                // Refused, cut off or answered: an attacker tries again.
                if let Ok(Err(_)) = tokio::time::timeout_at(self.until.into(), deed(self.clone())).await {
                    tokio::time::sleep(REFUSED).await;
                }
            }
        };
        stream::iter(0..times).map(again).buffer_unordered(times).for_each(|()| async {}).await;
    }

    /// A connection without a byte sent.
    pub async fn tcp(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(FROM.parse().map_err(io::Error::other)?)?;
        socket.connect(([127, 0, 0, 1], self.port).into()).await
    }

    /// A connection that speaks HTTP/1.1.
    pub async fn http1(&self) -> io::Result<TlsStream<TcpStream>> {
        self.speaking(b"http/1.1").await
    }

    /// A connection that speaks HTTP/2 and lets so much of each response come, and the task that drives it.
    pub async fn http2(&self, window: u32) -> io::Result<(SendRequest<Body>, JoinSet<()>)> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(window)
            .handshake(TokioIo::new(self.speaking(b"h2").await?))
            .await
            .map_err(io::Error::other)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Ok((sender, driver))
    }

    async fn speaking(&self, protocol: &[u8]) -> io::Result<TlsStream<TcpStream>> {
        let mut tls = self.tls.clone();
        tls.alpn_protocols = vec![protocol.to_vec()];
        let localhost = ServerName::try_from("localhost").map_err(io::Error::other)?;
        TlsConnector::from(Arc::new(tls)).connect(localhost, self.tcp().await?).await
    }

    /// Sends this much of a request, and then says nothing until the gateway has had enough, or the time is over.
    pub async fn say_and_wait(&self, said: &[u8]) -> io::Result<()> {
        let mut stream = self.http1().await?;
        stream.write_all(said).await?;
        let mut answer = [0; 4096];
        while stream.read(&mut answer).await? > 0 {}
        Ok(())
    }
}
