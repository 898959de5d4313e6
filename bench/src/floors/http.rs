//! The accept path's floor: hyper and rustls alone, on a runtime whose threads share their work, and on a thread a core.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::{Result, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Bare hyper and rustls on threads that take work from each other.
pub fn shared(address: SocketAddr, certs: &Path) -> Result<()> {
    let acceptor = acceptor(certs)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async { accept(listener(address)?, acceptor).await })
}

/// The same on a thread a core, each with its own runtime and listening socket.
pub fn apart(address: SocketAddr, certs: &Path) -> Result<()> {
    let acceptor = acceptor(certs)?;
    let cores = thread::available_parallelism()?.get();
    let serve = |_| {
        let acceptor = acceptor.clone();
        thread::spawn(move || -> Result<()> {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { accept(listener(address)?, acceptor).await })
        })
    };
    let threads: Vec<_> = (0..cores).map(serve).collect();
    threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
}

fn acceptor(certs: &Path) -> Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certs.join("gateway.pem"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certs.join("gateway.key"))?;
    let mut tls = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

/// A socket that shares its address with others of this process; needs a runtime.
fn listener(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket.listen(BACKLOG)?)
}

/// Reads each body and answers 202.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request: Request<Incoming>| async {
                let body = request.into_body().collect().await?.to_bytes();
                let mut response = Response::new(Full::new(Bytes::from_static(b"{\"accepted\":1}")));
                *response.status_mut() =
                    if body.is_empty() { hyper::StatusCode::BAD_REQUEST } else { hyper::StatusCode::ACCEPTED };
                Ok::<_, hyper::Error>(response)
            });
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
