//! Upstreams that misbehave, that speak TLS, and what comes behind a body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::limits::{connected, rest};
use crate::site::{Authority, Identity, Site};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

/// A server that reads a request's head, answers with these bytes, and reads on until the other side closes or, where it
/// `hangs_up`, closes by itself. What it read is told.
pub(crate) async fn raw_upstream(
    answer: &'static str,
    hangs_up: bool,
    identity: Option<Identity>,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (told, telling) = mpsc::unbounded_channel();
    let acceptor = identity.map(acceptor);
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let (told, acceptor) = (told.clone(), acceptor.clone());
            tokio::spawn(async move {
                let read = match acceptor {
                    None => converse(stream, answer, hangs_up).await,
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => converse(stream, answer, hangs_up).await,
                        Err(_) => return,
                    },
                };
                let _ = told.send(read);
            });
        }
    });
    (address, telling)
}

/// Reads a request's head, and what came with it.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    while !all.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => all.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    all
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, hangs_up: bool) -> String {
    let mut all = head(&mut stream).await;
    let _ = stream.write_all(answer.as_bytes()).await;
    if !hangs_up {
        let reading = stream.read_to_end(&mut all);
        let _ = tokio::time::timeout(Duration::from_millis(300), reading).await;
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn acceptor(identity: Identity) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(identity.key_der).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(identity.der)], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn an_upstream_over_tls_is_known_by_its_authority_and_its_name() {
    let authority = Authority::new("behind");
    let right = raw_upstream(OK, false, Some(authority.vouch("erp"))).await.0;
    let elsewhere = raw_upstream(OK, false, Some(authority.vouch_at("erp", &["erp.example"]))).await.0;
    let stranger = raw_upstream(OK, false, Some(Authority::new("stranger").vouch("erp"))).await.0;
    let mut site = Site::plain();
    site.tls_proxy("/right", right, &authority);
    site.tls_proxy("/elsewhere", elsewhere, &authority);
    site.tls_proxy("/stranger", stranger, &authority);
    let served = site.serve();
    let caller = served.caller();
    let answer = caller.get("/right").await;
    assert_eq!((answer.status, &*answer.body), (200, "fine"));
    assert_eq!(caller.get("/elsewhere").await.status, 502);
    assert_eq!(caller.get("/stranger").await.status, 502);
}

#[tokio::test]
async fn an_upstream_that_closes_before_it_answers_is_502() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[raw_upstream("", true, None).await.0]);
    let served = site.serve();
    let refused = served.caller().post("/x", "body").await;
    assert_eq!(refused.status, 502);
    assert!(refused.body.contains("upstream-away"), "{}", refused.body);
    assert!(served.scraped().contains("front_upstream_errors_total"));
}

#[tokio::test]
async fn an_upstream_that_closes_within_its_body_leaves_no_body_that_looks_whole() {
    let by_length = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly so much";
    let by_chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nc\r\nonly so much\r\n";
    for (h2, answer) in [(false, by_length), (true, by_length), (false, by_chunks), (true, by_chunks)] {
        let mut site = Site::tls(tallygate_front::ClientAuth::None);
        site.proxy("/", &[], &[raw_upstream(answer, true, None).await.0]);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let request = caller.request(http::Method::GET, "/x").body(http_body_util::Full::default()).unwrap();
        assert!(caller.try_send(request).await.is_err(), "h2: {h2}, {answer:?}");
        assert_eq!(caller.post("/echo", "x").await.status, 200, "h2: {h2}");
    }
}

#[tokio::test]
async fn trailers_end_a_body_and_go_no_further() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nx-late: answer\r\n\r\n";
    let (address, mut told) = raw_upstream(answer, false, None).await;
    let mut site = Site::plain();
    site.options.limits.idle_time = Duration::from_millis(200);
    site.proxy("/", &[], &[address]);
    let served = site.serve();
    let sent = "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n\
                4\r\nbody\r\n0\r\nx-late: request\r\n\r\n";
    let got = rest(connected(served.address(), sent).await).await;
    assert!(got.starts_with("HTTP/1.1 200 OK\r\n") && got.contains("\r\n4\r\nfine\r\n0\r\n"), "{got}");
    assert!(!got.contains("x-late"), "{got}");
    let read = tokio::time::timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap();
    assert!(read.contains("\r\n4\r\nbody\r\n0\r\n") && !read.contains("x-late"), "{read}");
}
