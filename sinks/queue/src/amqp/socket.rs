//! The socket that is handed to the AMQP library: TCP or TLS, reading along the server's greeting for its version, and no further
//! than its gate is open.

use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::Tokio;
use async_rs::traits::Reactor;
use futures::Stream;
use futures::io::{AsyncRead, AsyncWrite};
use lapin::protocol::{self, AMQPClass};
use lapin::types::AMQPValue;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead as TokioRead, AsyncWrite as TokioWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::gate::Gate;
use crate::limits::GREETING_BYTES;

/// The server's version, as its greeting says it; empty until it came, or when it says none.
pub(super) type Greeting = Arc<OnceLock<String>>;

/// A connected socket.
pub(super) struct Socket {
    wire: Wire,
    /// The greeting as far as it came, until it is whole.
    heard: Option<Vec<u8>>,
    greeting: Greeting,
    /// Of a consumer.
    gate: Option<Gate>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The library's reactor, with our socket instead of its own.
#[derive(Clone, Debug)]
pub(super) struct Sockets(pub(super) Tokio);

impl Socket {
    pub(super) async fn connect(
        host: &str,
        port: u16,
        tls: Option<Arc<ClientConfig>>,
        gate: Option<Gate>,
    ) -> io::Result<(Self, Greeting)> {
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        let wire = match tls {
            None => Wire::Plain(tcp),
            Some(config) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                Wire::Tls(Box::new(TlsConnector::from(config).connect(name, tcp).await?))
            }
        };
        let greeting = Greeting::default();
        Ok((Self { wire, heard: Some(Vec::new()), greeting: Arc::clone(&greeting), gate }, greeting))
    }

    fn listen(&mut self, read: &[u8]) {
        let Some(heard) = &mut self.heard else { return };
        heard.extend_from_slice(read);
        if let Some(version) = version(heard) {
            let _ = self.greeting.set(version);
            self.heard = None;
        } else if heard.len() > GREETING_BYTES {
            self.heard = None;
        }
    }
}

/// The version in the frame `connection.start`, once all of it is there.
///
/// A frame is its type, its channel (2 bytes), its payload's length (4), the payload, and an end mark.
fn version(heard: &[u8]) -> Option<String> {
    let length = u32::from_be_bytes(heard.get(3..7)?.try_into().ok()?) as usize;
    let payload = heard.get(7..7 + length)?;
    let Ok((_, AMQPClass::Connection(protocol::connection::AMQPMethod::Start(start)))) = protocol::parse_class(payload)
    else {
        return Some(String::new());
    };
    match start.server_properties.inner().get("version") {
        Some(AMQPValue::LongString(version)) => Some(version.to_string()),
        _ => Some(String::new()),
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Some(gate) = &self.gate {
            ready!(gate.poll_open(cx));
        }
        let mut read = ReadBuf::new(buffer);
        ready!(match &mut self.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(cx, &mut read),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, &mut read),
        })?;
        self.listen(read.filled());
        if let Some(gate) = &self.gate {
            gate.read(read.filled().len());
        }
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl Reactor for Sockets {
    type TcpStream = Socket;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    #[allow(clippy::manual_async_fn, reason = "the trait's future must not borrow the reactor")]
    fn tcp_connect_addr(&self, address: SocketAddr) -> impl Future<Output = io::Result<Socket>> + Send + 'static {
        async move { Ok(Socket::connect(&address.ip().to_string(), address.port(), None, None).await?.0) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// `connection.start` of a server that says its version, as RabbitMQ lays it out.
    fn greeting(version: &str) -> Vec<u8> {
        let mut table = vec![7];
        table.extend_from_slice(b"versionS");
        table.extend_from_slice(&u32::try_from(version.len()).unwrap().to_be_bytes());
        table.extend_from_slice(version.as_bytes());
        let mut payload = vec![0, 10, 0, 10, 0, 9];
        payload.extend_from_slice(&u32::try_from(table.len()).unwrap().to_be_bytes());
        payload.extend_from_slice(&table);
        for text in ["PLAIN", "en_US"] {
            payload.extend_from_slice(&5_u32.to_be_bytes());
            payload.extend_from_slice(text.as_bytes());
        }
        let mut frame = vec![1, 0, 0];
        frame.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(&payload);
        frame.push(0xCE);
        frame
    }

    #[test]
    fn reads_the_version_from_the_greeting_once_it_is_whole() {
        let frame = greeting("4.1.2");
        assert_eq!(version(&frame).as_deref(), Some("4.1.2"));
        assert_eq!(version(&frame[..frame.len() - 2]), None);
        assert_eq!(version(b"HTTP/1.1 400"), None);
        assert_eq!(version(&[1, 0, 0, 0, 0, 0, 2, 9, 9, 0xCE]).as_deref(), Some(""));
    }
}
